// Parts of forms: choices while typing, leaving with unsaved changes, forms that are sent once. Forms work without it.
(() => {
  // <input data-lookup="URL">: the server lists choices for what is typed. A choice may fill other fields of its group.
  const attach = (input) => {
    const list = document.createElement("ul");
    list.id = `${input.id}-choices`;
    list.className = "lookup dropdown-menu";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", input.labels?.[0]?.textContent || input.ariaLabel || "Choices");
    input.after(list);
    input.parentElement.classList.add("lookup-of");
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id })) input.setAttribute(name, value);
    let found = [], at = -1, waiting, asked = 0;
    const close = () => { list.classList.remove("show"); input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); at = -1; };
    const mark = (index) => {
      at = index;
      [...list.children].forEach((one, position) => one.setAttribute("aria-selected", String(position === at)));
      if (at >= 0) { input.setAttribute("aria-activedescendant", list.children[at].id); list.children[at].scrollIntoView({ block: "nearest" }); }
    };
    const choose = (choice) => {
      if (choice.href) { location.href = choice.href; return; }
      input.value = choice.value;
      const group = input.name.includes(".") ? input.name.slice(0, input.name.lastIndexOf(".") + 1) : "";
      for (const [name, value] of Object.entries(choice.fills || {})) {
        const other = input.form?.elements[group + name];
        if (other) other.value = value;
      }
      input.dispatchEvent(new Event("change", { bubbles: true }));
      close();
      if (input.hasAttribute("data-submits-choice")) input.form.requestSubmit();
    };
    const show = (choices) => {
      found = choices;
      list.replaceChildren(...choices.map((choice, index) => {
        const item = document.createElement("li");
        item.id = `${list.id}-${index}`;
        item.className = "dropdown-item";
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        const name = document.createElement("strong");
        name.textContent = choice.label || choice.value;
        const detail = document.createElement("span");
        detail.textContent = choice.detail || "";
        item.append(name, detail);
        item.addEventListener("mousedown", (event) => { event.preventDefault(); choose(choice); });
        return item;
      }));
      if (!choices.length) return close();
      list.classList.add("show");
      input.setAttribute("aria-expanded", "true");
      mark(input.hasAttribute("data-first") ? 0 : -1);
    };
    input.addEventListener("input", () => {
      clearTimeout(waiting);
      const number = ++asked;
      if (!input.value.trim()) return show([]);
      waiting = setTimeout(async () => {
        const answer = await fetch(`${input.dataset.lookup}?${new URLSearchParams({ q: input.value })}`, { credentials: "same-origin" }).catch(() => null);
        if (!answer?.ok || number !== asked) return;
        show((await answer.json()).choices);
      }, 150);
    });
    input.addEventListener("keydown", (event) => {
      const open = list.classList.contains("show");
      if (event.key === "ArrowDown" && open) mark((at + 1) % found.length);
      else if (event.key === "ArrowUp" && open) mark((at - 1 + found.length) % found.length);
      else if (event.key === "Enter" && open && at >= 0) choose(found[at]);
      else if (event.key === "Escape" && open) { close(); event.stopPropagation(); }
      else return;
      event.preventDefault();
    });
    input.addEventListener("blur", close);
  };
  document.querySelectorAll("[data-lookup]").forEach(attach);

  // Ctrl-K goes to the search of the top bar, from anywhere.
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    const search = document.getElementById("search");
    if (!search) return;
    event.preventDefault();
    document.getElementById("dialog")?.close();
    search.focus();
    search.select();
  });

  // <form data-guard>: leaving with unsaved changes asks. <form>: a second click on a button does nothing.
  let dirty = false;
  const forms = document.querySelectorAll("form[data-guard]");
  for (const form of forms) {
    form.addEventListener("input", () => { dirty = true; });
    form.addEventListener("change", () => { dirty = true; });
  }
  addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.hasAttribute("hx-post")) return;
    dirty = false;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => { for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent; });

  // <button data-print>: prints the page.
  document.addEventListener("click", (event) => { if (event.target.closest("[data-print]")) print(); });

  // <select data-submits>: choosing sends its form.
  document.addEventListener("change", (event) => { if (event.target.matches("select[data-submits]")) event.target.form.requestSubmit(); });

  // A value that somebody else has entered meanwhile is taken over without asking the server.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=theirs]");
    if (!button) return;
    event.preventDefault();
    const form = button.form, field = form.elements[button.value], original = form.elements[`was.${button.value}`];
    if (field.type === "checkbox") field.checked = original.value === "true"; else field.value = original.value;
    field.focus();
    field.closest(".field").querySelector(".invalid-feedback")?.remove();
    field.classList.remove("is-invalid");
    button.remove();
  });
})();

// The menu on a phone, dialogs for questions, and where the focus goes. Everything works without it, less smoothly.
(() => {
  const menu = document.querySelector(".menu-button");
  const setMenu = (open) => {
    document.body.classList.toggle("menu-open", open);
    menu.setAttribute("aria-expanded", String(open));
  };
  menu?.addEventListener("click", () => {
    setMenu(!document.body.classList.contains("menu-open"));
    if (document.body.classList.contains("menu-open")) document.querySelector("#menu a")?.focus();
  });

  document.addEventListener("click", (event) => {
    const who = document.querySelector("details.who[open]");
    if (who && !who.contains(event.target)) who.open = false;
    if (document.body.classList.contains("menu-open") && !event.target.closest(".sidebar, .menu-button")) setMenu(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const who = document.querySelector("details.who[open]");
    if (who) { who.open = false; who.querySelector("summary").focus(); }
    if (document.body.classList.contains("menu-open")) { setMenu(false); menu.focus(); }
  });

  // A link with data-dialog leads to a page with #confirm on it: with scripts, that is asked here and now.
  const dialog = document.getElementById("dialog");
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    try {
      const answer = await fetch(link.href, { credentials: "same-origin" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const question = answer.ok && page.getElementById("confirm");
      if (!question) throw new Error();
      document.getElementById("dialog-content").replaceChildren(document.importNode(question, true));
      dialog.showModal();
    } catch {
      location.href = link.href;
    }
  });
  dialog?.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-close]")) { event.preventDefault(); dialog.close(); }
  });

  // What a page copies for people: <button data-copy="id of the element">.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    button.classList.add("copied");
  });

  // <button data-print>: prints the page.
  document.addEventListener("click", (event) => { if (event.target.closest("[data-print]")) window.print(); });

  // On a phone, the tabs of a chart are wider than the page: begin with the one that is open.
  const tab = document.querySelector(".tabs [aria-current]");
  if (tab) tab.closest(".tabs").scrollLeft = tab.offsetLeft - 24;

  document.querySelector("[data-focus]")?.focus();
})();

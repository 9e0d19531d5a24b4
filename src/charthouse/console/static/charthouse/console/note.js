// A note is saved while it is typed, field by field. What somebody else has changed meanwhile is shown, and asked about.
// What could not be saved yet stays in the tab's session storage until it is.
(() => {
  const form = document.querySelector("form[data-note]");
  if (!form) return;
  document.documentElement.classList.add("scripted");
  const status = document.querySelector("[data-note-status]");
  const kept = `note:${form.dataset.user}:${form.dataset.note}`;
  const fields = new Map([...form.querySelectorAll("[data-draft]")].map((input) => [input.name, { input, hidden: form.elements[`was.${input.name}`], conflict: false }]));
  const get = ({ input }) => input.type === "checkbox" ? (input.checked ? "True" : (fields.get(input.name).hidden.value === "True" ? "False" : fields.get(input.name).hidden.value)) : input.value;
  const put = ({ input }, value) => { if (input.type === "checkbox") input.checked = value === "True"; else { input.value = value; grow(input); } };
  const isDirty = (one) => get(one) !== one.hidden.value;
  const dirty = () => [...fields.values()].filter((one) => isDirty(one) && !one.conflict);
  const say = (text, state = "") => { if (status) { status.textContent = text; status.dataset.state = state; } };
  const grow = (input) => { if (input.matches("textarea[data-grows]")) { input.style.height = "auto"; input.style.height = `${input.scrollHeight + 2}px`; } };
  const keep = () => {
    const values = Object.fromEntries([...fields].filter(([, one]) => isDirty(one)).map(([name, one]) => [name, { was: one.hidden.value, value: get(one) }]));
    try { if (Object.keys(values).length) sessionStorage.setItem(kept, JSON.stringify(values)); else sessionStorage.removeItem(kept); } catch { /* a full storage keeps nothing */ }
  };

  let waiting, running = null, retry;
  const later = () => { clearTimeout(waiting); waiting = setTimeout(flush, 700); };
  const flush = async () => {
    clearTimeout(waiting);
    if (running) await running;
    if (!dirty().length) return true;
    running = save();
    const done = await running;
    running = null;
    return done;
  };
  const save = async () => {
    const changes = dirty().map((one) => ({ name: one.input.name, was: one.hidden.value, value: get(one) }));
    say("Saving …");
    let answer;
    try {
      answer = await fetch(form.dataset.note, { method: "POST", redirect: "manual", headers: { "Content-Type": "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value }, body: JSON.stringify({ changes }) });
    } catch {
      say("Not saved: no connection. Trying again.", "failed");
      clearTimeout(retry);
      retry = setTimeout(flush, 4000);
      return false;
    }
    if (answer.type === "opaqueredirect" || answer.status === 401) {
      say("Not saved: you are signed out.", "failed");
      if (!await window.charthouse.signInAgain()) return false;
      return save();
    }
    if (!answer.ok) {
      const told = await answer.json().catch(() => ({}));
      say(told.detail || "Not saved.", "failed");
      return false;
    }
    take(await answer.json(), changes);
    return true;
  };
  const take = (told, changes = []) => {
    const sent = new Map(changes.map((one) => [one.name, one.value]));
    for (const [name, value] of Object.entries(told.saved)) { const one = fields.get(name); one.hidden.value = value; show(one); }
    for (const [name, { value, who }] of Object.entries(told.conflicts)) ask(fields.get(name), value, who);
    for (const [name, words] of Object.entries(told.errors)) if (fields.has(name)) show(fields.get(name), words);
    for (const [name, value] of Object.entries(told.values)) {
      const one = fields.get(name);
      if (!one || sent.has(name) || value.trim() === one.hidden.value.trim() || one.conflict) continue;
      if (!isDirty(one) && document.activeElement !== one.input) { put(one, value); one.hidden.value = value; }
    }
    const left = dirty().filter((one) => !one.input.classList.contains("is-invalid"));
    if (Object.keys(told.errors).length) say("Fix the highlighted fields.", "failed");
    else if (Object.keys(told.conflicts).length) say("Someone else changed this note. Choose what stands.", "failed");
    else if (changes.length && !left.length) say(`Saved ${told.at}`);
    if (told.locked) location.reload();
    keep();
    if (left.length && changes.length) later();
  };
  const place = (one) => one.input.closest("[data-field]");
  const show = (one, words = []) => {
    place(one).querySelectorAll(".invalid-feedback, .note-conflict").forEach((old) => old.remove());
    one.input.classList.toggle("is-invalid", words.length > 0);
    for (const text of words) { const told = document.createElement("div"); told.className = "invalid-feedback d-block"; told.setAttribute("role", "alert"); told.textContent = text; place(one).append(told); }
  };
  const ask = (one, value, who) => {
    show(one);
    one.conflict = true;
    const box = document.createElement("div"), words = document.createElement("div"), list = document.createElement("div");
    box.className = "note-conflict alert alert-warning"; box.setAttribute("role", "alert"); words.className = "prose"; list.className = "btn-list";
    words.textContent = value ? `${who} changed this to “${value}” while you were editing.` : `${who} cleared this while you were editing.`;
    const choose = (text, use) => {
      const button = document.createElement("button");
      button.type = "button"; button.className = "btn btn-sm"; button.textContent = text;
      button.addEventListener("click", () => { one.hidden.value = value; one.conflict = false; show(one); use(); one.input.focus(); keep(); flush(); });
      list.append(button);
    };
    choose("Keep mine", () => {});
    choose(`Use ${who}’s`, () => put(one, value));
    if (one.input.tagName === "TEXTAREA") choose("Keep both", () => put(one, `${value}\n${get(one)}`));
    box.append(words, list);
    place(one).append(box);
  };

  form.addEventListener("input", (event) => { grow(event.target); expand(event.target); keep(); if (!event.target.hasAttribute("data-draft-late")) later(); });
  form.addEventListener("change", () => { keep(); flush(); });
  form.addEventListener("submit", (event) => { event.preventDefault(); flush(); });
  document.addEventListener("visibilitychange", () => { if (document.hidden) flush(); else refresh(); });
  addEventListener("focus", () => refresh());
  addEventListener("beforeunload", (event) => { if (dirty().length) { flush(); event.preventDefault(); } });

  // What other tabs and people wrote comes in when the page is looked at again, and every half minute.
  let asking = false;
  const refresh = async () => {
    if (asking || running || document.hidden) return;
    asking = true;
    const answer = await fetch(form.dataset.note, { redirect: "manual" }).catch(() => null);
    asking = false;
    if (answer?.ok) take(await answer.json());
  };
  setInterval(refresh, 30000);

  // Questions and forms that leave the page come after what was typed is saved.
  document.addEventListener("click", async (event) => {
    const link = event.target.closest?.("a[data-flush]");
    if (!link || !dirty().length) return;
    event.preventDefault(); event.stopImmediatePropagation();
    if (await flush()) link.click();
  }, true);
  document.addEventListener("submit", async (event) => {
    const other = event.target;
    if (!other.hasAttribute("data-flush") || !dirty().length) return;
    event.preventDefault(); event.stopImmediatePropagation();
    if (await flush()) other.requestSubmit(event.submitter);
  }, true);

  // Snippets: a click inserts one where the cursor was; so does its name after a point, followed by a blank.
  const snippets = new Map([...document.querySelectorAll("[data-snippet]")].map((button) => [button.dataset.name.toLowerCase(), button.dataset.snippet]));
  let last = null;
  form.addEventListener("focusin", (event) => { if (event.target.matches("textarea")) last = event.target; });
  const insert = (area, start, end, text) => { area.focus(); area.setRangeText(text, start, end, "end"); area.dispatchEvent(new Event("input", { bubbles: true })); };
  for (const button of document.querySelectorAll("[data-snippet]")) {
    button.hidden = false;
    button.addEventListener("click", () => { const area = last || form.querySelector("textarea"); if (area) insert(area, area.selectionStart, area.selectionEnd, button.dataset.snippet); });
  }
  const expand = (area) => {
    if (area.tagName !== "TEXTAREA") return;
    const found = /(^|\s)\.([^\s.]{1,100})[ \t]$/.exec(area.value.slice(0, area.selectionStart));
    const text = found && snippets.get(found[2].toLowerCase());
    if (text) insert(area, area.selectionStart - found[2].length - 2, area.selectionStart, `${text} `);
  };

  // What this tab could not save before, as after a reload while signed out.
  try {
    for (const [name, { was, value }] of Object.entries(JSON.parse(sessionStorage.getItem(kept) || "{}"))) {
      const one = fields.get(name);
      if (!one || value === one.hidden.value) continue;
      one.hidden.value = was;
      put(one, value);
    }
  } catch { sessionStorage.removeItem(kept); }
  fields.forEach((one) => grow(one.input));
  if (dirty().length) flush();
})();

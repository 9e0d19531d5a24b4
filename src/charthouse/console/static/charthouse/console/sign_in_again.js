// A session that has ended is begun again in a dialog, so that nothing typed is lost.
window.charthouse = window.charthouse || {};
(() => {
  const renewTokens = async () => {
    const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
    const token = page.querySelector("input[name=csrfmiddlewaretoken]")?.value;
    const user = (document) => document.querySelector("[data-signed-in]")?.dataset.signedIn;
    if (!token || user(page) !== user(document)) { location.reload(); return false; }
    for (const input of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) input.value = token;
    return true;
  };
  const read = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("form[method=post]");
  const ask = async () => {
    const dialog = document.createElement("dialog");
    dialog.className = "dialog card sign-in-again";
    dialog.setAttribute("aria-label", "Sign in again");
    document.body.append(dialog);
    const address = new URL("/sign-in", location.href);
    let form = await read(await fetch(address));
    return new Promise((resolve) => {
      const show = (words, next) => {
        const body = document.createElement("div"), title = document.createElement("h2"), text = document.createElement("p");
        body.className = "card-body"; title.className = "card-title"; title.textContent = "Sign in again"; text.textContent = words;
        form = document.importNode(next, true);
        for (const input of form.querySelectorAll("[id]")) { const label = form.querySelector(`label[for="${input.id}"]`); input.id = `again-${input.id}`; if (label) label.htmlFor = input.id; }
        body.append(title, text, form);
        dialog.replaceChildren(body);
        form.addEventListener("submit", async (event) => {
          event.preventDefault(); event.stopPropagation();
          const answer = await fetch(address, { method: "POST", body: new URLSearchParams(new FormData(form)) }).catch(() => null);
          if (!answer) return show("There is no connection. Try again.", form);
          const there = new URL(answer.url);
          if (!there.pathname.startsWith("/sign-in")) { dialog.close(); dialog.remove(); resolve(await renewTokens()); return; }
          address.pathname = there.pathname;
          const found = await read(answer);
          show(there.pathname === "/sign-in" ? "Username or password is wrong, or there were too many attempts." : "Enter the code of your authenticator app.", found || form);
        });
        if (!dialog.open) dialog.showModal();
        (form.querySelector("input:not([type=hidden]):placeholder-shown, input[type=password], input[name=code]") || form.querySelector("input:not([type=hidden])"))?.focus();
      };
      dialog.addEventListener("cancel", () => { dialog.remove(); resolve(false); });
      show("You were signed out. What you typed is kept: sign in, and it is saved.", form);
    });
  };
  let asked = null;
  window.charthouse.signInAgain = () => { asked ??= ask().finally(() => { asked = null; }); return asked; };

  // A form whose text would be lost asks first whether the session still stands.
  const known = new WeakSet();
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.hasAttribute("data-guard") || form.method !== "post" || known.has(form)) return;
    event.preventDefault(); event.stopImmediatePropagation();
    const answer = await fetch("/session", { redirect: "manual" }).catch(() => null);
    if (answer?.type === "opaqueredirect" && !await window.charthouse.signInAgain()) return;
    known.add(form);
    form.requestSubmit(event.submitter);
  }, true);
})();

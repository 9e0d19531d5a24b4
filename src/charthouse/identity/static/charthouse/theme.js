// Light or dark: as chosen with the button, else as the system is. Loaded before the page is drawn.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const theme = () => chosen() ?? (dark.matches ? "dark" : "light");
  const apply = () => document.documentElement.setAttribute("data-bs-theme", theme());
  dark.addEventListener("change", apply);
  apply();
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    try { localStorage.setItem("theme", theme() === "dark" ? "light" : "dark"); } catch { return; }
    apply();
  });
})();

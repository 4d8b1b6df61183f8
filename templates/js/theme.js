// The visitor's choice of light or dark; it runs before the first paint.
(() => {
  const root = document.documentElement;
  const light = matchMedia("(prefers-color-scheme: light)");
  const kept = () => { try { return localStorage.getItem("gallery-theme"); } catch { return null; } };
  const keep = (theme) => { try { localStorage.setItem("gallery-theme", theme); } catch { /* private */ } };
  const show = (theme) => { root.dataset.theme = theme; };
  const now = () => root.dataset.theme || (light.matches ? "light" : "dark");
  show(kept() === "light" || kept() === "dark" ? kept() : now());
  light.addEventListener("change", () => { if (!kept()) show(light.matches ? "light" : "dark"); });
  addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-theme-toggle]")) {
      button.addEventListener("click", () => {
        show(now() === "light" ? "dark" : "light");
        keep(now());
      });
    }
  });
})();

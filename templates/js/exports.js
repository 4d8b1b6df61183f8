// The exports of a model: a switch shows the facts of one, and its scan if it has one. The URL names it.
(() => {
  const place = document.querySelector("[data-switch]");
  if (!place) return;
  const facts = [...place.querySelectorAll("[data-export]")];
  const rows = [...document.querySelectorAll("[data-row]")];
  const list = place.querySelector("select");
  const buttons = [...place.querySelectorAll("button")];
  const first = facts[0].dataset.export;

  function show(name, remember) {
    for (const one of facts) one.hidden = one.dataset.export !== name;
    for (const one of rows) one.classList.toggle("here", one.dataset.row === name);
    for (const one of buttons) one.setAttribute("aria-pressed", String(one.dataset.choose === name));
    if (list) list.value = name;
    const scan = document.querySelector(`[data-scan="export-${name}"]`) ?? (name === first ? document.querySelector("[data-scan]") : null);
    scan?.click();
    if (remember && !scan) {
      try { history.replaceState(null, "", name === first ? location.pathname : `#export=${name}`); } catch { /* an address of a file may stay as it is */ }
    }
  }

  function follow() {
    const name = new URLSearchParams(location.hash.slice(1)).get("export");
    if (facts.some((one) => one.dataset.export === name)) show(name, false);
  }

  for (const one of buttons) one.addEventListener("click", () => show(one.dataset.choose, true));
  list?.addEventListener("change", () => show(list.value, true));
  addEventListener("hashchange", follow);
  follow();
})();

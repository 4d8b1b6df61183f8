// The exports of a model: a switch shows the facts of one, and its scan if it has one. The URL names it.
(() => {
  const place = document.querySelector("[data-switch]");
  if (!place) return;
  const facts = [...place.querySelectorAll("[data-export]")];
  const rows = [...document.querySelectorAll("[data-row]")];
  const scans = [...document.querySelectorAll("[data-scan]")];
  const list = place.querySelector("select");
  const buttons = [...place.querySelectorAll("button")];
  const first = facts[0].dataset.export;
  const scanOf = (name) => scans.find((one) => one.dataset.scan === `export-${name}`);

  function show(name) {
    for (const one of facts) one.hidden = one.dataset.export !== name;
    for (const one of rows) one.classList.toggle("here", one.dataset.row === name);
    for (const one of buttons) one.setAttribute("aria-pressed", String(one.dataset.choose === name));
    if (list) list.value = name;
  }

  function choose(name) {
    const back = name === first && scans.find((one) => one.ariaCurrent)?.dataset.scan.startsWith("export-");
    const scan = back ? scans[0] : scanOf(name);
    show(name);
    if (scan) scan.click();
    else {
      try { history.replaceState(null, "", name === first ? location.pathname : `#export=${name}`); } catch { /* an address of a file may stay as it is */ }
    }
  }

  function follow() {
    const asked = new URLSearchParams(location.hash.slice(1));
    const name = asked.get("export") ?? asked.get("scan")?.replace(/^export-/, "");
    if (!facts.some((one) => one.dataset.export === name)) return;
    show(name);
    if (asked.has("export")) scanOf(name)?.click();
  }

  for (const one of buttons) one.addEventListener("click", () => choose(one.dataset.choose));
  list?.addEventListener("change", () => choose(list.value));
  for (const one of scans) one.addEventListener("click", () => show(one.dataset.scan.startsWith("export-") ? one.dataset.scan.slice(7) : first));
  addEventListener("hashchange", follow);
  follow();
})();

// The scatter plot: follows the search; a plot of dots shows the scan of the model under the pointer.
(() => {
  const region = document.querySelector("[data-plot]");
  if (!region) return;
  const svg = region.querySelector("svg");
  const dots = svg.querySelector(".dots");
  const points = new Map([...svg.querySelectorAll("[data-slug]")].map((one) => [one.dataset.slug, one]));
  const [THUMBNAILS, NEAR] = [150, 28];
  let root = "";
  let shown = [];
  let at = -1;

  function make(name, attributes, parent) {
    const one = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
    parent?.append(one);
    return one;
  }
  const overlay = make("g", { class: "chosen" }, svg);
  const tip = make("g", { class: "tip" }, svg);

  function thumbnail(row, side, parent) {
    const [x, y] = row.place;
    const link = make("a", { href: `${root}${row.slug}/index.html` }, parent);
    make("title", {}, link).textContent = row.title;
    make("circle", { class: "rim", cx: x, cy: y, r: side / 2 }, link);
    if (row.pictures.length) make("image", { href: root + row.pictures[0], x: x - side / 2, y: y - side / 2, width: side, height: side, "clip-path": "circle()" }, link);
    return link;
  }

  // The rows that a search found, or null for all of them.
  function show(rows, base) {
    root = base ?? root;
    svg.classList.toggle("narrowed", Boolean(rows));
    const slugs = rows && new Set(rows.map((row) => row.slug));
    for (const [slug, point] of points) point.classList.toggle("out", Boolean(slugs) && !slugs.has(slug));
    if (!dots) return;
    tip.replaceChildren();
    overlay.replaceChildren();
    const placed = (rows ?? []).filter((row) => row.place);
    if (rows) shown = placed;
    if (placed.length <= THUMBNAILS) placed.forEach((row) => thumbnail(row, 40, overlay));
    else make("path", { class: "dots", d: placed.map((row) => `M${row.place.join(" ")}h0`).join("") }, overlay);
    if (!rows) window.galleryRows?.().then((all) => { shown = all.filter((row) => row.place); });
  }

  function point(index) {
    at = index;
    tip.replaceChildren();
    const row = shown[index];
    if (!row) return;
    const [x, y] = row.place;
    thumbnail(row, 120, tip);
    make("text", { class: "what", x, y: y > 440 ? y - 68 : y + 78, "text-anchor": x > 900 ? "end" : x < 190 ? "start" : "middle" }, tip).textContent = row.title;
  }

  window.galleryPlot = show;
  if (!dots) return;
  for (const name of ["pointerenter", "focusin"]) region.addEventListener(name, () => { if (!shown.length) show(null, region.dataset.root); }, { once: true });
  svg.addEventListener("pointermove", (event) => {
    const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const distance = (row) => Math.hypot(row.place[0] - place.x, row.place[1] - place.y);
    let nearest = -1;
    shown.forEach((row, i) => { if (distance(row) < NEAR && (nearest < 0 || distance(row) < distance(shown[nearest]))) nearest = i; });
    if (nearest !== at) point(nearest);
  });
  svg.addEventListener("click", (event) => {
    if (!event.target.closest("a") && shown[at]) location.assign(`${root}${shown[at].slug}/index.html`);
  });
  region.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step && shown.length) {
      const order = shown.map((row, i) => i).sort((a, b) => shown[a].place[0] - shown[b].place[0] || a - b);
      point(order[(order.indexOf(at) + step + order.length) % order.length]);
    } else if (event.key === "Enter" && shown[at]) location.assign(`${root}${shown[at].slug}/index.html`);
    else return;
    event.preventDefault();
  });
})();

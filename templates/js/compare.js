// Two models side by side: scans that move together, facts with differences marked.
(() => {
  const pair = document.querySelector("[data-compare]");
  if (!pair) return;
  const texts = pair.dataset;
  const table = document.querySelector("[data-differences]");
  const sides = [...pair.querySelectorAll("[data-side]")];
  const known = new Map();
  window.galleryModel = (model) => { known.set(model.slug, model); };

  // A page that was opened from disk may not fetch, but it may load a script.
  function load(slug) {
    if (!slug || known.has(slug)) return Promise.resolve(known.get(slug));
    return new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = `${texts.root}${slug}/compare.js`;
      script.onload = () => done(known.get(slug));
      script.onerror = failed;
      document.head.append(script);
    });
  }

  function put(side, model) {
    const board = side.querySelector(".board");
    const scan = model?.scans[0];
    board.querySelectorAll("img, p").forEach((one) => one.remove());
    if (!model) return;
    if (!scan) {
      const note = document.createElement("p");
      note.textContent = texts.noScan;
      board.prepend(note);
      return;
    }
    const sharp = [...scan.pictures].sort((a, b) => b.width - a.width);
    const image = document.createElement("img");
    const chosen = sharp.find((one) => one.format === "avif" || one.format === "webp") ?? sharp[0];
    Object.assign(image, { alt: `${model.title}: ${scan.caption}`, width: chosen.width, height: chosen.height, src: texts.root + chosen.href });
    board.prepend(image);
  }

  function valueOf(model, field) {
    if (field === "year") return model.front.year;
    if (field === "vertices" || field === "edges") return model.scans[0]?.[field] ?? null;
    return model.facts[field];
  }

  function short(value) {
    if (value < 1e4) return value.toLocaleString("en");
    const step = Math.min(5, Math.floor(Math.log10(Number(value.toPrecision(3))) / 3));
    return `${Number((value / 1000 ** step).toPrecision(3))}\u00a0${["", "k", "M", "G", "T", "P"][step]}`;
  }

  function write(cell, value, other, kind) {
    cell.textContent = value === null ? texts.unknown : kind === "count" ? short(value) : value;
    cell.title = value === null || kind !== "count" ? "" : value.toLocaleString(document.documentElement.lang);
    if (kind === "count" && value > 0 && other > 0 && value > other) {
      const times = document.createElement("span");
      times.className = "more";
      times.textContent = ` ${(value / other).toPrecision(2).replace(/\.0$/, "")}×`;
      if (value / other >= 1.05) cell.append(times);
    }
  }

  function row(name, first, second) {
    const line = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = name;
    line.append(head);
    for (const value of [first, second]) {
      const cell = document.createElement("td");
      cell.textContent = value ?? "–";
      if (value && !(first && second)) cell.className = "only";
      line.append(cell);
    }
    line.classList.toggle("differs", first !== second);
    return line;
  }

  function differences(a, b) {
    table.hidden = !(a && b);
    if (table.hidden) return;
    const heads = table.querySelectorAll("thead th");
    [heads[1].textContent, heads[2].textContent] = [a.title, b.title];
    for (const line of table.querySelectorAll("[data-field]")) {
      const [first, second] = [valueOf(a, line.dataset.field), valueOf(b, line.dataset.field)];
      const cells = line.querySelectorAll("td");
      write(cells[0], first, second, line.dataset.kind);
      write(cells[1], second, first, line.dataset.kind);
      line.classList.toggle("differs", first !== second);
    }
    const types = [...new Set([...Object.keys(a.facts.histogram), ...Object.keys(b.facts.histogram)])].sort();
    table.querySelector("[data-operators]").replaceChildren(...types.map((type) => row(type, a.facts.histogram[type], b.facts.histogram[type])));
  }

  async function show(remember) {
    const slugs = sides.map((side) => side.querySelector("select").value);
    const models = await Promise.all(slugs.map(load));
    sides.forEach((side, i) => put(side, models[i]));
    differences(...models);
    boards.forEach((board) => board.draw());
    if (!remember) return;
    const state = new URLSearchParams(slugs.flatMap((slug, i) => (slug ? [["ab"[i], slug]] : [])));
    try { history.replaceState(null, "", `?${state}`); } catch { /* an address of a file may stay as it is */ }
  }

  pair.hidden = false;
  const boards = sides.map((side) => window.galleryPanZoom(side.querySelector(".board"), texts, pair));
  const state = new URLSearchParams(location.search);
  for (const side of sides) {
    const select = side.querySelector("select");
    const wanted = state.get(side.dataset.side);
    if ([...select.options].some((one) => one.value === wanted)) select.value = wanted;
    select.addEventListener("change", () => show(true));
  }
  show(false);
})();

// Two models side by side: scans that move together, facts with differences marked.
(() => {
  const pair = document.querySelector("[data-compare]");
  if (!pair) return;
  const texts = pair.dataset;
  const table = document.querySelector("[data-differences]");
  const sides = [...pair.querySelectorAll("[data-side]")];
  const known = new Map();
  window.galleryModel = (model) => { known.set(model.slug, model); };

  // A page opened from disk may not fetch files, but it may load scripts.
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
    if (!scan) {
      const note = make("p", model ? texts.noScan : side.querySelector("option").textContent);
      note.className = "hint";
      board.prepend(note);
      return;
    }
    const sharp = [...scan.pictures].sort((a, b) => b.width - a.width);
    const image = document.createElement("img");
    const chosen = sharp.find((one) => one.format === "avif" || one.format === "webp") ?? sharp[0];
    Object.assign(image, { alt: `${model.title}: ${scan.caption}`, width: chosen.width, height: chosen.height, src: texts.root + chosen.href });
    board.prepend(image);
  }

  function make(tag, text, parent) {
    const one = document.createElement(tag);
    if (text !== undefined) one.textContent = text;
    parent?.append(one);
    return one;
  }

  function valueOf(model, field) {
    const scan = model.scans[0];
    if (field === "vertices" || field === "edges") return scan?.[field] ?? null;
    if (field === "density") return scan?.vertices ? (scan.edges / scan.vertices).toFixed(1) : null;
    if (field === "opset") return Object.entries(model.facts.opsets).map((one) => one.join(" ")).join(", ") || null;
    if (field in model.facts) return model.facts[field] === "" ? null : model.facts[field];
    return model.front[field] || null;
  }

  function short(value) {
    if (value < 1e4) return value.toLocaleString("en");
    const step = Math.min(5, Math.floor(Math.log10(Number(value.toPrecision(3))) / 3));
    return `${Number((value / 1000 ** step).toPrecision(3))}\u00a0${["", "k", "M", "G", "T", "P"][step]}`;
  }

  function write(cell, value, other, kind) {
    const number = kind === "count" && value !== null;
    cell.textContent = value === null ? texts.unknown : number ? short(value) : value;
    cell.title = number ? value.toLocaleString("en") : "";
    if (!number || !(other > 0) || value / other < 1.05) return;
    const times = make("span", ` ${(value / other).toPrecision(2).replace(/\.0$/, "")}×`, cell);
    times.className = "more";
  }

  // One of the three groups: only in the first, only in the second, in both.
  function group(title, types, a, b, parent) {
    if (!types.length) return;
    const part = make("section", undefined, parent);
    make("h2", title, part);
    const list = make("ul", undefined, part);
    for (const type of types) {
      const item = make("li", undefined, list);
      make("bdi", type, item);
      const [first, second] = [a.facts.histogram[type], b.facts.histogram[type]];
      const counts = first && second && first !== second ? `${first} : ${second}` : String(first ?? second);
      make("small", counts, item).className = first && second && first === second ? "same" : "";
    }
  }

  function differences(a, b) {
    table.hidden = !(a && b);
    if (table.hidden) return;
    table.querySelectorAll("thead a").forEach((link, i) => {
      const model = [a, b][i];
      link.textContent = model.title;
      link.href = `${texts.root}${model.slug}/index.html`;
    });
    for (const line of table.querySelectorAll("[data-field]")) {
      const [first, second] = [valueOf(a, line.dataset.field), valueOf(b, line.dataset.field)];
      const cells = line.querySelectorAll("td");
      write(cells[0], first, second, line.dataset.kind);
      write(cells[1], second, first, line.dataset.kind);
      line.classList.toggle("differs", first !== second);
      line.hidden = first === null && second === null && line.dataset.kind === "plain";
    }
    const types = [...new Set([...Object.keys(a.facts.histogram), ...Object.keys(b.facts.histogram)])].sort();
    const place = table.querySelector("[data-operators]");
    place.replaceChildren();
    const has = (model) => (type) => model.facts.histogram[type] > 0;
    group(texts.only.replace("{title}", a.title), types.filter((one) => has(a)(one) && !has(b)(one)), a, b, place);
    group(texts.both, types.filter((one) => has(a)(one) && has(b)(one)), a, b, place);
    group(texts.only.replace("{title}", b.title), types.filter((one) => has(b)(one) && !has(a)(one)), a, b, place);
  }

  async function show(remember) {
    const slugs = sides.map((side) => side.querySelector("select").value);
    const models = await Promise.all(slugs.map(load));
    sides.forEach((side, i) => put(side, models[i]));
    differences(...models);
    boards.forEach((board) => board.draw());
    if (!remember) return;
    const state = new URLSearchParams(slugs.flatMap((slug, i) => (slug ? [["ab"[i], slug]] : [])));
    try { history.replaceState(null, "", `?${state}`); } catch { /* some browsers do not change the URL of a file */ }
  }

  // Reserve space for the table from the start, so that nothing moves when it appears.
  table.hidden = !["a", "b"].every((side) => new URLSearchParams(location.search).has(side));
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

// Two models side by side: scans that move together, facts with differences marked.
(() => {
  const pair = document.querySelector("[data-compare]");
  if (!pair) return;
  const texts = pair.dataset;
  const table = document.querySelector("[data-differences]");
  const [sentence, multiples, layered, runs] = ["sentence", "multiples", "layers", "runs"].map((name) => document.querySelector(`[data-${name}]`));
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

  const RUN = { processor: "processor", passes: "passes", time: "seconds", peak: "peak" };
  const shown = { count: short, time: window.galleryRuns.duration, size: window.galleryRuns.size };

  function valueOf(model, field) {
    const scan = model.scans[0];
    if (field === "vertices" || field === "edges") return scan?.[field] ?? null;
    if (field === "density") return scan?.vertices ? (scan.edges / scan.vertices).toFixed(1) : null;
    if (field === "opset") return Object.entries(model.facts.opsets).map((one) => one.join(" ")).join(", ") || null;
    if (field in RUN) return model.run?.[RUN[field]] || null;
    if (field in model.facts) return model.facts[field] === "" ? null : model.facts[field];
    return model.front[field] || null;
  }

  function short(value) {
    if (value < 1e4) return value.toLocaleString("en");
    const step = Math.min(5, Math.floor(Math.log10(Number(value.toPrecision(3))) / 3));
    return `${Number((value / 1000 ** step).toPrecision(3))}\u00a0${["", "k", "M", "G", "T", "P"][step]}`;
  }

  function write(cell, value, other, kind) {
    const number = kind in shown && value !== null;
    cell.textContent = value === null ? texts.unknown : number ? shown[kind](value) : value;
    cell.title = number && kind === "count" ? value.toLocaleString("en") : "";
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
      line.hidden = first === null && second === null && (line.dataset.kind === "plain" || line.dataset.field in RUN);
    }
    const types = [...new Set([...Object.keys(a.facts.histogram), ...Object.keys(b.facts.histogram)])].sort();
    const place = table.querySelector("[data-operators]");
    place.replaceChildren();
    const has = (model) => (type) => model.facts.histogram[type] > 0;
    group(texts.only.replace("{title}", a.title), types.filter((one) => has(a)(one) && !has(b)(one)), a, b, place);
    group(texts.both, types.filter((one) => has(a)(one) && has(b)(one)), a, b, place);
    group(texts.only.replace("{title}", b.title), types.filter((one) => has(b)(one) && !has(a)(one)), a, b, place);
  }

  const list = (parts) => new Intl.ListFormat(document.documentElement.lang, { type: "conjunction" }).format(parts);
  const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  // What differs, in a sentence or two: who has how many times what, and which operators alone.
  function said(a, b) {
    const pair = [a, b].filter((one) => one.facts);
    sentence.hidden = pair.length < 2;
    if (sentence.hidden) return;
    const more = [[], []];
    const same = [];
    const names = JSON.parse(texts.said);
    for (const field of ["parameters", "flops", "operators", "depth"]) {
      const [first, second] = pair.map((one) => valueOf(one, field));
      if (!(first > 0 && second > 0)) continue;
      const times = Math.max(first, second) / Math.min(first, second);
      if (times < 1.05) same.push(names[field]);
      else more[first > second ? 0 : 1].push(filled(texts.times, { n: Number(times.toPrecision(2)).toLocaleString("en"), what: names[field] }));
    }
    const parts = pair.flatMap((one, i) => (more[i].length ? [filled(texts.has, { title: one.title, list: list(more[i]) })] : []));
    if (same.length) parts.push(filled(texts.alike, { list: list(same) }));
    pair.forEach((one, i) => {
      const alone = Object.entries(one.facts.histogram).filter(([type]) => !pair[1 - i].facts.histogram[type]);
      const most = alone.sort((x, y) => y[1] - x[1]).slice(0, 3).map(([type]) => type);
      if (most.length) parts.push(filled(texts.alone, { title: one.title, list: list(most) }));
    });
    sentence.textContent = parts.join(" ");
  }

  const small = (scan) => scan.pictures.filter((one) => one.format !== "svg").sort((x, y) => Math.abs(x.width - 320) - Math.abs(y.width - 320))[0];

  function labelOf(scan) {
    const [words, attributes] = [JSON.parse(texts.variant), JSON.parse(texts.attributes)];
    if (scan.key === "training" || scan.key === "light") return words[scan.key];
    if (scan.key.startsWith("skeleton-")) return filled(words.skeleton, { engine: scan.skeleton });
    return filled(words.attribute, { attribute: attributes[scan.attribute] ?? scan.attribute });
  }

  // The scans that both have, two by two.
  function views(a, b) {
    const place = multiples.querySelector("ul");
    place.replaceChildren();
    for (const scan of a.scans.slice(1)) {
      const other = b.scans.find((one) => one.key === scan.key);
      const files = [scan, other].map((one) => one && small(one));
      if (!files.every(Boolean)) continue;
      const item = make("li", undefined, place);
      const frame = make("span", undefined, item);
      frame.className = `frame two ${scan.ground}`;
      files.forEach((file, i) => {
        const image = make("img", undefined, frame);
        Object.assign(image, { loading: "lazy", decoding: "async", width: file.width, height: file.height, alt: `${[a, b][i].title}: ${[scan, other][i].caption}`, src: texts.root + file.href });
      });
      make("span", labelOf(scan), item).className = "caption";
    }
    multiples.hidden = !place.children.length;
  }

  // Pairs of layers in the order of both, as many of one type as can be (longest common subsequence).
  function aligned(a, b) {
    const worth = (x, y) => (x[1] || x[0]) !== (y[1] || y[0]) ? 0 : x[0] === y[0] ? 3 : 2;
    const best = Array.from({ length: a.length + 1 }, () => new Int32Array(b.length + 1));
    for (let i = a.length - 1; i >= 0; i--) {
      for (let j = b.length - 1; j >= 0; j--) {
        const gain = worth(a[i], b[j]);
        best[i][j] = Math.max(best[i + 1][j], best[i][j + 1], gain ? best[i + 1][j + 1] + gain : 0);
      }
    }
    const rows = [];
    for (let i = 0, j = 0; i < a.length || j < b.length;) {
      const gain = i < a.length && j < b.length ? worth(a[i], b[j]) : 0;
      if (gain && best[i][j] === best[i + 1][j + 1] + gain) rows.push([a[i++], b[j++]]);
      else if (j >= b.length || (i < a.length && best[i + 1][j] >= best[i][j + 1])) rows.push([a[i++], null]);
      else rows.push([null, b[j++]]);
    }
    return rows;
  }

  function layers(a, b) {
    layered.hidden = !(a.layers.length && b.layers.length);
    if (layered.hidden) return;
    layered.querySelectorAll("thead th").forEach((cell, i) => { cell.textContent = [a, b][i].title; });
    const body = layered.querySelector("tbody");
    body.replaceChildren();
    const most = Math.max(1, ...[...a.layers, ...b.layers].map((one) => one[3]));
    for (const pair of aligned(a.layers, b.layers)) {
      const line = make("tr", undefined, body);
      line.className = pair.every(Boolean) ? "" : "alone";
      for (const one of pair) {
        const cell = make("td", undefined, line);
        if (!one) continue;
        make("bdi", one[0], cell);
        make("small", ` ${one[1]}`, cell);
        const bar = make("meter", undefined, cell);
        Object.assign(bar, { min: 0, max: most, value: one[3], title: `${short(one[3])} ${texts.flops}` });
      }
    }
  }

  function differ(a, b) {
    [sentence, multiples, layered, runs].forEach((one) => { one.hidden = true; });
    if (!(a && b)) return;
    said(a, b);
    window.galleryRuns(runs, a, b);
    views(a, b);
    layers(a, b);
  }

  async function show(remember) {
    const slugs = sides.map((side) => side.querySelector("select").value);
    const models = await Promise.all(slugs.map(load));
    sides.forEach((side, i) => put(side, models[i]));
    differences(...models);
    differ(...models);
    boards.forEach((board) => board.draw());
    if (!remember) return;
    const state = new URLSearchParams(slugs.flatMap((slug, i) => (slug ? [["ab"[i], slug]] : [])));
    try { history.replaceState(null, "", `?${state}`); } catch { /* some browsers do not change the URL of a file */ }
  }

  // Who names no model sees two that resemble each other.
  const state = new URLSearchParams(location.search);
  if (!state.has("a") && !state.has("b") && texts.pair) texts.pair.split(" ").forEach((slug, i) => state.set("ab"[i], slug));
  // Reserve space from the start, so that nothing moves when it appears.
  table.hidden = sentence.hidden = !["a", "b"].every((side) => state.has(side));
  const boards = sides.map((side) => window.galleryPanZoom(side.querySelector(".board"), texts, pair));
  const selects = sides.map((side) => side.querySelector("select"));

  // Whether all wanted models can be chosen, as they are now.
  function choose() {
    return selects.map((select) => {
      const wanted = state.get(select.name);
      if ([...select.options].some((one) => one.value === wanted)) select.value = wanted;
      return !wanted || select.value === wanted;
    }).every(Boolean);
  }

  // Of many models the page names only two; the others come with the collection.
  function nameAll() {
    if (!texts.collection) return Promise.resolve();
    return new Promise((done) => {
      window.galleryCollection = ({ cards }) => {
        for (const select of selects) {
          const chosen = select.value;
          select.replaceChildren(select.options[0], ...cards.filter((card) => card[5] !== null).map(([slug, title]) => new Option(title, slug)));
          select.value = chosen;
        }
      };
      const script = Object.assign(document.createElement("script"), { src: texts.collection, onload: done, onerror: done });
      document.head.append(script);
    });
  }

  selects.forEach((select) => select.addEventListener("change", () => show(true)));
  if (choose()) show(false).then(nameAll);
  else nameAll().then(() => { choose(); show(false); });
})();

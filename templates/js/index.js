// The index: search, filters, order, grid or table, and the plot; the state is in the URL.
(() => {
  const controls = document.querySelector("[data-controls]");
  const list = document.querySelector("[data-cards]");
  if (!controls || !list) return;
  const texts = controls.dataset;
  const root = texts.root;
  const part = (name) => document.querySelector(`[data-${name}]`);
  const [nothing, more, pages, blank, table] = ["nothing", "more", "pages", "card", "table"].map(part);
  const found = part("found");
  const fields = Object.fromEntries([...controls.querySelectorAll("[name]:not([type=radio])")].map((one) => [one.name, one]));
  const views = [...controls.querySelectorAll("[name=view]")];
  const [AT_ONCE, NARROW] = [120, ["q", "tag", "family", "year", "operator", "size"]];
  const cards = new Map([...list.children].map((card) => [card.dataset.slug, card]));
  const first = [...list.children];
  let data = null;
  let loading = null;
  let limit = AT_ONCE;
  let asked = 0;

  // A page opened from disk may not fetch files, but it may load scripts.
  function load() {
    loading ??= new Promise((done, failed) => {
      const add = (address) => {
        const onload = () => { if (data) done(); };
        document.head.append(Object.assign(document.createElement("script"), { src: address, onload, onerror: failed }));
      };
      window.galleryCollection = (value) => { data = arrange(value); };
      window.galleryCollectionAt = (address) => add(root + address);
      add(texts.collection);
    });
    return loading;
  }

  function arrange({ cards: rows, words, operators }) {
    const names = ["slug", "title", "year", "family", "tags", "parameters", "work", "vertices", "edges", "operators", "place", "pictures", "exports"];
    return {
      rows: rows.map((row, index) => ({ index, ...Object.fromEntries(names.map((name, i) => [name, row[i]])) })),
      words: Object.entries(words),
      operators,
    };
  }

  // Indices of models from their differences in base 36.
  function numbers(differences) {
    let at = 0;
    return differences.split(" ").map((difference) => (at += parseInt(difference, 36)));
  }

  // Models with, for each word of the query, a word that starts with it (or contains it, if long).
  function matching(text) {
    const terms = text.toLowerCase().normalize("NFC").match(/[\p{L}\p{N}]+/gu) ?? [];
    let left = null;
    for (const term of terms) {
      const hits = new Set();
      for (const [word, models] of data.words) {
        if (word.startsWith(term) || (term.length > 2 && word.includes(term))) numbers(models).forEach((one) => hits.add(one));
      }
      left = left === null ? hits : new Set([...left].filter((one) => hits.has(one)));
    }
    return left;
  }

  const bounds = texts.bounds.split(" ").map(Number);
  const sizeOf = (row) => (row.parameters === null ? "" : String(bounds.filter((bound) => row.parameters >= bound).length));
  const value = (name) => fields[name]?.value ?? "";

  function chosen() {
    const hits = matching(value("q"));
    const having = value("operator") ? new Set(numbers(data.operators[value("operator")])) : null;
    const rows = data.rows.filter((row) => (!hits || hits.has(row.index))
      && (!having || having.has(row.index))
      && (!value("tag") || row.tags.includes(value("tag")))
      && (!value("family") || row.family === value("family"))
      && (!value("year") || String(row.year) === value("year"))
      && (!value("size") || sizeOf(row) === value("size")));
    const [by, up] = order();
    if (by === "title") return up ? rows : rows.reverse();
    // Unknown values come last in either direction.
    return rows.sort((a, b) => (a[by] === null) - (b[by] === null) || (up ? a[by] - b[by] : b[by] - a[by]) || a.index - b.index);
  }

  // "" is by name, ascending; "year" is descending, and "-year" ascending.
  function order() {
    const by = value("sort").replace(/^-/, "") || "title";
    return [by, value("sort").startsWith("-") !== (by === "title")];
  }

  function short(number) {
    if (number === null) return texts.unknown;
    if (number < 1e4) return number.toLocaleString("en");
    const step = Math.min(5, Math.floor(Math.log10(Number(number.toPrecision(3))) / 3));
    return `${Number((number / 1000 ** step).toPrecision(3))}\u00a0${["", "k", "M", "B", "T", "Q"][step]}`;
  }
  const flops = (number) => short(number).replace("B", "G").replace("Q", "P");
  const pageOf = (row) => `${root}${row.slug}/index.html`;

  function cardOf(row) {
    const known = cards.get(row.slug);
    if (known) return known;
    const card = blank.content.firstElementChild.cloneNode(true);
    card.dataset.slug = row.slug;
    card.querySelector("a").href = pageOf(row);
    const image = card.querySelector("img");
    if (row.pictures.length) image.src = root + row.pictures.at(-1);
    else image.remove();
    card.querySelector("bdi").textContent = row.title;
    card.querySelector("small").textContent = [row.year, row.exports && texts.exports.replace("{n}", row.exports)].filter(Boolean).join(texts.separator);
    [short(row.parameters), flops(row.work), short(row.vertices)].forEach((text, i) => { card.querySelectorAll("dd")[i].textContent = text; });
    cards.set(row.slug, card);
    return card;
  }

  function lineOf(row) {
    const line = part("line").firstElementChild.cloneNode(true);
    line.dataset.slug = row.slug;
    if (row.pictures.length) {
      const image = Object.assign(document.createElement("img"), { loading: "lazy", decoding: "async", alt: "", width: 56, height: 56 });
      image.src = root + row.pictures[0];
      line.querySelector(".frame").append(image);
    }
    const link = Object.assign(document.createElement("a"), { href: pageOf(row), textContent: row.title });
    line.querySelector("th").append(link);
    [row.year ?? "–", row.family || "–", short(row.parameters), flops(row.work), row.operators === null ? "–" : short(row.operators), short(row.vertices), short(row.edges)]
      .forEach((text, i) => { line.querySelectorAll("td")[i + 1].textContent = text; });
    return line;
  }

  const view = () => views.find((one) => one.checked)?.value ?? "";

  function remember() {
    const state = new URLSearchParams();
    for (const [name, text] of [...Object.keys(fields).map((name) => [name, value(name)]), ["view", view()]]) {
      if (text) state.set(name, text);
    }
    try { history.replaceState(null, "", state.size ? `?${state}` : location.pathname); } catch { /* some browsers do not change the URL of a file */ }
  }

  function showCount(rows) {
    found.textContent = rows ? texts.found.replace("{n}", rows.length.toLocaleString("en")).replace("{all}", data.rows.length.toLocaleString("en")) : "";
    nothing.hidden = !rows || rows.length > 0;
    more.hidden = !rows || rows.length <= limit;
    if (pages) pages.hidden = Boolean(rows);
  }

  async function show() {
    remember();
    const turn = ++asked;
    const asTable = view() === "table";
    const narrowed = NARROW.some(value);
    list.hidden = asTable;
    table.hidden = !asTable;
    if (!asTable && !narrowed && !value("sort") && limit === AT_ONCE) {
      list.replaceChildren(...first);
      showCount(null);
      window.galleryPlot?.(null, root);
      return;
    }
    await load();
    if (turn !== asked) return;
    const rows = chosen();
    if (asTable) {
      part("lines").replaceChildren(...rows.slice(0, limit).map(lineOf));
      for (const head of table.querySelectorAll("[data-by]")) head.ariaSort = order()[0] === head.dataset.by ? (order()[1] ? "ascending" : "descending") : "none";
    } else list.replaceChildren(...rows.slice(0, limit).map(cardOf));
    showCount(rows);
    window.galleryPlot?.(narrowed ? rows : null, root);
  }

  function restore() {
    const state = new URLSearchParams(location.search);
    for (const [name, field] of Object.entries(fields)) {
      const text = state.get(name) ?? "";
      field.value = field.options && ![...field.options].some((one) => one.value === text) ? "" : text;
    }
    for (const one of views) one.checked = one.value === (state.get("view") ?? "");
    if (!view()) views[0].checked = true;
  }

  const changed = () => { limit = AT_ONCE; show(); };
  for (const name of ["input", "change"]) controls.addEventListener(name, changed);
  const soon = () => { load().catch(() => {}); };
  controls.addEventListener("focusin", soon, { once: true });
  // Whoever has the controls before them may type at any time; the page itself comes first.
  const idle = window.requestIdleCallback ?? ((run) => setTimeout(run, 300));
  if (!navigator.connection?.saveData) {
    new IntersectionObserver(([one], watch) => {
      if (!one.isIntersecting) return;
      watch.disconnect();
      idle(soon);
    }).observe(controls);
  }
  part("clear").addEventListener("click", () => { for (const name of NARROW) if (fields[name]) fields[name].value = ""; changed(); fields.q.focus(); });
  more.firstElementChild.addEventListener("click", () => { limit += AT_ONCE; show(); });
  table.addEventListener("click", (event) => {
    const by = event.target.closest("[data-by] button")?.parentElement.dataset.by;
    if (!by) return;
    const plain = by === "title" ? "" : by;
    fields.sort.value = value("sort") === plain ? `-${by}` : plain;
    changed();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !/INPUT|SELECT|TEXTAREA/.test(event.target.tagName)) {
      event.preventDefault();
      fields.q.focus();
    }
  });
  addEventListener("popstate", () => { restore(); show(); });
  window.galleryRows = () => load().then(() => data.rows);
  restore();
  if (location.search) show();
})();

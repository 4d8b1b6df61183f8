// The index: search, filter by tag, sort, grid or table; the state is in the address.
(() => {
  const controls = document.querySelector("[data-controls]");
  const list = document.querySelector("[data-cards]");
  if (!controls || !list) return;
  const root = controls.dataset.root;
  const part = (name) => document.querySelector(`[data-${name}]`);
  const [nothing, more, pages, blank] = ["nothing", "more", "pages", "card"].map(part);
  const found = controls.querySelector(".found");
  const query = controls.querySelector("[name=q]");
  const tag = controls.querySelector("[name=tag]");
  const sort = controls.querySelector("[name=sort]");
  const views = [...controls.querySelectorAll("[name=view]")];
  const AT_ONCE = 120;
  const cards = new Map([...list.children].map((card) => [card.dataset.slug, card]));
  const first = [...list.children];
  let data = null;
  let loading = null;
  let limit = AT_ONCE;

  // A page that was opened from disk may not fetch, but it may load a script.
  function load() {
    loading ??= new Promise((done, failed) => {
      window.galleryCollection = (value) => { data = arrange(value); };
      const script = document.createElement("script");
      script.src = controls.dataset.collection;
      script.onload = done;
      script.onerror = failed;
      document.head.append(script);
    });
    return loading;
  }

  function arrange({ cards: rows, words }) {
    const names = ["slug", "title", "year", "family", "tags", "parameters", "work", "vertices", "pictures"];
    return {
      rows: rows.map((row, index) => ({ index, ...Object.fromEntries(names.map((name, i) => [name, row[i]])) })),
      words: Object.entries(words),
    };
  }

  // Models that have, for each word of the query, a word that begins with it (or holds it, if long).
  function matching(text) {
    const terms = text.toLowerCase().normalize("NFC").match(/[\p{L}\p{N}]+/gu) ?? [];
    let left = null;
    for (const term of terms) {
      const hits = new Set();
      for (const [word, models] of data.words) {
        if (word.startsWith(term) || (term.length > 2 && word.includes(term))) models.forEach((one) => hits.add(one));
      }
      left = left === null ? hits : new Set([...left].filter((one) => hits.has(one)));
    }
    return left;
  }

  function chosen() {
    const hits = matching(query.value);
    const rows = data.rows.filter((row) => (!hits || hits.has(row.index)) && (!tag.value || row.tags.includes(tag.value)));
    const by = sort.value;
    if (by) rows.sort((a, b) => (b[by] ?? -1) - (a[by] ?? -1) || a.index - b.index);
    return rows;
  }

  function short(value) {
    if (value === null) return controls.dataset.unknown;
    if (value < 1e4) return value.toLocaleString("en");
    const step = Math.min(5, Math.floor(Math.log10(Number(value.toPrecision(3))) / 3));
    return `${Number((value / 1000 ** step).toPrecision(3))}\u00a0${["", "k", "M", "B", "T", "Q"][step]}`;
  }

  function cardOf(row) {
    const known = cards.get(row.slug);
    if (known) return known;
    const card = blank.content.firstElementChild.cloneNode(true);
    card.dataset.slug = row.slug;
    card.querySelector("a").href = `${root}${row.slug}/index.html`;
    const image = card.querySelector("img");
    if (row.pictures.length) image.src = root + row.pictures.at(-1);
    else image.remove();
    card.querySelector("bdi").textContent = row.title;
    card.querySelector("small").textContent = row.year ?? "";
    card.querySelectorAll("dd").forEach((cell, i) => { cell.textContent = short([row.parameters, row.work, row.vertices][i]); });
    for (const one of row.tags.slice(0, 4)) {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = `?tag=${encodeURIComponent(one)}`;
      link.textContent = one;
      item.append(link);
      card.querySelector(".tags").append(item);
    }
    cards.set(row.slug, card);
    return card;
  }

  const view = () => views.find((one) => one.checked)?.value ?? "";

  function remember() {
    const state = new URLSearchParams();
    for (const [name, value] of [["q", query.value], ["tag", tag.value], ["sort", sort.value], ["view", view()]]) {
      if (value) state.set(name, value);
    }
    try { history.replaceState(null, "", state.size ? `?${state}` : location.pathname); } catch { /* some browsers keep addresses of files as they are */ }
  }

  async function show() {
    remember();
    list.classList.toggle("table", view() === "table");
    const plain = !query.value && !tag.value && !sort.value;
    if (plain && limit === AT_ONCE) {
      list.replaceChildren(...first);
      found.textContent = "";
      nothing.hidden = true;
      if (pages) { pages.hidden = false; more.hidden = true; }
      return;
    }
    await load();
    const rows = chosen();
    list.replaceChildren(...rows.slice(0, limit).map(cardOf));
    if (pages) pages.hidden = true;
    more.hidden = rows.length <= limit;
    nothing.hidden = rows.length > 0;
    found.textContent = controls.dataset.found.replace("{n}", rows.length).replace("{all}", data.rows.length);
  }

  function restore() {
    const state = new URLSearchParams(location.search);
    query.value = state.get("q") ?? "";
    for (const field of [tag, sort]) {
      const value = state.get(field.name) ?? "";
      field.value = [...field.options].some((one) => one.value === value) ? value : "";
    }
    for (const one of views) one.checked = one.value === (state.get("view") ?? "");
    if (!view()) views[0].checked = true;
  }

  const changed = () => { limit = AT_ONCE; show(); };
  for (const name of ["input", "change"]) controls.addEventListener(name, changed);
  controls.addEventListener("focusin", () => { load(); }, { once: true });
  part("clear").addEventListener("click", () => { query.value = tag.value = sort.value = ""; changed(); query.focus(); });
  more.firstElementChild.addEventListener("click", () => { limit += AT_ONCE; show(); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !/INPUT|SELECT|TEXTAREA/.test(event.target.tagName)) {
      event.preventDefault();
      query.focus();
    }
  });
  addEventListener("popstate", () => { restore(); show(); });
  restore();
  controls.hidden = false;
  if (location.search) show();
})();

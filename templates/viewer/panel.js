// The panel: attribute, palette, legend, and which passes are shown.
(function (V) {
  "use strict";

  const FEW = 6;
  const MOST = 24;

  // An element with a class and text; text from a model never becomes markup.
  V.make = function (tag, name, text) {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  // A text in parts: in narrow places a name is broken after the signs that join its parts.
  V.joined = (text) => text.split(/(?<=[/_]|\D\.|\.(?=\D))(?=\w)/).flatMap((part, n) =>
    (n ? [document.createElement("wbr"), part] : [part]));

  V.fillText = (text, values) =>
    text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));

  // A layer's path as people write it, or its last parts.
  V.dotted = (path, most = Infinity) =>
    path.split("/").slice(-most).join(path.includes(" ") ? ", " : ".");

  const UNITS = [[1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];
  V.amount = function (value, unit) {
    const [size, prefix] = UNITS.find(([size]) => value >= size) || [1, ""];
    const shown = Number((value / size).toPrecision(3)).toString();
    return `${shown} ${prefix}${unit}`.trim();
  };

  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

  V.Panel = class {
    constructor(root, app) {
      this.app = app;
      this.attribute = root.querySelector("[data-attribute]");
      this.palette = root.querySelector("[data-palette]");
      this.legend = root.querySelector("[data-legend]");
      this.scale = root.querySelector("[data-scale]");
      this.passes = root.querySelector("[data-passes]");
      this.fillChoices();
      this.attribute.addEventListener("change", () =>
        app.recolour(this.attribute.selectedIndex, app.colours.palette));
      this.palette.addEventListener("change", () =>
        app.recolour(app.colours.number, this.palette.value));
      this.fillPasses();
    }

    fillChoices() {
      const { head } = this.app.graph;
      const { texts } = this.app;
      for (const one of head.colorings) {
        this.attribute.append(new Option(texts.attribute[one.attribute] || one.attribute.replace(/^measured:/, `${texts.attribute.measured}, `).replace(/^metric:/, "")));
      }
      this.palette.append(new Option(texts.own_palette, ""));
      for (const name of Object.keys(head.palettes)) this.palette.append(new Option(name, name));
    }

    fillPasses() {
      const { graph, texts } = this.app;
      const present = new Set(graph.pass);
      graph.head.passes.forEach((name, number) => {
        if (!present.has(number)) return;
        const label = V.make("label", "switch");
        const box = V.make("input");
        box.type = "checkbox";
        box.checked = true;
        box.dataset.pass = name;
        box.addEventListener("change", () => this.app.showPass(number, box.checked));
        label.append(box, V.make("span", "", texts.pass[name] || name));
        this.passes.append(label);
      });
      this.passes.hidden = present.size < 2;
    }

    // Update the panel to what the graph shows.
    show() {
      const { colours, renderer, graph } = this.app;
      this.attribute.selectedIndex = colours.number;
      this.palette.value = colours.palette;
      for (const box of this.passes.querySelectorAll("input")) {
        box.checked = renderer.passes[graph.head.passes.indexOf(box.dataset.pass)] > 0;
      }
      this.showLegend();
    }

    showLegend() {
      const { colours, texts } = this.app;
      const { categorical } = colours.coloring;
      const legend = this.entries();
      const focused = [...this.legend.querySelectorAll("button")].indexOf(document.activeElement);
      this.legend.replaceChildren();
      this.legend.classList.toggle("continuous", !categorical);
      this.scale.hidden = categorical;
      if (!categorical) this.drawScale();
      const [ticks, unit] = categorical ? [[], ""] : withoutUnit(legend.map(([label]) => label));
      this.legend.dataset.unit = unit;
      legend.forEach((entry, number) => {
        const part = colours.partOf(entry);
        const button = V.make("button", "entry");
        button.type = "button";
        const swatch = V.make("span", "swatch");
        swatch.style.background = colours.colourOf(entry[3]);
        button.append(swatch, V.make("span", "name", ticks[number] ?? (entry[0] || texts.whole)));
        if (!categorical) button.setAttribute("aria-label", entry[0]);
        if (categorical) button.append(V.make("span", "share", share(entry[2])));
        const on = same(part, colours.lit);
        button.setAttribute("aria-pressed", on);
        button.addEventListener("click", () => this.app.light(on ? null : part));
        const item = V.make("li");
        item.append(button);
        this.legend.append(item);
      });
      if (focused >= 0) this.legend.querySelectorAll("button")[focused]?.focus();
    }

    // If a model has few layers at the top, show the layers within them.
    entries() {
      const { colours, graph, tree } = this.app;
      const { attribute, legend } = colours.coloring;
      if (attribute !== "layer" || legend.length >= FEW) return legend;
      const open = tree.opened(2 * FEW);
      if (open.length <= legend.length) return legend;
      const middle = new Map();
      const rows = graph.rows(colours.number);
      const seen = new Uint32Array(graph.weights.length);
      for (let v = 0; v < graph.n; v++) {
        const o = graph.operator[v];
        if (2 * ++seen[o] >= graph.weights[o] && !middle.has(o)) middle.set(o, rows[v]);
      }
      return open.slice(0, MOST).map((l) => {
        const inside = graph.operatorsIn(l).filter((o) => middle.has(o));
        const heaviest = inside.reduce((a, b) => (graph.weights[b] > graph.weights[a] ? b : a));
        return [V.dotted(graph.head.layers.path[l]), "", tree.weight[l] / graph.n, middle.get(heaviest)];
      });
    }

    drawScale() {
      const pen = this.scale.getContext("2d");
      const table = this.app.colours.table();
      const count = table.length / 3;
      for (let x = 0; x < this.scale.width; x++) {
        const row = Math.round(x / (this.scale.width - 1) * (count - 1));
        pen.fillStyle = this.app.colours.colourOfTable(table, row);
        pen.fillRect(x, 0, 1, this.scale.height);
      }
    }
  };

  // "392 FLOP", "2 kFLOP", "263 kFLOP" as "392", "2 k", "263 k" and "FLOP".
  function withoutUnit(labels) {
    const [last] = labels.slice(-1);
    let unit = last?.match(/\p{L}*$/u)[0] ?? "";
    while (unit && !labels.every((label) => label.endsWith(unit))) unit = unit.slice(1);
    // Nobody reads "5 µ" as microseconds.
    if (unit === "s" && labels.some((label) => /[mµnp]s$/u.test(label))) unit = "";
    return [labels.map((label) => label.slice(0, label.length - unit.length).trim()), unit];
  }

  function share(value) {
    const percent = 100 * value;
    return percent >= 10 ? `${Math.round(percent)}%`
      : percent >= 0.1 ? `${percent.toFixed(1)}%` : "< 0.1%";
  }
})(window.GalleryViewer = window.GalleryViewer || {});

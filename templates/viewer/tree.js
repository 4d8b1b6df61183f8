// The layer tree and the search: both highlight what is chosen and fly to it.
(function (V) {
  "use strict";

  const MOST = 400;
  const FOUND = 40;
  // Scopes are written with dots or with slashes.
  const plain = (text) => text.toLowerCase().replaceAll(".", "/");

  V.Tree = class {
    constructor(root, app) {
      this.app = app;
      this.list = root.querySelector("[data-tree]");
      this.title = root.querySelector("[data-tree-title]");
      this.input = root.querySelector("[data-search]");
      this.found = root.querySelector("[data-found]");
      this.status = root.querySelector("[data-found-status]");
      const { layers, operators } = app.graph.head;
      this.below = layers.name.map(() => []);
      layers.parent.forEach((parent, l) => { if (parent >= 0) this.below[parent].push(l); });
      this.held = layers.name.map(() => []);
      operators.layer.forEach((l, o) => this.held[l]?.push(o));
      this.weigh();
      this.fill(this.list, 0);
      this.input.addEventListener("input", () => this.search());
      this.input.addEventListener("keydown", (event) => {
        if (event.key === "Enter") { event.preventDefault(); this.found.querySelector("button")?.click(); }
        if (event.key === "Escape" && this.input.value) {
          event.preventDefault();
          this.input.value = "";
          this.search();
        }
      });
    }

    // Number of shown vertices of each layer, including the layers below it.
    weigh() {
      const { layers, operators } = this.app.graph.head;
      this.weight = layers.name.map(() => 0);
      this.app.graph.weights.forEach((count, o) => { this.weight[operators.layer[o]] += count; });
      for (let l = layers.name.length - 1; l > 0; l--) {
        this.weight[layers.parent[l]] += this.weight[l];
      }
    }

    // Layers that together make up the whole: the largest are split until there are enough.
    opened(enough) {
      const filled = (l) => this.below[l].filter((b) => this.weight[b]);
      let open = [0];
      while (open.length < enough) {
        const most = open.filter((l) => filled(l).length)
          .sort((a, b) => this.weight[b] - this.weight[a])[0];
        if (most === undefined || open.length + filled(most).length > 3 * enough) break;
        open = open.filter((l) => l !== most).concat(filled(most));
      }
      return open.filter((l) => l > 0).sort((a, b) => a - b);
    }

    fill(list, layer) {
      const below = this.below[layer].filter((l) => this.weight[l]);
      const held = this.held[layer].filter((o) => this.app.graph.weights[o]);
      for (const l of below.slice(0, MOST)) list.append(this.layerItem(l));
      for (const o of held.slice(0, MOST)) list.append(this.operatorItem(o));
      const more = Math.max(0, below.length - MOST) + Math.max(0, held.length - MOST);
      if (more) list.append(V.make("li", "more", V.fillText(this.app.texts.more, { n: more })));
    }

    layerItem(layer) {
      const { layers } = this.app.graph.head;
      const item = V.make("li");
      const row = V.make("div", "row");
      const name = layers.name[layer] || layers.path[layer];
      const toggle = V.make("button", "toggle");
      toggle.type = "button";
      toggle.setAttribute("aria-expanded", "false");
      toggle.setAttribute("aria-label", V.fillText(this.app.texts.open_layer, { name }));
      const inner = V.make("ul");
      inner.hidden = true;
      toggle.addEventListener("click", () => {
        if (!inner.firstChild) this.fill(inner, layer);
        inner.hidden = !inner.hidden;
        toggle.setAttribute("aria-expanded", String(!inner.hidden));
      });
      row.append(toggle, this.choice(name, layers.type[layer], this.weight[layer],
        () => ({ layer, operators: this.app.graph.operatorsIn(layer) })));
      item.append(row, inner);
      return item;
    }

    operatorItem(operator) {
      const { operators } = this.app.graph.head;
      const item = V.make("li", "leaf");
      const text = operators.name[operator].split("/").pop() || operators.type[operator];
      item.append(this.choice(text, operators.type[operator], this.app.graph.weights[operator],
        () => ({ operator, operators: [operator] })));
      return item;
    }

    choice(name, type, weight, part) {
      const button = V.make("button", "choice");
      button.type = "button";
      const shown = V.make("span", "name");
      shown.append(V.make("bdi", "", name));
      button.append(shown);
      if (type && type !== name) button.append(V.make("span", "type", type));
      button.append(V.make("span", "share", V.amount(weight, "")));
      button.addEventListener("click", () => {
        const chosen = part();
        const on = JSON.stringify(chosen) === JSON.stringify(this.app.colours.lit);
        this.app.light(on ? null : chosen);
        if (!on) this.app.flyTo(chosen);
      });
      return button;
    }

    search() {
      const wanted = plain(this.input.value.trim());
      this.found.replaceChildren();
      this.list.hidden = this.title.hidden = wanted !== "";
      if (!wanted) { this.status.textContent = ""; return; }
      const { layers, operators } = this.app.graph.head;
      const { weights } = this.app.graph;
      let count = 0;
      const add = (item) => { if (count++ < FOUND) this.found.append(item()); };
      layers.path.forEach((path, l) => {
        if (l && this.weight[l] && plain(`${path} ${layers.type[l]}`).includes(wanted)) {
          add(() => this.result(V.dotted(path), layers.type[l], this.weight[l],
            () => ({ layer: l, operators: this.app.graph.operatorsIn(l) })));
        }
      });
      operators.name.forEach((name, o) => {
        if (weights[o] && plain(`${name} ${operators.type[o]}`).includes(wanted)) {
          add(() => this.result(name, operators.type[o], weights[o],
            () => ({ operator: o, operators: [o] })));
        }
      });
      this.status.textContent = V.fillText(this.app.texts.found, { n: count });
    }

    result(...choice) {
      const item = V.make("li", "leaf");
      item.append(this.choice(...choice));
      return item;
    }
  };
})(window.GalleryViewer = window.GalleryViewer || {});

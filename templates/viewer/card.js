// The card of a vertex, and the drawing over the picture: its edges, and layer names.
(function (V) {
  "use strict";

  const LINES = 600;
  const NAMES = 22;

  // "4 of Conv conv1" for the operators of some vertices, the most frequent first.
  function byOperator(graph, vertices) {
    const count = new Map();
    for (const v of vertices) {
      const o = graph.operator[v];
      count.set(o, (count.get(o) || 0) + 1);
    }
    return [...count].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  }

  V.Card = class {
    constructor(root, app) {
      this.app = app;
      this.card = root.querySelector("[data-card]");
      this.body = root.querySelector("[data-card-body]");
      this.canvas = root.querySelector("[data-over]");
      this.vertex = -1;
      this.names = false;
      root.querySelector("[data-card-close]").addEventListener("click", () => this.close());
      this.card.addEventListener("keydown", ({ key }) => { if (key === "Escape") this.close(); });
    }

    // Whoever closed it goes on at the scan.
    close() {
      this.app.pin(-1);
      this.app.stage.focus({ preventScroll: true });
    }

    show(v, pinned) {
      this.card.hidden = v < 0;
      this.card.classList.toggle("pinned", pinned);
      if (v !== this.vertex) {
        this.vertex = v;
        if (v >= 0) this.write(v);
        this.app.diagram.mark();
      }
      this.draw();
    }

    write(v) {
      const { graph, texts } = this.app;
      const { operators, layers, kinds, passes, tensors } = graph.head;
      const o = graph.operator[v];
      const kind = kinds[graph.kind[v]];
      const pass = passes[graph.pass[v]];
      const title = V.make("p", "title");
      const swatch = V.make("span", "swatch");
      swatch.style.background = this.app.colours.colourOf(
        graph.rows(this.app.colours.number)[v]);
      title.append(swatch, V.make("strong", "", operators.type[o]));
      title.append(V.make("bdi", "", operators.name[o]));
      const list = V.make("dl");
      const row = (name, text) => {
        const said = V.make("dd");
        said.append(...V.joined(text));
        list.append(V.make("dt", "", name), said);
      };
      const path = layers.path[operators.layer[o]];
      if (path) row(texts.layer, V.dotted(path));
      row(texts.work, `${texts.kind[kind] || kind}, ${texts.pass[pass] || pass}`);
      const block = graph.block(v);
      if (block && block.box.length) {
        const ranges = block.box.map(([low, high]) => (high - low > 1 ? `${low}–${high - 1}` : `${low}`));
        const made = ranges.slice(0, block.rank);
        const name = block.tensor >= 0 && tensors[block.tensor] ? tensors[block.tensor] : null;
        row(texts.block, `[${made.join(", ")}]${name ? ` ${V.fillText(texts.of, {
          shape: `${name[2]} ${name[1]}` })}` : ""}`);
        if (ranges.length > block.rank) {
          row(texts.sums, `[${ranges.slice(block.rank).join(", ")}]`);
        }
      }
      const named = (rows) => rows.map((t) => tensors[t]?.[0]).filter(Boolean).join(", ");
      row(texts.reads, this.sources(graph.read[v], graph.sourcesOf(v)));
      if (operators.reads[o].length) row("", named(operators.reads[o]));
      row(texts.feeds, this.sources(graph.sent[v], graph.readersOf(v)));
      if (operators.writes[o].length) row("", named(operators.writes[o]));
      row(texts.costs, `${V.amount(graph.amount("flops", v), "FLOP")}, ${
        V.amount(graph.amount("bytes", v), "B")}`);
      this.body.replaceChildren(title, list);
    }

    sources(count, shown) {
      const { graph, texts } = this.app;
      const { operators } = graph.head;
      if (!count) return texts.nothing;
      const parts = byOperator(graph, shown).slice(0, 3).map(([o]) =>
        `${operators.type[o]} ${operators.name[o].split("/").pop()}`);
      const dots = byOperator(graph, shown).length > 3 ? "…" : "";
      return V.fillText(count === 1 ? texts.one_block : texts.blocks, { n: count.toLocaleString() }) +
        (parts.length ? ` (${parts.join("; ")}${dots})` : "");
    }

    // In the colours of another ground.
    restyle() {
      if (this.vertex >= 0) this.write(this.vertex);
      this.draw();
    }

    resize(width, height, ratio) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.ratio = ratio;
    }

    draw() {
      const empty = !this.names && this.vertex < 0;
      // What was empty stays so, and the page need not be put together again.
      if (empty && this.empty) return;
      this.empty = empty;
      // A canvas in main memory: it rarely changes and must not wait for the graph on the GPU.
      const pen = this.canvas.getContext("2d", { willReadFrequently: true });
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
      pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
      if (this.names) this.drawNames(pen);
      if (this.vertex < 0) return;
      const { graph, camera, space } = this.app;
      const at = (v) => camera.point(...space.at(v));
      const link = (v, controls) => {
        pen.moveTo(x, y);
        if (!controls) pen.lineTo(...at(v));
        else pen.bezierCurveTo(...controls.flatMap((one) => camera.point(...one)), ...at(v));
      };
      const [x, y] = at(this.vertex);
      const lines = (others, colour, feeds) => {
        pen.strokeStyle = V.styled(colour);
        pen.lineWidth = 1.25;
        pen.beginPath();
        for (const v of others.subarray(0, LINES)) {
          link(v, feeds ? space.controls(this.vertex, v) : space.controls(v, this.vertex)?.reverse());
        }
        pen.stroke();
      };
      lines(graph.sourcesOf(this.vertex), "--reads", false);
      lines(graph.readersOf(this.vertex), "--feeds", true);
      pen.strokeStyle = V.styled("--ink");
      pen.lineWidth = 1.75;
      pen.beginPath();
      pen.arc(x, y, 6, 0, 2 * Math.PI);
      pen.stroke();
    }

    namesOf() {
      const { tree, graph } = this.app;
      return tree.opened(NAMES).sort((a, b) => tree.weight[b] - tree.weight[a])
        .slice(0, 60).map((l) => {
          const operators = graph.operatorsIn(l);
          const frame = graph.frameOf(operators);
          return { text: V.dotted(graph.head.layers.path[l]), x: (frame[0] + frame[2]) / 2,
            y: (frame[1] + frame[3]) / 2, z: graph.heightOf(operators) };
        });
    }

    drawNames(pen) {
      this.places ??= this.namesOf();
      const taken = [];
      pen.font = "12px system-ui, sans-serif";
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.lineJoin = "round";
      const { camera, space } = this.app;
      const [halo, ink] = ["--halo", "--ink"].map(V.styled);
      for (const { text, x, y, z } of this.places) {
        const [px, py] = camera.point(...space.see(x, y, z));
        const half = pen.measureText(text).width / 2 + 5;
        const box = [px - half, py - 10, px + half, py + 10];
        if (taken.some((t) => box[0] < t[2] && box[2] > t[0] && box[1] < t[3] && box[3] > t[1])) {
          continue;
        }
        taken.push(box);
        pen.strokeStyle = halo;
        pen.lineWidth = 4;
        pen.strokeText(text, px, py);
        pen.fillStyle = ink;
        pen.fillText(text, px, py);
      }
    }
  };
})(window.GalleryViewer = window.GalleryViewer || {});

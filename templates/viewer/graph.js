// The graph in the browser: typed arrays, which vertex reads which, and which is near a point.
(function (V) {
  "use strict";

  const CELLS = 256;

  function floats(bytes) {
    return new Float32Array(bytes.slice().buffer);
  }

  function edgesOf(sections, n, m) {
    const degree = V.varints(sections.degree, n);
    const sources = V.varints(sections.edges, m);
    const pairs = new Uint32Array(2 * m);
    const start = new Uint32Array(n + 1);
    const down = [];
    let e = 0;
    for (let v = 0; v < n; v++) {
      start[v] = e;
      for (let k = 0; k < degree[v]; k++, e++) {
        const change = sources[e];
        down[k] = (down[k] ?? 0) + ((change >>> 1) ^ -(change & 1));
        const source = v - down[k];
        sources[e] = source;
        pairs[2 * e] = source;
        pairs[2 * e + 1] = v;
      }
    }
    start[n] = e;
    return { pairs, sources, start };
  }

  V.Graph = class {
    constructor({ head, sections }) {
      const [n, m] = head.shown;
      this.head = head;
      this.n = n;
      this.m = m;
      this.x = V.smooth(sections.x, head.step);
      this.y = V.smooth(sections.y, head.step);
      this.operator = V.walk(V.varints(sections.operator, n));
      this.pass = sections.pass;
      this.kind = sections.kind;
      Object.assign(this, edgesOf(sections, n, m));
      this.stack(false);
      this.sections = sections;
      this.rowsOf = [];
      this.drawn = {};
    }

    // Heights when the picture is tipped, 0 to 65,535: by the order of execution, or by pass, as in
    // gallery/rendering/tilt.py.
    stack(byPass) {
      const { heights, passes } = this.head;
      this.byPass = byPass;
      this.z = new Uint16Array(this.n);
      const levels = byPass && this.levels;
      for (let v = 0; v < this.n; v++) {
        this.z[v] = 65535 * (byPass ? levels[this.pass[v]]
          : heights[this.operator[v] * passes.length + this.pass[v]]);
      }
    }

    // By pass, its height; passes that the graph has lie evenly apart.
    get levels() {
      return this.once("levels", () => {
        const present = [...new Set(this.pass)].sort();
        return Object.fromEntries(present.map((pass, rank) =>
          [pass, present.length > 1 ? rank / (present.length - 1) : 0.5]));
      });
    }

    // Whether an edge leads from one hemisphere to the other, or to or from the loss between them,
    // whose place is rounded.
    crosses(source, reader) {
      const { fibres } = this.head;
      if (!fibres) return false;
      const [a, b] = [source, reader].map((v) => this.x[v] - 65535 * fibres.middle[0]);
      return a * b < 0 || Math.min(Math.abs(a), Math.abs(b)) < 2;
    }

    // What the player runs on: the schedule, or without one the order.
    get clock() { return this.once("clock", () => new V[this.head.run ? "Run" : "Order"](this)); }

    // Sections that only the card needs are decoded when it first needs them.
    get read() { return this.once("read", () => V.varints(this.sections.read, this.n)); }
    get sent() { return this.once("sent", () => V.varints(this.sections.sent, this.n)); }

    get forward() {
      return this.once("forward", () => this.sections.forward.length
        ? V.walk(V.varints(this.sections.forward, this.n)) : new Int32Array(0));
    }

    once(name, make) {
      if (!(name in this.drawn)) this.drawn[name] = make();
      return this.drawn[name];
    }

    amount(name, v) {
      const rows = this.once(name, () => V.planes(this.sections[name]));
      const table = this.once(name + "_table", () => floats(this.sections[name + "_table"]));
      return table[rows[v]];
    }

    rows(coloring) {
      return this.rowsOf[coloring] ??= V.planes(this.sections["rows" + coloring]);
    }

    // Three bytes a row, on one of the grounds.
    colors(coloring, ground) {
      return this.sections[(ground === "light" ? "inks" : "colors") + coloring];
    }

    sourcesOf(v) { return this.sources.subarray(this.start[v], this.start[v + 1]); }

    readersOf(v) {
      const { place, list } = this.once("readers", () => {
        const place = new Uint32Array(this.n + 1);
        for (let e = 0; e < this.m; e++) place[this.pairs[2 * e] + 1]++;
        V.sums(place);
        const next = place.slice();
        const list = new Uint32Array(this.m);
        for (let e = 0; e < this.m; e++) list[next[this.pairs[2 * e]]++] = this.pairs[2 * e + 1];
        return { place, list };
      });
      return list.subarray(place[v], place[v + 1]);
    }

    // The vertex nearest to a point (0..1) within a radius, among those that `shown` accepts, or -1.
    nearest(x, y, radius, shown, places = this) {
      const { place, list } = this.cellsOf(places);
      const cell = (value) => Math.max(0, Math.min(CELLS - 1, Math.floor(value * CELLS)));
      let best = -1;
      let least = (radius * 65535) ** 2;
      for (let row = cell(y - radius); row <= cell(y + radius); row++) {
        for (let column = cell(x - radius); column <= cell(x + radius); column++) {
          const at = row * CELLS + column;
          for (let i = place[at]; i < place[at + 1]; i++) {
            const v = list[i];
            const far = (places.x[v] - x * 65535) ** 2 + (places.y[v] - y * 65535) ** 2;
            if (far < least && shown(v)) { least = far; best = v; }
          }
        }
      }
      return best;
    }

    // Vertices sorted by their places; those beyond 0..1 are in the outermost cells.
    cellsOf(places) {
      if (this.sorted?.places !== places) this.sorted = { places, ...this.sortIntoCells(places) };
      return this.sorted;
    }

    sortIntoCells({ x, y }) {
      const cell = (value) => Math.max(0, Math.min(CELLS - 1, value >> 8));
      const cellOf = (v) => cell(y[v]) * CELLS + cell(x[v]);
      const place = new Uint32Array(CELLS * CELLS + 1);
      for (let v = 0; v < this.n; v++) place[cellOf(v) + 1]++;
      V.sums(place);
      const next = place.slice();
      const list = new Uint32Array(this.n);
      for (let v = 0; v < this.n; v++) list[next[cellOf(v)]++] = v;
      return { place, list };
    }

    // Operators of a layer and of the layers below it.
    operatorsIn(layer) {
      const { parent } = this.head.layers;
      const inside = parent.map(() => false);
      inside[layer] = true;
      for (let i = layer + 1; i < parent.length; i++) inside[i] = inside[parent[i]] === true;
      const found = [];
      this.head.operators.layer.forEach((l, o) => { if (inside[l]) found.push(o); });
      return found;
    }

    // Operators as a part: the innermost layer that holds them and no others, if there is one.
    partOf(operators) {
      const { operators: { layer }, layers: { parent } } = this.head;
      for (let l = layer[operators[0]]; l > 0; l = parent[l]) {
        const inside = new Set(this.operatorsIn(l));
        if (inside.size > operators.length) break;
        if (inside.size === operators.length && operators.every((o) => inside.has(o))) {
          return { layer: l, operators };
        }
      }
      return { operators };
    }

    // Number of shown vertices of each operator.
    get weights() {
      return this.once("weights", () => {
        const count = new Uint32Array(this.head.operators.name.length);
        for (let v = 0; v < this.n; v++) count[this.operator[v]]++;
        return count;
      });
    }

    // The frame around some operators' vertices (0..1), without the farthest hundredth.
    frameOf(operators, { x, y } = this) {
      const wanted = new Set(operators);
      const xs = [];
      const ys = [];
      for (let v = 0; v < this.n; v++) {
        if (wanted.has(this.operator[v])) { xs.push(x[v]); ys.push(y[v]); }
      }
      if (!xs.length) return null;
      const edge = (list, share) => Float64Array.from(list).sort()[
        Math.round(share * (list.length - 1))] / 65535;
      return [edge(xs, 0.01), edge(ys, 0.01), edge(xs, 0.99), edge(ys, 0.99)];
    }

    // Mean height of some operators' vertices (0..1).
    heightOf(operators) {
      const wanted = new Set(operators);
      let [sum, count] = [0, 0];
      for (let v = 0; v < this.n; v++) {
        if (wanted.has(this.operator[v])) { sum += this.z[v]; count++; }
      }
      return sum / Math.max(1, count) / 65535;
    }

    // The block that a vertex makes: {box: [[low, high], ...], rank, tensor} or null.
    block(v) {
      const id = this.forward.length && this.forward[v] >= 0 ? this.forward[v] : v;
      const { first, shape, splits, rank, tensor, period } = this.head.sets;
      for (let s = 0; s < first.length; s++) {
        const size = splits[s].reduce((a, b) => a * b, 1);
        const inner = period[s] ? size / splits[s][0] : size;
        let at = id - first[s];
        if (at < 0) continue;
        if (period[s]) {
          const step = Math.floor(at / period[s]);
          if (step >= splits[s][0] || at % period[s] >= inner) continue;
          at = step * inner + (at % period[s]);
        } else if (at >= size) continue;
        const box = shape[s].map(() => null);
        for (let axis = shape[s].length - 1; axis >= 0; axis--) {
          const index = at % splits[s][axis];
          at = Math.floor(at / splits[s][axis]);
          const low = Math.floor(index * shape[s][axis] / splits[s][axis]);
          box[axis] = [low, Math.floor((index + 1) * shape[s][axis] / splits[s][axis])];
        }
        return { box, rank: rank[s], tensor: tensor[s] };
      }
      return null;
    }
  };
})(window.GalleryViewer = window.GalleryViewer || {});

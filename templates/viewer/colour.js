// The colours of the graph: an attribute, a palette, and which part is lit.
(function (V) {
  "use strict";

  // Light of what is not chosen, from 0 to 255.
  const DIM = 3;

  function fromHex(hex) {
    return Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
  }

  // The colour of a palette at a position 0..1, interpolated between its stops.
  function between(stops, place) {
    const at = place * (stops.length / 3 - 1);
    const low = Math.min(Math.floor(at), stops.length / 3 - 2);
    return [0, 1, 2].map((k) =>
      Math.round(stops[3 * low + k] * (1 - at + low) + stops[3 * low + 3 + k] * (at - low)));
  }

  V.Colours = class {
    constructor(graph, renderer) {
      this.graph = graph;
      this.renderer = renderer;
      this.number = 0;
      this.palette = "";
      this.lit = null;
    }

    get coloring() { return this.graph.head.colorings[this.number]; }

    // The colours of all rows, three bytes each.
    table() {
      const { ground } = this.renderer;
      const own = this.graph.colors(this.number, ground);
      if (!this.palette) return own;
      const stops = fromHex(this.graph.head.palettes[this.palette][ground]);
      const count = own.length / 3;
      const out = new Uint8Array(own.length);
      for (let row = 0; row < count; row++) {
        out.set(between(stops, count > 1 ? row / (count - 1) : 0.5), 3 * row);
      }
      return out;
    }

    // Colour by another attribute or palette.
    choose(number, palette) {
      performance.mark("viewer-recolour-start");
      const other = number !== this.number;
      this.number = number;
      this.palette = palette in this.graph.head.palettes ? palette : "";
      if (other && this.lit && this.lit.rows) this.lit = null;
      this.shine();
      performance.measure("viewer-recolour", "viewer-recolour-start");
    }

    // Light up a part: {operators} or {rows: [first, last]}; null lights all.
    light(part) {
      this.lit = part;
      this.shine();
    }

    shine() {
      const table = this.table();
      const count = table.length / 3;
      const rgba = new Uint8Array(4 * count);
      const [first, last] = (this.lit && this.lit.rows) || [0, count];
      for (let row = 0; row < count; row++) {
        rgba.set(table.subarray(3 * row, 3 * row + 3), 4 * row);
        rgba[4 * row + 3] = row >= first && row <= last ? 255 : DIM;
      }
      const operators = this.graph.head.operators.name.length;
      const mask = new Uint8Array(Math.max(1, operators));
      mask.fill(this.lit && this.lit.operators ? DIM : 255);
      if (this.lit && this.lit.operators) for (const o of this.lit.operators) mask[o] = 255;
      this.mask = mask;
      this.span = [first, last];
      this.renderer.paint(this.graph.rows(this.number), rgba, mask);
    }

    // Whether a vertex is lit, so that the pointer can pick it.
    shows(v) {
      if (this.renderer.passes[this.graph.pass[v]] === 0) return false;
      if (this.mask[this.graph.operator[v]] < 255) return false;
      const row = this.graph.rows(this.number)[v];
      return row >= this.span[0] && row <= this.span[1];
    }

    colourOf(row) { return this.colourOfTable(this.table(), row); }

    colourOfTable(table, row) {
      return `rgb(${table[3 * row]}, ${table[3 * row + 1]}, ${table[3 * row + 2]})`;
    }

    // The part that a legend entry stands for.
    partOf(entry) {
      const [label, , share, row] = entry;
      const { head } = this.graph;
      const { attribute, categorical, legend, entries } = this.coloring;
      const rows = this.graph.colors(this.number, "dark").length / 3 - 1;
      if (!categorical) {
        const half = 0.5 / Math.max(1, legend.length - 1);
        return { rows: [Math.floor((share - half) * rows), Math.ceil((share + half) * rows)] };
      }
      const number = legend.indexOf(entry);
      if (number >= 0 && entries.length) return this.partOfEntry(number, this.number);
      if (attribute === "layer") {
        const layer = head.layers.path.findIndex((path) => V.dotted(path) === label);
        if (layer > 0) return { layer, operators: this.graph.operatorsIn(layer) };
      }
      return { rows: [row, row] };
    }

    // The operators of a legend entry: those of a layer, of a type, a single one, or others.
    partOfEntry(number, coloring) {
      const { graph } = this;
      const { attribute, legend, entries } = graph.head.colorings[coloring];
      const operators = entries.flatMap((one, o) => (one === number ? [o] : []));
      if (attribute === "operator" && graph.head.operators.type.includes(legend[number][0])) {
        return { type: legend[number][0], operators };
      }
      const part = graph.partOf(operators);
      if (part.layer !== undefined) return part;
      if (operators.length === 1) return { operator: operators[0], operators };
      return { entry: number, coloring, operators };
    }
  };
})(window.GalleryViewer = window.GalleryViewer || {});

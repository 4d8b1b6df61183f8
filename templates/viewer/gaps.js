// Where the gaps between bodies are, whose light is lifted as in gallery/rendering/raster/gaps.py.
(function (V) {
  "use strict";

  const [LEAST, MOST, SMOOTH, SPARSE] = [32, 320, 4, 0.1];
  // Of fewer vertices, edges have light enough.
  const ENOUGH = 2000;
  // Cells around the graph, where the light of its outermost cells ends.
  const AROUND = 8;
  // Updates that are enough to know what the edges that they read cross, and at how many places.
  const [VEIL, STEPS] = [10000, 10];
  const TURN = 2654435769 / 4294967296;
  const SAMPLE = 4096;
  const UPDATE = 2;

  // Each cell averaged with its neighbours along rows and columns; outside is nothing.
  function smooth(cells, side, room) {
    for (const [step, line] of [[1, side], [side, 1]]) {
      room.set(cells);
      for (let i = 0; i < side; i++) {
        let at = i * line;
        let before = 0;
        for (let k = 0; k < side; k++, at += step) {
          const here = room[at];
          const after = k + 1 < side ? room[at + step] : 0;
          cells[at] = (before + after) / 4 + here / 2;
          before = here;
        }
      }
    }
  }

  // About the median of what is around cells that hold vertices.
  function usual(around, counts) {
    const held = [];
    for (let i = 0; i < counts.length; i++) if (counts[i] > 0) held.push(around[i]);
    const step = Math.ceil(held.length / SAMPLE) || 1;
    const some = Float32Array.from({ length: Math.floor(held.length / step) },
      (_, k) => held[k * step]).sort();
    return some.length ? some[some.length >> 1] : 0;
  }

  V.Gaps = class {
    constructor(gl, graph) {
      const { head } = graph;
      const [all] = head.whole;
      const cells = Math.max(LEAST, Math.min(MOST, Math.floor(Math.sqrt(all))));
      this.gl = gl;
      this.graph = graph;
      this.on = all >= ENOUGH;
      this.lift = V.GROUNDS.dark.lift;
      // The picture is as wide as the graph and its margins; lengths are in the graph's longer side.
      this.cell = 1 / (head.look.share * cells);
      this.side = Math.ceil(1 / this.cell) + 2 * AROUND;
      this.texture = gl.createTexture();
      this.light = this.lightOf();
      V.table(gl, this.texture, new Uint8Array(this.side ** 2), this.side);
    }

    // Mean light of straight edges one pixel wide, at one pixel for the graph's longer side.
    lightOf() {
      const { pairs, m, x, y, head } = this.graph;
      const step = Math.max(1, Math.floor(m / 50000));
      let sum = 0;
      for (let e = 0; e < m; e += step) {
        const [a, b] = [pairs[2 * e], pairs[2 * e + 1]];
        if (!this.graph.crosses(a, b)) sum += Math.hypot(x[a] - x[b], y[a] - y[b]);
      }
      return V.standsFor(head) * sum * step / 65535 / Math.max(1e-6, head.frame[0] * head.frame[1] / 2);
    }

    // Looks for the gaps among vertices that are seen at these places; with none, as while a tipped
    // picture turns, nothing is lifted. Returns whether the picture changed.
    follow(places) {
      if (this.seen === places) return false;
      this.seen = places;
      if (places && this.on) V.table(this.gl, this.texture, this.sharesAt(places), this.side);
      return this.on;
    }

    // From 0 in a body to 255 in a gap.
    sharesAt(places) {
      const { side, cell } = this;
      const counts = this.countsAt(places);
      const around = counts.slice();
      const room = new Float32Array(around.length);
      for (let k = 0; k < SMOOTH; k++) smooth(around, side, room);
      const sparse = Math.max(SPARSE * usual(around, counts), 1e-6);
      const { fibres } = this.graph.head;
      const shares = new Uint8Array(around.length);
      for (let i = 0; i < shares.length; i++) {
        const dense = around[i] / sparse;
        let share = 1 / (1 + dense * dense);
        if (fibres) {
          // Fibres have no lift: they are drawn behind the rest.
          const away = (((i % side) + 0.5 - AROUND) * cell - fibres.middle[0]) / fibres.reach;
          share *= 1 - 1 / (1 + away * away);
        }
        shares[i] = Math.round(255 * share);
      }
      return shares;
    }

    countsAt({ x, y }) {
      const { graph, side } = this;
      const scale = 1 / (65535 * this.cell);
      const counts = new Float32Array(side * side);
      const count = (across, up) => {
        const column = Math.floor(across * scale) + AROUND;
        const row = Math.floor(up * scale) + AROUND;
        if (column >= 0 && column < side && row >= 0 && row < side) counts[row * side + column]++;
      };
      for (let v = 0; v < graph.n; v++) count(x[v], y[v]);
      // What updates read crosses everything and so does not lie in gaps.
      const { updates } = this;
      updates.forEach((v, k) => {
        const a = graph.sources[graph.start[v]];
        for (let step = 0; step < STEPS; step++) {
          const at = (((k * TURN) % 1) + step) / STEPS;
          count(x[v] + (x[a] - x[v]) * at, y[v] + (y[a] - y[v]) * at);
        }
      });
      return counts;
    }

    get updates() {
      const { pass, start, n } = this.graph;
      if (!this.read) {
        const all = [];
        for (let v = 0; v < n; v++) if (pass[v] === UPDATE && start[v] < start[v + 1]) all.push(v);
        const step = Math.max(1, Math.floor(all.length / VEIL));
        this.read = all.filter((_, k) => k % step === 0);
      }
      return this.read;
    }

    // Mean light of a picture so many pixels wide, whose edges have a width in pixels.
    lightAt(view, width, line) { return this.light * line / (view[0] * width / 2); }

    // For a program that draws a picture of some size: where a place of it is in the table, as
    // factors and summands, and the amounts of the lift.
    bind({ at }, view, width, height, line) {
      const { gl, side, cell } = this;
      const [most, faint, bright] = this.lift;
      const wide = 1 / (cell * side);
      gl.uniform4f(at.spread, 2 / view[0] * wide, 2 / view[1] * wide,
        (-1 - view[2]) / view[0] * wide + AROUND / side,
        (-1 - view[3]) / view[1] * wide + AROUND / side);
      const light = this.seen ? this.lightAt(view, width, line) : 0;
      gl.uniform3f(at.lift, most * light, Math.max(faint * light, 1e-9),
        Math.max(bright * light, 1e-9));
    }
  };
})(window.GalleryViewer = window.GalleryViewer || {});

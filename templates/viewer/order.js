// The order of execution as a clock, for scans without a schedule: one vertex after another.
(function (V) {
  "use strict";

  V.Order = class {
    constructor(graph) { this.graph = graph; }

    // When each vertex starts and ends, and from when until when its result is in memory, which the
    // order does not say: never.
    moments() {
      const { n } = this.graph;
      const out = new Uint16Array(4 * n);
      for (let v = 0; v < n; v++) {
        const at = Math.floor(V.PARTS * v / n);
        out.set([at, at, V.PARTS, 0], 4 * v);
      }
      return out;
    }

    at(time) {
      const { n, operator, pass } = this.graph;
      const v = Math.max(0, Math.min(n - 1, Math.floor(time * n)));
      return n ? { v, operator: operator[v], pass: pass[v] } : null;
    }

    // When the next operator starts, and the one before.
    next(time) { return this.turn(time, 1); }
    previous(time) { return this.turn(time, -1); }

    turn(time, step) {
      const { n, operator } = this.graph;
      const now = this.at(time);
      if (!now) return 0;
      let { v } = now;
      while (v >= 0 && v < n && operator[v] === now.operator) v += step;
      while (step < 0 && v > 0 && operator[v - 1] === operator[v]) v--;
      return Math.max(0, Math.min(n - 1, v)) / n;
    }
  };
})(window.GalleryViewer = window.GalleryViewer || {});

// Space: where a vertex is seen when the picture is tipped. From above, at tilt 0, that is its place
// in the picture, to the bit. Each pass of each operator lies flat at a height of its own, as in
// gallery/rendering/tilt.py; lengths are in the longer side of the graph.
(function (V) {
  "use strict";

  const RISE = 0.6;
  const round = (degrees) => (degrees * Math.PI) / 180;

  V.Space = class {
    constructor(graph, camera) {
      this.graph = graph;
      this.camera = camera;
      this.middle = graph.head.frame.map((side) => side / 2);
      this.set(0, 0);
    }

    // Degrees: how far the top tips away from the eye, and how far the picture turns.
    set(tilt, turn) {
      this.tilt = Math.max(0, Math.min(90, tilt));
      this.turn = this.tilt ? ((turn % 360) + 360) % 360 : 0;
      this.update();
    }

    // An affine map of (x, y, z, 1), one row for each axis of the picture.
    update() {
      const [a, b] = [round(this.tilt), round(this.turn)];
      const [flat, steep] = [Math.cos(a), Math.sin(a)];
      const size = this.size();
      const [x, y] = this.middle;
      const rows = [[Math.cos(b), -Math.sin(b), 0],
        [Math.sin(b) * flat, Math.cos(b) * flat, RISE * steep]];
      [this.across, this.up] = rows.map(([p, q, r], axis) => {
        const row = [size * p, size * q, size * r];
        return [...row, this.middle[axis] - (row[0] * x + row[1] * y + row[2] / 2)];
      });
      this.seen = null;
    }

    // Small enough for the stage at any turn.
    size() {
      if (!this.tilt) return 1;
      const { room, fit } = this.camera;
      const steep = Math.sin(round(this.tilt));
      const tall = this.reach * Math.cos(round(this.tilt)) + (RISE / 2) * steep;
      const fits = Math.min(1, room[0] / (2 * this.reach * fit), room[1] / (2 * tall * fit));
      return 1 + (fits - 1) * steep;
    }

    // Distance of the farthest vertex from the middle.
    get reach() {
      if (this.far === undefined) {
        const { x, y, n } = this.graph;
        this.far = 0.01;
        for (let v = 0; v < n; v++) {
          this.far = Math.max(this.far,
            Math.hypot(x[v] / 65535 - this.middle[0], y[v] / 65535 - this.middle[1]));
        }
      }
      return this.far;
    }

    see(x, y, z) {
      const [across, up] = [this.across, this.up];
      return [across[0] * x + across[1] * y + across[2] * z + across[3],
        up[0] * x + up[1] * y + up[2] * z + up[3]];
    }

    at(v) {
      const { x, y, z } = this.graph;
      return this.see(x[v] / 65535, y[v] / 65535, z[v] / 65535);
    }

    // The inner control points of the fibre between two vertices, or null if it is a straight edge;
    // the formula is that of gallery/placement/fibres.py.
    controls(source, reader) {
      const { graph } = this;
      if (!graph.crosses(source, reader)) return null;
      const { middle, pull, gather } = graph.head.fibres;
      const height = [graph.y, graph.z].map((axis, k) => {
        const level = k ? 0.5 : middle[1];
        return level + gather * ((axis[source] + axis[reader]) / 131070 - level);
      });
      return [source, reader].map((v) =>
        this.see(middle[0] + pull * (graph.x[v] / 65535 - middle[0]), ...height));
    }

    // All places, in 65,535ths.
    get places() {
      if (!this.tilt) return this.graph;
      if (!this.seen) {
        const { x, y, z, n } = this.graph;
        const [a, b] = [this.across, this.up];
        this.seen = { x: new Float32Array(n), y: new Float32Array(n) };
        for (let v = 0; v < n; v++) {
          this.seen.x[v] = a[0] * x[v] + a[1] * y[v] + a[2] * z[v] + a[3] * 65535;
          this.seen.y[v] = b[0] * x[v] + b[1] * y[v] + b[2] * z[v] + b[3] * 65535;
        }
      }
      return this.seen;
    }
  };
})(window.GalleryViewer = window.GalleryViewer || {});

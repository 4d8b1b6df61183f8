// What the renderer draws of a graph: its edges in an order of their own, the strands among them,
// and hubs.
(function (V) {
  "use strict";

  // As in gallery/rendering/raster/exposure.py and strands.py.
  const [HUB, SPARK] = [8, 6];
  const [STRANDS, SHORTEST] = [5000, 2.5];

  V.shuffled = function (pairs) {
    const out = pairs.slice();
    let state = 12345;
    for (let i = out.length / 2 - 1; i > 0; i--) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const j = Math.floor(state / 4294967296 * (i + 1));
      const a = out[2 * i];
      const b = out[2 * i + 1];
      out[2 * i] = out[2 * j];
      out[2 * i + 1] = out[2 * j + 1];
      out[2 * j] = a;
      out[2 * j + 1] = b;
    }
    return out;
  };

  // Straight edges first, then fibres; the number of straight ones.
  V.parted = function (pairs, crosses) {
    const out = new Uint32Array(pairs.length);
    const straight = [];
    const curved = [];
    for (let i = 0; i < pairs.length; i += 2) {
      (crosses(pairs[i], pairs[i + 1]) ? curved : straight).push(i);
    }
    [...straight, ...curved].forEach((i, k) => { out.set(pairs.subarray(i, i + 2), 2 * k); });
    return [out, straight.length];
  };

  // Long edges between operators, or an even sample of them.
  V.strandsOf = function (graph) {
    const { pairs, x, y, m, operator, head } = graph;
    const least = SHORTEST * head.look.reach * 65535;
    const all = [];
    for (let e = 0; e < 2 * m; e += 2) {
      const [a, b] = [pairs[e], pairs[e + 1]];
      if (operator[a] !== operator[b] && Math.hypot(x[a] - x[b], y[a] - y[b]) > least
        && !graph.crosses(a, b)) all.push(e);
    }
    const step = Math.ceil(all.length / STRANDS) || 1;
    const chosen = all.filter((_, k) => k % step === step >> 1);
    return Uint32Array.from(chosen.flatMap((e) => [pairs[e], pairs[e + 1]]));
  };

  // How many edges of the whole graph each shown one stands for.
  V.standsFor = ({ whole, shown }) => Math.max(1, whole[1] / Math.max(1, shown[1]));

  V.strideFor = function (count) {
    const common = (a, b) => (b ? common(b, a % b) : a);
    let stride = 1619;
    while (count && common(count, stride) !== 1) stride += 2;
    return stride;
  };

  // Light of hubs as in gallery/rendering/raster/exposure.py, from 0 to 255.
  V.sparksOf = function ({ n, m, sources, start }) {
    const degree = new Uint32Array(n);
    for (let e = 0; e < m; e++) degree[sources[e]]++;
    const hub = Math.max(1, HUB * 2 * m / Math.max(1, n));
    return Uint8Array.from(degree, (sent, v) =>
      Math.round(255 / (SPARK - 1) * (Math.max(1, Math.min(SPARK,
        (sent + start[v + 1] - start[v]) / hub)) - 1)));
  };
})(window.GalleryViewer = window.GalleryViewer || {});

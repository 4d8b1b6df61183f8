// The tone curve that fits a picture's light, as in gallery/rendering/raster/fit.py, of a sample of its
// pixels in a square: colour times amount and amount, in linear light.
(function (V) {
  "use strict";

  const [BINS, LOW, HIGH] = [512, -12, 28];
  const PLACES = 65;
  const [RANKED, STEEPEST, DENSE, QUIET] = [0.55, 4, 0.9985, 0.974];
  const [ARCHED, BENT] = [-0.5, 30];
  const [FEW, DARK, LESS, MORE, GROWN] = [0.02, 0.43, 0.12, 0.2, 0.3];
  // Share of the sample that has to be lit to tell anything, and steps of a search.
  const [ENOUGH, STEPS] = [0.025, 5];
  // Pixels that are enough for the search.
  const JUDGED = 8000;

  const { clamp, list, sums } = V.numbers;

  // The value at x of a polyline through points with ascending xs.
  function between(x, xs, ys) {
    let i = 1;
    while (i < xs.length - 1 && xs[i] < x) i++;
    const wide = xs[i] - xs[i - 1];
    return ys[i - 1] + (ys[i] - ys[i - 1]) * (wide > 0 ? clamp((x - xs[i - 1]) / wide, 0, 1) : 1);
  }

  // Places above the median, bent so that few pixels are bright; where many lie, just above it, they
  // still rise.
  function fewBright(places, median, quiet, goal) {
    if (!(median < quiet && quiet < 1)) return places;
    const wanted = Math.max(goal, median + (1 - median) / 3);
    const above = (place) => (place - median) / (1 - median);
    const bend = clamp((above(quiet) / above(wanted) - 1) / (1 - above(quiet)), ARCHED, BENT);
    return places.map((place) => place > median
      ? median + (1 - median) * above(place) / (1 + bend * (1 - above(place))) : place);
  }

  // What the curve of a picture follows: amount of the faintest edge, logarithm of the span to the
  // densest parts, and places in between, half by logarithm and half by rank; null if there is no
  // more light than that of the faintest edge.
  function amountsOf(light, single) {
    const logs = list(PLACES, (i) => i / (PLACES - 1));
    const bounds = list(BINS + 1, (i) => LOW + i * (HIGH - LOW) / BINS);
    const faint = Math.log2(single);
    const counts = new Float64Array(BINS);
    for (let i = 3; i < light.length; i += 4) {
      if (light[i] <= 0) continue;
      const bin = Math.floor((Math.log2(light[i]) - LOW) / (HIGH - LOW) * BINS);
      if (bin >= 0 && bounds[bin + 1] > faint) counts[Math.min(bin, BINS - 1)]++;
    }
    let share = sums(counts);
    const total = share[BINS];
    if (!total) return null;
    share = share.map((value) => value / total);
    // Less than two octaves would make single edges as bright as dense parts.
    const octaves = Math.max(between(DENSE, share, bounds) - faint, 2);
    const at = logs.map((log) => between(faint + log * octaves, bounds, share));
    let rank = at.subarray(1).map((value, i) => value - at[i]);
    for (let k = 0; k < 8; k++) {
      const all = Math.max(sums(rank)[rank.length], 1e-12);
      rank = rank.map((value) => Math.min(value / all, STEEPEST / rank.length));
    }
    const ranks = sums(rank);
    const last = Math.max(ranks[rank.length], 1e-12);
    const raw = logs.map((log, i) => (1 - RANKED) * log + RANKED * ranks[i] / last);
    const [median, quiet] = [0.5, QUIET].map((part) =>
      (between(part, share, bounds) - faint) / octaves);
    return { single, span: octaves * Math.LN2, raw, logs, median, quiet };
  }

  // The curve that has its median at one place, and the pixels above it bent to another.
  function curveOf({ single, span, raw, logs, median, quiet }, { middle, bright }) {
    const at = clamp(between(median, logs, raw), 0.02, 0.98);
    const bend = clamp(Math.log(middle) / Math.log(at), 0.5, 4);
    const places = raw.map((value) => value ** bend);
    const [half, most] = [median, quiet].map((step) => between(step, logs, places));
    return { single, span, places: Float32Array.from(fewBright(places, half, most, bright)) };
  }

  // About the highest place that fits, where all below it do.
  function highest(fits, low, high) {
    if (fits(high)) return high;
    for (let k = 0; k < STEPS; k++) {
      const middle = (low + high) / 2;
      if (fits(middle)) low = middle;
      else high = middle;
    }
    return low;
  }

  V.Fit = class {
    // For one of the grounds; `middle` is the place of the median pixel that the settings say.
    constructor(ground, { middle, ...look }) {
      this.ground = ground;
      this.middle = middle;
      this.judge = new V.Judge(ground, look);
      this.usual = { middle: ground.middle(middle), bright: ground.bright };
    }

    // The curve of a sample with `side` pixels a side; `known` has the places that an earlier search
    // found, or is null.
    curve(light, side, single, known) {
      const found = amountsOf(light, single);
      if (!found) {
        const places = Float32Array.from({ length: PLACES }, (_, i) => i / (PLACES - 1));
        return { single, span: Math.log(4), places, at: known };
      }
      const at = known ?? this.search(light, side, found);
      return { ...curveOf(found, at), at };
    }

    // The places of the median and of bright pixels at which few are bright and many dark.
    search(light, side, found) {
      const { judge, usual, ground } = this;
      const lit = judge.litOf(light, side);
      if (lit.length < ENOUGH * side * side) return usual;
      const at = { ...usual };
      let halo = judge.haloOf(lit, side, curveOf(found, at));
      const step = Math.ceil(side * side / JUDGED);
      const judged = { step, lit: lit.filter(({ k }) => k % step === 0) };
      const shares = (places) => judge.shares(judged, curveOf(found, places), halo);
      if (this.middle <= GROWN) {
        at.middle = highest((place) => shares({ ...at, middle: place }).dark >= DARK,
          usual.middle / 2, usual.middle);
      }
      for (let k = 0; k < 2; k++) {
        at.bright = highest((place) => shares({ ...at, bright: place }).bright <= FEW,
          ground.bright - LESS, ground.bright + MORE);
        halo = judge.haloOf(lit, side, curveOf(found, at));
      }
      return at;
    }
  };
})(window.GalleryViewer = window.GalleryViewer || {});

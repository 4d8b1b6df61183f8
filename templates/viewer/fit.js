// The tone curve that fits a picture's light, as in gallery/rendering/raster/fit.py, of a sample of its
// pixels in a square: colour times amount and amount, in linear light.
(function (V) {
  "use strict";

  const [BINS, LOW, HIGH] = [512, -12, 28];
  const PLACES = 65;
  const [RANKED, STEEPEST, DENSE, QUIET] = [0.55, 4, 0.9985, 0.974];
  const [BRIGHT, ARCHED, BENT] = [0.63, -0.5, 30];
  const [FEW, DARK, LESS, MORE, GROWN] = [0.02, 0.43, 0.12, 0.2, 0.3];
  // Share of the sample that has to be lit to tell anything, and steps of a search.
  const [ENOUGH, STEPS] = [0.025, 5];
  // Pixels that are enough for the search.
  const JUDGED = 8000;
  // Grey levels of 8, 100 and 240 as linear light.
  const [LIT, GREY, WHITE] = [0.002428, 0.127438, 0.871367];
  // As in the tone shader.
  const [FLOOR, BODY, TINT, CORE] = [0.19, 0.7, 0.94, 0.6];
  const [RED, YELLOW, GREEN, TURN] = [35, 100, 150, 34];

  const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
  const list = (length, at) => Float64Array.from({ length }, (_, i) => at(i));

  // The value at x of a polyline through points with ascending xs.
  function between(x, xs, ys) {
    let i = 1;
    while (i < xs.length - 1 && xs[i] < x) i++;
    const wide = xs[i] - xs[i - 1];
    return ys[i - 1] + (ys[i] - ys[i - 1]) * (wide > 0 ? clamp((x - xs[i - 1]) / wide, 0, 1) : 1);
  }

  function sums(values) {
    let sum = 0;
    return Float64Array.from([0, ...values], (value) => sum += value);
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

  // Interpolated between the entries of a table of even steps.
  function lookUp(table, place) {
    const at = clamp(place, 0, 1) * (table.length - 1);
    const i = Math.min(Math.floor(at), table.length - 2);
    return table[i] + (table[i + 1] - table[i]) * (at - i);
  }

  // Lightness, chroma and hue in degrees of linear light.
  function lightnessChromaHue(r, g, b) {
    const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    const x = 1.977998495 * l - 2.428592205 * m + 0.4505937099 * s;
    const y = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
    return [0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s, Math.hypot(x, y),
      (Math.atan2(y, x) * 180 / Math.PI + 360) % 360];
  }

  // Linear light of the same, as [red, green, blue].
  function linear(lightness, chroma, degrees) {
    const x = chroma * Math.cos(degrees * Math.PI / 180);
    const y = chroma * Math.sin(degrees * Math.PI / 180);
    const l = (lightness + 0.3963377774 * x + 0.2158037573 * y) ** 3;
    const m = (lightness - 0.1055613458 * x - 0.0638541728 * y) ** 3;
    const s = (lightness - 0.0894841775 * x - 1.291485548 * y) ** 3;
    return [4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
      -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
      -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s];
  }

  V.Fit = class {
    // `gamut` has the largest chroma by lightness and hue, 255 for 0.4, in rows of `hues`.
    constructor({ middle, glow, gamut, hues }) {
      Object.assign(this, { middle, glow, gamut, hues });
      this.usual = { middle, bright: BRIGHT };
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
      const { middle } = this;
      const lit = this.litOf(light, side);
      if (lit.length < ENOUGH * side * side) return this.usual;
      const at = { ...this.usual };
      let halo = this.haloOf(lit, side, curveOf(found, at));
      const step = Math.ceil(side * side / JUDGED);
      const judged = { step, lit: lit.filter(({ k }) => k % step === 0) };
      const shares = (places) => this.shares(judged, curveOf(found, places), halo);
      if (middle <= GROWN) {
        at.middle = highest((place) => shares({ ...at, middle: place }).dark >= DARK,
          middle / 2, middle);
      }
      for (let k = 0; k < 2; k++) {
        at.bright = highest((place) => shares({ ...at, bright: place }).bright <= FEW,
          BRIGHT - LESS, BRIGHT + MORE);
        halo = this.haloOf(lit, side, curveOf(found, at));
      }
      return at;
    }

    // Pixels with light: their place in the sample, amount, and the colour of their strokes.
    litOf(light, side) {
      const out = [];
      for (let k = 0; k < side * side; k++) {
        const amount = light[4 * k + 3];
        if (!(amount > 0)) continue;
        const [lightness, chroma, hue] = lightnessChromaHue(light[4 * k] / amount,
          light[4 * k + 1] / amount, light[4 * k + 2] / amount);
        out.push({ k, amount, lightness, chroma, hue });
      }
      return out;
    }

    // The colour of a pixel by the tone shader's formula.
    toned({ amount, lightness, chroma, hue }, { single, span, places }) {
      let goal = FLOOR * Math.cbrt(Math.min(1, amount / single));
      if (amount > single) {
        const place = lookUp(places, Math.log(amount / single) / span);
        const last = lightness + Math.max(TINT - lightness, 0) * CORE;
        goal = place < BODY ? FLOOR + (lightness - FLOOR) * place / BODY
          : lightness + (last - lightness) * (place - BODY) / (1 - BODY);
      }
      const part = goal / Math.max(lightness, 1e-3);
      const warm = Math.min((hue - RED) / (YELLOW - RED), (GREEN - hue) / (GREEN - YELLOW));
      const turned = hue - TURN * Math.max(warm, 0) * Math.max(1 - part, 0);
      return linear(goal, Math.min(chroma * Math.min(part, 1.25) ** 0.45,
        0.96 * this.limit(goal, turned)), turned);
    }

    limit(lightness, hue) {
      const { gamut, hues } = this;
      const rows = gamut.length / hues;
      const row = Math.round(clamp(lightness, 0, 1) * (rows - 1));
      const column = Math.floor(hue / 360 * hues + hues) % hues;
      return 0.4 / 255 * gamut[row * hues + column];
    }

    // The glow around the pixels of a sample, red, green and blue; half the sample's resolution.
    haloOf(lit, side, curve) {
      const half = side >> 1;
      const near = new Float32Array(3 * half * half);
      for (const one of lit) {
        const at = 3 * (((one.k / side) >> 1) * half + ((one.k % side) >> 1));
        this.toned(one, curve).forEach((part, c) => { near[at + c] += Math.max(0, part) / 4; });
      }
      const out = near.map((part) => V.GLOWS[0] * part);
      V.SPREADS.forEach((spread, k) => {
        const wide = blurred(blurred(near, half, 3, 3 * half, spread * half), half, 3 * half, 3,
          spread * half);
        for (let i = 0; i < out.length; i++) out[i] += V.GLOWS[k + 1] * wide[i];
      });
      return { half, side, light: out.map((part) => this.glow * part) };
    }

    // Shares of the lit pixels that are bright and dark, by their strongest channel; a pixel is lit by
    // its glow alone, too.
    shares({ step, lit }, curve, { half, side, light }) {
      let [seen, bright, dark, next] = [0, 0, 0, 0];
      for (let k = 0; k < side * side; k += step) {
        const at = 3 * (((k / side) >> 1) * half + ((k % side) >> 1));
        const [r, g, b] = lit[next]?.k === k ? this.toned(lit[next++], curve) : [0, 0, 0];
        const most = Math.max(r + light[at], g + light[at + 1], b + light[at + 2]);
        if (most <= LIT) continue;
        seen++;
        if (most > WHITE) bright++;
        else if (most < GREY) dark++;
      }
      const many = Math.max(1, seen);
      return { bright: bright / many, dark: dark / many };
    }
  };

  // Three channels of a square image blurred by a Gaussian, along rows or columns: `step` numbers lie
  // between neighbours, `line` between lines.
  function blurred(image, side, step, line, deviation) {
    const reach = Math.ceil(2.5 * deviation);
    const weights = list(2 * reach + 1, (i) => Math.exp(-(((i - reach) / deviation) ** 2) / 2));
    const all = sums(weights)[weights.length];
    const out = new Float32Array(image.length);
    for (let row = 0; row < side; row++) {
      for (let at = 0; at < side; at++) {
        for (let i = Math.max(0, reach - at); i < weights.length && at + i - reach < side; i++) {
          const weight = weights[i] / all;
          const from = row * line + (at + i - reach) * step;
          const to = row * line + at * step;
          for (let c = 0; c < 3; c++) out[to + c] += weight * image[from + c];
        }
      }
    }
    return out;
  }
})(window.GalleryViewer = window.GalleryViewer || {});

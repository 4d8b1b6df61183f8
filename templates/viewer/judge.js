// How bright a picture would be under a tone curve: the tone shader's formula and the glow, of a sample
// of its pixels in a square: colour times amount and amount, in linear light.
(function (V) {
  "use strict";

  const BODY = 0.7;

  const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
  const list = (length, at) => Float64Array.from({ length }, (_, i) => at(i));

  function sums(values) {
    let sum = 0;
    return Float64Array.from([0, ...values], (value) => sum += value);
  }

  V.numbers = { clamp, list, sums };

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

  V.Judge = class {
    // `gamut` has the largest chroma by lightness and hue, 255 for 0.4, in rows of `hues`.
    constructor(ground, { glow, gamut, hues }) {
      Object.assign(this, { ground, glow, gamut, hues });
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
    toned(one, { single, span, places }) {
      const { ground } = this;
      const { amount, lightness, chroma } = one;
      const first = ground.faint(Math.min(1, amount / single));
      let goal = first;
      if (amount > single) {
        const place = lookUp(places, Math.log(amount / single) / span);
        goal = place < BODY ? first + (lightness - first) * place / BODY
          : lightness + (ground.dense(lightness) - lightness) * (place - BODY) / (1 - BODY);
      }
      const [kept, hue] = ground.tint(goal, one);
      return linear(goal, Math.min(chroma * kept, 0.96 * this.limit(goal, hue)), hue);
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
      if (!this.ground.glows) return { half, side, light: near };
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

    // Shares of the lit pixels that are bright and dark; a pixel is lit by its glow alone, too.
    shares({ step, lit }, curve, { half, side, light }) {
      const { ground } = this;
      let [seen, bright, dark, next] = [0, 0, 0, 0];
      for (let k = 0; k < side * side; k += step) {
        const at = 3 * (((k / side) >> 1) * half + ((k % side) >> 1));
        const [r, g, b] = lit[next]?.k === k ? this.toned(lit[next++], curve) : ground.paper;
        const found = ground.judge(r + light[at], g + light[at + 1], b + light[at + 2]);
        if (found === null) continue;
        seen++;
        if (found > 0) bright++;
        else if (found < 0) dark++;
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

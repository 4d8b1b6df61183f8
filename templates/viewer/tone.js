// From sums of light to the picture: the tone curve is fitted to the amounts in the picture, as in
// gallery/rendering/raster/tone.py, and bright parts glow, as in bloom.py.
(function (V) {
  "use strict";

  const PARTS = 128;
  const [BINS, LOW, HIGH] = [512, -12, 28];
  const PLACES = 65;
  const [RANKED, STEEPEST, DENSE] = [0.55, 4, 0.9985];
  const [QUIET, BRIGHT, SOFT, HARD] = [0.967, 0.63, 1, 8];
  const WIDTHS = { wide: 0.008, widest: 0.03 };

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

  // Places above the median, bent so that few pixels are bright.
  function fewBright(places, median, quiet) {
    if (!(median < quiet && quiet < 1)) return places;
    const wanted = Math.max(BRIGHT, median + (1 - median) / 3);
    const above = (place) => (place - median) / (1 - median);
    const power = clamp(Math.log(above(wanted)) / Math.log(above(quiet)), SOFT, HARD);
    return places.map((place) => place > median
      ? median + (1 - median) * above(place) ** power : place);
  }

  // The curve of a picture: amount of the faintest edge, logarithm of the span to the densest
  // parts, and the values in between, half by logarithm and half by rank.
  V.fitCurve = function (amounts, single, middle) {
    const logs = list(PLACES, (i) => i / (PLACES - 1));
    const bounds = list(BINS + 1, (i) => LOW + i * (HIGH - LOW) / BINS);
    const faint = Math.log2(single);
    const counts = new Float64Array(BINS);
    for (const amount of amounts) {
      if (amount <= 0) continue;
      const bin = Math.floor((Math.log2(amount) - LOW) / (HIGH - LOW) * BINS);
      if (bin >= 0 && bounds[bin + 1] > faint) counts[Math.min(bin, BINS - 1)]++;
    }
    let share = sums(counts);
    const total = share[BINS];
    if (!total) return { single, span: Math.log(4), places: Float32Array.from(logs) };
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
    const median = between((between(0.5, share, bounds) - faint) / octaves, logs, raw);
    const bend = clamp(Math.log(middle) / Math.log(clamp(median, 0.02, 0.98)), 0.5, 4);
    const places = raw.map((value) => value ** bend);
    const placed = (part) =>
      between((between(part, share, bounds) - faint) / octaves, logs, places);
    return { single, span: octaves * Math.LN2,
      places: Float32Array.from(fewBright(places, placed(0.5), placed(QUIET))) };
  };

  V.Tone = class {
    constructor(gl, graph, plain) {
      this.gl = gl;
      this.plain = plain;
      this.curve = null;
      for (const name of ["measure", "tone", "shrink", "blur", "finish"]) {
        this[name] = V.program(gl, V[name.toUpperCase()]);
      }
      this.soft = plain ? gl.SRGB8_ALPHA8 : gl.RGBA16F;
      this.peaks = plain ? null : V.target(gl, gl.RGBA32F, PARTS, PARTS);
      if (this.peaks && !this.peaks.whole) this.peaks = V.target(gl, gl.RGBA16F, PARTS, PARTS);
      this.look = graph.head.look;
      this.limits = V.table(gl, gl.createTexture(), graph.sections.gamut, graph.head.gamut[1]);
      this.rise = gl.createTexture();
      this.targets = {};
    }

    resize(width, height) {
      const { gl, soft } = this;
      const size = (shift) => [Math.max(1, width >> shift), Math.max(1, height >> shift)];
      for (const target of Object.values(this.targets)) V.drop(gl, target);
      this.targets = { toned: V.target(gl, soft, width, height, true) };
      for (const name of ["near", "half", "wide"]) {
        this.targets[name] = V.target(gl, soft, ...size(2), true);
      }
      for (const name of ["tiny", "soft"]) {
        this.targets[name] = V.target(gl, soft, ...size(4), true);
      }
    }

    // Draws one image from others, which are named after the program's samplers.
    draw({ program, at }, target, images) {
      const { gl } = this;
      gl.bindFramebuffer(gl.FRAMEBUFFER, target ? target.frame : null);
      gl.viewport(0, 0, target ? target.width : gl.drawingBufferWidth,
        target ? target.height : gl.drawingBufferHeight);
      gl.useProgram(program);
      Object.entries(images).forEach(([name, { texture }], unit) => {
        gl.activeTexture(gl.TEXTURE0 + unit);
        gl.bindTexture(gl.TEXTURE_2D, texture);
        gl.uniform1i(at[name], unit);
      });
      gl.drawArrays(gl.TRIANGLES, 0, 3);
    }

    // Requests amounts of light; they arrive with the fence, so nothing waits for them.
    ask(sum, gain, lift) {
      if (this.plain) return;
      const { gl } = this;
      gl.useProgram(this.measure.program);
      gl.uniform1f(this.measure.at.gain, gain);
      const gaps = lift(this.measure);
      this.draw(this.measure, this.peaks, { image: sum, gaps });
      this.pixels = gl.createBuffer();
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, this.pixels);
      gl.bufferData(gl.PIXEL_PACK_BUFFER, PARTS * PARTS * 16, gl.STREAM_READ);
      gl.readPixels(0, 0, PARTS, PARTS, gl.RGBA, gl.FLOAT, 0);
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    }

    // Fits the curve to the requested amounts; gently during motion, so that nothing flickers.
    expose(single, { gently, hold }) {
      if (this.plain) {
        this.setCurve(V.fitCurve([40 * single], single, this.look.middle));
        return;
      }
      const { gl } = this;
      const amounts = new Float32Array(PARTS * PARTS * 4);
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, this.pixels);
      gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, amounts);
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
      gl.deleteBuffer(this.pixels);
      if (hold && this.curve) return;
      const goal = V.fitCurve(amounts, single, this.look.middle);
      if (this.curve && gently) {
        const mix = (now, then) => now + 0.35 * (then - now);
        goal.span = mix(this.curve.span, goal.span);
        goal.places = goal.places.map((place, i) => mix(this.curve.places[i], place));
      }
      this.setCurve(goal);
    }

    setCurve(curve) {
      this.curve = curve;
      V.table(this.gl, this.rise, curve.places, PLACES);
    }

    // `lift` binds the gaps to a program and returns their table.
    present(sum, gain, lift) {
      const { gl, limits, rise } = this;
      const { toned, near, half, wide, tiny, soft } = this.targets;
      gl.useProgram(this.tone.program);
      gl.uniform1f(this.tone.at.gain, gain);
      gl.uniform2f(this.tone.at.curve, this.curve.single, this.curve.span);
      const gaps = lift(this.tone);
      this.draw(this.tone, toned,
        { image: sum, limits: { texture: limits }, rise: { texture: rise }, gaps });
      this.draw(this.shrink, near, { image: toned });
      this.draw(this.shrink, tiny, { image: near });
      const side = Math.max(toned.width, toned.height);
      this.soften(near, half, wide, WIDTHS.wide * side / 8);
      this.soften(tiny, soft, tiny, WIDTHS.widest * side / 32);
      gl.useProgram(this.finish.program);
      gl.uniform1f(this.finish.at.glow, this.look.glow);
      this.draw(this.finish, null, { image: toned, near, wide, widest: tiny });
    }

    soften(from, between, to, step) {
      const { gl, blur } = this;
      const along = (x, y) => {
        gl.useProgram(blur.program);
        gl.uniform2f(blur.at.along, x / from.width, y / from.height);
      };
      along(step, 0);
      this.draw(blur, between, { image: from });
      along(0, step);
      this.draw(blur, to, { image: between });
    }
  };
})(window.GalleryViewer = window.GalleryViewer || {});

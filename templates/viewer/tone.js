// From sums of light to the picture, by a tone curve as in gallery/rendering/raster/tone.py; bright
// parts glow, as in bloom.py.
(function (V) {
  "use strict";

  // Pixels a side of the sample that the curve is fitted to.
  const PARTS = 192;
  // Widths of the glow, relative to the picture's longer side, and their strengths. What a pixel shines
  // on its next ones is the first, whose width is that of shrinking.
  const WIDTHS = { wide: 0.008, widest: 0.03 };
  V.SPREADS = Object.values(WIDTHS);
  V.GLOWS = [0.30, 0.16, 0.09];

  V.Tone = class {
    constructor(gl, graph, plain) {
      this.gl = gl;
      this.plain = plain;
      this.curve = null;
      for (const name of ["measure", "shrink", "blur", "glow", "finish"]) {
        this[name] = V.program(gl, V[name.toUpperCase()]);
      }
      this.peaks = plain ? null : V.target(gl, gl.RGBA32F, PARTS, PARTS);
      if (this.peaks && !this.peaks.whole) this.peaks = V.target(gl, gl.RGBA16F, PARTS, PARTS);
      this.look = graph.head.look;
      const { gamut } = graph.sections;
      const hues = graph.head.gamut[1];
      this.grounds = {};
      this.gamut = { gamut, hues };
      this.limits = V.table(gl, gl.createTexture(), gamut, hues);
      this.rise = gl.createTexture();
    }

    // Tones for a ground, the first or another. A picture that was whole is fitted again, as what moves
    // or plays may not be.
    use(name) {
      const { look, gamut, gl } = this;
      const ground = V.GROUNDS[name];
      this.grounds[name] ??= { ground, fit: new V.Fit(ground, { ...look, ...gamut }),
        tone: V.program(gl, V.toneOf(ground.glows)) };
      Object.assign(this, this.grounds[name]);
      // Until then, the curve is that of the other ground.
      this.stale = Boolean(this.curve) && !this.sample;
      if (this.sample) this.setCurve(this.fit.curve(this.sample, PARTS, this.curve.single, null));
    }

    // Requests amounts of light; they arrive with the fence, so nothing waits for them.
    ask(image, gain) {
      if (this.plain) return;
      const { gl } = this;
      gl.useProgram(this.measure.program);
      gl.uniform1f(this.measure.at.gain, gain);
      gl.uniform1f(this.measure.at.parts, PARTS);
      V.draw(gl, this.measure, this.peaks, { image });
      gl.deleteBuffer(this.pixels ?? null);
      this.pixels = gl.createBuffer();
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, this.pixels);
      gl.bufferData(gl.PIXEL_PACK_BUFFER, PARTS * PARTS * 16, gl.STREAM_READ);
      gl.readPixels(0, 0, PARTS, PARTS, gl.RGBA, gl.FLOAT, 0);
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    }

    // Fits the curve to the requested sample; gently during motion, so that nothing flickers. Its places
    // are searched for when a picture is whole.
    expose(single, { gently, hold, whole }) {
      if (this.plain) {
        this.setCurve(this.fit.curve([0, 0, 0, 40 * single], 1, single, null));
        return;
      }
      const { gl } = this;
      const light = new Float32Array(PARTS * PARTS * 4);
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, this.pixels);
      gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, light);
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
      gl.deleteBuffer(this.pixels);
      const before = this.stale ? null : this.curve;
      if (hold && before) return;
      if (whole && !hold) this.sample = light;
      const known = before && (gently || !whole) ? before.at : null;
      const goal = this.fit.curve(light, PARTS, single, known);
      if (before && gently) {
        const mix = (now, then) => now + 0.35 * (then - now);
        goal.span = mix(before.span, goal.span);
        goal.places = goal.places.map((place, i) => mix(before.places[i], place));
      }
      this.stale = false;
      this.setCurve(goal);
    }

    setCurve(curve) {
      this.curve = curve;
      V.table(this.gl, this.rise, curve.places, curve.places.length);
    }

    // The picture of a sheet's light, on the canvas.
    present({ light, toned, near, half, wide, tiny, soft, shown }, gain) {
      const { gl, limits, rise } = this;
      gl.useProgram(this.tone.program);
      gl.uniform1f(this.tone.at.gain, gain);
      gl.uniform2f(this.tone.at.curve, this.curve.single, this.curve.span);
      gl.uniform4fv(this.tone.at.paper, this.ground.paper);
      V.draw(gl, this.tone, toned,
        { image: light, limits: { texture: limits }, rise: { texture: rise } });
      const glow = this.ground.glows ? this.look.glow : 0;
      if (glow) this.shine({ toned, near, half, wide, tiny, soft });
      gl.useProgram(this.finish.program);
      gl.uniform1f(this.finish.at.glow, glow);
      V.draw(gl, this.finish, shown, { image: toned, around: half });
      if (!shown) return;
      gl.bindFramebuffer(gl.READ_FRAMEBUFFER, shown.frame);
      gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, null);
      gl.blitFramebuffer(0, 0, shown.width, shown.height, 0, 0, gl.drawingBufferWidth,
        gl.drawingBufferHeight, gl.COLOR_BUFFER_BIT, gl.LINEAR);
    }

    // The glow of a picture, in `half`.
    shine({ toned, near, half, wide, tiny, soft }) {
      const { gl } = this;
      V.draw(gl, this.shrink, near, { image: toned });
      V.draw(gl, this.shrink, tiny, { image: near });
      const side = Math.max(toned.width, toned.height);
      this.soften(near, half, wide, WIDTHS.wide * side / 8);
      this.soften(tiny, soft, tiny, WIDTHS.widest * side / 32);
      V.draw(gl, this.glow, half, { near, wide, widest: tiny });
    }

    soften(from, between, to, step) {
      const { gl, blur } = this;
      const along = (x, y) => {
        gl.useProgram(blur.program);
        gl.uniform2f(blur.at.along, x / from.width, y / from.height);
      };
      along(step, 0);
      V.draw(gl, blur, between, { image: from });
      along(0, step);
      V.draw(gl, blur, to, { image: between });
    }
  };
})(window.GalleryViewer = window.GalleryViewer || {});

// Draws the graph as light that adds up. The picture builds up in parts sized to the machine: the
// edges are shuffled, so that the first part already looks like the whole, and eight rounds, each
// shifted by a fraction of a pixel, make the lines smooth. Any change starts it again.
(function (V) {
  "use strict";

  const ROUNDS = 8;
  const SHIFTS = [[0, 0], [0.25, -0.33], [-0.25, 0.11], [0.5, 0.56], [-0.62, -0.56],
    [-0.12, 0.78], [0.62, -0.11], [-0.38, -0.78]];
  // Milliseconds that a part should take while something moves, and at rest.
  const GOAL = { quick: 40, calm: 260 };
  const LEAST = 25000;
  const PATIENCE = 5000;
  const SEEN = 700;
  // Half floats end at 65,504: less light for each edge leaves room for the dense parts.
  const HALF = 1 / 16;
  // Without floating-point targets, light adds up directly in eight bits.
  const PLAIN = 0.05;
  const LISTS = ["places", "about", "rows", "edges", "palette", "mask", "moments"];
  const MOST_FIBRES = 40000;
  // Less than in gallery/rendering/raster/strands.py, as the light of strands adds up here.
  const STRAND = 8;
  // How fast the light of the wave fades: in a twentieth of the run it falls to a third.
  const SHARPNESS = 20;

  V.Renderer = class {
    constructor(canvas, graph, plain) {
      const gl = canvas.getContext("webgl2",
        { alpha: false, antialias: false, depth: false, powerPreference: "high-performance" });
      if (!gl) throw new Error("this browser has no WebGL 2");
      this.canvas = canvas;
      this.graph = graph;
      this.gl = gl;
      this.wave = [0, SHARPNESS, 0];
      this.passes = [1, 1, 1];
      this.view = [2, 2, -1, -1];
      this.lean = [[1, 0, 0, 0], [0, 1, 0, 0]];
      // Width of edges and diameter of vertices, in pixels.
      this.line = 1;
      this.size = 1;
      this.count = { quick: 40000, calm: 60000 };
      this.frames = 0;
      this.hold = false;
      this.quick = false;
      this.dirty = true;
      this.prepare(plain);
    }

    prepare(plain) {
      const { gl, graph } = this;
      const float = gl.getExtension("EXT_color_buffer_float");
      const half = gl.getExtension("EXT_color_buffer_half_float");
      const wide = float && gl.getExtension("EXT_float_blend");
      this.plain = plain || !(float || half);
      this.inside = this.plain ? gl.RGBA8 : wide ? gl.RGBA32F : gl.RGBA16F;
      this.energy = this.plain ? PLAIN : wide ? 1 : HALF;
      this.rounds = this.plain ? 1 : ROUNDS;
      // Only small graphs have edges wider than a pixel.
      this.wide = graph.head.look.line > 1;
      this.tone = new V.Tone(gl, graph, this.plain);
      this.gaps = new V.Gaps(gl, graph);
      this.lift = (program) => {
        const { width, height } = this.sum;
        this.gaps.bind(program, this.view, width, height, this.wide ? this.line : 1);
        return this.gaps;
      };
      this.places = gl.createTexture();
      this.place();
      const about = new Uint32Array(graph.n);
      const sparks = V.sparksOf(graph);
      for (let v = 0; v < graph.n; v++) {
        about[v] = graph.operator[v] | (graph.pass[v] << 24) | (sparks[v] << 26);
      }
      this.about = V.list(gl, [gl.R32UI, gl.RED_INTEGER, gl.UNSIGNED_INT], about, 1);
      this.moments = V.list(gl, [gl.RGBA16UI, gl.RGBA_INTEGER, gl.UNSIGNED_SHORT],
        graph.clock.moments(), 4);
      const [edges, straight] = this.sorted();
      this.edges = V.list(gl, [gl.RG32UI, gl.RG_INTEGER, gl.UNSIGNED_INT], edges, 2);
      this.straight = straight;
      this.fibres = Math.min(MOST_FIBRES, graph.m - straight);
      const strands = this.gaps.on ? V.strandsOf(graph) : [];
      this.strands = strands.length / 2;
      this.long = V.list(gl, [gl.RG32UI, gl.RG_INTEGER, gl.UNSIGNED_INT],
        Uint32Array.from(strands), 2);
      this.programs = {};
      this.use(this.hold);
      this.stride = V.strideFor(graph.n);
      this.rows = gl.createTexture();
      this.palette = gl.createTexture();
      this.mask = gl.createTexture();
      this.array = gl.createVertexArray();
    }

    // Sends the places of the vertices to the processor of the graphics.
    place() {
      const { gl } = this;
      V.fill(gl, this.places, [gl.RGBA16UI, gl.RGBA_INTEGER, gl.UNSIGNED_SHORT], this.spots(), 4);
      this.dirty = true;
    }

    // Programs with or without the wave, which the still picture would pay for.
    use(playing) {
      const { gl } = this;
      const named = playing ? "PLAYING" : "";
      this.programs[named] ??= {
        lines: V.program(gl, this.wide ? V.BANDS : V.LINES, named),
        points: V.program(gl, V.POINTS, named),
        curves: this.fibres ? V.program(gl, V.FIBRES, named) : null,
      };
      Object.assign(this, this.programs[named]);
    }

    spots() {
      const { x, y, z, n, sections, head } = this.graph;
      const out = new Uint16Array(4 * n);
      const { least, most } = head.look;
      // The fourth number is the light of the vertex; 4,096 stands for that of an even picture.
      const gains = Array.from({ length: 256 },
        (_, step) => Math.round(4096 * least * (most / least) ** (step / 255)));
      for (let v = 0; v < n; v++) out.set([x[v], y[v], z[v], gains[sections.gains[v]]], 4 * v);
      return out;
    }

    sorted() {
      const { graph } = this;
      const edges = V.shuffled(graph.pairs);
      return graph.head.fibres ? V.parted(edges, (a, b) => graph.crosses(a, b)) : [edges, graph.m];
    }

    setRows(rows) {
      const { gl } = this;
      V.fill(gl, this.rows, [gl.R16UI, gl.RED_INTEGER, gl.UNSIGNED_SHORT], rows, 1);
      this.dirty = true;
    }

    // Colours as sRGB with the light of each row in the fourth channel.
    setPalette(rgba) {
      const { gl } = this;
      V.fill(gl, this.palette, [gl.SRGB8_ALPHA8, gl.RGBA, gl.UNSIGNED_BYTE], rgba, 4, 256);
      this.dirty = true;
    }

    // Light of the wave when its clock is at a time (0..1), and of what is in memory then; a time
    // below 0 ends it.
    setWave(time, held) {
      this.wave = [time, SHARPNESS, held];
      this.hold = time >= 0;
      this.use(this.hold);
      this.dirty = true;
    }

    setMask(light) {
      const { gl } = this;
      V.fill(gl, this.mask, [gl.R8, gl.RED, gl.UNSIGNED_BYTE], light, 1);
      this.dirty = true;
    }

    resize(width, height) {
      const { gl } = this;
      this.canvas.width = width;
      this.canvas.height = height;
      V.drop(gl, this.sum);
      this.sum = V.target(gl, this.inside, width, height);
      if (!this.sum.whole) {
        V.drop(gl, this.sum);
        this.inside = gl.RGBA16F;
        this.energy = HALF;
        this.sum = V.target(gl, this.inside, width, height);
      }
      this.tone.resize(width, height);
      this.dirty = true;
    }

    // One step; true if there is more to do.
    tick(now) {
      const { gl } = this;
      if (gl.isContextLost() || !this.sum) return false;
      if (this.fence) {
        if (gl.getSyncParameter(this.fence, gl.SYNC_STATUS) !== gl.SIGNALED) return true;
        this.arrive(now);
      }
      if (this.dirty) this.restart(now);
      if (this.round >= this.rounds) return false;
      this.issue(now);
      return true;
    }

    restart(now) {
      const { gl } = this;
      this.begun = now;
      gl.bindFramebuffer(gl.FRAMEBUFFER, this.sum.frame);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      this.round = 0;
      this.done = 0;
      this.dirty = false;
    }

    issue(now) {
      const { gl, graph } = this;
      const work = Math.max(1, this.straight + this.fibres * V.PIECES);
      const share = Math.min(1 - this.done, this.count[this.quick ? "quick" : "calm"] / work);
      const end = this.done + share > 0.999 ? 1 : this.done + share;
      gl.bindFramebuffer(gl.FRAMEBUFFER, this.sum.frame);
      gl.viewport(0, 0, this.sum.width, this.sum.height);
      gl.enable(gl.BLEND);
      gl.blendFunc(gl.ONE, gl.ONE);
      gl.bindVertexArray(this.array);
      const part = (count) => [Math.floor(this.done * count), Math.floor(end * count)];
      if (this.curves) {
        const [from, to] = part(this.fibres);
        this.bind(this.curves);
        gl.uniform1i(this.curves.at.first, this.straight + from);
        if (to > from) gl.drawArrays(gl.LINES, 0, 2 * V.PIECES * (to - from));
      }
      const [from, to] = part(this.straight);
      this.bind(this.lines);
      const [shape, corners] = this.wide ? [gl.TRIANGLES, 6] : [gl.LINES, 2];
      if (to > from) gl.drawArrays(shape, corners * from, corners * (to - from));
      const [begin, stop] = part(this.strands);
      if (stop > begin) {
        this.overlay();
        gl.drawArrays(shape, corners * begin, corners * (stop - begin));
      }
      const [first, last] = part(graph.n);
      this.bind(this.points);
      if (last > first) gl.drawArrays(gl.POINTS, first, last - first);
      gl.disable(gl.BLEND);
      this.issued = { now, pace: this.quick ? "quick" : "calm", cut: end < 1 };
      this.done = end;
      this.gain = 1 / (this.energy * (this.round + end));
      if (end === 1) { this.round++; this.done = 0; this.limitRounds(now); }
      this.tone.ask(this.sum, this.gain, this.lift);
      this.fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
      gl.flush();
    }

    // Strands, drawn by the program of the lines, which is bound.
    overlay() {
      const { gl, lines: { at }, view, sum } = this;
      gl.activeTexture(gl.TEXTURE0 + LISTS.indexOf("edges"));
      gl.bindTexture(gl.TEXTURE_2D, this.long);
      // In a smaller picture, lines of a pixel have more of it, and the other edges more light.
      const pixels = view[0] * sum.width / 2;
      gl.uniform1f(at.shine, STRAND * Math.max(1, 1600 * this.graph.head.look.share / pixels));
    }

    bind({ program, at }) {
      const { gl } = this;
      gl.useProgram(program);
      LISTS.forEach((name, unit) => {
        gl.activeTexture(gl.TEXTURE0 + unit);
        gl.bindTexture(gl.TEXTURE_2D, this[name]);
        if (at[name]) gl.uniform1i(at[name], unit);
      });
      const [x, y] = SHIFTS[this.round % SHIFTS.length];
      const { width, height } = this.sum;
      const { look } = this.graph.head;
      gl.uniform4fv(at.view, this.view);
      gl.uniform4fv(at.across, this.lean[0]);
      gl.uniform4fv(at.up, this.lean[1]);
      gl.uniform2f(at.jitter, 1.5 * x / width, 1.5 * y / height);
      gl.uniform3fv(at.passes, this.passes);
      gl.uniform3fv(at.wave, this.wave);
      gl.uniform1f(at.energy, this.energy);
      if (program === this.lines.program) {
        for (const name of ["reach", "fade", "faintest"]) gl.uniform1f(at[name], look[name]);
        gl.uniform2f(at.pixels, this.view[0] * width, this.view[1] * height);
        gl.uniform1f(at.shine, 0);
        if (this.wide) gl.uniform1f(at.width, this.line);
      } else if (program === this.curves?.program) {
        const { middle, pull, gather, light, reach } = this.graph.head.fibres;
        gl.uniform2f(at.pixels, this.view[0] * width, this.view[1] * height);
        gl.uniform2fv(at.middle, middle);
        gl.uniform1f(at.pull, pull);
        gl.uniform1f(at.gather, gather);
        gl.uniform1f(at.far, reach);
        // Those that are drawn stand for all.
        const all = this.graph.m - this.straight;
        gl.uniform1f(at.shine, (light * this.line * all) / this.fibres);
      } else {
        gl.uniform1f(at.size, this.size);
        gl.uniform1f(at.strength, look.light);
        gl.uniform1ui(at.stride, this.stride);
        gl.uniform1ui(at.count, Math.max(1, this.graph.n));
      }
    }

    arrive(now) {
      const { gl } = this;
      gl.deleteSync(this.fence);
      this.fence = null;
      this.adapt(now - this.issued.now, this.issued);
      // An antialiased line's brightest pixel holds about 0.7 of its light.
      const { look, longest } = this.graph.head;
      const single = 0.7 * Math.max(look.faintest, Math.min(1, look.reach / longest) ** look.fade);
      this.tone.expose(single, { gently: this.quick, hold: this.hold });
      // At rest not every part is shown, because tone mapping would take a third of the time.
      if (this.done && this.frames && !this.quick && now - this.presented < SEEN) return;
      this.presented = now;
      this.present();
    }

    present() {
      this.gl.bindVertexArray(this.array);
      this.tone.present(this.sum, this.gain, this.lift);
      this.frames++;
    }

    // Smooth lines are worth a few seconds; a slow machine draws fewer rounds.
    limitRounds(now) {
      if (this.plain || this.round !== 1) return;
      const fit = Math.floor(PATIENCE / Math.max(1, now - this.begun));
      this.rounds = Math.max(2, Math.min(ROUNDS, 1 + fit));
    }

    // More edges in the next part if this one was quick, fewer if it was slow.
    adapt(took, { pace, cut }) {
      const factor = took > 1.7 * GOAL[pace] ? 0.6 : took < GOAL[pace] && cut ? 1.7 : 1;
      this.count[pace] = Math.max(LEAST, Math.min(4e6, this.count[pace] * factor));
    }
  };
})(window.GalleryViewer = window.GalleryViewer || {});

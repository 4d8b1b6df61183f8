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
  const LEAST = 8000;
  // Where even so few edges take longer, what moves is drawn in larger pixels.
  const DIVIDERS = [1, 2, 3, 4];
  const PATIENCE = 5000;
  const SEEN = 700;
  // Half floats end at 65,504: less light for each edge leaves room for the dense parts.
  const HALF = 1 / 16;
  // Without floating-point targets, light adds up directly in eight bits.
  const PLAIN = 0.05;
  const LISTS = ["places", "tints", "edges", "moments", "sparks"];
  // As in gallery/rendering/raster/curves.py.
  const FIBRES = 6000;
  // How fast the light of the wave fades: in a twentieth of the run it falls to a third.
  const SHARPNESS = 20;

  // Diameter of a dot in the pixels of a sheet, and its light there: a dot of one pixel has the light
  // of its whole surface at its middle.
  function dotOf(size, divider) {
    const small = size / divider;
    return small < 2 && divider > 1 ? [1, 0.26 * small * small * divider] : [small, divider];
  }

  V.Renderer = class {
    constructor(canvas, graph, plain, ground) {
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
      this.divider = 1;
      this.ground = ground;
      this.sheets = {};
      this.sheet = null;
      this.presented = 0;
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
      this.places = gl.createTexture();
      this.place();
      this.sparks = V.list(gl, [gl.R8, gl.RED, gl.UNSIGNED_BYTE], V.sparksOf(graph), 1);
      this.moments = V.list(gl, [gl.RGBA16UI, gl.RGBA_INTEGER, gl.UNSIGNED_SHORT],
        graph.clock.moments(), 4);
      const [edges, straight] = this.sorted();
      this.edges = V.list(gl, [gl.RG32UI, gl.RG_INTEGER, gl.UNSIGNED_INT], edges, 2);
      this.straight = straight;
      this.stands = V.standsFor(graph.head);
      this.fibres = Math.min(FIBRES, graph.m - straight);
      this.compose = new V.Compose(gl, graph, { gaps: this.gaps, plain: this.plain,
        fibres: this.fibres, unit: this.plain ? PLAIN : 1 });
      this.programs = {};
      this.use(this.hold);
      this.stand(this.ground);
      this.stride = V.strideFor(graph.n);
      this.tints = gl.createTexture();
      this.array = gl.createVertexArray();
    }

    // Draws on another ground, "dark" or "light".
    stand(ground) {
      this.ground = ground;
      this.tone.use(ground);
      this.gaps.lift = V.GROUNDS[ground].lift;
      this.dirty = true;
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
        strands: this.compose.count ? V.program(gl, V.STRANDS, named) : null,
      };
      Object.assign(this, this.programs[named]);
    }

    spots() {
      const { x, y, z, n, pass, sections, head } = this.graph;
      const out = new Uint16Array(4 * n);
      const { least, most } = head.look;
      // The fourth number is the light of the vertex; 4,096 stands for that of an even picture.
      const gains = Array.from({ length: 256 },
        (_, step) => Math.round(4096 * least * (most / least) ** (step / 255)));
      for (let v = 0; v < n; v++) {
        out[4 * v] = x[v];
        out[4 * v + 1] = y[v];
        out[4 * v + 2] = z[v];
        out[4 * v + 3] = this.passes[pass[v]] ? gains[sections.gains[v]] : 0;
      }
      return out;
    }

    sorted() {
      const { graph } = this;
      const edges = V.shuffled(graph.pairs);
      return graph.head.fibres ? V.parted(edges, (a, b) => graph.crosses(a, b)) : [edges, graph.m];
    }

    // Colours of the vertices from those of rows, as sRGB with their light in the fourth byte, and the
    // light of operators.
    paint(rows, rgba, lights) {
      const { gl, graph: { n, operator } } = this;
      const out = new Uint8Array(4 * n);
      for (let v = 0; v < n; v++) {
        const row = 4 * rows[v];
        out[4 * v] = rgba[row];
        out[4 * v + 1] = rgba[row + 1];
        out[4 * v + 2] = rgba[row + 2];
        out[4 * v + 3] = Math.min(rgba[row + 3], lights[operator[v]]);
      }
      V.fill(gl, this.tints, [gl.SRGB8_ALPHA8, gl.RGBA, gl.UNSIGNED_BYTE], out, 4);
      this.dirty = true;
    }

    // Which passes are drawn.
    draw(passes) {
      this.passes = passes;
      this.place();
    }

    // Light of the wave when its clock is at a time (0..1), and of what is in memory then; a time
    // below 0 ends it.
    setWave(time, held) {
      this.wave = [time, SHARPNESS, held];
      this.hold = time >= 0;
      this.use(this.hold);
      this.dirty = true;
    }

    resize(width, height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.drop();
      if (!this.sheetFor(1).whole) {
        this.drop();
        this.inside = this.gl.RGBA16F;
        this.energy = HALF;
      }
      this.sheet = this.sheetFor(1);
      // The canvas is empty now, and its next part is shown at once.
      this.presented = 0;
      this.dirty = true;
    }

    drop() {
      for (const sheet of Object.values(this.sheets)) sheet.drop();
      this.sheets = {};
    }

    sheetFor(divider) {
      const { gl, inside, plain, fibres, canvas } = this;
      this.sheets[divider] ??= new V.Sheet(gl, { inside, plain, fibres,
        strands: this.compose.count }, [canvas.width, canvas.height], divider);
      return this.sheets[divider];
    }

    // One step; true if there is more to do.
    tick(now) {
      const { gl } = this;
      if (gl.isContextLost() || !this.sheet) return false;
      if (this.fence) {
        if (gl.getSyncParameter(this.fence, gl.SYNC_STATUS) !== gl.SIGNALED) return true;
        this.arrive(now);
      }
      if (!this.quick && this.sheet.divider > 1) this.dirty = true;
      if (this.dirty) this.restart(now);
      if (this.round >= this.rounds) return false;
      this.issue(now);
      return true;
    }

    restart(now) {
      const { gl } = this;
      this.begun = now;
      this.sheet = this.sheetFor(this.quick && !this.wide ? this.divider : 1);
      gl.clearColor(0, 0, 0, 0);
      for (const target of [this.sheet.sum, this.sheet.back]) {
        if (!target) continue;
        gl.bindFramebuffer(gl.FRAMEBUFFER, target.frame);
        gl.clear(gl.COLOR_BUFFER_BIT);
      }
      this.round = 0;
      this.done = 0;
      this.dirty = false;
    }

    issue(now) {
      const { gl, graph, sheet } = this;
      const pace = this.quick ? "quick" : "calm";
      const work = Math.max(1, this.straight + this.fibres * V.PIECES);
      const share = Math.min(1 - this.done, this.count[pace] / work);
      const end = this.done + share > 0.999 ? 1 : this.done + share;
      gl.viewport(0, 0, sheet.width, sheet.height);
      gl.enable(gl.BLEND);
      gl.blendFunc(gl.ONE, gl.ONE);
      gl.bindVertexArray(this.array);
      const part = (count) => [Math.floor(this.done * count), Math.floor(end * count)];
      if (this.curves) {
        const [from, to] = part(this.fibres);
        gl.bindFramebuffer(gl.FRAMEBUFFER, sheet.back.frame);
        this.bind(this.curves);
        gl.uniform1i(this.curves.at.first, this.straight + from);
        if (to > from) gl.drawArrays(gl.LINES, 0, 2 * V.PIECES * (to - from));
      }
      gl.bindFramebuffer(gl.FRAMEBUFFER, sheet.sum.frame);
      const [from, to] = part(this.straight);
      this.bind(this.lines);
      const [shape, corners] = this.wide ? [gl.TRIANGLES, 6] : [gl.LINES, 2];
      if (to > from) gl.drawArrays(shape, corners * from, corners * (to - from));
      const [first, last] = part(graph.n);
      this.bind(this.points);
      if (last > first) gl.drawArrays(gl.POINTS, first, last - first);
      gl.disable(gl.BLEND);
      // At rest not every part is shown, because composing and tone mapping would take a third of the
      // time.
      const shows = end === 1 || !this.frames || this.quick || now - this.presented > SEEN;
      this.issued = { now, pace, cut: end < 1, shows, sheet };
      this.done = end;
      // Each edge stands for some, and a line of one of the sheet's pixels is some of the picture's
      // wide.
      sheet.gain = this.stands / (this.energy * (this.round + end) * sheet.divider);
      if (end === 1) { this.round++; this.done = 0; this.limitRounds(now); }
      if (shows) {
        this.composed(pace);
        this.tone.ask(sheet.light, this.gain);
      }
      this.fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
      gl.flush();
    }

    // What one unit of the composed light stands for.
    get gain() { return this.plain ? 1 / PLAIN : 1; }

    composed(pace) {
      const { sheet, view, strands } = this;
      this.compose.run(sheet, { view, gain: sheet.gain, pace, strands,
        line: this.wide ? this.line : 1, bind: (program, images) => this.bind(program, images) });
    }

    // Binds a program that draws the graph, the lists that it reads, and other images.
    bind(program, images = {}) {
      const { gl, sheet: { width, height, divider } } = this;
      const { at } = program;
      gl.useProgram(program.program);
      const lists = { ...Object.fromEntries(LISTS.map((name) => [name, this[name]])), ...images };
      Object.entries(lists).forEach(([name, texture], unit) => {
        if (!at[name]) return;
        gl.activeTexture(gl.TEXTURE0 + unit);
        gl.bindTexture(gl.TEXTURE_2D, texture);
        gl.uniform1i(at[name], unit);
      });
      const [x, y] = SHIFTS[this.round % SHIFTS.length];
      const { look } = this.graph.head;
      gl.uniform4fv(at.view, this.view);
      gl.uniform4fv(at.across, this.lean[0]);
      gl.uniform4fv(at.up, this.lean[1]);
      gl.uniform2f(at.jitter, 1.5 * x / width, 1.5 * y / height);
      gl.uniform3fv(at.wave, this.wave);
      gl.uniform1f(at.energy, this.energy);
      gl.uniform2f(at.pixels, this.view[0] * width, this.view[1] * height);
      if (program === this.lines) {
        for (const name of ["reach", "fade", "faintest"]) gl.uniform1f(at[name], look[name]);
        if (this.wide) gl.uniform1f(at.width, this.line);
      } else if (program === this.curves) {
        const { middle, pull, gather, light, reach } = this.graph.head.fibres;
        gl.uniform2fv(at.middle, middle);
        gl.uniform1f(at.pull, pull);
        gl.uniform1f(at.gather, gather);
        gl.uniform1f(at.far, reach);
        // Those that are drawn stand for all.
        const all = this.graph.m - this.straight;
        gl.uniform1f(at.shine, (light * this.line * all) / this.fibres);
      } else if (program === this.points) {
        const [size, strength] = dotOf(this.size, divider);
        gl.uniform1f(at.size, size);
        gl.uniform1f(at.strength, look.light * strength);
        gl.uniform1ui(at.stride, this.stride);
        gl.uniform1ui(at.count, Math.max(1, this.graph.n));
      }
      return program;
    }

    arrive(now) {
      const { gl } = this;
      gl.deleteSync(this.fence);
      this.fence = null;
      this.adapt(now - this.issued.now, this.issued);
      // After a change of size, the light is that of a sheet which is gone.
      if (!this.issued.shows || this.issued.sheet !== this.sheet) return;
      this.tone.expose(this.graph.head.single,
        { gently: this.quick, hold: this.hold, whole: !this.issued.cut });
      this.presented = now;
      this.present();
    }

    // Shows on the canvas what has been drawn so far, also where it has not been composed yet.
    show() {
      if (this.round + this.done > 0) this.composed("calm");
      if (this.sheet.light) this.present();
    }

    present() {
      this.gl.bindVertexArray(this.array);
      this.tone.present(this.sheet, this.gain);
      this.frames++;
    }

    // Smooth lines are worth a few seconds; a slow machine draws fewer rounds.
    limitRounds(now) {
      if (this.plain || this.round !== 1) return;
      const fit = Math.floor(PATIENCE / Math.max(1, now - this.begun));
      this.rounds = Math.max(2, Math.min(ROUNDS, 1 + fit));
    }

    // More edges in the next part if this one was quick, fewer if it was slow; and larger pixels for
    // what moves if that is not enough.
    adapt(took, { pace, cut }) {
      const goal = GOAL[pace];
      const slow = took > 1.7 * goal;
      if (pace === "quick") {
        const at = DIVIDERS.indexOf(this.divider);
        if (slow && this.count.quick < 2 * LEAST) this.divider = DIVIDERS[at + 1] ?? this.divider;
        if (took < goal / 3 && !cut) this.divider = DIVIDERS[at - 1] ?? 1;
      }
      const factor = slow ? 0.6 : took < goal && cut ? 1.7 : 1;
      this.count[pace] = Math.max(LEAST, Math.min(4e6, this.count[pace] * factor));
    }
  };
})(window.GalleryViewer = window.GalleryViewer || {});

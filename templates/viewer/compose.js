// From the light of edges and vertices to that of the whole picture, as in gallery/rendering/raster:
// strands are laid over it with dark rims (strands.py), light in the gaps between bodies is lifted
// (gaps.py), and fibres shine from behind (curves.py).
(function (V) {
  "use strict";

  // As in gallery/rendering/raster/strands.py and curves.py.
  const [LIGHT, RIM, DIM, VEIL] = [22, 0.8, 0.35, 11];
  const BEHIND = 0.6;
  // Strands see what is under them, but not those drawn together with them.
  const LAYERS = { quick: 1, calm: 4 };
  // A picture of this size has as much light for its edges as strands are made for.
  const SIDE = 1600;

  V.Compose = class {
    constructor(gl, graph, { gaps, plain, fibres, unit }) {
      this.gl = gl;
      this.gaps = gaps;
      this.fibres = fibres;
      this.unit = unit;
      this.share = graph.head.look.share;
      const strands = gaps.on && !plain ? V.strandsOf(graph) : [];
      this.count = strands.length / 2;
      this.edges = V.list(gl, [gl.RG32UI, gl.RG_INTEGER, gl.UNSIGNED_INT],
        Uint32Array.from(strands), 2);
      this.programs = {};
    }

    // Lays strands over a sheet's sums, and leaves the light of the picture in its `light`. `bind`
    // binds what all programs share that draw the graph.
    run(sheet, { view, line, gain, pace, strands, bind }) {
      // Width of the sheet in pixels of the whole picture.
      const width = sheet.width * sheet.divider;
      const pixels = view[0] * width / 2;
      const look = { view, line, gain, width, pixels, height: sheet.height * sheet.divider };
      const layers = this.count ? LAYERS[pace] : 0;
      let under = { ...sheet.sum, gain };
      for (let k = 0; k < layers; k++) {
        const from = Math.floor(k * this.count / layers);
        const to = Math.floor((k + 1) * this.count / layers);
        this.lay(sheet, under, look, strands, bind, [from, to]);
        const target = sheet.lights[k % sheet.lights.length];
        this.merge(sheet, under, target, look, { laid: true, last: k === layers - 1 });
        under = { ...target, gain: 1 };
      }
      if (!layers) this.merge(sheet, under, sheet.lights[0], look, { last: true });
      sheet.light = sheet.lights[Math.max(0, layers - 1) % sheet.lights.length];
    }

    lay(sheet, under, { pixels }, strands, bind, [from, to]) {
      const { gl } = this;
      gl.bindFramebuffer(gl.FRAMEBUFFER, sheet.over.frame);
      gl.viewport(0, 0, sheet.width, sheet.height);
      gl.clearColor(0, 0, 0, 1);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.enable(gl.BLEND);
      gl.blendFuncSeparate(gl.ONE, gl.ONE_MINUS_SRC_ALPHA, gl.ZERO, gl.ONE_MINUS_SRC_ALPHA);
      const { at } = bind(strands, { edges: this.edges, under: under.texture });
      // In a smaller picture, lines of a pixel have more of it, and the other edges more light.
      const most = Math.max(1, SIDE * this.share / pixels);
      gl.uniform1f(at.gain, under.gain);
      gl.uniform1f(at.width, 1 / sheet.divider);
      gl.uniform1f(at.rim, RIM);
      gl.uniform1f(at.dim, DIM);
      gl.uniform1f(at.shine, LIGHT * most);
      gl.uniform1f(at.veil, VEIL * most);
      gl.drawArrays(gl.TRIANGLES, 6 * from, 6 * (to - from));
      gl.disable(gl.BLEND);
    }

    merge(sheet, under, target, { view, line, width, height }, { laid = false, last = false }) {
      const { gl, gaps } = this;
      const back = last && Boolean(this.fibres);
      const lifted = last && gaps.on;
      const name = [laid, lifted, back].join();
      this.programs[name] ??= V.program(gl, V.composeOf({ laid, lifted, back }));
      const program = this.programs[name];
      gl.useProgram(program.program);
      gl.uniform1f(program.at.gain, under.gain);
      gl.uniform1f(program.at.unit, last ? this.unit : 1);
      const images = { under };
      if (laid) Object.assign(images, { over: sheet.over, amounts: { texture: sheet.over.second } });
      if (lifted) {
        gaps.bind(program, view, width, height, line);
        images.gaps = gaps;
      }
      if (back) {
        images.behind = sheet.back;
        gl.uniform1f(program.at.veil, Math.max(1e-9, BEHIND * gaps.lightAt(view, width, line)));
        gl.uniform1f(program.at.shown, sheet.gain);
      }
      V.draw(gl, program, target, images);
    }
  };
})(window.GalleryViewer = window.GalleryViewer || {});

// The strip under the scan: what the processor does over time, the passes, and memory over time.
// The slider that lies over it is its playhead.
(function (V) {
  "use strict";

  // Rows of the strip, in pixels: from, to.
  const TRACE = [0, 25];
  const PASSES = [22, 25];
  const MEMORY = [42, 72];

  V.Strip = class {
    constructor(root, app) {
      this.app = app;
      this.canvas = root.querySelector("[data-strip]");
      this.key = root.querySelector("[data-strip-key]");
      new ResizeObserver(() => this.draw()).observe(this.canvas);
    }

    // The colour that the key has for a part of the trace or a kind of memory.
    colourOf(name) {
      return getComputedStyle(this.key.querySelector(`.${name}`)).fill;
    }

    draw() {
      const { canvas } = this;
      const ratio = Math.min(window.devicePixelRatio || 1, 2);
      const wide = Math.round(canvas.clientWidth * ratio);
      if (!wide) return;
      canvas.width = wide;
      canvas.height = Math.round(MEMORY[1] * ratio);
      const pen = canvas.getContext("2d");
      pen.setTransform(1, 0, 0, ratio, 0, 0);
      this.drawTrace(pen, wide);
      this.drawPasses(pen, wide);
      this.drawMemory(pen, wide);
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      this.markPeak(pen, canvas.clientWidth);
    }

    // How much of each column's time is computing, exchange and synchronisation.
    shares(wide) {
      const { start, exchange, compute, steps } = this.app.graph.clock;
      const columns = [0, 1, 2].map(() => new Float64Array(wide));
      const add = (column, from, to) => {
        for (let x = Math.floor(from * wide); x < Math.min(wide, to * wide); x++) {
          column[x] += Math.max(0, Math.min(to * wide, x + 1) - Math.max(from * wide, x));
        }
      };
      for (let s = 0; s < steps; s++) {
        add(columns[2], start[s], exchange[s]);
        add(columns[1], exchange[s], compute[s]);
        add(columns[0], compute[s], start[s + 1]);
      }
      return columns;
    }

    drawTrace(pen, wide) {
      const columns = this.shares(wide);
      const colours = [0, 1, 2].map((k) => this.colourOf(`part${k}`));
      const [top, bottom] = this.app.graph.clock.passes > 1 ? [TRACE[0], PASSES[0] - 2] : TRACE;
      for (let x = 0; x < wide; x++) {
        let y = bottom;
        columns.forEach((column, k) => {
          const high = column[x] * (bottom - top);
          pen.fillStyle = colours[k];
          pen.fillRect(x, y - high, 1, high);
          y -= high;
        });
      }
    }

    drawPasses(pen, wide) {
      const { graph } = this.app;
      const { start, pass, passes, steps } = graph.clock;
      const coloring = graph.head.colorings.find((one) => one.attribute === "pass");
      if (!coloring || passes === 1) return;
      const table = graph.colors(graph.head.colorings.indexOf(coloring), this.app.renderer.ground);
      const colours = graph.head.passes.map((name) => {
        const [, , , row] = coloring.legend.find(([label]) => label === name) ?? [];
        return row === undefined ? "transparent" : this.app.colours.colourOfTable(table, row);
      });
      const [top, bottom] = PASSES;
      for (let s = 0, first = 0; s < steps; s++) {
        if (s + 1 < steps && pass[s + 1] === pass[first]) continue;
        const [from, to] = [start[first], start[s + 1]].map((one) => Math.round(one * wide));
        pen.fillStyle = colours[pass[first]];
        pen.fillRect(from, top, to - from, bottom - top);
        first = s + 1;
      }
    }

    // Of each column, its fullest step.
    drawMemory(pen, wide) {
      const { clock, head } = this.app.graph;
      const [top, bottom] = MEMORY;
      const colours = head.run.held.map(([number]) => this.colourOf(`held${number}`));
      const scale = (bottom - top) / clock.bytes[head.run.peak];
      for (let x = 0; x < wide; x++) {
        const last = clock.stepAt((x + 1 - 1e-6) / wide);
        let fullest = clock.stepAt(x / wide);
        for (let s = fullest; s <= last; s++) {
          if (clock.bytes[s] > clock.bytes[fullest]) fullest = s;
        }
        let y = bottom;
        clock.memory.forEach((kind, k) => {
          const high = kind[fullest] * scale;
          pen.fillStyle = colours[k];
          pen.fillRect(x, y - high, 1, high);
          y -= high;
        });
      }
    }

    markPeak(pen, wide) {
      const { graph: { clock, head }, texts } = this.app;
      const { peak } = head.run;
      const x = (clock.start[peak] + clock.start[peak + 1]) / 2 * wide;
      const [y] = MEMORY;
      const left = x > wide / 2;
      const text = V.fillText(texts.run.peak, { bytes: V.amount(clock.bytes[peak], "B") });
      pen.font = "11px system-ui, sans-serif";
      pen.textAlign = left ? "right" : "left";
      pen.textBaseline = "middle";
      pen.lineJoin = "round";
      pen.strokeStyle = V.styled("--halo");
      pen.fillStyle = V.styled("--ink");
      pen.lineWidth = 3;
      pen.strokeText(text, x + (left ? -8 : 8), y - 4);
      pen.fillText(text, x + (left ? -8 : 8), y - 4);
      pen.lineWidth = 4;
      pen.beginPath();
      pen.arc(x, y, 3, 0, 2 * Math.PI);
      pen.stroke();
      pen.fill();
    }
  };
})(window.GalleryViewer = window.GalleryViewer || {});

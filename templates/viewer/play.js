// Play: a wave of light runs through the vertices in the order of execution, forward, then back.
(function (V) {
  "use strict";

  const SECONDS = 14;
  const SHARPNESS = 20;
  const TAIL = 1.12;

  V.Play = class {
    constructor(root, app) {
      this.app = app;
      this.bar = root.querySelector("[data-play]");
      this.button = root.querySelector("[data-play-button]");
      this.slider = root.querySelector("[data-play-slider]");
      this.label = root.querySelector("[data-play-label]");
      this.time = -1;
      this.last = null;
      this.button.addEventListener("click", () => this.toggle());
      this.slider.addEventListener("input", () => {
        this.last = null;
        this.go(this.slider.value / this.slider.max);
      });
      this.say();
    }

    toggle() {
      if (this.last !== null) { this.last = null; this.say(); return; }
      if (this.time < 0 || this.time >= 1) this.time = 0;
      // With reduced motion, step through the order operator by operator.
      if (V.still()) { this.go(this.nextOperator()); return; }
      this.last = performance.now();
      this.say();
      this.app.wake();
    }

    nextOperator() {
      const { operator, n } = this.app.graph;
      let v = Math.min(n - 1, Math.floor(Math.max(0, this.time) * n));
      const now = operator[v];
      while (v < n - 1 && operator[v] === now) v++;
      return v / n;
    }

    go(time) {
      const { renderer, graph } = this.app;
      this.time = time;
      renderer.wave = [time, SHARPNESS, 1, Math.max(1, graph.n)];
      renderer.hold = true;
      renderer.dirty = true;
      this.slider.value = Math.round(time * this.slider.max);
      this.say();
      this.app.wake();
    }

    stop() {
      this.time = -1;
      this.last = null;
      const { renderer } = this.app;
      renderer.wave = [0, 0, 0, Math.max(1, this.app.graph.n)];
      renderer.hold = false;
      renderer.dirty = true;
      this.slider.value = 0;
      this.say();
      this.app.wake();
    }

    say() {
      const { graph, texts } = this.app;
      const playing = this.last !== null;
      this.button.setAttribute("aria-pressed", String(playing));
      this.button.setAttribute("aria-label", playing ? texts.pause : texts.play);
      this.bar.classList.toggle("playing", playing);
      if (this.time < 0) { this.label.textContent = texts.play_hint; return; }
      const v = Math.min(graph.n - 1, Math.floor(this.time * graph.n));
      const o = graph.operator[v];
      const pass = graph.head.passes[graph.pass[v]];
      this.label.textContent = graph.n
        ? `${texts.pass[pass]}: ${graph.head.operators.type[o]} ${graph.head.operators.name[o]}` : "";
      this.slider.setAttribute("aria-valuetext", this.label.textContent);
    }

    // One step of the wave; true while it runs.
    tick(now) {
      if (this.last === null) return false;
      const step = Math.min(0.1, Math.max(0, now - this.last) / 1000);
      this.last = now;
      const time = this.time + step / SECONDS;
      if (time > TAIL) this.stop();
      else { const last = this.last; this.go(time); this.last = last; }
      return true;
    }
  };
})(window.GalleryViewer = window.GalleryViewer || {});

// Play: a wave of light runs through the vertices on a clock, that of the modelled run or, where
// there is none, the order of execution. What is in memory glows, if the visitor wants.
(function (V) {
  "use strict";

  const SECONDS = 14;
  const TAIL = 1.12;
  // Light of what is in memory, where 1 is that of the still picture.
  const HELD = 0.5;
  const PAGE = 0.1;
  // Parts of a layer's path that are told, the last ones.
  const PARTS = 4;

  V.Play = class {
    constructor(root, app) {
      this.app = app;
      this.bar = root.querySelector("[data-play]");
      this.button = root.querySelector("[data-play-button]");
      this.slider = root.querySelector("[data-play-slider]");
      this.label = root.querySelector("[data-play-label]");
      this.numbers = root.querySelector("[data-play-numbers]");
      this.switch = root.querySelector("[data-held]");
      this.time = -1;
      this.last = null;
      this.held = true;
      this.button.addEventListener("click", () => this.toggle());
      this.slider.addEventListener("input", () => this.seek(this.slider.value / this.slider.max));
      this.slider.addEventListener("keydown", (event) => this.press(event));
      this.switch?.addEventListener("click", () => this.toggleHeld());
      if (app.graph.head.run) this.strip = new V.Strip(root, app);
      this.say();
    }

    // What it plays, in words.
    get texts() { return this.app.graph.head.run ? this.app.texts.run : this.app.texts; }

    get clock() { return this.app.graph.clock; }

    toggle() {
      if (this.last !== null) { this.seek(this.time); return; }
      if (this.time < 0 || this.time >= 1) this.time = 0;
      // With reduced motion, step through the run.
      if (V.still()) { this.go(this.clock.next(this.time)); return; }
      this.last = performance.now();
      this.say();
      this.app.wake();
    }

    toggleHeld() {
      if (!this.switch) return;
      this.held = !this.held;
      this.switch.setAttribute("aria-pressed", String(this.held));
      if (this.time >= 0) this.go(this.time);
    }

    press(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const now = Math.max(0, this.time);
      const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      const page = { PageUp: PAGE, PageDown: -PAGE }[event.key];
      if (step) this.seek(step > 0 ? this.clock.next(now) : this.clock.previous(now));
      else if (page) this.seek(now + page);
      else if (event.key === "Home") this.seek(0);
      else if (event.key === "End") this.seek(1);
      else if (event.key === " ") this.toggle();
      else if (event.key === "Escape") this.app.clear();
      else return;
      event.preventDefault();
    }

    // Go to a time and stay there.
    seek(time) {
      this.last = null;
      this.go(Math.max(0, Math.min(1, time)));
      this.app.said();
    }

    go(time) {
      this.time = time;
      this.app.renderer.setWave(time, this.held ? HELD : 0);
      this.slider.value = Math.round(time * this.slider.max);
      this.say();
      this.app.wake();
    }

    stop() {
      this.time = -1;
      this.last = null;
      this.app.renderer.setWave(-1, 0);
      this.slider.value = 0;
      this.say();
      this.app.said();
      this.app.wake();
    }

    say() {
      const playing = this.last !== null;
      this.button.setAttribute("aria-pressed", String(playing));
      this.button.setAttribute("aria-label", playing ? this.app.texts.pause : this.texts.play);
      this.bar.classList.toggle("playing", playing);
      this.bar.classList.toggle("begun", this.time >= 0);
      this.label.textContent = this.name();
      if (this.numbers) this.numbers.textContent = this.count();
      this.slider.setAttribute("aria-valuetext",
        [this.numbers?.textContent, this.label.textContent].filter(Boolean).join(", "));
    }

    // What runs.
    name() {
      const { graph: { head }, texts } = this.app;
      if (this.time < 0) return this.texts.play_hint;
      const now = this.clock.at(Math.min(this.time, 1));
      if (!now) return "";
      const pass = head.passes[now.pass];
      // All updates are one step.
      if (head.run && pass === "update") return texts.pass[pass];
      const { name, type, layer } = head.operators;
      const scope = head.layers.path[layer[now.operator]];
      const place = scope ? V.dotted(scope, PARTS) : name[now.operator].split("/").slice(-PARTS).join("/");
      const what = `${type[now.operator]} ${place}`;
      return this.clock.passes === 1 ? what : `${texts.pass[pass]}: ${what}`;
    }

    // The clock, the step and the bytes in memory.
    count() {
      const { graph: { head: { run } }, texts } = this.app;
      const time = Math.min(this.time, 1);
      if (time < 0) {
        return V.fillText(texts.run.whole, { time: this.clock.told(1), processor: run.processor });
      }
      const { step, bytes } = this.clock.at(time);
      return V.fillText(texts.run.now, { time: this.clock.told(time), step: step + 1,
        steps: run.steps, bytes: V.amount(bytes, "B") });
    }

    // One step of the wave; true while it runs.
    tick(now) {
      if (this.last === null) return false;
      const step = Math.min(0.1, Math.max(0, now - this.last) / 1000);
      this.last = now;
      const time = this.time + step / SECONDS;
      if (time > TAIL) this.stop();
      else this.go(time);
      return true;
    }
  };
})(window.GalleryViewer = window.GalleryViewer || {});

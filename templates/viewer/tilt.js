// Tilt: the controls that tip the picture into space and turn it, slowly and on request only.
(function (V) {
  "use strict";

  const USUAL = 55;
  const STEP = 5;
  // Degrees of a turn: each second, and at once where motion is not wanted.
  const SPEED = 10;
  const JUMP = 30;
  const MILLISECONDS = 900;

  V.Tilt = class {
    constructor(root, app) {
      this.app = app;
      this.button = root.querySelector("[data-tilt]");
      this.slider = root.querySelector("[data-tilt-slider]");
      this.turner = root.querySelector("[data-turn]");
      this.stacker = root.querySelector("[data-by-pass]");
      this.stacker.hidden = Object.keys(app.graph.levels).length < 2;
      this.flight = null;
      this.last = null;
      this.button.addEventListener("click", () => this.toggle());
      this.turner.addEventListener("click", () => this.toggleTurn());
      this.stacker.addEventListener("click", () => this.toggleStack());
      this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
      this.say();
    }

    get turning() { return this.last !== null; }

    // Tips at once; from above nothing turns.
    go(tilt, turn = this.app.space.turn) {
      this.flight = null;
      this.lean(tilt, turn);
      if (!this.app.space.tilt) this.last = null;
      this.say();
    }

    lean(tilt, turn) {
      const { space, camera } = this.app;
      space.set(tilt, turn);
      camera.slack = space.tilt ? 0.5 : 0;
      this.say();
      this.app.moved();
    }

    by(tilt, turn) { this.go(this.app.space.tilt + tilt, this.app.space.turn + turn); }

    toggle() { this.fly(this.app.space.tilt ? 0 : USUAL); }

    fly(tilt) {
      const { space } = this.app;
      this.last = null;
      if (V.still()) { this.go(tilt); return; }
      // Back from above by the shorter way.
      const turn = space.turn > 180 ? space.turn - 360 : space.turn;
      this.flight = { from: [space.tilt, turn], to: [tilt, tilt ? turn : 0], start: null };
      this.say();
      this.app.wake();
    }

    toggleTurn() {
      const { space } = this.app;
      if (this.turning) this.last = null;
      else if (V.still()) this.go(space.tilt || USUAL, space.turn + JUMP);
      else {
        if (!space.tilt) this.fly(USUAL);
        this.last = performance.now();
      }
      this.say();
      this.app.wake();
    }

    // Whether the height of a vertex is its pass, or its place in the order of execution.
    stack(byPass) {
      const { app } = this;
      if (byPass === app.graph.byPass) return;
      app.graph.stack(byPass);
      app.renderer.place();
      app.card.places = null;
      app.space.update();
      this.say();
      app.moved();
    }

    toggleStack() {
      if (this.stacker.hidden) return;
      this.stack(!this.app.graph.byPass);
      if (!this.app.space.tilt) this.fly(USUAL);
    }

    say() {
      const { space, texts } = this.app;
      const goal = this.flight ? this.flight.to[0] : space.tilt;
      this.button.setAttribute("aria-pressed", String(goal > 0));
      this.turner.setAttribute("aria-pressed", String(this.turning));
      this.stacker.setAttribute("aria-pressed", String(this.app.graph.byPass));
      this.slider.value = Math.round(space.tilt);
      this.slider.setAttribute("aria-valuetext",
        V.fillText(texts.tilted, { n: Math.round(space.tilt) }));
    }

    // One step of a flight or of the slow turn; true while either lasts.
    tick(now) {
      const { flight, turning } = this;
      const step = turning ? SPEED * Math.min(0.1, Math.max(0, now - this.last) / 1000) : 0;
      if (turning) this.last = now;
      if (flight) {
        flight.start ??= now;
        const time = Math.min(1, (now - flight.start) / MILLISECONDS);
        const share = time * time * (3 - 2 * time);
        const [tilt, turn] = flight.from.map((from, k) => from + (flight.to[k] - from) * share);
        if (time === 1) this.flight = null;
        this.lean(tilt, turn);
      } else if (turning) this.lean(this.app.space.tilt, this.app.space.turn + step);
      return Boolean(flight || turning);
    }

    get keys() {
      return { t: () => this.toggle(), r: () => this.toggleTurn(), h: () => this.toggleStack() };
    }

    get shiftKeys() {
      return {
        ArrowUp: () => this.by(STEP, 0),
        ArrowDown: () => this.by(-STEP, 0),
        ArrowLeft: () => this.by(0, -STEP),
        ArrowRight: () => this.by(0, STEP),
      };
    }
  };
})(window.GalleryViewer = window.GalleryViewer || {});

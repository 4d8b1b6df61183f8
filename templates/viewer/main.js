// The viewer: starts its parts once the data are there; until then the still picture shows.
(function (V) {
  "use strict";

  // Pixels between a vertex that moved out from under its card and the card.
  const ASIDE = 48;

  class App {
    constructor(root, graph, camera, texts) {
      this.root = root;
      this.graph = graph;
      this.texts = texts;
      this.pinned = -1;
      this.stage = root.querySelector("[data-stage]");
      const plain = new URLSearchParams(window.location.search).has("plain");
      const canvas = root.querySelector("[data-light]");
      this.renderer = new V.Renderer(canvas, graph, plain, V.groundNow());
      performance.mark("viewer-uploaded");
      this.camera = camera;
      camera.changed = () => this.moved();
      this.space = new V.Space(graph, camera);
      this.colours = new V.Colours(graph, this.renderer);
      this.tree = new V.Tree(root, this);
      this.panel = new V.Panel(root, this);
      this.card = new V.Card(root, this);
      this.play = new V.Play(root, this);
      this.diagram = new V.Diagram(root, this);
      this.tilt = new V.Tilt(root, this);
      this.listen();
      this.resize();
      V.readAddress(this);
      new ResizeObserver(() => this.resize()).observe(this.stage);
      V.whenGround((ground) => this.stand(ground));
    }

    // The page has another theme.
    stand(ground) {
      if (ground === this.renderer.ground) return;
      this.renderer.stand(ground);
      this.colours.shine();
      this.card.restyle();
      this.play.strip?.draw();
      this.changed();
    }

    listen() {
      const { root, camera } = this;
      const on = (name, act) => root.querySelector(`[data-${name}]`).addEventListener("click", act);
      V.gestures(this.stage, camera, {
        hover: (x, y) => { if (this.pinned < 0) this.card.show(this.near(x, y, 12), false); },
        pick: (x, y, far) => this.pin(this.near(x, y, far)),
        lean: (tilt, turn, twist) => {
          if (!twist || this.space.tilt) this.tilt.by(tilt, turn);
        },
        shiftKeys: this.tilt.shiftKeys,
        keys: {
          ...this.tilt.keys,
          0: () => this.home(),
          Home: () => this.home(),
          Escape: () => this.clear(),
          " ": () => this.play.toggle(),
          m: () => this.play.toggleHeld(),
          "/": () => this.openPanel(true),
          n: () => this.stepOperator(1),
          p: () => this.stepOperator(-1),
        },
      });
      on("home", () => this.home());
      on("nearer", () => camera.zoomBy(1.5));
      on("farther", () => camera.zoomBy(1 / 1.5));
      on("names", (event) => {
        this.card.names = !this.card.names;
        event.currentTarget.setAttribute("aria-pressed", String(this.card.names));
        this.card.draw();
      });
      on("save", () => this.save());
      on("panel-button", () => this.openPanel());
      root.querySelector(".panel").addEventListener("keydown", (event) => this.closePanel(event));
      window.addEventListener("hashchange", () => V.readAddress(this));
      const canvas = this.renderer.canvas;
      canvas.addEventListener("webglcontextlost", (event) => {
        event.preventDefault();
        this.stage.dataset.state = "loading";
      });
      canvas.addEventListener("webglcontextrestored", () => {
        this.renderer.fence = null;
        this.renderer.sheet = null;
        this.renderer.sheets = {};
        this.renderer.prepare(this.renderer.plain);
        this.resize();
        this.recolour(this.colours.number, this.colours.palette);
      });
    }

    resize() {
      const { clientWidth, clientHeight } = this.stage;
      if (!clientWidth || !clientHeight) return;
      const ratio = Math.min(window.devicePixelRatio || 1, 2);
      const size = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
      const { canvas, sheet } = this.renderer;
      if (sheet && size[0] === canvas.width && size[1] === canvas.height) return;
      this.ratio = ratio;
      this.renderer.resize(...size);
      this.space.update();
      this.card.resize(...size, ratio);
      this.moved();
    }

    // The camera moved, or something else changed the view.
    moved() {
      const { renderer, camera, space } = this;
      renderer.view = camera.view;
      renderer.lean = [space.across, space.up];
      const apart = camera.scale * this.ratio / Math.sqrt(Math.max(1, this.graph.n));
      // A pixel of the still picture, 1,600 wide, as long as the whole graph is in view.
      const { look } = this.graph.head;
      const pixel = camera.fit * Math.min(1, camera.zoom) * this.ratio / (1600 * look.share);
      const largest = Math.max(12 * this.ratio, 2 * look.dot * pixel);
      renderer.size = Math.max(2 * this.ratio, Math.min(0.3 * apart, largest));
      renderer.line = 1 + (look.line - 1) * pixel;
      renderer.dirty = true;
      this.card?.draw();
      this.said();
      this.wake();
    }

    said() {
      clearTimeout(this.saying);
      this.saying = setTimeout(() => V.writeAddress(this), 200);
      this.touched = performance.now();
    }

    wake() {
      if (this.awake) return;
      this.awake = true;
      requestAnimationFrame((now) => this.tick(now));
    }

    tick(now) {
      this.awake = false;
      const flying = this.camera.tick(now);
      if (flying) this.moved();
      const leaning = this.tilt.tick(now);
      const playing = this.play.tick(now);
      this.renderer.quick = flying || leaning || playing || now - (this.touched || 0) < 150;
      const tipping = this.space.tilt && this.renderer.quick;
      if (this.renderer.gaps.follow(tipping ? null : this.space.places)) this.renderer.dirty = true;
      const busy = this.renderer.tick(now);
      if (this.renderer.frames) this.arrived(busy);
      if (flying || leaning || playing || busy || tipping) this.wake();
    }

    arrived(busy) {
      if (!this.first) {
        this.first = true;
        this.waiting?.();
        performance.mark("viewer-first-frame");
        this.root.classList.add("live");
        // Decode what the card needs now, so that the first vertex need not wait for it.
        setTimeout(() => [this.graph.readersOf(0), this.graph.sent], 1000);
      }
      const state = busy ? "drawing" : "still";
      if (state === "still" && this.stage.dataset.state !== "still") performance.mark("viewer-still");
      this.stage.dataset.state = state;
    }

    // Does something once there is a first picture.
    whenShown(act) {
      if (this.first) act();
      else this.waiting = act;
    }

    near(px, py, far) {
      const [x, y] = this.camera.place(px, py);
      return this.graph.nearest(x, y, far / this.camera.scale, (v) => this.colours.shows(v),
        this.space.places);
    }

    pin(v) {
      this.pinned = v;
      this.card.show(v, v >= 0);
      this.makeRoom(v >= 0);
      if (v >= 0 && !this.camera.flight) this.uncover(v);
      this.said();
    }

    // On a small screen, the whole picture is shown above the card.
    makeRoom(pinned) {
      const { stage, root, camera } = this;
      const top = this.card.card.getBoundingClientRect().top;
      stage.style.setProperty("--card", `${stage.getBoundingClientRect().bottom - top + 8}px`);
      root.classList.toggle("pinned", pinned);
      if (String(camera.measure()) !== String(camera.clear)) camera.refit();
    }

    // Moves a vertex out from under its card.
    uncover(v) {
      const { camera, stage, space } = this;
      const [x, y] = camera.point(...space.at(v));
      const frame = stage.getBoundingClientRect();
      const box = this.card.card.getBoundingClientRect();
      const below = box.width > 0.7 * frame.width;
      if (x + frame.left > box.right + 8 || y + frame.top > box.bottom + 8 ||
        x + frame.left < box.left - 8 || y + frame.top < box.top - 8) return;
      const goal = below ? [frame.width / 2, (box.top - frame.top) / 2]
        : [box.right - frame.left + ASIDE, y];
      camera.flyTo(camera.x + (x - goal[0]) / camera.scale, camera.y - (y - goal[1]) / camera.scale,
        camera.zoom);
    }

    recolour(number, palette) {
      this.colours.choose(number, palette);
      this.changed();
    }

    light(part) {
      this.colours.light(part);
      this.changed();
    }

    showPass(number, on) {
      const { passes } = this.renderer;
      this.renderer.draw(passes.map((shown, k) => (k === number ? Number(on) : shown)));
      this.changed();
    }

    changed() {
      this.panel.show();
      this.diagram.mark();
      this.said();
      this.wake();
    }

    flyTo({ operators }) {
      const frame = this.graph.frameOf(operators, this.space.places);
      if (frame) this.camera.fly(frame);
    }

    home() {
      this.camera.flyTo(...this.camera.whole(), 1);
    }

    clear() {
      this.pin(-1);
      this.play.stop();
      this.light(null);
    }

    stepOperator(step) {
      const { weights } = this.graph;
      const now = this.colours.lit?.operator ?? (step > 0 ? -1 : weights.length);
      let next = now + step;
      while (next >= 0 && next < weights.length && !weights[next]) next += step;
      if (next < 0 || next >= weights.length) return;
      const part = { operator: next, operators: [next] };
      const { name, type } = this.graph.head.operators;
      this.root.querySelector("[data-said]").textContent = `${type[next]} ${name[next]}`;
      this.light(part);
      this.flyTo(part);
    }

    openPanel(search) {
      const button = this.root.querySelector("[data-panel-button]");
      const open = search || button.getAttribute("aria-expanded") !== "true";
      button.setAttribute("aria-expanded", String(open));
      this.root.classList.toggle("open", open);
      if (search) this.root.querySelector("[data-search]").focus();
    }

    // Where the panel comes and goes, Escape ends it.
    closePanel(event) {
      const button = this.root.querySelector("[data-panel-button]");
      if (event.key !== "Escape" || event.defaultPrevented || !button.offsetParent) return;
      if (this.root.classList.contains("open")) this.openPanel();
      button.focus();
    }

    // Draw once more and export the picture before the browser clears it.
    save() {
      if (!this.renderer.frames) return;
      this.renderer.show();
      this.renderer.canvas.toBlob((blob) => {
        const link = V.make("a");
        link.href = URL.createObjectURL(blob);
        link.download = `${this.root.dataset.slug}-view.png`;
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 10000);
      });
    }
  }

  // So that the visitor, who may want to leave or to switch the theme, does not wait for everything.
  const pause = () => new Promise((go) => setTimeout(go));

  async function start() {
    const root = document.querySelector("[data-viewer]");
    if (!root) return;
    const texts = JSON.parse(root.dataset.texts);
    const stage = root.querySelector("[data-stage]");
    const images = stage.querySelectorAll("img");
    const { frame, share } = JSON.parse(root.dataset.frame);
    const camera = new V.Camera(stage, frame);
    // The still picture is where the graph will be, so that nothing jumps when the graph appears.
    const lay = () => {
      camera.resized();
      for (const image of images) camera.lay(image, share);
      root.classList.add("laid");
    };
    lay();
    new ResizeObserver(lay).observe(stage);
    try {
      const text = await V.received;
      performance.mark("viewer-received");
      const opened = await V.open(text);
      await pause();
      const graph = new V.Graph(opened);
      performance.mark("viewer-decoded");
      await pause();
      root.classList.add("ready");
      V.app = new App(root, graph, camera, texts);
    } catch (error) {
      root.classList.remove("ready");
      root.classList.add("failed");
      const note = root.querySelector("[data-note]");
      note.textContent = `${texts.failed} ${error.message}`;
      note.hidden = false;
    }
  }

  // The page is there when its scripts run, while the data, the last of them, may still be on their way.
  start();
})(window.GalleryViewer = window.GalleryViewer || {});

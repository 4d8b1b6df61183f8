// The camera: a centre in graph coordinates 0..1 and a magnification; moved by pointer and keys.
(function (V) {
  "use strict";

  const MOST = 400;
  const SIDES = ["Left", "Top", "Right", "Bottom"];
  const still = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  V.still = still;

  V.Camera = class {
    constructor(stage, frame, changed) {
      this.stage = stage;
      this.frame = frame;
      this.changed = changed;
      // How far the centre may leave the graph, which a tipped one does.
      this.slack = 0;
      this.clear = this.measure();
      this.home();
    }

    // Pixels of the stage that its controls take: what the style sheet says that its padding is.
    measure() {
      const style = getComputedStyle(this.stage);
      return SIDES.map((side) => Number.parseFloat(style[`padding${side}`]) || 0);
    }

    // The stage has another size: the whole graph stays whole.
    resized() {
      this.clear = this.measure();
      if (this.atHome) this.home();
    }

    // Something else of the stage is clear: the whole graph goes there, a part of it stays.
    refit() {
      const { scale, atHome } = this;
      this.clear = this.measure();
      this.set(this.x, this.y, scale / this.fit);
      if (atHome) this.flyTo(...this.whole(), 1);
    }

    home() { this.set(...this.whole(), 1); }

    // The centre that shows the whole graph clear of the controls.
    whole() {
      const [left, top, right, bottom] = this.clear;
      return [this.frame[0] / 2 + (right - left) / 2 / this.fit,
        this.frame[1] / 2 - (bottom - top) / 2 / this.fit];
    }

    get isHome() {
      const [x, y] = this.whole();
      return this.zoom === 1 && Math.hypot(this.x - x, this.y - y) < 1e-6;
    }

    set(x, y, zoom) {
      this.zoom = Math.max(0.5, Math.min(MOST, zoom));
      const home = this.whole();
      [this.x, this.y] = [x, y].map((value, axis) => Math.max(Math.min(-this.slack, home[axis]),
        Math.min(Math.max(this.frame[axis] + this.slack, home[axis]), value)));
      this.flight = null;
      this.atHome = this.isHome;
    }

    // Pixels of the page that the longer side of the graph takes, at home and now.
    get fit() {
      const { room } = this;
      return Math.max(1, Math.min(room[0] / this.frame[0], room[1] / this.frame[1]));
    }

    // Width and height of the stage that the whole graph may take.
    get room() {
      const [left, top, right, bottom] = this.clear;
      return [this.stage.clientWidth - left - right, this.stage.clientHeight - top - bottom];
    }

    get scale() { return this.fit * this.zoom; }

    // Aligns the still picture, of whose side the graph takes a share, with the graph.
    lay(image, share) {
      const side = this.scale / share;
      const [x, y] = this.point(this.frame[0] / 2, this.frame[1] / 2);
      Object.assign(image.style, { inset: "auto", left: `${x - side / 2}px`,
        top: `${y - side / 2}px`, width: `${side}px`, height: `${side}px` });
    }

    get view() {
      const sx = 2 * this.scale / Math.max(1, this.stage.clientWidth);
      const sy = 2 * this.scale / Math.max(1, this.stage.clientHeight);
      return [sx, sy, -this.x * sx, -this.y * sy];
    }

    // A point of the stage as graph coordinates, and back.
    place(px, py) {
      return [this.x + (px - this.stage.clientWidth / 2) / this.scale,
        this.y - (py - this.stage.clientHeight / 2) / this.scale];
    }

    point(x, y) {
      return [(x - this.x) * this.scale + this.stage.clientWidth / 2,
        (this.y - y) * this.scale + this.stage.clientHeight / 2];
    }

    pan(dx, dy) {
      this.set(this.x - dx / this.scale, this.y + dy / this.scale, this.zoom);
      this.changed();
    }

    // Zoom, and keep what is under a point of the stage where it is.
    zoomAt(px, py, factor) {
      const [x, y] = this.place(px, py);
      const zoom = Math.max(0.5, Math.min(MOST, this.zoom * factor));
      const share = this.zoom / zoom;
      this.set(x + (this.x - x) * share, y + (this.y - y) * share, zoom);
      this.changed();
    }

    zoomBy(factor) {
      this.zoomAt(this.stage.clientWidth / 2, this.stage.clientHeight / 2, factor);
    }

    // Show a frame of the graph: [left, bottom, right, top].
    fly([left, bottom, right, top]) {
      const width = Math.max(right - left, 0.01);
      const height = Math.max(top - bottom, 0.01);
      const fit = Math.min(this.stage.clientWidth / width, this.stage.clientHeight / height);
      const zoom = Math.min(60, 0.7 * fit / (this.scale / this.zoom));
      this.flyTo((left + right) / 2, (bottom + top) / 2, Math.max(1, zoom));
    }

    flyTo(x, y, zoom) {
      if (still()) this.set(x, y, zoom);
      else this.flight = { from: [this.x, this.y, this.zoom], to: [x, y, zoom], start: null };
      this.changed();
    }

    // One step of a flight; true while it lasts.
    tick(now) {
      if (!this.flight) return false;
      const flight = this.flight;
      flight.start ??= now;
      const time = Math.min(1, (now - flight.start) / 700);
      const share = time * time * (3 - 2 * time);
      const zoom = flight.from[2] * (flight.to[2] / flight.from[2]) ** share;
      // The centre moves along with the magnification, so that the target approaches evenly.
      const same = Math.abs(flight.to[2] / flight.from[2] - 1) < 0.01;
      const go = same ? share
        : (1 / flight.from[2] - 1 / zoom) / (1 / flight.from[2] - 1 / flight.to[2]);
      const between = (k) => flight.from[k] + (flight.to[k] - flight.from[k]) * go;
      this.set(between(0), between(1), zoom);
      if (time < 1) this.flight = flight;
      return true;
    }
  };
})(window.GalleryViewer = window.GalleryViewer || {});

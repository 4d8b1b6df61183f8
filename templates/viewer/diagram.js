// The operator diagram beside the scan; both show the same selection. It is loaded when it is first
// opened, as a script, because a page on file:// may not fetch it.
(function (V) {
  "use strict";

  const LARGEST = 3;

  // "3-5 9" as numbers.
  const numbers = (text) => text.split(" ").flatMap((run) => {
    const [low, high = low] = run.split("-").map(Number);
    return Array.from({ length: high - low + 1 }, (_, i) => low + i);
  });

  V.Diagram = class {
    constructor(root, app) {
      this.app = app;
      this.root = root;
      this.board = root.querySelector("[data-board]");
      this.button = root.querySelector("[data-board-button]");
      this.boxes = [];
      this.scale = 1;
      if (!this.board) return;
      this.rows = new Map();
      app.graph.head.operators.index.forEach((model, row) => this.rows.set(model, row));
      this.button.addEventListener("click", () => this.open(this.board.hidden));
      V.dragged(this.board, (box) => this.choose(box));
      this.board.addEventListener("wheel", (event) => {
        if (!event.ctrlKey) return;
        event.preventDefault();
        this.zoom(Math.exp(-event.deltaY * 0.01), event);
      }, { passive: false });
      this.board.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const factor = { "+": 1.25, "=": 1.25, "-": 0.8 }[event.key];
        if (factor) this.zoom(factor);
      });
    }

    open(open) {
      if (!this.board) return;
      this.board.hidden = !open;
      this.button.setAttribute("aria-pressed", String(open));
      this.root.classList.toggle("with-board", open);
      this.app.said();
      if (this.svg) this.mark();
      if (!open || this.asked) return;
      this.asked = true;
      V.diagram = async (text) => this.show(await V.text(text));
      const script = document.createElement("script");
      script.src = this.board.dataset.board;
      document.head.append(script);
    }

    show(text) {
      const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
      this.svg = document.importNode(parsed, true);
      this.size = ["width", "height"].map((name) => Number(parsed.getAttribute(name)));
      this.board.append(this.svg);
      for (const element of this.svg.querySelectorAll("[data-operators]")) {
        const rows = numbers(element.dataset.operators)
          .map((model) => this.rows.get(model)).filter((row) => row !== undefined);
        this.boxes.push({ element, rows });
      }
      this.scale = Math.min(1, Math.max(0.5, this.board.clientWidth / this.size[0]));
      this.zoom(1);
      this.mark();
    }

    // Zoom, and keep what is under the pointer, or in the middle, where it is.
    zoom(factor, event) {
      if (!this.svg) return;
      const { board } = this;
      const box = board.getBoundingClientRect();
      const at = event ? [event.clientX - box.left, event.clientY - box.top]
        : [board.clientWidth / 2, board.clientHeight / 2];
      const scale = Math.max(0.1, Math.min(LARGEST, this.scale * factor));
      const place = [board.scrollLeft + at[0], board.scrollTop + at[1]];
      this.svg.setAttribute("width", this.size[0] * scale);
      this.svg.setAttribute("height", this.size[1] * scale);
      board.scrollTo(place[0] * scale / this.scale - at[0], place[1] * scale / this.scale - at[1]);
      this.scale = scale;
    }

    choose(element) {
      const box = this.boxes.find((one) => one.element === element);
      if (!box || !box.rows.length) return;
      const part = box.rows.length === 1
        ? { operator: box.rows[0], operators: box.rows } : this.app.graph.partOf(box.rows);
      const on = JSON.stringify(part) === JSON.stringify(this.app.colours.lit);
      this.app.light(on ? null : part);
      if (!on) this.app.flyTo(part);
    }

    // Show what is lit, and the operator of the vertex on the card.
    mark() {
      if (!this.svg || this.board.hidden) return;
      const { lit } = this.app.colours;
      const { vertex } = this.app.card;
      const chosen = new Set(lit?.operators);
      const current = vertex >= 0 ? this.app.graph.operator[vertex] : -1;
      let first = null;
      for (const { element, rows } of this.boxes) {
        const on = rows.some((row) => chosen.has(row));
        const here = rows.includes(current);
        element.classList.toggle("chosen", on);
        element.classList.toggle("told", here);
        if (here || (on && !first)) first = element;
      }
      this.svg.classList.toggle("some", chosen.size > 0);
      if (first && first !== this.seen) this.see(first);
      this.seen = first;
    }

    see(element) {
      const box = element.getBoundingClientRect();
      const frame = this.board.getBoundingClientRect();
      if (box.top >= frame.top && box.bottom <= frame.bottom &&
        box.left >= frame.left && box.right <= frame.right) return;
      this.board.scrollBy({
        left: box.left + box.width / 2 - frame.left - frame.width / 2,
        top: box.top + box.height / 2 - frame.top - frame.height / 2,
        behavior: V.still() ? "auto" : "smooth",
      });
    }
  };

  // The mouse drags to scroll and clicks to pick a box. Touch scrolls as everywhere.
  V.dragged = function (board, pick) {
    let from = null;
    let moved = 0;
    board.addEventListener("pointerdown", (event) => {
      moved = 0;
      if (event.pointerType === "mouse" && event.button === 0) from = [event.clientX, event.clientY];
    });
    board.addEventListener("pointermove", (event) => {
      if (!from) return;
      const [dx, dy] = [event.clientX - from[0], event.clientY - from[1]];
      moved += Math.abs(dx) + Math.abs(dy);
      from = [event.clientX, event.clientY];
      board.scrollBy({ left: -dx, top: -dy, behavior: "instant" });
    });
    for (const name of ["pointerup", "pointerleave", "pointercancel"]) {
      board.addEventListener(name, () => { from = null; });
    }
    board.addEventListener("click", (event) => {
      if (moved < 6) pick(event.target.closest("[data-operators]"));
    });
  };
})(window.GalleryViewer = window.GalleryViewer || {});

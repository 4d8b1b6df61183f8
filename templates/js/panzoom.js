// Pans and zooms pictures by mouse, touch, wheel and keyboard. Boards of one group move together.
(() => {
  const groups = new Map();
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

  // `place` is in units of the board: the point (x, y) of the fitted picture is in the middle.
  function attach(board, texts, group = Symbol("alone")) {
    const together = groups.get(group) ?? { boards: new Set(), place: { x: .5, y: .5, zoom: 1 } };
    groups.set(group, together);
    together.boards.add(board);
    board.classList.add("live");
    const touches = new Map();
    let moved = false;
    let most = 60;

    function draw() {
      const { x, y, zoom } = together.place;
      for (const one of together.boards) {
        for (const image of one.querySelectorAll("img")) {
          image.style.transformOrigin = "0 0";
          image.style.transform = `translate(${(.5 - x * zoom) * one.clientWidth}px, ${(.5 - y * zoom) * one.clientHeight}px) scale(${zoom})`;
        }
      }
    }
    function move(dx, dy) {
      const place = together.place;
      place.x = clamp(place.x - dx / board.clientWidth / place.zoom, 0, 1);
      place.y = clamp(place.y - dy / board.clientHeight / place.zoom, 0, 1);
      draw();
    }
    function zoomBy(factor, px = board.clientWidth / 2, py = board.clientHeight / 2) {
      const place = together.place;
      const zoom = clamp(place.zoom * factor, 1, most);
      const across = (px / board.clientWidth - .5) * (1 / place.zoom - 1 / zoom);
      const down = (py / board.clientHeight - .5) * (1 / place.zoom - 1 / zoom);
      Object.assign(place, zoom === 1 ? { x: .5, y: .5, zoom } : { x: clamp(place.x + across, 0, 1), y: clamp(place.y + down, 0, 1), zoom });
      draw();
    }
    // A long drawing starts at its top, large enough to read; anything else starts whole.
    function fit(readable) {
      const image = board.querySelector("img");
      const [wide, high] = [Number(image?.getAttribute("width")), Number(image?.getAttribute("height"))];
      const fitted = wide && high ? Math.min(board.clientWidth / wide, board.clientHeight / high) : 1;
      if (!readable || fitted > .5) return set(.5, .5, 1);
      const zoom = Math.min(1, Math.max(.6, board.clientWidth / wide)) / fitted;
      most = Math.max(60, 4 / fitted);
      const across = wide * fitted * zoom > board.clientWidth;
      return set(across ? (board.clientWidth * .5 / zoom + (board.clientWidth - wide * fitted) / 2) / board.clientWidth : .5, .5 / zoom, zoom);
    }
    function set(x, y, zoom) {
      Object.assign(together.place, { x, y, zoom });
      draw();
    }
    const spread = () => {
      const [a, b] = [...touches.values()];
      return Math.hypot(a.x - b.x, a.y - b.y);
    };

    board.addEventListener("pointerdown", (event) => {
      if (event.target.closest("button") || event.button) return;
      touches.set(event.pointerId, { x: event.clientX, y: event.clientY });
      moved = touches.size > 1;
    });
    board.addEventListener("pointermove", (event) => {
      const before = touches.get(event.pointerId);
      if (!before) return;
      const [dx, dy] = [event.clientX - before.x, event.clientY - before.y];
      if (!moved && Math.hypot(dx, dy) < 4) return;
      if (!moved) board.setPointerCapture(event.pointerId);
      moved = true;
      const wide = touches.size === 2 ? spread() : 0;
      touches.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (touches.size === 1) move(dx, dy);
      if (touches.size === 2) {
        const box = board.getBoundingClientRect();
        const [a, b] = [...touches.values()];
        zoomBy(spread() / Math.max(wide, 1), (a.x + b.x) / 2 - box.left, (a.y + b.y) / 2 - box.top);
      }
    });
    for (const name of ["pointerup", "pointercancel"]) {
      board.addEventListener(name, (event) => { touches.delete(event.pointerId); });
    }
    // A drag that ends on the link must not follow it.
    board.addEventListener("click", (event) => { if (moved) { event.preventDefault(); moved = false; } });
    board.addEventListener("dragstart", (event) => event.preventDefault());
    board.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !board.contains(document.activeElement)) return;
      event.preventDefault();
      const box = board.getBoundingClientRect();
      zoomBy(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
    }, { passive: false });
    board.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (steps[event.key] && together.place.zoom > 1) move(...steps[event.key]);
      else if (event.key === "+" || event.key === "=") zoomBy(1.4);
      else if (event.key === "-") zoomBy(1 / 1.4);
      else if (event.key === "0") fit(false);
      else return;
      event.preventDefault();
    });
    const tools = document.createElement("div");
    tools.className = "tools";
    for (const [sign, text, act] of [["+", texts.in, () => zoomBy(1.6)], ["−", texts.out, () => zoomBy(1 / 1.6)], ["⤢", texts.fit, () => fit(false)]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = sign;
      button.ariaLabel = button.title = text;
      button.addEventListener("click", act);
      tools.append(button);
    }
    board.append(tools);
    if (texts.start === "readable") fit(true);
    return { draw };
  }

  // Browsers round the sides of a picture to pixels: one that is as thin as a line when it is whole
  // would be drawn badly or not at all, and scrolls instead.
  function isThread(board) {
    const image = board.querySelector("img");
    const [wide, high] = [Number(image?.getAttribute("width")), Number(image?.getAttribute("height"))];
    return Boolean(wide && high) && wide * board.clientHeight / high < 8;
  }

  window.galleryPanZoom = attach;
  addEventListener("DOMContentLoaded", () => {
    for (const board of document.querySelectorAll("[data-panzoom]")) if (!isThread(board)) attach(board, board.dataset);
  });
})();

// Pointer, wheel and keys on the stage, passed on to the camera and to the picking of vertices.
(function (V) {
  "use strict";

  const STEP = 60;

  V.gestures = function (stage, camera, { hover, pick, lean, keys, shiftKeys }) {
    const down = new Map();
    let moved = 0;
    let gap = 0;
    let slant = 0;

    const local = (event) => {
      const box = stage.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    const between = () => {
      const [a, b] = [...down.values()];
      return [a[0] - b[0], a[1] - b[1]];
    };
    const spread = () => Math.hypot(...between());
    const angle = () => (Math.atan2(...between()) * 180) / Math.PI;

    stage.addEventListener("pointerdown", (event) => {
      if (event.button > 0) return;
      stage.setPointerCapture(event.pointerId);
      if (!down.size) moved = 0;
      down.set(event.pointerId, local(event));
      if (down.size === 2) { gap = spread(); slant = angle(); moved = 99; }
    });

    stage.addEventListener("pointermove", (event) => {
      const at = local(event);
      const before = down.get(event.pointerId);
      if (!before) {
        if (event.pointerType !== "touch") hover(...at);
        return;
      }
      down.set(event.pointerId, at);
      const [dx, dy] = [at[0] - before[0], at[1] - before[1]];
      moved += Math.abs(dx) + Math.abs(dy);
      if (moved > 5 && event.shiftKey) lean(-dy / 4, dx / 3);
      else if (moved > 5) camera.pan(dx / down.size, dy / down.size);
      if (down.size === 2) {
        const [a, b] = [...down.values()];
        const now = spread();
        if (gap > 0) camera.zoomAt((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, now / gap);
        gap = now;
        // Fingers that turn also turn what is tipped.
        const turned = angle();
        lean(0, ((turned - slant + 540) % 360) - 180, true);
        slant = turned;
      }
    });

    const up = (event) => {
      if (!down.delete(event.pointerId)) return;
      const far = event.pointerType === "touch" ? 22 : 12;
      if (event.type === "pointerup" && moved <= 5) pick(...local(event), far);
    };
    stage.addEventListener("pointerup", up);
    stage.addEventListener("pointercancel", up);
    stage.addEventListener("pointerleave", () => { if (!down.size) hover(-1e4, -1e4); });
    stage.addEventListener("dblclick", (event) => camera.zoomAt(...local(event), 2));

    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 18 : 1;
      const speed = event.ctrlKey ? 0.012 : 0.0022;
      const delta = Math.max(-160, Math.min(160, event.deltaY * lines));
      camera.zoomAt(...local(event), Math.exp(-delta * speed));
    }, { passive: false });

    const moves = {
      ArrowLeft: () => camera.pan(STEP, 0),
      ArrowRight: () => camera.pan(-STEP, 0),
      ArrowUp: () => camera.pan(0, STEP),
      ArrowDown: () => camera.pan(0, -STEP),
      "+": () => camera.zoomBy(1.4),
      "=": () => camera.zoomBy(1.4),
      "-": () => camera.zoomBy(1 / 1.4),
      Enter: () => pick(stage.clientWidth / 2, stage.clientHeight / 2, 1e4),
      ...keys,
    };
    stage.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const move = (event.shiftKey && shiftKeys[event.key]) || moves[event.key];
      if (!move) return;
      event.preventDefault();
      move();
    });
  };
})(window.GalleryViewer = window.GalleryViewer || {});

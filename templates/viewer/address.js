// The current view, written in the URL after "#", so that a link shows it to others.
(function (V) {
  "use strict";

  const number = (text, otherwise) => {
    const value = Number.parseFloat(text);
    return Number.isFinite(value) ? value : otherwise;
  };

  V.writeAddress = function (app) {
    const { camera, colours, renderer, graph, pinned } = app;
    const { head } = graph;
    const said = new URLSearchParams();
    if (colours.number) said.set("color", colours.coloring.attribute);
    if (colours.palette) said.set("palette", colours.palette);
    const off = head.passes.filter((_, k) => renderer.passes[k] === 0);
    if (off.length) said.set("hide", off.join(","));
    const lit = colours.lit || {};
    if (lit.layer !== undefined) said.set("layer", head.layers.path[lit.layer]);
    else if (lit.operator !== undefined) said.set("operator", head.operators.name[lit.operator]);
    else if (lit.type !== undefined) said.set("type", lit.type);
    else if (lit.entry !== undefined) said.set("entry", [lit.coloring, lit.entry].join("-"));
    else if (lit.rows) said.set("rows", lit.rows.join("-"));
    if (pinned >= 0) said.set("vertex", pinned);
    if (app.diagram.board && !app.diagram.board.hidden) said.set("diagram", "open");
    if (!camera.isHome) {
      said.set("at", [camera.x.toFixed(5), camera.y.toFixed(5), camera.zoom.toFixed(3)].join(","));
    }
    if (app.space.tilt) {
      said.set("tilt", [app.space.tilt, app.space.turn].map((one) => +one.toFixed(2)).join(","));
    }
    if (app.play.time >= 0 && app.play.last === null) said.set("time", app.play.time.toFixed(4));
    if (app.space.tilt && graph.byPass) said.set("height", "pass");
    const text = said.toString();
    const address = text ? `#${text}` : window.location.pathname + window.location.search;
    try { window.history.replaceState(null, "", address); } catch { /* some file:// pages refuse */ }
  };

  V.readAddress = function (app) {
    const { camera, graph } = app;
    const { head } = graph;
    const said = new URLSearchParams(window.location.hash.slice(1));
    const hidden = (said.get("hide") || "").split(",");
    app.renderer.draw(head.passes.map((name) => Number(!hidden.includes(name))));
    const chosen = head.colorings.findIndex((one) => one.attribute === said.get("color"));
    app.colours.lit = litBy(said, app);
    app.recolour(Math.max(0, chosen), said.get("palette") || "");
    app.diagram.open(said.has("diagram"));
    app.tilt.stack(said.get("height") === "pass" && !app.tilt.stacker.hidden);
    const lean = (said.get("tilt") || "").split(",").map((text) => number(text, 0));
    app.tilt.go(lean[0], lean[1] || 0);
    const at = (said.get("at") || "").split(",");
    if (at.length === 3) {
      camera.set(number(at[0], 0.5), number(at[1], 0.5), number(at[2], 1));
      camera.changed();
    }
    const time = number(said.get("time"), -1);
    // The light of the whole picture is fitted before only a part of it has some.
    if (time >= 0) app.whenShown(() => app.play.seek(time));
    else if (app.play.time >= 0) app.play.stop();
    const wanted = number(said.get("vertex"), -1);
    app.pin(wanted >= 0 && wanted < graph.n ? wanted : -1);
  };

  function litBy(said, app) {
    const { graph } = app;
    const { layers, operators } = graph.head;
    const layer = layers.path.indexOf(said.get("layer") ?? "\0");
    if (layer > 0) return { layer, operators: graph.operatorsIn(layer) };
    const operator = operators.name.indexOf(said.get("operator") ?? "\0");
    if (operator >= 0) return { operator, operators: [operator] };
    const type = said.get("type");
    const found = operators.type.flatMap((one, o) => (one === type ? [o] : []));
    if (found.length) return { type, operators: found };
    const [coloring, entry] = (said.get("entry") || "").split("-").map((text) => number(text, -1));
    const { entries = [] } = graph.head.colorings[coloring] || {};
    if (entries.includes(entry) && entry >= 0) return app.colours.partOfEntry(entry, coloring);
    const rows = (said.get("rows") || "").split("-").map((text) => number(text, -1));
    return rows.length === 2 && rows[0] >= 0 ? { rows } : null;
  }
})(window.GalleryViewer = window.GalleryViewer || {});

"""Picture files of one model, drawn into the cache's temporary folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gallery.coloring import Coloring, attributes_of, color
from gallery.coloring.storage import legend_value
from gallery.model import Model
from gallery.pipeline.plan import ScanPlan
from gallery.placement.types import Layout
from gallery.rendering.diagram.draw import diagram
from gallery.rendering.files.formats import save
from gallery.rendering.files.graphs import operators_dot, operators_graphml, save_vertex_graph
from gallery.rendering.raster.downsample import reduced
from gallery.rendering.scan import render, with_labels
from gallery.rendering.types import Picture, RenderSettings
from gallery.rendering.viewer.data import viewer_data
from gallery.settings.values import ScanSettings

LARGEST_GRAPH = 6_000_000
"""Bytes of the largest vertex graph that is offered: hosts of static sites allow 1 GB in all."""

BARE = RenderSettings()
"""The look of scans on the site, without words."""

NewFile = Callable[[str], Path]
"""Gives a fresh path that ends in a suffix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Files with what is known of them.

    Attributes:
        value: JSON; `images` lists name, format, width and height of each picture.
        files: Path of each file, by its name.
    """

    value: dict[str, Any]
    files: dict[str, Path]


class Easel:
    """Scans of one layout and colouring; what was drawn for one is there for the next."""

    def __init__(self, layout: Layout, coloring: Coloring) -> None:
        self.layout = layout
        self.coloring = coloring
        self._drawn: dict[int, Picture] = {}

    def bare(self, size: int, whole: int) -> Picture:
        """A scan without words: the drawing of a whole size, made smaller.

        At 1280 px that takes 0.04 s, drawing 390 k edges again 0.30 s.
        """
        if whole not in self._drawn:
            self._drawn[whole] = self._rendered(whole, BARE)
        picture = self._drawn[whole]
        if size == whole:
            return picture
        return replace(picture, pixels=reduced(picture.pixels, size))

    def picture(self, size: int, whole: int, *, labels: bool, legend: bool) -> Picture:
        """A scan with or without words; a legend takes its room from the drawing."""
        if legend:
            return self._rendered(size, RenderSettings(labels=labels, legend=True))
        bare = self.bare(size, whole)
        return with_labels(bare, self.layout, self.coloring, BARE) if labels else bare

    def _rendered(self, size: int, look: RenderSettings) -> Picture:
        return render(self.layout, self.coloring, size=size, settings=look)


def draw_scan(easel: Easel, plan: ScanPlan, new_file: NewFile) -> Drawn:
    """Draw a scan in all sizes and formats of its plan.

    Raises:
        RenderError: It cannot be drawn or written.
    """
    layout, coloring = easel.layout, easel.coloring
    images: list[list[Any]] = []
    files: dict[str, Path] = {}
    wanted = {size: list(plan.formats) for size in plan.sizes}
    if plan.png:
        wanted[plan.png] = [*wanted.get(plan.png, []), "png"]
    # Of the plan's own sizes: what else the easel drew must not show in the bytes.
    whole = max(wanted)
    for size in sorted(wanted, reverse=True):
        picture = easel.picture(size, whole, labels=plan.scan.labels, legend=plan.scan.legend)
        for form in wanted[size]:
            name = f"{size}.{form}"
            files[name] = new_file(f".{form}")
            save(picture, files[name])
            images.append([name, form, picture.width, picture.height])
    value = {
        "images": images,
        "legend": legend_value(coloring.legend),
        "palette": coloring.palette,
        "engine": layout.engine,
        "fallback": layout.fallback,
        "vertices": layout.graph.vertices,
        "edges": layout.graph.edges,
        "unknown_operators": list(layout.graph.unknown_operators),
    }
    return Drawn(value=value, files=files)


def draw_diagram(model: Model, new_file: NewFile) -> Drawn:
    """Draw the operator diagram; the operator graph for other programs comes with it."""
    text = diagram(model)
    path = new_file(".svg")
    path.write_text(text, "utf-8")
    sides = re.match(r"<svg[^>]*? width=\"([\d.]+)\" height=\"([\d.]+)\"", text)
    width, height = (round(float(side)) for side in sides.groups()) if sides else (0, 0)
    images = [["diagram.svg", "svg", width, height]]
    files = {"diagram.svg": path}
    for form, written in (("dot", operators_dot(model)), ("graphml", operators_graphml(model))):
        files[f"operators.{form}"] = new_file(f".{form}")
        files[f"operators.{form}"].write_text(written, "utf-8")
    return Drawn(value={"images": images}, files=files)


def colored(layout: Layout, scan: ScanSettings, ground: str) -> Coloring:
    """The colouring of a scan on a ground."""
    return color(
        layout.graph,
        scan.color,
        palette=scan.palette,
        ground=ground,
        rules=scan.rules,
        positions=layout.positions,
    )


def pack_viewer(layout: Layout, model: Model, vertices: int, new_file: NewFile) -> Drawn:
    """Pack the viewer's data, which the visitor can colour by any attribute.

    Of a graph of more than `vertices` they hold a sample, with four edges a vertex at most.

    The vertex graph for other programs comes with them, where it is no larger than `LARGEST_GRAPH`.
    """
    names = attributes_of(layout.graph)
    colorings = [color(layout.graph, name, positions=layout.positions) for name in names]
    path = new_file(".bin")
    data = viewer_data(layout, colorings, model, vertices=vertices, edges=4 * vertices)
    path.write_bytes(data)
    graph = new_file(".npz")
    save_vertex_graph(layout, graph)
    size = graph.stat().st_size
    if size <= LARGEST_GRAPH:
        return Drawn(value={}, files={"data": path, "vertices.npz": graph})
    graph.unlink()
    found = f"the vertex graph would be a download of {size / 1e6:.0f} MB and is left out"
    return Drawn(value={"warnings": [found]}, files={"data": path})

"""Small scans as vector graphics: SVG whose strokes add up by blending.

Light adds up by "screen" on black, ink by "multiply" on paper
(https://www.w3.org/TR/compositing-1/#blending). All edges that a vertex reads are one path, since
the strokes of a path do not add up and those of one vertex seldom cross. Layer names and the legend
are drawn on top as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt

from gallery.coloring.oklab import hex_of, srgb_from_linear
from gallery.coloring.types import Coloring
from gallery.errors import RenderError
from gallery.placement.fibres import crosses
from gallery.placement.types import Layout
from gallery.rendering.files.xmp import xmp
from gallery.rendering.growth import ENOUGH, grown, stroke_pixels
from gallery.rendering.labels.labels import named, place_labels
from gallery.rendering.labels.legend import legend_under
from gallery.rendering.raster.exposure import exposure, sparks
from gallery.rendering.raster.frame import Frame, frame
from gallery.rendering.raster.gaps import gaps_of, share_at
from gallery.rendering.raster.raster import describe
from gallery.rendering.raster.strokes import edge_light
from gallery.rendering.raster.tone import PAPER
from gallery.rendering.sheet.svg_elements import svg_elements
from gallery.rendering.svg_fibres import svg_fibres
from gallery.rendering.types import DOT, LINE, RenderSettings
from gallery.text import visible

_MOST = 50_000
_OPACITY, _MIDDLE = 0.55, RenderSettings().middle
"""Opacity of an edge without the tone curve of pixels, and the `middle` that it goes with."""
_LEAST = 0.1
"""Least opacity of an edge."""
_LIFT = 1.0
"""Opacity that edges across gaps have besides, relative to their own."""
_SIZES = 4
"""Sizes of dots up to twice their width; the area of a hub's dot grows with its light."""


def render_svg(
    layout: Layout,
    coloring: Coloring,
    *,
    size: int | tuple[int, int] = 1600,
    settings: RenderSettings | None = None,
    edges: int = _MOST,
    metadata: Mapping[str, str] | None = None,
) -> str:
    """Draw a scan as SVG.

    Args:
        layout: Where the vertices are.
        coloring: What colours they have, and on which ground.
        size: Side, or width and height, in pixels.
        settings: How to draw it; the glow and the tone curve are for pixels only.
        edges: Most edges to draw; browsers get slow beyond it.
        metadata: Further metadata, which replace those of the same name.

    Returns:
        The document, without scripts and with all names escaped.

    Raises:
        RenderError: The graph has more edges, or the colouring is of another graph.
    """
    graph = layout.graph
    chosen = grown(settings or RenderSettings(), graph.vertices)
    if graph.edges > edges:
        found = f"{graph.edges:,} edges are too many for SVG (at most {edges:,})"
        raise RenderError(found, graph.model, "choose a pixel format, or lower to fewer vertices")
    if len(coloring.index) != graph.vertices:
        found = f"{len(coloring.index)} colours for {graph.vertices} vertices"
        raise RenderError(found, graph.model, "colour the graph that was laid out")
    width, height = (size, size) if isinstance(size, int) else size
    strip = legend_under((width, height), layout, coloring, chosen)
    rows = round(strip.height) if strip else 0
    drawn = frame(layout.positions, (width, height - rows), chosen.margin)
    points = drawn.place(layout.positions)
    dark = coloring.ground == "dark"
    ground = "#000000" if dark else hex_of(_paper())
    blend = "screen" if dark else "multiply"
    told = describe(layout, coloring, chosen) | dict(metadata or {})
    words = " ".join(f"{key}: {value};" for key, value in told.items())
    curves, defined = svg_fibres(layout, coloring, drawn)
    body = [*curves, *_groups(layout, coloring, points, drawn, chosen)]
    text_elements: list[str] = []
    if chosen.labels:
        labels = place_labels(layout, coloring, drawn)
        text_elements += svg_elements(named(labels, coloring.ground), halo=ground)
    if strip:
        text_elements += [
            f'<g transform="translate(0 {height - rows})">',
            *svg_elements(strip.elements),
            "</g>",
        ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
            f'height="{height}" viewBox="0 0 {width} {height}">',
            f"<title>{escape(visible(chosen.title or graph.model))}</title>",
            f"<desc>{escape(visible(words))}</desc>",
            f"<metadata>{xmp(told)}</metadata>",
            *defined,
            f'<rect width="100%" height="100%" fill="{ground}"/>',
            f'<g fill="none" stroke-linecap="round" style="mix-blend-mode:{blend}">',
            *body,
            "</g>",
            *text_elements,
            "</svg>\n",
        ]
    )


def _paper() -> npt.NDArray[np.uint8]:
    return np.rint(srgb_from_linear(np.array(PAPER)) * 255).astype(np.uint8)


def _groups(
    layout: Layout,
    coloring: Coloring,
    points: npt.NDArray[np.float32],
    drawn: Frame,
    settings: RenderSettings,
) -> list[str]:
    graph = layout.graph
    side = max(drawn.width, drawn.height) / 1600
    reach = settings.reach * side
    opacity = _OPACITY * settings.middle / _MIDDLE
    gains = exposure(graph, settings.exposure).tolist()
    sizes = np.rint(_SIZES * np.sqrt(sparks(graph))).astype(int).tolist()
    gaps = gaps_of(points, (drawn.width, drawn.height), 1.0) if len(points) >= ENOUGH else None
    text = [f"{x:.1f} {y:.1f}" for x, y in points.tolist()]
    groups: dict[int, list[str]] = {}
    dots: dict[int, dict[int, list[str]]] = {}
    crossing = crosses(layout)
    before = np.concatenate([[0], np.cumsum(~crossing)])
    starts, sources = before[graph.indptr].tolist(), graph.sources[~crossing].tolist()
    for vertex, row in enumerate(coloring.index.tolist()):
        alike = dots.setdefault(row, {}).setdefault(sizes[vertex], [])
        alike.append(f"M{text[vertex]}h0")
        read = sources[starts[vertex] : starts[vertex + 1]]
        if not read:
            continue
        across, up = (points[read] - points[vertex]).T
        length = float(np.sqrt(across * across + up * up).mean())
        light = edge_light(length, reach, settings.fade)
        light *= 1 + (gains[vertex] - 1) * light
        lit = max(opacity * light, _LEAST)
        if gaps is not None:
            lit *= 1 + _LIFT * share_at(gaps, (points[read].mean(axis=0) + points[vertex]) / 2)
        path = "".join(f"M{text[source]}L{text[vertex]}" for source in read)
        strokes = groups.setdefault(row, [])
        strokes.append(f'<path d="{path}" stroke-opacity="{min(lit, 1.0):.2f}"/>')
    parts = []
    for row in sorted(dots):
        tone = hex_of(coloring.colors[row])
        line = stroke_pixels(settings.line, LINE, drawn.unit, side)
        dot = stroke_pixels(settings.dot, DOT, drawn.unit, side)
        parts.append(f'<g stroke="{tone}" stroke-width="{line:.2f}">')
        parts.extend(groups.get(row, ()))
        for size in sorted(dots[row]):
            width = f"{1.3 * dot * size / _SIZES:.2f}"
            parts.append(f'<path d="{"".join(dots[row][size])}" stroke-width="{width}"/>')
        parts.append("</g>")
    return parts

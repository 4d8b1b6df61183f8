"""Pictures of scans and diagrams of operators."""

from __future__ import annotations

import numpy as np

from gallery.color.types import Coloring
from gallery.layout.types import Layout
from gallery.render.card import card
from gallery.render.contact import contact_sheet
from gallery.render.document import sheet_pdf
from gallery.render.formats import FORMATS, encode, read, save
from gallery.render.frame import frame
from gallery.render.labels import draw_labels, place_labels
from gallery.render.legend import draw_legend
from gallery.render.operators import diagram
from gallery.render.poster import poster
from gallery.render.raster import draw_scan
from gallery.render.sheet import Sheet, sheet_picture
from gallery.render.strip import layer_strip
from gallery.render.types import Picture, RenderSettings
from gallery.render.vector import render_svg

__all__ = [
    "FORMATS",
    "Picture",
    "RenderSettings",
    "Sheet",
    "card",
    "contact_sheet",
    "diagram",
    "encode",
    "layer_strip",
    "poster",
    "read",
    "render",
    "render_svg",
    "save",
    "sheet_pdf",
    "sheet_picture",
]


def render(
    layout: Layout,
    coloring: Coloring,
    *,
    size: int | tuple[int, int] = 1600,
    settings: RenderSettings | None = None,
) -> Picture:
    """Draw a scan.

    Args:
        layout: Where the vertices are.
        coloring: What colours they have, and on which ground.
        size: Side of the picture, or its width and height, in pixels, at most 32,768.
        settings: How to draw; None for the defaults.

    Returns:
        The pixels, and the metadata that `save` writes with them.

    Raises:
        RenderError: The colouring is of another graph, or the size is out of range.
    """
    chosen = settings or RenderSettings()
    if not (chosen.labels or chosen.legend):
        return draw_scan(layout, coloring, size, chosen)
    width, height = (size, size) if isinstance(size, int) else size
    strip = draw_legend(width, layout, coloring, chosen) if chosen.legend else None
    rows = 0 if strip is None or 2 * len(strip) > height else len(strip)
    scan = draw_scan(layout, coloring, (width, height - rows), chosen)
    pixels = scan.pixels
    if chosen.labels:
        inside = frame(layout.positions, (width, height - rows), chosen.margin)
        pixels = draw_labels(pixels, place_labels(layout, coloring, inside), coloring.ground)
    if strip is not None and rows:
        pixels = np.concatenate([pixels, strip])
    return Picture(pixels=pixels, metadata=scan.metadata)

"""Layer names as SVG on nothing, to be laid over a scan that was drawn without them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

import numpy as np

from gallery.coloring.oklab import hex_of, srgb_from_linear
from gallery.coloring.types import Coloring
from gallery.placement.types import Layout
from gallery.rendering.files.xmp import xmp
from gallery.rendering.labels.labels import PlacedName, colored, named, place_names
from gallery.rendering.raster.frame import frame
from gallery.rendering.raster.tone import PAPER
from gallery.rendering.sheet.sheet import TextLine
from gallery.rendering.sheet.svg_elements import svg_elements
from gallery.text import visible

_SOFT, _DENSE = 0.34, 3.2
"""How far the shade behind a name fades, in sizes of the smallest font, and how much it covers."""


def names_for(layout: Layout, size: int, margin: float) -> tuple[PlacedName, ...]:
    """Where the layer names of a square scan are, see `names_svg`."""
    return place_names(layout, frame(layout.positions, size, margin))


def names_svg(
    layout: Layout,
    coloring: Coloring,
    size: int,
    *,
    margin: float,
    names: Sequence[PlacedName] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> str:
    """The layer names of a scan, at the places that `render` gives them.

    Args:
        layout: Where the vertices are.
        coloring: What colours they have, and on which ground.
        size: Side of the scan, in pixels.
        margin: Share of it that the scan leaves free, see `RenderSettings`.
        names: What `names_for` returned for the same layout, size and margin, or None.
        metadata: How it was made.

    Returns:
        The document, without scripts and with all names escaped.
    """
    placed = names_for(layout, size, margin) if names is None else names
    drawn = named(colored(placed, layout, coloring), coloring.ground)
    lines = [one for one in drawn if not isinstance(one, TextLine)]
    texts = [one for one in drawn if isinstance(one, TextLine)]
    shade = np.zeros(3) if coloring.ground == "dark" else srgb_from_linear(np.array(PAPER))
    tone = hex_of(np.rint(shade * 255).astype(np.uint8))
    soft = _SOFT * min((one.size for one in texts), default=1.0)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" '
            f'viewBox="0 0 {size} {size}">',
            f"<title>{escape(visible(layout.graph.model))}</title>",
            f"<metadata>{xmp(metadata or {})}</metadata>",
            *svg_elements(lines),
            _filter(tone, soft, size),
            '<g filter="url(#shade)">',
            *svg_elements(texts),
            "</g>",
            "</svg>\n",
        ]
    )


def _filter(tone: str, soft: float, size: int) -> str:
    """A filter that puts a shade of a colour behind what is drawn."""
    red, green, blue = (int(tone[at : at + 2], 16) / 255 for at in (1, 3, 5))
    rows = "".join(f"0 0 0 0 {value:.3f} " for value in (red, green, blue))
    return (
        f'<filter id="shade" filterUnits="userSpaceOnUse" x="0" y="0" width="{size}" '
        f'height="{size}" color-interpolation-filters="sRGB">'
        f'<feGaussianBlur in="SourceAlpha" stdDeviation="{soft:.2f}"/>'
        f'<feColorMatrix values="{rows}0 0 0 {_DENSE} 0"/>'
        '<feMerge><feMergeNode/><feMergeNode in="SourceGraphic"/></feMerge></filter>'
    )

"""The strip under a picture: what it shows, and what its colours mean, all from its data."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from gallery.coloring.oklab import hex_of
from gallery.coloring.types import Coloring, LegendEntry
from gallery.placement.types import Layout
from gallery.rendering.sheet.fonts import ASCENT, Face, extent, plain, shorten, wrap
from gallery.rendering.sheet.sheet import Bar, Element, Sheet, TextLine, dot
from gallery.rendering.types import RenderSettings
from gallery.settings.attributes import find
from gallery.text import counted

_NARROWEST = 240
_STEPS = 256
"""Most colours of a bar."""

_TONES = {
    "dark": ("#000000", "#eeeef0", "#a4a6ac"),
    "light": ("#fbfbfa", "#1c1c20", "#5c5e64"),
}
"""Colours of ground, text and secondary text."""


def legend_under(
    size: tuple[int, int], layout: Layout, coloring: Coloring, settings: RenderSettings
) -> Sheet | None:
    """Caption and colour key, with one millimetre per pixel.

    Args:
        size: Width and height of the picture including them, in pixels.
        layout: The layout that is shown.
        coloring: The colouring to explain.
        settings: Whether a legend is wanted, and the title.

    Returns:
        The strip, or None if no legend is wanted or the picture is too small or too low for one.
    """
    width, height = size
    if not settings.legend or width < _NARROWEST:
        return None
    sheet = _legend(width, layout, coloring, settings)
    return None if 2 * sheet.height > height else sheet


def _legend(width: int, layout: Layout, coloring: Coloring, settings: RenderSettings) -> Sheet:
    ground, ink, faint = _TONES[coloring.ground]
    size = max(11, round(width * 0.0125))
    heading = round(size * 1.7)
    margin = round(width * 0.03)
    room = width - 2 * margin
    y = size
    title = shorten(plain(settings.title or layout.graph.model), heading, room, Face.TITLE)
    elements: list[Element] = [_line(title, (margin, y), heading, ink, Face.TITLE)]
    y += round(heading * 1.35)
    for line in wrap(caption(layout), size, room):
        elements.append(_line(line, (margin, y), size, faint))
        y += round(size * 1.4)
    y += size // 2
    known = find(coloring.attribute)
    shown = f"Colour: {known.caption}" if known else coloring.attribute
    elements.append(_line(shown, (margin, y), size, ink, Face.STRONG))
    y += round(size * 1.7)
    if coloring.categorical:
        key, y = _key(coloring.legend, (margin, y), room, size, ink)
    else:
        key, y = _scale(coloring, (margin, y), room, size, ink)
    return Sheet(
        width=width,
        height=min(y + size, width),
        ground=ground,
        elements=(*elements, *key),
        title=title,
    )


def caption(layout: Layout) -> str:
    """A one-line description of a scan: vertices, edges, passes, target, skeleton.

    The numbers are those of the graph, not of the picture.
    """
    graph = layout.graph
    passes = "forward and backward" if bool((graph.vertex_pass > 0).any()) else "forward"
    parts = [
        counted(graph.vertices, "vertex", "vertices"),
        counted(graph.edges, "edge"),
        f"{passes} pass" if passes == "forward" else f"{passes} passes",
    ]
    if graph.target:
        parts.append(f"split for {graph.target}")
    engine = layout.engine
    parts.append(f"skeleton {engine}")
    return ", ".join(parts)


def _line(
    text: str, at: tuple[int, int], size: int, color: str, face: Face = Face.TEXT
) -> TextLine:
    # Positioned by its left top corner.
    return TextLine(
        text=text, x=at[0], y=at[1] + round(ASCENT * size), size=size, color=color, face=face
    )


def _key(
    entries: tuple[LegendEntry, ...], at: tuple[int, int], room: int, size: int, ink: str
) -> tuple[list[Element], int]:
    """Swatches with names and shares, in columns as wide as the longest; and their bottom."""
    left, y = at
    texts = [f"{plain(entry.label, 28)}  {_percent(entry.share)}" for entry in entries]
    column = min(max((extent(text, size)[0] for text in texts), default=0) + 3 * size, room)
    columns = max(1, room // max(column, 1))
    row = round(size * 1.6)
    elements: list[Element] = []
    for place, (text, entry) in enumerate(zip(texts, entries, strict=True)):
        x = left + place % columns * (room // columns)
        top = y + place // columns * row
        middle = (x + size / 2, top + size // 6 + size / 2)
        elements.append(dot(middle, size, entry.color))
        elements.append(_line(text, (x + round(size * 1.5), top), size, ink))
    return elements, y + -(-len(texts) // columns) * row


def _scale(
    coloring: Coloring, at: tuple[int, int], room: int, size: int, ink: str
) -> tuple[list[Element], int]:
    """A bar of all colours with ticks under it; and the bottom of both."""
    left, y = at
    last = len(coloring.colors) - 1
    # Ends are at whole pixels, otherwise the ground would show between the bars.
    ends = np.unique(np.linspace(0, room, min(room, _STEPS) + 1).round().astype(int)).tolist()
    elements: list[Element] = [
        Bar(
            x=left + start,
            y=y,
            width=end - start,
            height=size,
            color=hex_of(coloring.colors[round((start + end) / 2 / room * last)]),
        )
        for start, end in pairwise(ends)
    ]
    y += round(size * 1.3)
    free = left - size // 2
    for entry in coloring.legend:
        text = plain(entry.label)
        wide = extent(text, size)[0]
        x = min(max(left + round(entry.share * room) - wide // 2, left), left + room - wide)
        if x >= free:
            elements.append(_line(text, (x, y), size, ink))
            free = x + wide + size // 2
    return elements, y + round(size * 1.4)


def _percent(share: float) -> str:
    value = 100 * share
    return f"{value:.0f}%" if value >= 9.5 else f"{value:.1f}%" if value >= 0.1 else "<0.1%"

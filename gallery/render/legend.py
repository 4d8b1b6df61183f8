"""The strip under a picture: what it shows, and what its colours mean, from the data alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gallery.color.palettes import from_hex
from gallery.color.types import Coloring, LegendEntry
from gallery.layout.types import Layout
from gallery.render.types import RenderSettings
from gallery.render.words import Face, extent, mask, plain, put, shorten, wrap, write

Pixels = npt.NDArray[np.uint8]

_WORDS = {
    "layer": "Colour: layer",
    "operator": "Colour: operator type",
    "pass": "Colour: pass",
    "kind": "Colour: kind of vertex",
    "depth": "Colour: depth, the step at which a vertex could run",
    "flops": "Colour: work, floating-point operations a vertex",
    "bytes": "Colour: communication, bytes read and written a vertex",
    "exchange": "Colour: exchange, bytes a vertex sends to other tiles",
    "degree": "Colour: degree, edges a vertex",
    "tile": "Colour: tile of the processor",
    "length": "Colour: mean length of the edges read",
    "parameters": "Colour: parameters read, bytes a vertex",
}
_NARROWEST = 240


def draw_legend(width: int, layout: Layout, coloring: Coloring, settings: RenderSettings) -> Pixels:
    """Caption and colour key: uint8 (height, width, 3); no rows where the picture is too small.

    Args:
        width: Of the picture, in pixels.
        layout: What is shown.
        coloring: What its colours mean.
        settings: For the title.
    """
    if width < _NARROWEST:
        return np.zeros((0, width, 3), np.uint8)
    size = max(11, round(width * 0.0125))
    dark = coloring.ground == "dark"
    ground, ink, faint = (
        ((0, 0, 0), (238, 238, 240), (164, 166, 172))
        if dark
        else ((251, 251, 250), (28, 28, 32), (92, 94, 100))
    )
    margin = round(width * 0.03)
    pixels = np.empty((width, width, 3), np.uint8)
    pixels[:] = ground
    y = size
    heading = round(size * 1.7)
    room = width - 2 * margin
    title = shorten(plain(settings.title or layout.graph.model), heading, room, Face.TITLE)
    write(pixels, title, (margin, y), heading, ink, Face.TITLE)
    y += round(heading * 1.35)
    for line in wrap(caption(layout), size, room):
        write(pixels, line, (margin, y), size, faint)
        y += round(size * 1.4)
    y += size // 2
    write(
        pixels,
        _WORDS.get(coloring.attribute, coloring.attribute),
        (margin, y),
        size,
        ink,
        Face.STRONG,
    )
    y += round(size * 1.7)
    if coloring.categorical:
        y = _key(pixels, coloring.legend, (margin, y), size, ink)
    else:
        y = _bar(pixels, coloring, (margin, y), size, ink)
    return pixels[: min(y + size, width)].copy()


def caption(layout: Layout) -> str:
    """One line on a scan: passes, vertices, edges, target, skeleton.

    The numbers are those of the graph, not of the picture.
    """
    graph = layout.graph
    passes = "forward and backward" if bool((graph.vertex_pass > 0).any()) else "forward"
    parts = [
        f"{graph.vertices:,} vertices",
        f"{graph.edges:,} edges",
        f"{passes} pass" if passes == "forward" else f"{passes} passes",
    ]
    if graph.target:
        parts.append(f"split for {graph.target}")
    engine = layout.engine
    parts.append(f"skeleton {engine}")
    return ", ".join(parts)


def _key(
    pixels: Pixels,
    entries: tuple[LegendEntry, ...],
    at: tuple[int, int],
    size: int,
    ink: tuple[int, int, int],
) -> int:
    # Rows of swatch, name and share, in columns as wide as the longest; returns the bottom.
    left, y = at
    room: int = pixels.shape[1] - 2 * left
    texts = [f"{plain(entry.label, 28)}  {_percent(entry.share)}" for entry in entries]
    column = min(max((extent(text, size)[0] for text in texts), default=0) + 3 * size, room)
    columns = max(1, room // max(column, 1))
    row = round(size * 1.6)
    for place, (text, entry) in enumerate(zip(texts, entries, strict=True)):
        x = left + place % columns * (room // columns)
        top = y + place // columns * row
        red, green, blue = from_hex(entry.color).tolist()
        _swatch(pixels, (x, top + size // 6), size, (red, green, blue))
        put(pixels, mask(text, size), (x + round(size * 1.5), top), ink)
    return y + -(-len(texts) // columns) * row


def _swatch(pixels: Pixels, at: tuple[int, int], size: int, color: tuple[int, int, int]) -> None:
    grid = np.arange(size) + 0.5 - size / 2
    distance = np.hypot(grid[:, None], grid[None, :])
    put(pixels, np.clip(size / 2 - distance + 0.5, 0, 1).astype(np.float32), at, color)


def _bar(
    pixels: Pixels,
    coloring: Coloring,
    at: tuple[int, int],
    size: int,
    ink: tuple[int, int, int],
) -> int:
    left, y = at
    room = pixels.shape[1] - 2 * left
    steps = np.linspace(0, 511, room).astype(np.intp)
    pixels[y : y + size, left : left + room] = coloring.colors[
        np.minimum(steps, len(coloring.colors) - 1)
    ]
    y += round(size * 1.3)
    last = left - size
    for entry in coloring.legend:
        text = plain(entry.label)
        wide = extent(text, size)[0]
        x = min(max(left + round(entry.share * room) - wide // 2, left), left + room - wide)
        if x >= last + size // 2:
            put(pixels, mask(text, size), (x, y), ink)
            last = x + wide
    return y + round(size * 1.4)


def _percent(share: float) -> str:
    value = 100 * share
    return f"{value:.0f}%" if value >= 9.5 else f"{value:.1f}%" if value >= 0.1 else "<0.1%"

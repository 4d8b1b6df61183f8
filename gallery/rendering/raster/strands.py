"""Strands: long edges between operators, laid over the gaps between bodies like fibres.

Each strand first dims what lies under it in a line that is wider than itself, and then adds its own
light. So the fibres of a crossing lie over each other with a dark rim, as tractography draws them.
Where much light is already, in the bodies, a strand changes little.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from gallery.jit import inner_kernel, kernel, parallel_kernel
from gallery.rendering.raster.simd import lay_over
from gallery.rendering.raster.spans import Bounds, Spans
from gallery.rendering.raster.tiles import TILE, groups_of

Light = npt.NDArray[np.float32]
Points = npt.NDArray[np.float32]
Pointers = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int32]
Rows = npt.NDArray[np.uint16]

_MOST = 5_000
"""Strands to draw; if there are more, an even sample stands for them."""
_SHORTEST = 2.5
"""Length from which an edge can be a strand, in lengths from which edges fade."""
_LIGHT = 22.0
"""Light of a strand, relative to 1 for a short edge."""
_RIM = 0.8
"""Width of the dark rim on either side, in widths of a strand."""
_DIM = 0.35
"""Share of the light under a strand and its rim that it takes away."""
_VEIL = 11.0
"""Light in which a strand has half its effect."""


class _Look(NamedTuple):
    radius: float
    rim: float
    gradient: bool


@inner_kernel
def _long_of(
    some: tuple[int, int],
    edges: tuple[Pointers, Indices, Points, Bounds],
    owner: Indices,
    shortest: tuple[float, np.uint16],
    sample: tuple[int, int],
    found: Indices,
) -> int:
    # IN shortest, a length and its `Spans.least`; sample, the number of the first edge found and
    # each how many are taken. OUT found (k, 2), unless empty: source and reader of the edges
    # between operators that are long enough, those taken; returns how many there are of all.
    indptr, sources, points, bounds = edges
    least = shortest[0] * shortest[0]
    number, step = sample
    for v in range(some[0], some[1]):
        if bounds[v] < shortest[1]:
            continue
        x, y, own = points[v, 0], points[v, 1], owner[v]
        for e in range(indptr[v], indptr[v + 1]):
            a = sources[e]
            dx, dy = points[a, 0] - x, points[a, 1] - y
            if dx * dx + dy * dy > least and owner[a] != own:
                if len(found) and number % step == step // 2:
                    found[number // step, 0] = a
                    found[number // step, 1] = v
                number += 1
    return number - sample[0]


@parallel_kernel
def _long(  # noqa: PLR0913, PLR0917 -- arrays of a parallel loop cannot be in a tuple
    chunks: Pointers,
    edges: tuple[Pointers, Indices, Points, Bounds],
    owner: Indices,
    shortest: tuple[float, np.uint16],
    ends: Pointers,
    step: int,
    found: Indices,
) -> None:
    # OUT ends (c,), how many there are in each chunk, if found is empty; else IN ends, where those
    # of each chunk end, and OUT found (k, 2), each `step`-th.
    indptr, sources, points, bounds = edges
    length, least = shortest
    for chunk in numba.prange(len(chunks) - 1):
        some = (chunks[chunk], chunks[chunk + 1])
        first = ends[chunk - 1] if chunk and len(found) else 0
        own_edges = (indptr, sources, points, bounds)
        many = _long_of(some, own_edges, owner, (length, least), (first, step), found)
        if not len(found):
            ends[chunk] = many


def strands_of(
    indptr: Pointers,
    sources: Indices,
    points: Points,
    owner: Indices,
    reach: float,
    spans: Spans,
) -> Indices:
    """The long edges between operators, or an even sample of them.

    Args:
        indptr: int64 (n + 1,).
        sources: int32 (m,).
        points: float32 (n, 2), pixels.
        owner: int32 (n,), the operator of each vertex.
        reach: Length beyond which edges fade, in pixels.
        spans: Of the edges.

    Returns:
        int32 (k, 2), source and reader.
    """
    edges = (indptr, sources, points, spans.bounds)
    shortest = (_SHORTEST * reach, spans.least(_SHORTEST * reach))
    chunks = np.unique(np.concatenate(groups_of(indptr)))
    ends = np.empty(len(chunks) - 1, np.int64)
    # Twice, as all of them can take more memory than all else that is drawn.
    _long(chunks, edges, owner, shortest, ends, 1, np.empty((0, 2), np.int32))
    np.cumsum(ends, out=ends)
    many = int(ends[-1]) if len(ends) else 0
    step = max(-(-many // _MOST), 1)
    found = np.empty(((many + step - 1 - step // 2) // step, 2), np.int32)
    if len(found):
        _long(chunks, edges, owner, shortest, ends, step, found)
    return found


@inner_kernel
def _lay(
    light: Light,
    within: tuple[int, int, int, int, int],
    ends: tuple[float, float, float, float],
    tones: Light,
    look: _Look,
) -> None:
    # INOUT light (c, h * row), a picture in some colourings; IN its row, and the first column and
    # row of the part that is drawn and those after the last; x and y of both ends in pixels, and
    # their tones (c, 2, 3). Sums of weights are the same in all colourings.
    radius, rim = look.radius, look.rim
    ax, ay, bx, by = ends
    steep = abs(by - ay) > abs(bx - ax)
    if steep:
        ax, ay, bx, by = ay, ax, by, bx
    swapped = ax > bx
    if swapped:
        ax, ay, bx, by = bx, by, ax, ay
    start, end = (1, 0) if swapped else (0, 1)
    along = bx - ax
    line, left, top, right, bottom = within
    near, far = (top, bottom) if steep else (left, right)
    near_across, far_across = (left, right) if steep else (top, bottom)
    slope = (by - ay) / along
    stretch = np.sqrt(1 + slope * slope)
    core, outer = radius * stretch, (radius + rim) * stretch
    for u in range(max(int(np.floor(ax)), near), min(int(np.ceil(bx)), far)):
        t = min(max((u + 0.5 - ax) / along, 0.0), 1.0)
        middle = ay + along * t * slope
        low = max(int(np.floor(middle - outer)), near_across)
        high = min(int(np.ceil(middle + outer)), far_across)
        for w in range(low, high):
            beside = abs(w + 0.5 - middle)
            shade = min(max(outer + 0.5 - beside, 0.0), 1.0)
            # A line narrower than a pixel covers no more than its width.
            cover = min(max(core + 0.5 - beside, 0.0), 1.0, 2 * core)
            at = np.uint64((u * line + w * 4) if steep else (w * line + u * 4))
            free = _VEIL / (_VEIL + light[0, at + np.uint64(3)])
            gain, keep = np.float32(_LIGHT * cover * free), np.float32(1 - _DIM * shade * free)
            for one in range(len(light)):
                first, last = tones[one, start], tones[one, end]
                tone = (
                    np.float32(first[0] + (last[0] - first[0]) * t) * gain,
                    np.float32(first[1] + (last[1] - first[1]) * t) * gain,
                    np.float32(first[2] + (last[2] - first[2]) * t) * gain,
                    gain,
                )
                lay_over(light[one], at, tone, keep)


@inner_kernel
def _span(
    ax: float, ay: float, bx: float, by: float, low: float, high: float
) -> tuple[float, float]:
    # The y range of a line within low <= x <= high.
    if ax > bx:
        ax, ay, bx, by = bx, by, ax, ay
    if bx - ax < 1e-6:
        return min(ay, by), max(ay, by)
    slope = (by - ay) / (bx - ax)
    y0 = ay + slope * (max(low, ax) - ax)
    y1 = ay + slope * (min(high, bx) - ax)
    return min(y0, y1), max(y0, y1)


@kernel
def _sort(
    pairs: Indices,
    points: Points,
    pad: float,
    grid: tuple[int, int],
    out: tuple[Pointers, Indices],
) -> None:
    # OUT cursors of the tiles, and, unless empty, the strands of each, in their order.
    columns, rows = grid
    cursors, items = out
    for k in range(len(pairs)):
        a, b = pairs[k, 0], pairs[k, 1]
        ax, ay, bx, by = points[a, 0], points[a, 1], points[b, 0], points[b, 1]
        first = max(int(np.floor((min(ax, bx) - pad) / TILE)), 0)
        last = min(int(np.floor((max(ax, bx) + pad) / TILE)), columns - 1)
        for column in range(first, last + 1):
            y0, y1 = _span(ax, ay, bx, by, column * TILE - pad, (column + 1) * TILE + pad)
            upper = max(int(np.floor((y0 - pad) / TILE)), 0)
            lower = min(int(np.floor((y1 + pad) / TILE)), rows - 1)
            for row in range(upper, lower + 1):
                tile = row * columns + column
                if len(items):
                    items[cursors[tile]] = k
                cursors[tile] += 1


@inner_kernel
def _tones(ends: tuple[int, int], palettes: tuple[Rows, Light], tones: Light) -> None:
    # OUT tones (c, 2, 3) of the vertices at both ends.
    rows, colors = palettes
    for one in range(len(tones)):
        for end in range(2):
            row = rows[ends[end], one]
            for channel in range(3):
                tones[one, end, channel] = colors[one, row, channel]


@parallel_kernel
def _lay_all(
    starts: Pointers,
    strands: tuple[Indices, Indices],
    size: tuple[int, int],
    scene: tuple[Points, Rows, Light],
    look: _Look,
    light: Light,
) -> None:
    # INOUT light (c, height * stride). Each tile belongs to one core.
    points, rows, colors = scene
    items, pairs = strands
    width, height = size
    columns, stride = -(-width // TILE), light.shape[1] // height
    radius, rim, gradient = look
    for tile in numba.prange(len(starts) - 1):
        row, column = tile // columns * TILE, tile % columns * TILE
        bounds = (stride, column, row, min(column + TILE, width), min(row + TILE, height))
        tones = np.empty((len(light), 2, 3), np.float32)
        for k in items[starts[tile] : starts[tile + 1]]:
            a, b = pairs[k, 0], pairs[k, 1]
            _tones((a if gradient else b, b), (rows, colors), tones)
            start = np.float64(points[a, 0]), np.float64(points[a, 1])
            end = np.float64(points[b, 0]), np.float64(points[b, 1])
            _lay(light, bounds, (*start, *end), tones, _Look(radius, rim, gradient))


def lay_strands(
    light: Light,
    strands: Indices,
    scene: tuple[Points, Rows, Light],
    look: tuple[float, bool],
    size: tuple[int, int],
) -> None:
    """Lay strands over the light of a canvas, in one or several colourings.

    Args:
        light: float32 (c, height * stride), changed in place; all with the same weights.
        strands: int32 (k, 2), source and reader of each.
        scene: Points float32 (n, 2) in pixels of the canvas, row of the colours of each in each
            colouring uint16 (n, c), and colours float32 (c, k, 4), linear light and 1.
        look: Width of an edge in pixels, and whether it blends from the source's colour to the
            reader's.
        size: Width and height of the canvas.
    """
    wide = max(look[0], 1.0)
    rim = _RIM * wide
    pad = (wide / 2 + rim + 1.0) * 1.5
    width, height = size
    grid = (-(-width // TILE), -(-height // TILE))
    ends = np.zeros(grid[0] * grid[1], np.int64)
    _sort(strands, scene[0], pad, grid, (ends, np.empty(0, np.int32)))
    starts = np.concatenate([[0], np.cumsum(ends)])
    items = np.empty(int(starts[-1]), np.int32)
    if len(items):
        _sort(strands, scene[0], pad, grid, (starts[:-1].copy(), items))
    drawn = _Look(wide / 2, rim, look[1])
    _lay_all(starts, (items, strands), (width, height), scene, drawn, light)

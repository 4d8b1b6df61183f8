"""Strands: long edges between operators, laid over the gaps between bodies like fibres.

Each strand first dims what lies under it in a line that is wider than itself, and then adds its own
light. So the fibres of a crossing lie over each other with a dark rim, as tractography draws them.
Where much light is already, in the bodies, a strand changes little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from gallery.jit import kernel, parallel_kernel
from gallery.rendering.raster.simd import lay_over
from gallery.rendering.raster.tiles import TILE, sort_strokes

Light = npt.NDArray[np.float32]
Points = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strands:
    """Long edges to lay over the bodies.

    Attributes:
        indptr: int64 (n + 1,), vertex v reads `sources[indptr[v]:indptr[v + 1]]`.
        sources: int32 (k,).
    """

    indptr: npt.NDArray[np.int64]
    sources: Indices


class _Look(NamedTuple):
    radius: float
    rim: float
    gradient: bool


@kernel
def _long(
    indptr: npt.NDArray[np.int64],
    sources: Indices,
    points: Points,
    owner: Indices,
    shortest: float,
    found: npt.NDArray[np.int64],
) -> int:
    # OUT found, the numbers of the edges between operators that are long enough, as far as they
    # fit. Returns how many there are.
    many = 0
    least = shortest * shortest
    for v in range(len(points)):
        for e in range(indptr[v], indptr[v + 1]):
            a = sources[e]
            dx, dy = points[a, 0] - points[v, 0], points[a, 1] - points[v, 1]
            if owner[a] != owner[v] and dx * dx + dy * dy > least:
                if many < len(found):
                    found[many] = e
                many += 1
    return many


def strands_of(
    indptr: npt.NDArray[np.int64],
    sources: Indices,
    points: Points,
    owner: Indices,
    reach: float,
) -> Strands:
    """The long edges between operators, or an even sample of them.

    Args:
        indptr: int64 (n + 1,).
        sources: int32 (m,).
        points: float32 (n, 2), pixels.
        owner: int32 (n,), the operator of each vertex.
        reach: Length beyond which edges fade, in pixels.
    """
    shortest = _SHORTEST * reach
    found = np.empty(
        _long(indptr, sources, points, owner, shortest, np.empty(0, np.int64)), np.int64
    )
    _long(indptr, sources, points, owner, shortest, found)
    step = max(-(-len(found) // _MOST), 1)
    kept = found[step // 2 :: step]
    return Strands(indptr=np.searchsorted(kept, indptr).astype(np.int64), sources=sources[kept])


@kernel
def _lay(
    light: Light,
    start: tuple[float, float],
    end: tuple[float, float],
    tones: tuple[Light, Light],
    look: tuple[float, float],
) -> None:
    # INOUT light (h, w, 4), part of a picture; IN start, end (its pixels), tones of both, look
    # (radius, rim).
    radius, rim = look
    ax, ay, bx, by = start[0], start[1], end[0], end[1]
    first, last = tones
    steep = abs(by - ay) > abs(bx - ax)
    if steep:
        ax, ay, bx, by = ay, ax, by, bx
    if ax > bx:
        ax, ay, bx, by = bx, by, ax, ay
        first, last = last, first
    along = bx - ax
    long, wide = (light.shape[0], light.shape[1]) if steep else (light.shape[1], light.shape[0])
    slope = (by - ay) / along
    stretch = np.sqrt(1 + slope * slope)
    core, outer = radius * stretch, (radius + rim) * stretch
    flat = light.reshape(-1)
    row = light.shape[1] * 4
    for u in range(max(int(np.floor(ax)), 0), min(int(np.ceil(bx)), long)):
        t = min(max((u + 0.5 - ax) / along, 0.0), 1.0)
        middle = ay + along * t * slope
        low, high = max(int(np.floor(middle - outer)), 0), min(int(np.ceil(middle + outer)), wide)
        for w in range(low, high):
            near = abs(w + 0.5 - middle)
            shade = min(max(outer + 0.5 - near, 0.0), 1.0)
            # A line narrower than a pixel covers no more than its width.
            cover = min(max(core + 0.5 - near, 0.0), 1.0, 2 * core)
            at = np.uint64((u * row + w * 4) if steep else (w * row + u * 4))
            free = _VEIL / (_VEIL + flat[at + np.uint64(3)])
            gain = np.float32(_LIGHT * cover * free)
            tone = (
                np.float32(first[0] + (last[0] - first[0]) * t) * gain,
                np.float32(first[1] + (last[1] - first[1]) * t) * gain,
                np.float32(first[2] + (last[2] - first[2]) * t) * gain,
                gain,
            )
            lay_over(flat, at, tone, np.float32(1 - _DIM * shade * free))


@parallel_kernel
def _lay_all(
    starts: npt.NDArray[np.int64],
    strokes: Indices,
    grid: tuple[int, int],
    scene: tuple[Points, npt.NDArray[np.uint16], Light],
    look: _Look,
    light: Light,
) -> None:
    # INOUT light (height, width, 4). Each tile belongs to one core.
    points, index, colors = scene
    columns, top = grid
    for tile in numba.prange(len(starts) - 1):
        if starts[tile] == starts[tile + 1]:
            continue
        row, column = tile // columns * TILE, tile % columns * TILE
        part = np.ascontiguousarray(light[row : row + TILE, column : column + TILE])
        for k in range(starts[tile], starts[tile + 1]):
            a, b = strokes[k, 0], strokes[k, 1]
            tone = colors[index[b]]
            other = colors[index[a]] if look.gradient else tone
            _lay(
                part,
                (points[a, 0] - column, points[a, 1] - row - top),
                (points[b, 0] - column, points[b, 1] - row - top),
                (other, tone),
                (look.radius, look.rim),
            )
        light[row : row + TILE, column : column + TILE] = part


def lay_strands(
    light: Light,
    strands: Strands,
    scene: tuple[Points, npt.NDArray[np.uint16], Light],
    look: tuple[float, bool],
    window: tuple[int, int, int],
) -> None:
    """Lay strands over the light of some rows of a picture.

    Args:
        light: float32 (rows, width, 4), changed in place.
        strands: The edges.
        scene: Points float32 (n, 2) in pixels, row of the colours of each uint16 (n,), and colours
            float32 (k, 3), linear light.
        look: Width of an edge in pixels, and whether it blends from the source's colour to the
            reader's.
        window: Width of the picture, first row and number of rows.
    """
    wide = max(look[0], 1.0)
    rim = _RIM * wide
    pads = (wide / 2 + rim + 1.0) * 1.5, 0.0
    bins = sort_strokes(strands.indptr, strands.sources, scene[0], pads, window, 1)
    drawn = _Look(wide / 2, rim, look[1])
    _lay_all(bins.starts, bins.strokes, (bins.columns, window[1]), scene, drawn, light)

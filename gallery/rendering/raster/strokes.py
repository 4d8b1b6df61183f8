"""Draws strokes as light that adds up: antialiased lines and soft dots.

A pixel holds four sums: the light of the strokes that cross it, weighted by coverage, in linear
red, green and blue, and the weights themselves. So colour and amount of light stay separate, and
tone mapping can change one and keep the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from gallery.elementary import power, raised
from gallery.jit import kernel, parallel_kernel
from gallery.rendering.raster.simd import add_dot, add_step
from gallery.rendering.raster.strands import Strands, lay_strands
from gallery.rendering.raster.tiles import TILE, Bins, sort_strokes

Light = npt.NDArray[np.float32]
Points = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]
Real = np.float32
_ZERO, _ONE, _TWO = np.float32(0), np.float32(1), np.float32(2)
_PAD = 16
"""Pixels around a tile that are drawn and discarded, so that lines need no clipping there."""
_SIDE = TILE + 2 * _PAD


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strokes:
    """Everything to draw.

    Attributes:
        indptr: int64 (n + 1,), vertex v reads `sources[indptr[v]:indptr[v + 1]]`.
        sources: int32 (m,).
        points: float32 (n, 2), pixels.
        index: uint16 (n,), row of `colors`.
        colors: float32 (k, 3), linear light.
        line: Width of an edge in pixels.
        dot: Radius of a vertex in pixels, 0 for none.
        dot_light: Light of a vertex.
        fade: Power of the length with which the light of long edges falls.
        reach: Length in pixels beyond which they fade.
        gradient: Whether edges blend from the source's colour to the reader's.
        gains: float32 (n,), times which a vertex's dot and the edges that it reads have their
            light; None for 1.
        sparks: float32 (n,), times which its dot has its light besides; None for 1.
        strands: Edges to lay over all others once more, see `raster.strands`; None for none.
    """

    indptr: npt.NDArray[np.int64]
    sources: Indices
    points: Points
    index: npt.NDArray[np.uint16]
    colors: Light
    line: float
    dot: float
    dot_light: float
    fade: float
    reach: float
    gradient: bool
    gains: Light | None = None
    sparks: Light | None = None
    strands: Strands | None = None


class _Queue(NamedTuple):
    turns: npt.NDArray[np.int64]
    tiles: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    strokes: Indices
    columns: int


class _Scene(NamedTuple):
    points: Points
    rows: npt.NDArray[np.uint16]
    colors: Light
    gains: Light
    sparks: Light


class _Style(NamedTuple):
    radius: np.float32
    dot: np.float32
    dot_light: np.float32
    reach: np.float32
    fades: Light
    gradient: bool


FAINTEST = 0.08
"""The least light of an edge, however long."""

_FADES = 1024


@kernel
def edge_light(length: float | Real, reach: float | Real, fade: float | Real) -> float:
    """Light of an edge by its length in pixels: 1 up to `reach`, then falling, at least 0.08."""
    if length <= reach:
        return 1.0
    return max(power(float(reach / length), float(fade)), FAINTEST)


def _fades(fade: float) -> Light:
    # The light of edges at even steps of the reach over their length, from 0 to 1.
    light = np.maximum(raised(np.arange(_FADES + 1) / _FADES, fade), FAINTEST)
    return np.asarray(light, np.float32)


@kernel
def _edge_light(length: Real, reach: Real, fades: Light) -> Real:
    # `edge_light` from a table: a power for each edge of each tile would take a tenth of the time.
    if length <= reach:
        return _ONE
    place = reach / length * np.float32(_FADES)
    i = np.uint64(place)
    low, high = fades[i], fades[i + np.uint64(1)]
    light: Real = low + (high - low) * (place - np.float32(i))
    return light


@kernel
def _reach(at: Real, slope: Real, start: Real, half: Real) -> tuple[Real, Real]:
    # The range along its major axis in which a line of this half width meets the tile.
    low, high = -half, np.float32(TILE) + half
    if abs(slope) < np.float32(1e-6):
        return (_ZERO, high) if low < start < high else (_ZERO, _ZERO)
    inverse = _ONE / slope
    first = at + (low - start) * inverse
    last = at + (high - start) * inverse
    return min(first, last), max(first, last)


@kernel
def _line(
    light: Light,
    start: tuple[Real, Real],
    end: tuple[Real, Real],
    tones: tuple[Light, Light],
    style: tuple[Real, Real],
) -> None:
    # IN start, end (pixels of the tile), tones of both, style (weight, radius); INOUT light, the
    # padded tile as a flat array. All numbers stay 32 bits wide and all indices unsigned: with the
    # promotions and checks that numba would add, this loop takes three times as long.
    ax, ay, bx, by = start[0], start[1], end[0], end[1]
    weight, radius = style
    step, across_step = np.uint64(4), np.uint64(4 * _SIDE)
    if abs(by - ay) > abs(bx - ax):
        ax, ay, bx, by = ay, ax, by, bx
        step, across_step = across_step, step
    first, last = tones
    if ax > bx:
        ax, ay, bx, by = bx, by, ax, ay
        first, last = last, first
    along = bx - ax
    if along <= _ZERO:
        return
    inverse = _ONE / along
    slope = (by - ay) * inverse
    half = radius * np.sqrt(_ONE + slope * slope)
    low_u, high_u = _reach(ax, slope, ay, half)
    low_u, high_u = max(low_u, ax, _ZERO), min(high_u, bx, np.float32(TILE))
    if high_u <= low_u:
        return
    both = (
        first[0],
        first[1],
        first[2],
        _ONE,
        (last[0] - first[0]) * inverse,
        (last[1] - first[1]) * inverse,
        (last[2] - first[2]) * inverse,
        _ZERO,
    )
    base = ay - half + np.float32(_PAD)
    wide = half + half
    narrow = wide <= np.float32(2)
    for u in range(int(low_u), min(int(high_u) + 1, TILE)):
        left = max(np.float32(u), ax)
        right = min(np.float32(u + 1), bx)
        middle = (left + right) * np.float32(0.5) - ax
        strength = weight * (right - left)
        low = base + slope * middle
        w = max(int(low), 0)
        at = np.uint64(u + _PAD) * step + np.uint64(w) * across_step
        # Distances from the near side of the first pixel to both sides of the line.
        near = low - np.float32(w)
        far = near + wide
        if narrow:
            # A line at most two wide covers at most three pixels; unrolled, they take half the
            # time of a loop over them.
            covers = (
                min(_ONE, far) - near,
                max(min(_TWO, far) - _ONE, _ZERO),
                max(far - _TWO, _ZERO),
            )
            add_step(light, (at, across_step), both, (middle, strength), covers)
            continue
        for k in range(min(int(far) + 1, _SIDE - w)):
            cover = min(np.float32(k + 1), far) - max(np.float32(k), near)
            add_step(light, (at, across_step), both, (middle, strength), (max(cover, _ZERO),))
            at += across_step


@kernel
def _dot(light: Light, at: tuple[Real, Real], tone: Light, weight: Real, radius: Real) -> None:
    # IN at (pixels of the tile), tone, weight, radius; INOUT light, flat. Profile (1 - d²/r²)².
    x, y = at
    inverse = _ONE / (radius * radius)
    y0, y1 = max(int(np.floor(y - radius)), 0), min(int(np.ceil(y + radius)), TILE)
    x0, x1 = max(int(np.floor(x - radius)), 0), min(int(np.ceil(x + radius)), TILE)
    for row in range(y0, y1):
        for column in range(x0, x1):
            dx = np.float32(column) + np.float32(0.5) - x
            dy = np.float32(row) + np.float32(0.5) - y
            inside = _ONE - (dx * dx + dy * dy) * inverse
            if inside > _ZERO:
                place = np.uint64(((row + _PAD) * _SIDE + column + _PAD) * 4)
                strength = weight * inside * inside
                add_dot(light, place, (tone[0], tone[1], tone[2], _ONE), strength)


@parallel_kernel
def _draw(
    queue: _Queue,
    scene: _Scene,
    style: _Style,
    top: int,
    light: Light,
) -> None:
    # OUT light (height, width, 4). Each turn belongs to one core, and each tile to one turn.
    points, index, colors, gains, sparks = scene
    radius, dot, dot_light, reach, fades, gradient = style
    turns, tiles, starts, strokes, columns = queue
    for turn in numba.prange(len(turns) - 1):
        tile_light = np.empty(_SIDE * _SIDE * 4, np.float32)
        for place in range(turns[turn], turns[turn + 1]):
            tile = tiles[place]
            row, column = tile // columns * TILE, tile % columns * TILE
            ox, oy = np.float32(column), np.float32(row + top)
            tile_light[:] = _ZERO
            for k in range(starts[tile], starts[tile + 1]):
                a, b = strokes[k, 0], strokes[k, 1]
                start = (points[a, 0] - ox, points[a, 1] - oy)
                tone = colors[index[b]]
                if a == b:
                    _dot(tile_light, start, tone, dot_light * gains[b] * sparks[b], dot)
                    continue
                end = (points[b, 0] - ox, points[b, 1] - oy)
                dx, dy = end[0] - start[0], end[1] - start[1]
                length = np.sqrt(dx * dx + dy * dy)
                # Long edges, which join bodies, are not dimmed for having little work.
                weight = _edge_light(length, reach, fades)
                weight *= _ONE + (gains[b] - _ONE) * weight
                other = colors[index[a]] if gradient else tone
                _line(tile_light, start, end, (other, tone), (weight, radius))
            rows = min(TILE, light.shape[0] - row)
            wide = min(TILE, light.shape[1] - column)
            drawn = tile_light.reshape(_SIDE, _SIDE, 4)[_PAD:, _PAD:]
            light[row : row + rows, column : column + wide] = drawn[:rows, :wide]


@kernel
def faintest_edge(
    indptr: npt.NDArray[np.int64],
    sources: Indices,
    points: Points,
    reach: float,
    fade: float,
) -> float:
    """Light of the longest edge, which is the faintest; 1 if there are no edges."""
    longest = 0.0
    for v in range(len(points)):
        for e in range(indptr[v], indptr[v + 1]):
            dx = points[v, 0] - points[sources[e], 0]
            dy = points[v, 1] - points[sources[e], 1]
            longest = max(longest, dx * dx + dy * dy)
    return edge_light(np.sqrt(longest), reach, fade)


def draw(strokes: Strokes, window: tuple[int, int, int], step: int = 1) -> Light:
    """The light of some rows of the picture.

    Args:
        strokes: What to draw.
        window: Width of the picture, first row and number of rows.
        step: Draw only every `step`-th edge and vertex, `step` times as bright.

    Returns:
        float32 (rows, width, 4): red, green, blue, weight.
    """
    width, top, height = window
    light = np.zeros((height, width, 4), np.float32)
    bins = sort_strokes(
        strokes.indptr,
        strokes.sources,
        strokes.points,
        # Lines end square to their major axis, so diagonal ones reach sqrt(2) times as far.
        (strokes.line * 0.71 + 1.0, strokes.dot),
        window,
        step,
    )
    even = np.ones(len(strokes.points), np.float32)
    scene = _Scene(
        strokes.points,
        strokes.index,
        strokes.colors,
        even if strokes.gains is None else strokes.gains,
        even if strokes.sparks is None else strokes.sparks,
    )
    style = _Style(
        np.float32(strokes.line / 2),
        np.float32(strokes.dot),
        np.float32(strokes.dot_light),
        np.float32(strokes.reach),
        _fades(strokes.fade),
        strokes.gradient,
    )
    _draw(_share(bins, numba.get_num_threads()), scene, style, top, light)
    if step > 1:
        light *= np.float32(step)
    if strokes.strands is not None and len(strokes.strands.sources):
        look = (strokes.line, strokes.gradient)
        places = (strokes.points, strokes.index, strokes.colors)
        lay_strands(light, strokes.strands, places, look, window)
    return light


def _share(bins: Bins, cores: int) -> _Queue:
    # The tiles with most strokes first, each to the core with the least work so far. The result
    # does not depend on which core draws a tile.
    work = np.diff(bins.starts)
    loads = np.zeros(cores, np.int64)
    turns: list[list[int]] = [[] for _ in range(cores)]
    for tile in np.argsort(-work, kind="stable").tolist():
        if work[tile]:
            core = int(np.argmin(loads))
            loads[core] += work[tile]
            turns[core].append(tile)
    ends = np.cumsum([0, *(len(turn) for turn in turns)])
    queue = np.array([tile for turn in turns for tile in turn], np.int64)
    return _Queue(ends.astype(np.int64), queue, bins.starts, bins.strokes, bins.columns)

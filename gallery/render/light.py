"""Draw strokes as light that adds up: antialiased lines and soft dots.

A pixel holds four sums: the light of the strokes that cross it, weighted by cover, in linear red,
green and blue, and the weights themselves. So what is there and how much of it stay apart, and
tone mapping can change one and keep the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from gallery.color.kernel import kernel, parallel_kernel
from gallery.render.bins import TILE, Bins, sort_strokes

Light = npt.NDArray[np.float32]
Points = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]
Real = float | np.float32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strokes:
    """All that there is to draw.

    Attributes:
        indptr: int64 (n + 1,), vertex v reads `sources[indptr[v]:indptr[v + 1]]`.
        sources: int32 (m,).
        points: float32 (n, 2), pixels.
        index: uint16 (n,), row of `colors`.
        colors: float32 (k, 3), linear light.
        line: Width of an edge in pixels.
        dot: Radius of a vertex in pixels, 0 for none.
        dot_light: Light of a vertex.
        fade: Power of the length by which the light of long edges falls.
        reach: Length in pixels from which on they fade.
        gradient: Whether the source's colour runs into the reader's.
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


class _Style(NamedTuple):
    radius: np.float32
    dot: np.float32
    dot_light: np.float32
    fade: np.float32
    reach: np.float32
    gradient: bool


FAINTEST = 0.08
"""The light that even the longest edge keeps."""


@kernel
def edge_light(length: float, reach: Real, fade: Real) -> float:
    """Light of an edge of a length in pixels: 1 up to `reach`, then falling, never below 0.08."""
    if length <= reach:
        return 1.0
    return float(max((reach / length) ** fade, FAINTEST))


@kernel
def _line(
    light: Light,
    start: tuple[float, float],
    end: tuple[float, float],
    first: Light,
    last: Light,
    style: tuple[np.float32, np.float32],
) -> None:
    # IN start, end (pixels of the tile), colours, style (weight, radius); INOUT light (h, w, 4).
    ax, ay, bx, by = start[0], start[1], end[0], end[1]
    weight, radius = style
    steep = abs(by - ay) > abs(bx - ax)
    wide, tall = light.shape[1], light.shape[0]
    if steep:
        ax, ay, bx, by = ay, ax, by, bx
        wide, tall = tall, wide
    r0, g0, b0 = first[0], first[1], first[2]
    r1, g1, b1 = last[0], last[1], last[2]
    if ax > bx:
        ax, ay, bx, by = bx, by, ax, ay
        r0, g0, b0, r1, g1, b1 = r1, g1, b1, r0, g0, b0
    along = bx - ax
    if along <= 0:
        return
    slope = (by - ay) / along
    half = radius * np.sqrt(1 + slope * slope)
    for u in range(max(int(np.floor(ax)), 0), min(int(np.ceil(bx)), wide)):
        left, right = np.float32(max(u, ax)), np.float32(min(u + 1, bx))
        if right <= left:
            continue
        middle = (left + right) / 2 - ax
        across = ay + slope * middle
        t = middle / along
        strength = weight * (right - left)
        red = (r0 + (r1 - r0) * t) * strength
        green = (g0 + (g1 - g0) * t) * strength
        blue = (b0 + (b1 - b0) * t) * strength
        low, high = across - half, across + half
        for w in range(max(int(np.floor(low)), 0), min(int(np.ceil(high)), tall)):
            cover = min(np.float32(w + 1), high) - max(np.float32(w), low)
            y, x = (u, w) if steep else (w, u)
            light[y, x, 0] += red * cover
            light[y, x, 1] += green * cover
            light[y, x, 2] += blue * cover
            light[y, x, 3] += strength * cover


@kernel
def _dot(light: Light, at: tuple[float, float], tone: Light, weight: Real, radius: Real) -> None:
    # IN at (pixels of the tile), tone, weight, radius; INOUT light. Profile (1 - d²/r²)².
    x, y = at
    for row in range(
        max(int(np.floor(y - radius)), 0), min(int(np.ceil(y + radius)), light.shape[0])
    ):
        for column in range(
            max(int(np.floor(x - radius)), 0), min(int(np.ceil(x + radius)), light.shape[1])
        ):
            dx, dy = column + np.float32(0.5) - x, row + np.float32(0.5) - y
            inside = 1 - (dx * dx + dy * dy) / (radius * radius)
            if inside > 0:
                strength = weight * inside * inside
                light[row, column, 0] += tone[0] * strength
                light[row, column, 1] += tone[1] * strength
                light[row, column, 2] += tone[2] * strength
                light[row, column, 3] += strength


@parallel_kernel
def _draw(
    queue: _Queue,
    scene: _Scene,
    style: _Style,
    top: int,
    light: Light,
) -> None:
    # IN all but light, (height, width, 4). Each turn is one core's; a tile is in one turn only.
    points, index, colors = scene
    radius, dot, dot_light, fade, reach, gradient = style
    turns, tiles, starts, strokes, columns = queue
    for turn in numba.prange(len(turns) - 1):
        for place in range(turns[turn], turns[turn + 1]):
            tile = tiles[place]
            row, column = tile // columns * TILE, tile % columns * TILE
            view = light[row : row + TILE, column : column + TILE]
            ox, oy = np.float32(column), np.float32(row + top)
            for k in range(starts[tile], starts[tile + 1]):
                a, b = strokes[k, 0], strokes[k, 1]
                ax, ay = points[a, 0] - ox, points[a, 1] - oy
                tone = colors[index[b]]
                if a == b:
                    _dot(view, (ax, ay), tone, dot_light, dot)
                    continue
                bx, by = points[b, 0] - ox, points[b, 1] - oy
                length = np.sqrt((bx - ax) ** 2 + (by - ay) ** 2)
                weight = np.float32(edge_light(length, reach, fade))
                other = colors[index[a]] if gradient else tone
                _line(view, (ax, ay), (bx, by), other, tone, (weight, radius))


@kernel
def faintest_edge(
    indptr: npt.NDArray[np.int64],
    sources: Indices,
    points: Points,
    reach: float,
    fade: float,
) -> float:
    """Light of the longest edge, which is the faintest; 1 where there are no edges."""
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
        step: Draws every `step`-th edge and vertex only, that much brighter.

    Returns:
        float32 (rows, width, 4): red, green, blue, weight.
    """
    width, top, height = window
    light = np.zeros((height, width, 4), np.float32)
    bins = sort_strokes(
        strokes.indptr,
        strokes.sources,
        strokes.points,
        # Steep lines are cut square to their major axis, which takes them sqrt(2) further out.
        (strokes.line * 0.71 + 1.0, strokes.dot),
        window,
        step,
    )
    scene = _Scene(strokes.points, strokes.index, strokes.colors)
    style = _Style(
        np.float32(strokes.line / 2),
        np.float32(strokes.dot),
        np.float32(strokes.dot_light),
        np.float32(strokes.fade),
        np.float32(strokes.reach),
        strokes.gradient,
    )
    _draw(_share(bins, numba.get_num_threads()), scene, style, top, light)
    if step > 1:
        light *= np.float32(step)
    return light


def _share(bins: Bins, cores: int) -> _Queue:
    # Longest first, each to the core with the least so far: which core draws a tile is nothing
    # that the tile's light could show.
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

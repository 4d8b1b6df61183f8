"""Draws strokes as light that adds up: antialiased lines and soft dots.

A pixel holds four sums: the light of the strokes that cross it, weighted by coverage, in linear
red, green and blue, and the weights themselves. So colour and amount of light stay separate, and
tone mapping can change one and keep the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from gallery.jit import kernel, parallel_kernel, read_only
from gallery.numerics.elementary import power, raised
from gallery.rendering.raster.frame import bounds
from gallery.rendering.raster.gaps import Gaps, lift
from gallery.rendering.raster.lines import FADES, Look, Stage
from gallery.rendering.raster.parts import long_edges
from gallery.rendering.raster.spans import Spans, spans_of
from gallery.rendering.raster.strands import lay_strands
from gallery.rendering.raster.sweep import draw_tiles
from gallery.rendering.raster.tiles import (
    CHUNKS,
    TILE,
    Bins,
    Grid,
    no_points,
    quarters,
    sort_points,
)

Light = npt.NDArray[np.float32]
Points = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]
Real = np.float32


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
        strands: int32 (s, 2), source and reader of edges to lay over all others once more, see
            `raster.strands`; None for none.
        gaps: Where light is lifted in the end, see `raster.gaps`; None for nowhere.
        spans: Of the edges, in pixels; None if they are not known yet.
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
    strands: Indices | None = None
    gaps: Gaps | None = None
    spans: Spans | None = None

    def known_spans(self) -> Spans:
        """The spans of the edges, measured if they are not known yet."""
        return self.spans or spans_of(self.indptr, self.sources, self.points)


FAINTEST = 0.08
"""The least light of an edge, however long."""

_SAMPLE = 50_000


@kernel
def edge_light(length: float | Real, reach: float | Real, fade: float | Real) -> float:
    """Light of an edge by its length in pixels: 1 up to `reach`, then falling, at least 0.08."""
    if length <= reach:
        return 1.0
    return max(power(float(reach / length), float(fade)), FAINTEST)


def _fades(fade: float) -> Light:
    # The light of edges at even steps of the reach over their length, from 0 to 1.
    light = np.maximum(raised(np.arange(FADES + 1) / FADES, fade), FAINTEST)
    return np.asarray(light, np.float32)


def mean_light(strokes: Strokes) -> float:
    """About how much light the edges have in a pixel that they cover, from a sample of them."""
    step = max(len(strokes.sources) // _SAMPLE, 1)
    lengths = np.empty(-(-len(strokes.sources) // step), np.float32)
    _lengths(read_only(strokes.indptr), read_only(strokes.sources), strokes.points, step, lengths)
    # Half of the box around them is usually covered.
    low, high = bounds(strokes.points)
    area = float((high - low).prod()) / 2
    return float(lengths.sum(dtype=np.float64)) * step * strokes.line / max(area, 1.0)


@parallel_kernel
def _lengths(
    indptr: npt.NDArray[np.int64], sources: Indices, points: Points, step: int, lengths: Light
) -> None:
    # OUT lengths of each `step`-th edge.
    for part in numba.prange(CHUNKS):
        first, end = len(lengths) * part // CHUNKS, len(lengths) * (part + 1) // CHUNKS
        b = np.searchsorted(indptr, first * step, side="right") - 1
        for k in range(first, end):
            while indptr[b + 1] <= k * step:
                b += 1
            a = sources[k * step]
            dx, dy = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1]
            lengths[k] = np.sqrt(dx * dx + dy * dy)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Canvas:
    """What is drawn on: the window and, where strokes cross its border, half a tile around it.

    Attributes:
        grid: Tiles.
        left: Pixels of the canvas to the left of the window.
        above: Pixels above it.
        width: Width in pixels.
        height: Height in pixels.
        longest: Most columns of pixels of a line that stays within half a tile.
    """

    grid: Grid
    left: int
    above: int
    width: int
    height: int
    longest: int


def _canvas(strokes: Strokes, window: tuple[int, int, int]) -> _Canvas:
    width, top, height = window
    # Lines end square to their major axis, so diagonal ones reach sqrt(2) times as far.
    pad = max(strokes.line * 0.71 + 2, strokes.dot + 1)
    side = TILE
    while side < 4 * (pad + 2):
        side *= 2
    low, high = np.zeros(2), np.zeros(2)
    if len(strokes.points):
        low, high = bounds(strokes.points)
    inside = low - pad >= (0, top), high + pad <= (width, top + height)
    left, above = (0 if within else side // 2 for within in inside[0] & inside[1])
    wide, tall = width + 2 * left, height + 2 * above
    # Rows a power of two apart would share few places of the cache.
    wide += 4 if wide % 64 == 0 else 0
    grid = Grid(side, -(-wide // side), -(-tall // side))
    return _Canvas(
        grid=grid,
        left=left,
        above=above,
        width=wide,
        height=tall,
        longest=int(side / 2 - pad) - 2,
    )


def single_light(spans: Spans, reach: float, fade: float, gains: Light | None) -> float:
    """Light of the brightest pixels of the faintest edge, if it is a pixel wide.

    Args:
        spans: Of the edges; the longest is the faintest, and with none it has all light.
        reach: Length from which edges fade, in the pixels of the spans.
        fade: See `RenderSettings.fade`.
        gains: See `Strokes.gains`.
    """
    faint = edge_light(spans.longest * spans.unit, reach, fade)
    if gains is not None and len(gains):
        faint *= min(1 + (float(gains.min()) - 1) * faint, 1.0)
    # An antialiased line's brightest pixel has about 0.7 of its light if it straddles two.
    return 0.7 * faint


def draw(strokes: Strokes, window: tuple[int, int, int], step: int = 1) -> Light:
    """The light of some rows of the picture.

    Args:
        strokes: What to draw.
        window: Width of the picture, first row and number of rows.
        step: Draw only every `step`-th edge and vertex, `step` times as bright.

    Returns:
        float32 (rows, width, 4): red, green, blue, weight; as for `sums.rows_of`.
    """
    palette = Palette(strokes.index, strokes.colors, strokes.gaps)
    return draw_several(strokes, [palette], window, step)[0]


class Palette(NamedTuple):
    """A colouring of the vertices: row of each uint16 (n,), colours float32 (k, 3), and gaps."""

    rows: npt.NDArray[np.uint16]
    colors: Light
    gaps: Gaps | None


def draw_several(
    strokes: Strokes, palettes: Sequence[Palette], window: tuple[int, int, int], step: int = 1
) -> list[Light]:
    """The light of some rows of the picture in several colourings, in one sweep over the edges.

    Args:
        strokes: What to draw; its own colours and gaps are not used.
        palettes: The colourings.
        window: See `draw`.
        step: See `draw`.

    Returns:
        float32 (rows, width, 4) of each.
    """
    width, top, height = window
    canvas = _canvas(strokes, window)
    stride = canvas.width * 4
    light = np.zeros((len(palettes), canvas.height * stride), np.float32)
    points = np.empty_like(strokes.points)
    _shift(strokes.points, np.float32(canvas.left), np.float32(canvas.above - top), points)
    scene = Stage(
        points,
        *_gains(strokes),
        *_tints(palettes),
        np.float32(strokes.dot),
        np.float32(strokes.dot_light),
        stride,
    )
    look = Look(
        np.float32(strokes.line / 2),
        np.float32(strokes.reach),
        _fades(strokes.fade),
        np.float32(canvas.longest),
        strokes.gradient,
        np.float32(canvas.left),
        np.float32(canvas.left + width),
        np.float32(canvas.above),
        np.float32(canvas.above + height),
    )
    edges = (strokes.indptr, strokes.sources, step)
    sweep = _Sweep(edges, scene, look, light, canvas.grid)
    none = no_points(canvas.grid)
    _run(sweep, sort_points(points, strokes.indptr, canvas.grid), none, np.empty((0, 3), np.int32))
    spans = strokes.known_spans()
    for parts in long_edges(edges, points, spans, canvas.grid, canvas.longest):
        _run(sweep, none, parts.bins, parts.edges)
    if step > 1:
        light *= np.float32(step)
    if strokes.strands is not None and len(strokes.strands):
        wanted, size = (strokes.line, strokes.gradient), (canvas.width, canvas.height)
        lay_strands(light, strokes.strands, (points, scene.rows, scene.colors), wanted, size)
    found = [_window(one, canvas, width, height) for one in light]
    for one, palette in zip(found, palettes, strict=True):
        if palette.gaps is not None:
            lift(one, palette.gaps, top)
    return found


def _window(light: Light, canvas: _Canvas, width: int, height: int) -> Light:
    # The picture's part of a canvas (h * w * 4,).
    if not canvas.left:
        whole = light.reshape(canvas.height, canvas.width, 4)
        return whole[canvas.above : canvas.above + height, :width]
    # Moved to its start: a copy would double the peak.
    rows = light.reshape(canvas.height, canvas.width * 4)
    wide = width * 4
    for y in range(height):
        row = rows[canvas.above + y, canvas.left * 4 : canvas.left * 4 + wide]
        light[y * wide : (y + 1) * wide] = row
    return light[: height * wide].reshape(height, width, 4)


class _Sweep(NamedTuple):
    """What all sweeps of a drawing share; `light` is changed in place."""

    edges: tuple[npt.NDArray[np.int64], Indices, int]
    scene: Stage
    look: Look
    light: Light
    grid: Grid


def _run(sweep: _Sweep, vertices: Bins, pieces: Bins, parts: Indices) -> None:
    # Draw vertices, the edges that they read, and parts of edges.
    bins = (vertices.starts, vertices.items, pieces.starts, pieces.items)
    edges = (*sweep.edges, parts)
    for queue in quarters(vertices.work + pieces.work, sweep.grid, numba.get_num_threads()):
        draw_tiles(queue, bins, edges, sweep.scene, sweep.look, sweep.light)


def _tints(palettes: Sequence[Palette]) -> tuple[npt.NDArray[np.uint16], Light]:
    most = max((len(one.colors) for one in palettes), default=0)
    colors = np.ones((len(palettes), most, 4), np.float32)
    for place, one in enumerate(palettes):
        colors[place, : len(one.colors), :3] = one.colors
    # The rows of a single one are not copied: that would take two bytes a vertex.
    rows = palettes[0].rows[:, None]
    if len(palettes) > 1:
        rows = np.stack([one.rows for one in palettes], axis=1)
    return read_only(rows), colors


def _gains(strokes: Strokes) -> tuple[Light, Light]:
    # As `Stage.gains` and `Stage.sparks`.
    gains = np.ones(len(strokes.points), np.float32) if strokes.gains is None else strokes.gains
    sparks = np.empty(0, np.float32) if strokes.sparks is None else strokes.sparks
    return read_only(gains), read_only(sparks)


@parallel_kernel
def _shift(points: Points, across: Real, down: Real, shifted: Points) -> None:
    # OUT shifted (n, 2). NumPy's inner loop would be over the two columns.
    for v in numba.prange(len(points)):
        shifted[v, 0], shifted[v, 1] = points[v, 0] + across, points[v, 1] + down

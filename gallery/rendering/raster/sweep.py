"""The sweep over edges and vertices, tile by tile, into the light of one or several colourings."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from gallery.jit import kernel, parallel_kernel
from gallery.rendering.raster.lines import BATCH, Batch, Look, Scene, draw_batch, new_batch
from gallery.rendering.raster.simd import add_dot
from gallery.rendering.raster.tiles import Queue

Light = npt.NDArray[np.float32]
Pointers = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int32]
Real = np.float32
_ZERO, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)


class Stage(NamedTuple):
    """What is drawn: `vertices`, `rows` and `colors` as in `Scene`.

    `dot`: radius of vertices in pixels, 0 for none. `dots`: float32 (n,), their light. `stride`:
    from one row of the light to the next.
    """

    vertices: Light
    rows: npt.NDArray[np.uint16]
    colors: Light
    dot: Real
    dots: Light
    stride: int


@kernel
def _dot(
    light: Light, at: tuple[Real, Real], tone: Light, weight: Real, radius: Real, width: int
) -> None:
    # IN at (pixels of the canvas), tone, weight, radius; INOUT light, flat. Profile (1 - d²/r²)².
    x, y = at
    inverse = _ONE / (radius * radius)
    height = len(light) // 4 // width
    y0, y1 = np.int32(np.floor(y - radius)), np.int32(np.ceil(y + radius))
    x0, x1 = np.int32(np.floor(x - radius)), np.int32(np.ceil(x + radius))
    if x0 < 0 or y0 < 0 or x1 > width or y1 > height:
        return
    for row in range(y0, y1):
        dy = np.float32(row) + _HALF - y
        beside = _ONE - dy * dy * inverse
        place = np.uint64((row * width + x0) * 4)
        for column in range(x0, x1):
            dx = np.float32(column) + _HALF - x
            inside = max(beside - dx * dx * inverse, _ZERO)
            add_dot(light, place, (tone[0], tone[1], tone[2], _ONE), weight * inside * inside)
            place += np.uint64(4)


@kernel
def _draw_tile(
    batch: Batch,
    items: Indices,
    edges: tuple[Pointers, Indices, int],
    scene: Stage,
    look: Look,
    light: Light,
) -> None:
    # INOUT light (colourings, height * stride).
    indptr, sources, step = edges
    vertices, rows, colors, dot, dots, stride = scene
    places = Scene(vertices, rows, colors)
    longest = look.longest - _ONE
    many = 0
    for v in items:
        x, y = vertices[v, 0], vertices[v, 1]
        for e in range(indptr[v] + (-indptr[v]) % step, indptr[v + 1], step):
            a = sources[e]
            batch.sources[many] = a
            batch.readers[many] = v
            if max(abs(vertices[a, 0] - x), abs(vertices[a, 1] - y)) <= longest:
                many += 1
            if many == BATCH:
                draw_batch(light, stride, batch, many, places, look)
                many = 0
    draw_batch(light, stride, batch, many, places, look)
    if dot <= _ZERO:
        return
    for v in items:
        if v % step == 0:
            for one in range(len(light)):
                tone = colors[one, rows[one, v]]
                at = (vertices[v, 0], vertices[v, 1])
                _dot(light[one], at, tone, dots[v], dot, stride // 4)


@parallel_kernel
def draw_tiles(
    queue: Queue,
    bins: tuple[Pointers, Indices],
    edges: tuple[Pointers, Indices, int],
    scene: Stage,
    look: Look,
    light: Light,
) -> None:
    """Draw the edges that the vertices of some tiles read, and the vertices.

    Args:
        queue: The tiles; each turn belongs to one core.
        bins: Where the vertices of each tile begin, and the vertices.
        edges: `indptr` and `sources` of the graph, and which edges and vertices to draw: each
            `step`-th.
        scene: See `Stage`.
        look: See `Look`; edges too long for it are left out.
        light: float32 (c, height * stride), one for each colouring, changed in place.
    """
    # Tuples are taken apart for the parallel loop, which cannot hold them.
    turns, tiles = queue
    starts, items = bins
    indptr, sources, step = edges
    vertices, rows, colors, dot, dots, stride = scene
    radius, reach, fades, longest, gradient, left, right, top, bottom = look
    for turn in numba.prange(len(turns) - 1):
        batch = new_batch(int(longest))
        own_scene = Stage(vertices, rows, colors, dot, dots, stride)
        own_look = Look(radius, reach, fades, longest, gradient, left, right, top, bottom)
        for place in range(turns[turn], turns[turn + 1]):
            tile = tiles[place]
            own = items[starts[tile] : starts[tile + 1]]
            _draw_tile(batch, own, (indptr, sources, step), own_scene, own_look, light)


@kernel
def _draw_some(
    batch: Batch, items: Indices, parts: Indices, scene: Stage, look: Look, light: Light
) -> None:
    vertices, rows, colors, _, _, stride = scene
    places = Scene(vertices, rows, colors)
    many = 0
    for k in items:
        batch.sources[many] = parts[k, 0]
        batch.readers[many] = parts[k, 1]
        batch.parts[many] = parts[k, 2]
        many += 1
        if many == BATCH:
            draw_batch(light, stride, batch, many, places, look)
            many = 0
    draw_batch(light, stride, batch, many, places, look)


@parallel_kernel
def draw_parts(
    queue: Queue,
    bins: tuple[Pointers, Indices],
    parts: Indices,
    scene: Stage,
    look: Look,
    light: Light,
) -> None:
    """Draw parts of edges: int32 (k, 3), source, reader and number; others as `draw_tiles`."""
    turns, tiles = queue
    starts, items = bins
    vertices, rows, colors, dot, dots, stride = scene
    radius, reach, fades, longest, gradient, left, right, top, bottom = look
    for turn in numba.prange(len(turns) - 1):
        batch = new_batch(int(longest))
        own_scene = Stage(vertices, rows, colors, dot, dots, stride)
        own_look = Look(radius, reach, fades, longest, gradient, left, right, top, bottom)
        for place in range(turns[turn], turns[turn + 1]):
            tile = tiles[place]
            own = items[starts[tile] : starts[tile + 1]]
            _draw_some(batch, own, parts, own_scene, own_look, light)

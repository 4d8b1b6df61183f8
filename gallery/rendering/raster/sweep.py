"""The sweep over edges and vertices, tile by tile, into the light of one or several colourings."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from gallery.jit import kernel, parallel_kernel
from gallery.rendering.raster.batch import AX, AY, BATCH, BX, BY, GAIN, PART
from gallery.rendering.raster.lines import Batch, Look, draw_batch, new_batch
from gallery.rendering.raster.simd import add_dot
from gallery.rendering.raster.tiles import Queue

Light = npt.NDArray[np.float32]
Pointers = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int32]
Real = np.float32
_ZERO, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)


class Stage(NamedTuple):
    """What is drawn.

    `vertices`: float32 (n, 4), x, y (pixels of the canvas), gain, and light of its dot. `rows`:
    uint16 (c, n), row of the colours of each in each colouring. `colors`: float32 (c, k, 4), linear
    light and 1. `dot`: radius of vertices in pixels, 0 for none. `stride`: from one row of the
    light to the next.
    """

    vertices: Light
    rows: npt.NDArray[np.uint16]
    colors: Light
    dot: Real
    stride: int


@kernel
def _dots(items: Indices, step: int, scene: Stage, light: Light) -> None:
    # INOUT light (colourings, height * stride). Profile (1 - d²/r²)².
    vertices, rows, colors, radius, stride = scene
    inverse = _ONE / (radius * radius)
    width = stride // 4
    height = light.shape[1] // stride
    for v in items:
        x, y, weight = vertices[v, 0], vertices[v, 1], vertices[v, 3]
        y0, y1 = np.int32(np.floor(y - radius)), np.int32(np.ceil(y + radius))
        x0, x1 = np.int32(np.floor(x - radius)), np.int32(np.ceil(x + radius))
        if v % step != 0 or x0 < 0 or y0 < 0 or x1 > width or y1 > height:
            continue
        for row in range(y0, y1):
            dy = np.float32(row) + _HALF - y
            beside = _ONE - dy * dy * inverse
            for column in range(x0, x1):
                dx = np.float32(column) + _HALF - x
                inside = max(beside - dx * dx * inverse, _ZERO)
                place = np.uint64((row * width + column) * 4)
                for one in range(len(light)):
                    tone = colors[one, rows[one, v]]
                    parts = (tone[0], tone[1], tone[2], _ONE)
                    add_dot(light[one], place, parts, weight * inside * inside)


@kernel
def _take(batch: Batch, many: int, edge: tuple[int, int, int], vertices: Light) -> None:
    # Put an edge into a batch: source, reader and number of the part.
    a, b, part = edge
    numbers = batch.numbers
    batch.sources[many], batch.readers[many] = a, b
    numbers[many + AX], numbers[many + AY] = vertices[a, 0], vertices[a, 1]
    numbers[many + BX], numbers[many + BY] = vertices[b, 0], vertices[b, 1]
    numbers[many + GAIN], numbers[many + PART] = vertices[b, 2], np.float32(part)


@kernel
def _draw_tile(
    own: tuple[Indices, Indices],
    edges: tuple[Pointers, Indices, int],
    parts: Indices,
    scene: Stage,
    look: Look,
    light: Light,
) -> None:
    # IN own: vertices and parts of edges; INOUT light (colourings, height * stride).
    indptr, sources, step = edges
    readers, pieces = own
    vertices = scene.vertices
    paints = (scene.rows, scene.colors)
    longest = look.longest - _ONE
    batch = new_batch(look)
    # The edges of a reader, one after the other, and after the last reader the parts.
    turn, many = 0, 0
    e, end, v, x, y = 0, 0, 0, _ZERO, _ZERO
    while True:
        if e < end:
            a = sources[e]
            e += step
            if max(abs(vertices[a, 0] - x), abs(vertices[a, 1] - y)) <= longest:
                _take(batch, many, (a, v, 0), vertices)
                many += 1
        elif turn < len(readers):
            v = readers[turn]
            turn += 1
            e, end = indptr[v] + (-indptr[v]) % step, indptr[v + 1]
            x, y = vertices[v, 0], vertices[v, 1]
        elif turn < len(readers) + len(pieces):
            k = pieces[turn - len(readers)]
            turn += 1
            _take(batch, many, (parts[k, 0], parts[k, 1], parts[k, 2]), vertices)
            many += 1
        done = e >= end and turn == len(readers) + len(pieces)
        if many == BATCH or done:
            draw_batch(light, scene.stride, batch, many, paints, look)
            many = 0
        if done:
            break
    if scene.dot > _ZERO:
        _dots(readers, step, scene, light)


@parallel_kernel
def draw_tiles(
    queue: Queue,
    bins: tuple[Pointers, Indices, Pointers, Indices],
    edges: tuple[Pointers, Indices, int],
    parts: Indices,
    scene: Stage,
    look: Look,
    light: Light,
) -> None:
    """Draw the edges that the vertices of some tiles read, parts of edges, and the vertices.

    Args:
        queue: The tiles; each turn belongs to one core.
        bins: Where the vertices of each tile begin, the vertices, where its parts begin, and the
            parts.
        edges: `indptr` and `sources` of the graph, and which edges and vertices to draw: each
            `step`-th.
        parts: int32 (k, 3), source, reader and number of each.
        scene: See `Stage`.
        look: See `Look`; edges too long for it are left out.
        light: float32 (c, height * stride), one for each colouring, changed in place.
    """
    # Tuples are taken apart for the parallel loop, which cannot hold them.
    turns, tiles = queue
    starts, items, part_starts, part_items = bins
    indptr, sources, step = edges
    vertices, rows, colors, dot, stride = scene
    radius, reach, fades, longest, gradient, left, right, top, bottom = look
    for turn in numba.prange(len(turns) - 1):
        own_scene = Stage(vertices, rows, colors, dot, stride)
        own_look = Look(radius, reach, fades, longest, gradient, left, right, top, bottom)
        for place in range(turns[turn], turns[turn + 1]):
            tile = tiles[place]
            own = (
                items[starts[tile] : starts[tile + 1]],
                part_items[part_starts[tile] : part_starts[tile + 1]],
            )
            _draw_tile(own, (indptr, sources, step), parts, own_scene, own_look, light)

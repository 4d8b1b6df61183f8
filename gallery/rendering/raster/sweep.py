"""The sweep over edges and vertices, tile by tile, into the light of one or several colourings."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from gallery.jit import inner_kernel, parallel_kernel
from gallery.rendering.raster.batch import BATCH, PART
from gallery.rendering.raster.lines import Batch, Look, Stage, draw_batch, new_batch
from gallery.rendering.raster.simd import DISC, add_disc, add_dot
from gallery.rendering.raster.tiles import Queue

Light = npt.NDArray[np.float32]
Pointers = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int32]
Real = np.float32
_ZERO, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)


@inner_kernel
def _dots(items: Indices, step: int, scene: Stage, one: int, light: Light) -> None:
    # IN one, the number of the colouring; INOUT light (height * stride). Profile (1 - d²/r²)².
    points, gains, sparks = scene.points, scene.gains, scene.sparks
    radius, stride = scene.dot, scene.stride
    rows, colors = scene.rows, scene.colors[one]
    inverse = _ONE / (radius * radius)
    width = stride // 4
    height = len(light) // stride
    for v in items:
        x, y = points[v, 0], points[v, 1]
        y0, y1 = np.int32(np.floor(y - radius)), np.int32(np.ceil(y + radius))
        x0, x1 = np.int32(np.floor(x - radius)), np.int32(np.ceil(x + radius))
        skipped = step > 1 and v % step != 0
        if skipped or x0 < 0 or y0 < 0 or x1 > width or y1 > height:
            continue
        weight = gains[v] * scene.dot_light
        if len(sparks):
            weight *= sparks[v]
        row = rows[v, one]
        parts = (colors[row, 0], colors[row, 1], colors[row, 2], _ONE)
        if x1 - x0 <= DISC and y1 - y0 <= DISC and x0 + DISC <= width and y0 + DISC <= height:
            place = np.uint64(y0 * stride + x0 * 4)
            away = (np.float32(x0) + _HALF - x, np.float32(y0) + _HALF - y)
            add_disc(light, place, stride, parts, (away[0], away[1], inverse, weight))
            continue
        for line in range(y0, y1):
            dy = np.float32(line) + _HALF - y
            beside = _ONE - dy * dy * inverse
            for column in range(x0, x1):
                dx = np.float32(column) + _HALF - x
                inside = max(beside - dx * dx * inverse, _ZERO)
                place = np.uint64(line * stride + column * 4)
                add_dot(light, place, parts, weight * inside * inside)


@inner_kernel
def _fill_edges(
    batch: Batch, readers: Indices, edges: tuple[Pointers, Indices, int], at: Pointers
) -> int:
    # INOUT at: place of the next reader and its next edge, or 0 for its first; returns how many.
    indptr, sources, step = edges
    place, e, many = at[0], at[1], 0
    while place < len(readers) and many < BATCH:
        v = readers[place]
        if e == 0:
            e = indptr[v] + ((-indptr[v]) % step if step > 1 else 0)
        end = min(indptr[v + 1], e + (BATCH - many) * step)
        while e < end:
            batch.sources[many], batch.readers[many] = sources[e], v
            many += 1
            e += step
        if e >= indptr[v + 1]:
            place += 1
            e = 0
    at[0], at[1] = place, e
    return many


@inner_kernel
def _fill_parts(batch: Batch, pieces: Indices, parts: Indices, at: Pointers) -> int:
    # INOUT at: place of the next piece; returns how many.
    many = int(min(len(pieces) - at[2], BATCH))
    for k in range(many):
        i = pieces[at[2] + k]
        batch.sources[k], batch.readers[k] = parts[i, 0], parts[i, 1]
        batch.numbers[k + PART] = np.float32(parts[i, 2])
    at[2] += many
    return many


@inner_kernel
def _draw_tile(
    own: tuple[Indices, Indices],
    edges: tuple[Pointers, Indices, int, Indices],
    scene: Stage,
    look: Look,
    light: Light,
) -> None:
    # IN own: vertices and parts of edges; INOUT light (colourings, height * stride).
    indptr, sources, step, parts = edges
    batch = new_batch(look, len(light))
    at = np.zeros(3, np.int64)
    while True:
        limit = look.longest - _ONE
        many = _fill_edges(batch, own[0], (indptr, sources, step), at)
        if many == 0:
            limit = np.float32(np.inf)
            many = _fill_parts(batch, own[1], parts, at)
        if many == 0:
            break
        draw_batch(light, batch, many, scene, look, limit)
    if scene.dot > _ZERO:
        # Some at a time, so that what is read of a vertex is near in all colourings.
        for first in range(0, len(own[0]), BATCH):
            some = own[0][first : first + BATCH]
            for one in range(len(light)):
                _dots(some, step, scene, one, light[one])


@parallel_kernel
def draw_tiles(
    queue: Queue,
    bins: tuple[Pointers, Indices, Pointers, Indices],
    edges: tuple[Pointers, Indices, int, Indices],
    scene: Stage,
    look: Look,
    light: Light,
) -> None:
    """Draw the edges that the vertices of some tiles read, parts of edges, and the vertices.

    Args:
        queue: The tiles; each turn belongs to one core.
        bins: Where the vertices of each tile begin, the vertices, where its parts begin, and the
            parts.
        edges: `indptr` and `sources` of the graph; which edges and vertices to draw, each
            `step`-th; and the parts, int32 (k, 3): source, reader and number of each.
        scene: See `Stage`.
        look: See `Look`; edges too long for it are left out.
        light: float32 (c, height * stride), one for each colouring, changed in place.
    """
    # Tuples are taken apart for the parallel loop, which cannot hold them.
    turns, tiles = queue
    starts, items, part_starts, part_items = bins
    indptr, sources, step, parts = edges
    points, gains, sparks, rows, colors, dot, dot_light, stride = scene
    radius, reach, fades, longest, gradient, left, right, top, bottom = look
    for turn in numba.prange(len(turns) - 1):
        own_scene = Stage(points, gains, sparks, rows, colors, dot, dot_light, stride)
        own_look = Look(radius, reach, fades, longest, gradient, left, right, top, bottom)
        for place in range(turns[turn], turns[turn + 1]):
            tile = tiles[place]
            own = (
                items[starts[tile] : starts[tile + 1]],
                part_items[part_starts[tile] : part_starts[tile + 1]],
            )
            _draw_tile(own, (indptr, sources, step, parts), own_scene, own_look, light)

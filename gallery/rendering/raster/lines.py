"""Antialiased lines in batches: what all of them need is worked out first, then they are drawn.

A line runs along its major axis, and has a square end there. In each column of pixels along that
axis it covers a range across: the mean over the column's width, which is exact for the sums of its
light. Lines are worked out in a loop without branches over plain arrays, so that the compiler does
several at a time. They are drawn in the order of their lengths: so a processor foresees how often
each of the loops over columns turns.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gallery.jit import inner_kernel
from gallery.rendering.raster.batch import (
    AX,
    AY,
    BATCH,
    BEGIN,
    BX,
    BY,
    COLUMNS,
    END,
    FLOATS,
    GAIN,
    INTEGERS,
    LOW,
    PART,
    PLACE,
    SHARE,
    SHARE_FIRST,
    SHARE_LAST,
    SLOPE,
    SLOT,
    START,
    STEP,
    SWAPPED,
    TINT_FIRST,
    TINT_LAST,
    TINTS,
    WEIGHT,
    WIDE,
)
from gallery.rendering.raster.simd import GROUP, LANES, lines_of

Light = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]
Real = np.float32

FADES = 1024
"""Steps of the table of the light of long edges."""
_ZERO, _HALF, _ONE, _TINY = np.float32(0), np.float32(0.5), np.float32(1), np.float32(1e-9)
_STEPS, _LAST = np.float32(FADES), np.int32(FADES - 1)
_LENGTHS = np.int32(64)
"""Lengths in columns by which lines are sorted; longer ones count as the longest."""
_KINDS = 6
"""Flat lines of up to two pixels in a column, up to three, and more; and steep ones."""

_flat_2, _steep_2 = lines_of(2, steep=False), lines_of(2, steep=True)
_flat_3, _steep_3 = lines_of(3, steep=False), lines_of(3, steep=True)
_wide = lines_of(0, steep=False)


class Batch(NamedTuple):
    """Lines to draw.

    `sources`, `readers`: int32 (k,), the vertices at both ends. `numbers`, `places`: float32 and
    int32, see `raster.batch`. `tints`: int32 (c, t), those of each colouring, see there. `order`:
    int32 (k,), lines by length. `slots`: int32, how many there are of each length. `spots`,
    `covers`: int32 (r,) and float32 (p, r), columns of `GROUP` lines.
    """

    sources: Indices
    readers: Indices
    numbers: Numbers
    places: Indices
    tints: Indices
    order: Indices
    slots: Indices
    spots: Indices
    covers: Numbers


class Stage(NamedTuple):
    """What is drawn.

    `points`: float32 (n, 2), pixels of the canvas. `gains`: float32 (n,), light of the edges that a
    vertex reads and of its dot. `sparks`: float32 (n,), times which its dot has its light besides,
    or (0,) for 1. `rows`: uint16 (n, c), row of the colours of each vertex in each colouring.
    `colors`: float32 (c, k, 4), linear light and 1. `dot`: radius of vertices in pixels, 0 for
    none. `dot_light`: light of one. `stride`: from one row of the light to the next.
    """

    points: Numbers
    gains: Numbers
    sparks: Numbers
    rows: npt.NDArray[np.uint16]
    colors: Light
    dot: Real
    dot_light: Real
    stride: int


class Look(NamedTuple):
    """How edges look: half their width, where they fade and how, and how long their parts are.

    `left`, `right`, `top` and `bottom` bound the picture, in pixels of the canvas: what is wholly
    outside is left out.
    """

    radius: Real
    reach: Real
    fades: Numbers
    longest: Real
    gradient: bool
    left: Real
    right: Real
    top: Real
    bottom: Real


@inner_kernel
def new_batch(look: Look, colorings: int) -> Batch:
    """An empty batch for lines that look so in some colourings, all of them first parts."""
    length = int(look.longest) + 2 + LANES
    # A diagonal line is sqrt(2) times as wide across.
    pixels = int(look.radius * np.float32(2.9)) + 3
    return Batch(
        np.empty(BATCH, np.int32),
        np.empty(BATCH, np.int32),
        np.zeros(FLOATS * BATCH, np.float32),
        np.empty(INTEGERS * BATCH, np.int32),
        np.empty((colorings, TINTS * BATCH), np.int32),
        np.empty(BATCH, np.int32),
        np.empty(_KINDS * int(_LENGTHS), np.int32),
        np.empty(GROUP * length, np.int32),
        np.empty((pixels, GROUP * length), np.float32),
    )


@inner_kernel
def _gather(batch: Batch, many: int, points: Numbers, gains: Numbers) -> None:
    # Nothing else, so that a processor fetches the ends of many lines at once.
    numbers = batch.numbers
    for k in range(many):
        a, b = batch.sources[k], batch.readers[k]
        numbers[k + AX], numbers[k + AY] = points[a, 0], points[a, 1]
        numbers[k + BX], numbers[k + BY] = points[b, 0], points[b, 1]
        numbers[k + GAIN] = gains[b]


@inner_kernel
def _prepare(
    numbers: Numbers, places: Indices, many: int, look: Look, stride: int, limit: Real
) -> None:
    # IN numbers to PART; OUT the others and places. Lines longer than the limit become empty.
    radius, reach, longest = look.radius, look.reach, look.longest
    left, right, top, bottom = look.left, look.right, look.top, look.bottom
    row = np.int32(stride)
    for k in range(many):
        ax, ay, bx, by = numbers[k + AX], numbers[k + AY], numbers[k + BX], numbers[k + BY]
        dx, dy = bx - ax, by - ay
        length = np.sqrt(dx * dx + dy * dy)
        numbers[k + PLACE] = min(reach / max(length, _TINY), _ONE) * _STEPS
        steep = abs(dy) > abs(dx)
        p, p_across = (ay, ax) if steep else (ax, ay)
        q, q_across = (by, bx) if steep else (bx, by)
        swapped = p > q
        low, low_across = (q, q_across) if swapped else (p, p_across)
        high, high_across = (p, p_across) if swapped else (q, q_across)
        inverse = _ONE / max(high - low, _TINY)
        slope = (high_across - low_across) * inverse
        half = radius * np.sqrt(_ONE + slope * slope)
        begin = np.floor(low) + numbers[k + PART] * longest
        start, end = max(low, begin), min(high, begin + longest)
        before = slope * (start - low) + low_across
        after = slope * (end - low) + low_across
        near, far = (top, bottom) if steep else (left, right)
        near_across, far_across = (left, right) if steep else (top, bottom)
        inside = (
            (end > start)
            & (high - low <= limit)
            & (end >= near)
            & (start <= far)
            & (max(before, after) + half >= near_across)
            & (min(before, after) - half <= far_across)
        )
        first, last = np.floor(start), np.floor(end)
        second = first + _ONE + _HALF
        numbers[k + LOW] = before - half + slope * (second - start)
        numbers[k + SLOPE] = slope
        numbers[k + WIDE] = half + half
        numbers[k + BEGIN] = start - second
        numbers[k + END] = end - second
        stop = min(end, first + _ONE)
        numbers[k + SHARE_FIRST] = ((start + stop) * _HALF - low) * inverse
        numbers[k + SHARE] = (second - low) * inverse
        numbers[k + SHARE_LAST] = ((last + end) * _HALF - low) * inverse
        numbers[k + STEP] = inverse
        places[k + START] = np.int32(first) * (row if steep else np.int32(4))
        columns = np.int32(last) - np.int32(first) + np.int32(1)
        columns = columns if inside else np.int32(0)
        places[k + COLUMNS] = columns
        kind = np.int32(3) if steep else np.int32(0)
        kind += np.int32(1) if half + half > _ONE else np.int32(0)
        kind += np.int32(1) if half > _ONE else np.int32(0)
        places[k + SLOT] = kind * _LENGTHS + min(columns, _LENGTHS - np.int32(1))
        places[k + SWAPPED] = np.int32(1) if swapped else np.int32(0)


@inner_kernel
def _weigh(numbers: Numbers, many: int, fades: Numbers) -> None:
    # The light of edges by length, from a table: a power for each would take as long as all else.
    for k in range(many):
        place = numbers[k + PLACE]
        i = min(np.int32(place), _LAST)
        weight = fades[i] + (fades[i + 1] - fades[i]) * (place - np.float32(i))
        # Long edges, which join bodies, are not dimmed for having little work.
        numbers[k + WEIGHT] = weight * (_ONE + (numbers[k + GAIN] - _ONE) * weight)


@inner_kernel
def _sort(places: Indices, many: int, slots: Indices, order: Indices) -> None:
    # OUT order, lines by slot, and slots, where those after each end.
    slots[:] = 0
    for k in range(many):
        slots[places[k + SLOT]] += 1
    total = np.int32(0)
    for i in range(len(slots)):
        total += slots[i]
        slots[i] = total - slots[i]
    for k in range(many):
        at = places[k + SLOT]
        order[slots[at]] = k
        slots[at] += 1


@inner_kernel
def _tint(batch: Batch, many: int, rows: npt.NDArray[np.uint16], gradient: bool) -> None:
    # OUT tints of the batch. The branch is for speed: a loop over colourings for each line makes
    # the sweep of a single one 4 % longer.
    tints = batch.tints
    for k in range(many):
        reader = batch.readers[k]
        source = batch.sources[k] if gradient else reader
        swapped = batch.places[k + SWAPPED] != 0
        first, last = (reader, source) if swapped else (source, reader)
        if len(tints) == 1:
            tints[0, k + TINT_FIRST] = rows[first, 0]
            tints[0, k + TINT_LAST] = rows[last, 0]
            continue
        for one in range(len(tints)):
            tints[one, k + TINT_FIRST] = rows[first, one]
            tints[one, k + TINT_LAST] = rows[last, one]


@inner_kernel
def draw_batch(
    light: Light, batch: Batch, many: int, scene: Stage, look: Look, limit: Real
) -> None:
    """Draw the first lines of a batch, in each of several colourings.

    Args:
        light: float32 (c, h * stride), changed in place.
        batch: With sources, readers and parts.
        many: Number of lines.
        scene: See `Stage`.
        look: See `Look`.
        limit: Columns beyond which lines are left out.
    """
    numbers, places, order = batch.numbers, batch.places, batch.order
    stride = scene.stride
    _gather(batch, many, scene.points, scene.gains)
    _prepare(numbers, places, many, look, stride, limit)
    _weigh(numbers, many, look.fades)
    _sort(places, many, batch.slots, order)
    ends = batch.slots[_LENGTHS - 1 :: _LENGTHS]
    _tint(batch, many, scene.rows, look.gradient)
    paints = (scene.colors, batch.tints)
    lines, room = (numbers, places, order), (batch.spots, batch.covers)
    pixels = len(batch.covers)
    _flat_2(light, paints, lines, room, (0, ends[0], 4, stride, 2))
    _flat_3(light, paints, lines, room, (ends[0], ends[1], 4, stride, 3))
    _wide(light, paints, lines, room, (ends[1], ends[2], 4, stride, pixels))
    _steep_2(light, paints, lines, room, (ends[2], ends[3], stride, 4, 2))
    _steep_3(light, paints, lines, room, (ends[3], ends[4], stride, 4, 3))
    _wide(light, paints, lines, room, (ends[4], ends[5], stride, 4, pixels))

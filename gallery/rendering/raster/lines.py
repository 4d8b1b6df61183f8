"""Antialiased lines in batches: what all of them need is worked out first, then they are drawn.

A line runs along its major axis, and has a square end there. In each column of pixels along that
axis it covers a range across: the mean over the column's width, which is exact for the sums of its
light. The first loop has no branches, so that the processor fetches the ends of many lines at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gallery.jit import kernel
from gallery.rendering.raster.simd import LANES, add_dot, adder_of, columns_of

Light = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]
Real = np.float32

BATCH = 512
"""Lines worked out at a time; what is known of them fits in a core's fastest cache."""
FADES = 1024
"""Steps of the table of the light of long edges."""
_ZERO, _HALF, _ONE, _TINY = np.float32(0), np.float32(0.5), np.float32(1), np.float32(1e-9)
_STEPS, _LAST = np.float32(FADES), np.int32(FADES - 1)

_find_2, _find_3, _find_5 = (columns_of(pixels) for pixels in (2, 3, 5))
_add_2, _add_3, _add_5 = (adder_of(pixels) for pixels in (2, 3, 5))


class Batch(NamedTuple):
    """Lines to draw, by source, reader and part, and what is worked out of them, all (k,).

    `start`, `end`: along the major axis. `low`: near side of the line there. `wide`: width across.
    `done`: share of the edge before `start`. `inverse`: one over its whole extent along the axis.
    """

    sources: Indices
    readers: Indices
    parts: Indices
    start: Numbers
    end: Numbers
    low: Numbers
    slope: Numbers
    wide: Numbers
    weight: Numbers
    done: Numbers
    inverse: Numbers
    swapped: npt.NDArray[np.uint8]
    steep: npt.NDArray[np.uint8]
    tints: Indices
    spots: Indices
    covers: Numbers


class Scene(NamedTuple):
    """Where vertices are and what colours they have.

    `vertices`: float32 (n, 3), x, y (pixels of the canvas) and gain. `rows`: uint16 (c, n), row of
    the colours of each in each colouring. `colors`: float32 (c, k, 3), linear light.
    """

    vertices: Numbers
    rows: npt.NDArray[np.uint16]
    colors: Light


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


@kernel
def new_batch(longest: int) -> Batch:
    """An empty batch for lines of at most so many pixels."""
    numbers = np.empty((8, BATCH), np.float32)
    return Batch(
        np.empty(BATCH, np.int32),
        np.empty(BATCH, np.int32),
        np.zeros(BATCH, np.int32),
        numbers[0],
        numbers[1],
        numbers[2],
        numbers[3],
        numbers[4],
        numbers[5],
        numbers[6],
        numbers[7],
        np.empty(BATCH, np.uint8),
        np.empty(BATCH, np.uint8),
        np.empty((2, BATCH), np.int32),
        np.empty(longest + 2 + LANES, np.int32),
        np.empty((5, longest + 2 + LANES), np.float32),
    )


@kernel
def _prepare(batch: Batch, many: int, vertices: Numbers, look: Look) -> None:
    # IN vertices (n, 3): x, y (pixels of the canvas) and gain; INOUT batch.
    radius, reach, fades, longest, _, left, right, top, bottom = look
    sources, readers, parts = batch.sources, batch.readers, batch.parts
    starts, ends, lows, slopes = batch.start, batch.end, batch.low, batch.slope
    wides, weights, dones, inverses = batch.wide, batch.weight, batch.done, batch.inverse
    swaps, steeps = batch.swapped, batch.steep
    for k in range(many):
        a, b = sources[k], readers[k]
        ax, ay, bx, by = vertices[a, 0], vertices[a, 1], vertices[b, 0], vertices[b, 1]
        dx, dy = bx - ax, by - ay
        length = np.sqrt(dx * dx + dy * dy)
        steep = abs(dy) > abs(dx)
        p, p_across = (ay, ax) if steep else (ax, ay)
        q, q_across = (by, bx) if steep else (bx, by)
        swapped = p > q
        low, low_across = (q, q_across) if swapped else (p, p_across)
        high, high_across = (p, p_across) if swapped else (q, q_across)
        inverse = _ONE / max(high - low, _TINY)
        slope = (high_across - low_across) * inverse
        half = radius * np.sqrt(_ONE + slope * slope)
        first = np.floor(low) + np.float32(parts[k]) * longest
        start, end = max(low, first), min(high, first + longest)
        before = slope * (start - low) + low_across
        after = slope * (end - low) + low_across
        # What is wholly outside of the window becomes empty.
        near, far = (top, bottom) if steep else (left, right)
        near_across, far_across = (left, right) if steep else (top, bottom)
        inside = (
            (end >= near)
            & (start <= far)
            & (max(before, after) + half >= near_across)
            & (min(before, after) - half <= far_across)
        )
        # The light of edges by length, from a table: a power for each would take as long as all
        # else in this loop.
        place = min(reach / max(length, _TINY), _ONE) * _STEPS
        i = min(np.int32(place), _LAST)
        weight = fades[i] + (fades[i + 1] - fades[i]) * (place - np.float32(i))
        # Long edges, which join bodies, are not dimmed for having little work.
        weights[k] = weight * (_ONE + (vertices[b, 2] - _ONE) * weight)
        starts[k], ends[k] = start, end if inside else start
        lows[k], slopes[k], wides[k] = before - half, slope, half + half
        dones[k], inverses[k] = (start - low) * inverse, inverse
        swaps[k], steeps[k] = swapped, steep


@kernel
def _column(
    light: Light,
    batch: Batch,
    k: int,
    u: int | np.int32,
    steps: tuple[int | np.int64, int | np.int64],
    both: tuple[Real, Real, Real, Real, Real, Real],
) -> None:
    # One column of a line, at u, pixel by pixel: its ends, of which it covers but a part.
    step, across = steps
    first = batch.start[k]
    left, right = max(np.float32(u), first), min(np.float32(u + 1), batch.end[k])
    middle = (left + right) * _HALF - first
    low = batch.low[k] + batch.slope[k] * middle
    strength = batch.weight[k] * (right - left)
    r, g, b, r_change, g_change, b_change = both
    tone = (r + r_change * middle, g + g_change * middle, b + b_change * middle, _ONE)
    pixel = np.int32(low)
    near = low - np.float32(pixel)
    far = near + batch.wide[k]
    at = np.uint64(u * step + pixel * across)
    add_dot(light, at, tone, (min(far, _ONE) - near) * strength)
    # The next pixel, even if nothing of it is covered: whether it is cannot be foreseen.
    far -= _ONE
    at += np.uint64(across)
    add_dot(light, at, tone, min(max(far, _ZERO), _ONE) * strength)
    if batch.wide[k] <= _ONE:
        return
    while far > _ONE:
        far -= _ONE
        at += np.uint64(across)
        add_dot(light, at, tone, min(far, _ONE) * strength)


@kernel
def _tint(batch: Batch, many: int, rows: npt.NDArray[np.uint16], gradient: bool) -> None:
    # The rows of the colours at both ends of each line.
    for k in range(many):
        b = batch.readers[k]
        a = batch.sources[k] if gradient else b
        batch.tints[0, k] = rows[b if batch.swapped[k] else a]
        batch.tints[1, k] = rows[a if batch.swapped[k] else b]


@kernel
def draw_batch(
    light: Light,
    stride: int,
    batch: Batch,
    many: int,
    scene: Scene,
    look: Look,
) -> None:
    """Draw the first lines of a batch, in each of several colourings.

    Args:
        light: float32 (c, h * stride), changed in place.
        stride: From one row to the next.
        batch: With sources, readers and parts.
        many: Number of lines.
        scene: See `Scene`.
        look: See `Look`.
    """
    _prepare(batch, many, scene.vertices, look)
    for one in range(len(light)):
        _tint(batch, many, scene.rows[one], look.gradient)
        _draw(light[one], stride, batch, many, scene.colors[one])


@kernel
def _draw(light: Light, stride: int, batch: Batch, many: int, colors: Light) -> None:
    # INOUT light (h * stride,).
    spots, covers = batch.spots, batch.covers
    for k in range(many):
        first, last = batch.start[k], batch.end[k]
        if last <= first:
            continue
        u, end = np.int32(first), np.int32(last)
        columns = np.int64(end - u) + 1
        steep = batch.steep[k]
        step, across = np.int64(stride if steep else 4), np.int64(4 if steep else stride)
        wide, slope, inverse = batch.wide[k], batch.slope[k], batch.inverse[k]
        i, j = batch.tints[0, k], batch.tints[1, k]
        r, g, b = colors[i, 0], colors[i, 1], colors[i, 2]
        r_more, g_more, b_more = colors[j, 0] - r, colors[j, 1] - g, colors[j, 2] - b
        before = batch.done[k]
        r, g, b = r + r_more * before, g + g_more * before, b + b_more * before
        r_more, g_more, b_more = r_more * inverse, g_more * inverse, b_more * inverse
        both = (r, g, b, r_more, g_more, b_more)
        _column(light, batch, k, u, (step, across), both)
        if columns > 1:
            _column(light, batch, k, end, (step, across), both)
        if columns <= 2:
            continue
        if wide > np.float32(4):
            for inner in range(u + 1, end):
                _column(light, batch, k, inner, (step, across), both)
            continue
        middle = np.float32(u + 1) + _HALF - first
        line = (batch.low[k] + slope * middle, slope, wide, batch.weight[k])
        steps = (np.int64(u + 1) * step, step, across)
        tones = (
            r + r_more * middle,
            g + g_more * middle,
            b + b_more * middle,
            _ONE,
            r_more,
            g_more,
            b_more,
            _ZERO,
        )
        if wide <= _ONE:
            _find_2(columns - 2, spots, covers, line, steps)
            _add_2((columns - 2, across), light, spots, covers, tones)
        elif wide <= np.float32(2):
            _find_3(columns - 2, spots, covers, line, steps)
            _add_3((columns - 2, across), light, spots, covers, tones)
        else:
            _find_5(columns - 2, spots, covers, line, steps)
            _add_5((columns - 2, across), light, spots, covers, tones)

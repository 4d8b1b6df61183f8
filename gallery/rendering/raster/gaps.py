"""Light in the gaps between bodies, where only traffic passes: it is lifted, so that it is seen.

The tone curve gives most of its range to what a picture has most of, and few edges cross a gap:
they would all be near the floor. Faint light gains most, in proportion, and bright light, as where
all edges of a body meet, next to nothing. But what was brighter stays brighter, so strands lie
above what is under them and their rims stay dark. Where the gaps are is known from how many
vertices there are around a place, as a share of the picture; so it does not depend on the picture's
size.
"""

from __future__ import annotations

from math import ceil, isqrt
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from gallery.jit import kernel, parallel_kernel
from gallery.rendering.raster.sums import rows_of

Light = npt.NDArray[np.float32]
Points = npt.NDArray[np.float32]

_LEAST, _MOST = 32, 320
"""Cells along the longer side of the picture; in between, the square root of the vertices."""
_SMOOTH = 4
"""How often cells are averaged with their neighbours."""
_SPARSE = 0.1
"""Vertices around a place that is half a gap, relative to the median around vertices."""


class Lift(NamedTuple):
    """How light is lifted in a gap; all relative to the mean light of the picture.

    Attributes:
        most: Most light that a gap adds.
        faint: Light to which half of that is added.
        bright: Light from which on less than half of that is added.
    """

    most: float
    faint: float
    bright: float


LIFTS = {"dark": Lift(2.0, 0.05, 2.0), "light": Lift(4.0, 0.12, 2.4)}
"""On each ground. On paper, where the faintest ink is plainly seen, fibres that lie together are
lifted more and single ones less, so that gaps are no pale plane."""


class Gaps(NamedTuple):
    """Where the gaps are.

    Attributes:
        shares: float32 (h, w), for each cell from 0 in a body to 1 in a gap.
        cell: Side of a cell in pixels; the first one begins at the picture's upper left corner.
        light: Mean light of the picture.
        lift: How it is lifted; see `LIFTS`.
    """

    shares: Light
    cell: float
    light: float
    lift: Lift = LIFTS["dark"]


def gaps_of(points: Points, size: tuple[int, int], light: float) -> Gaps:
    """Find the gaps of a picture.

    Args:
        points: float32 (n, 2), vertices in pixels.
        size: Width and height in pixels.
        light: Mean light of the picture, see `strokes.mean_light`.
    """
    width, height = size
    cell = max(size) / min(max(isqrt(len(points)), _LEAST), _MOST)
    counts = np.zeros((ceil(height / cell), ceil(width / cell)), np.float32)
    _count(points, np.float32(1 / cell), counts)
    around = counts
    for _ in range(_SMOOTH):
        around = _smooth(_smooth(around))
    bodies = around[counts > 0]
    usual = max(float(np.median(bodies)) * _SPARSE, 1e-6) if len(bodies) else 1.0
    shares = 1 / (1 + np.square(around / np.float32(usual)))
    return Gaps(np.ascontiguousarray(shares, np.float32), cell, light)


def share_at(gaps: Gaps, place: Points) -> float:
    """How much of a gap a place (x, y) in pixels is, from 0 to 1."""
    rows, columns = gaps.shares.shape
    column, row = (int(one // gaps.cell) for one in place)
    return float(gaps.shares[min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)])


def _smooth(cells: Light) -> Light:
    # Averaged along the columns, and transposed.
    wide = np.pad(cells, ((1, 1), (0, 0)))
    return np.asarray(((wide[:-2] + wide[2:]) / 2 + cells).T / 2, np.float32)


@kernel
def _count(points: Points, scale: np.float32, counts: Light) -> None:
    # IN scale: cells a pixel; INOUT counts.
    rows, columns = counts.shape
    for v in range(len(points)):
        row, column = int(np.floor(points[v, 1] * scale)), int(np.floor(points[v, 0] * scale))
        if 0 <= row < rows and 0 <= column < columns:
            counts[row, column] += 1


def lift(light: Light, gaps: Gaps, top: int) -> None:
    """Lift the light in the gaps.

    Args:
        light: float32 (rows, width, 4) of some rows of a picture, changed in place.
        gaps: The picture's.
        top: Number of the first row.
    """
    most, faint, bright = (np.float32(one * gaps.light) for one in gaps.lift)
    place = np.float32(1 / gaps.cell), top
    _lift(rows_of(light), light.shape[1], gaps.shares, place, (most, faint, bright))


@parallel_kernel
def _lift(
    light: Light,
    width: int,
    shares: Light,
    place: tuple[np.float32, int],
    amounts: tuple[np.float32, np.float32, np.float32],
) -> None:
    # INOUT light, as of `rows_of`; IN width, shares, place (cells a pixel, first row), amounts
    # (most, faint, bright).
    scale, top = place
    most, faint, bright = amounts
    rows, columns = shares.shape
    half, one = np.float32(0.5), np.float32(1)
    for y in numba.prange(light.shape[0]):
        v = min(max((y + top + half) * scale - half, np.float32(0)), np.float32(rows - 1))
        i = min(int(v), max(rows - 2, 0))
        below = np.float32(v - i)
        near, far = shares[i], shares[min(i + 1, rows - 1)]
        for x in range(width):
            amount = light[y, 4 * x + 3]
            if amount <= 0:
                continue
            u = min(max((x + half) * scale - half, np.float32(0)), np.float32(columns - 1))
            j = min(int(u), max(columns - 2, 0))
            k, right = min(j + 1, columns - 1), np.float32(u - j)
            upper = near[j] + (near[k] - near[j]) * right
            lower = far[j] + (far[k] - far[j]) * right
            share = upper + (lower - upper) * below
            over = amount / bright
            gain = one + most * share / ((amount + faint) * (one + over * over))
            for c in range(4):
                light[y, 4 * x + c] *= gain

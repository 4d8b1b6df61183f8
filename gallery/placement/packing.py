"""Lays the drawings of unconnected parts side by side."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gallery.jit import kernel
from gallery.numerics.elementary import cos, sin
from gallery.placement.graph_levels import FloatArray, IntArray

DoubleArray = npt.NDArray[np.float64]

_GAP = 0.4
"""Gap around each drawing, in distances of neighbouring bodies."""

_GOLDEN = np.pi * (3 - np.sqrt(5))


def pack(places: FloatArray, part: IntArray, body: FloatArray) -> FloatArray:
    """Move the parts so that their bounding circles do not overlap, the largest in the middle.

    Each circle gets the first free position on a sunflower spiral (Vogel, A better way to construct
    the sunflower head, 1979, https://doi.org/10.1016/0025-5564(79)90080-4).

    Args:
        places: float32 (n, 2), each part around the origin.
        part: int32 (n,), the part that each vertex belongs to: 0..max.
        body: float32 (n,), radius of each vertex's body.
    """
    reach = np.sqrt((places.astype(np.float64) ** 2).sum(axis=1)) + body
    radius = np.full(int(part.max()) + 1, 0.0)
    np.maximum.at(radius, part, reach)
    radius += _GAP
    order = np.argsort(-radius, kind="stable")
    centre = np.zeros((len(radius), 2))
    spiral = _spiral(radius)
    start = 0
    for number, this in enumerate(order[1:], 1):
        before = order[:number]
        # Positions taken for a circle are taken for the next one of its size too.
        start = start if radius[before[-1]] == radius[this] else 0
        start = _first_free(spiral, centre[before], radius[before] + radius[this], start)
        centre[this] = spiral[start]
    return (places + centre[part]).astype(np.float32)


def _spiral(radius: DoubleArray) -> DoubleArray:
    """Candidate positions from the middle outwards, as dense as the smallest circle needs."""
    step = max(float(radius.min()), float(radius.max()) / 16)
    # Circles and the rings that keep others away from them take at most four times their areas.
    farthest = 2.5 * float(np.sqrt((radius**2).sum())) + 3 * float(radius.max())
    number = np.arange(int((farthest / step) ** 2) + 1)
    distance = step * np.sqrt(number)
    return np.stack([distance * cos(_GOLDEN * number), distance * sin(_GOLDEN * number)], 1)


def _first_free(spiral: DoubleArray, taken: DoubleArray, needed: DoubleArray, start: int) -> int:
    """Index of the first candidate that is far enough from all circles."""
    found = int(_free(spiral, taken, needed, start))
    if found == len(spiral):
        raise AssertionError("the spiral is too short for all circles")
    return found


@kernel
def _free(spiral, taken, needed, start):  # type: ignore[no-untyped-def]
    for candidate in range(start, len(spiral)):
        # The circle placed last is most often in the way.
        for circle in range(len(taken) - 1, -1, -1):
            dx = spiral[candidate, 0] - taken[circle, 0]
            dy = spiral[candidate, 1] - taken[circle, 1]
            if dx * dx + dy * dy < needed[circle] * needed[circle]:
                break
        else:
            return candidate
    return len(spiral)

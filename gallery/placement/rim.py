"""Places points along a smooth line around a cloud of points, as a crescent.

It is open towards negative x, and narrows to its ends. Most points lie close to the line and few
far out, so that its outer border is soft.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gallery.jit import kernel
from gallery.numerics.elementary import arctan2, cos, interpolate, sin

DoubleArray = npt.NDArray[np.float64]

_SIDES = 360
_SMOOTH = 12
"""Sides over which the line's corners are rounded."""
_OPEN = 0.5
"""Angle from negative x within which the side that faces there stays free, in half turns."""
_EVEN = 0.7
"""How evenly points are spread: 0 each in its own direction, 1 evenly."""
_GAP, _DEPTH = 0.03, 0.14
"""Distance of the line from the cloud, and most that points lie beside it, in its mean radius."""
_GOLDEN = (float(np.sqrt(5)) - 1) / 2


def around(cloud: DoubleArray, points: DoubleArray) -> DoubleArray:
    """Places outside a cloud, each in about the direction of its point: float64 (k, 2).

    They lie along the half of the rounded convex hull that faces positive x, so none is farther
    towards negative x than the cloud.

    Args:
        cloud: float64 (n, 2), at least one point.
        points: float64 (k, 2), near or in the cloud.
    """
    if not len(points):
        return points
    # Axis by axis: the smallest of each column takes NumPy many times as long.
    centre = np.array([(column.min() + column.max()) / 2 for column in cloud.T])
    line, normal = _hull(cloud - centre)
    steps = np.diff(line, axis=0)
    along = np.concatenate([[0.0], np.cumsum(np.sqrt((steps * steps).sum(axis=1)))])
    along /= max(float(along[-1]), 1e-30)
    turns = _turns(line)
    first = turns[0]
    turned = np.concatenate([[0.0], np.cumsum(np.diff(turns) % 2)])
    own = interpolate((_turns(points - centre) - first) % 2, turned, along)
    order = np.argsort(own, kind="stable")
    rank = np.empty(len(points))
    rank[order] = np.arange(len(points))
    sides = round(_OPEN * _SIDES / 2)
    start, end = along[sides], along[_SIDES - sides]
    share = _EVEN * (rank + 0.5) / len(points) + (1 - _EVEN) * own
    place = start + (end - start) * share
    radius = float(np.sqrt((line * line).sum(axis=1)).mean())
    # The density falls evenly to 0 at the outer border.
    outward = 1 - np.sqrt(1 - rank * _GOLDEN % 1)
    beside = radius * (_GAP + _DEPTH * 4 * share * (1 - share) * outward)
    found = [
        interpolate(place, along, line[:, axis])
        + beside * interpolate(place, along, normal[:, axis])
        for axis in (0, 1)
    ]
    return np.asarray(centre + np.stack(found, axis=1))


def _turns(points: DoubleArray) -> DoubleArray:
    """Directions of points from the origin in half turns, -1 to 1: float64 (k,)."""
    return np.asarray(arctan2(points[:, 1], points[:, 0])) / np.pi


def _hull(cloud: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """The rounded hull of a cloud around the origin, once around from negative x, and its normals.

    A convex line is given by its support function h: at the normal angle a, it passes through
    h (cos a, sin a) + h' (-sin a, cos a). To smooth h is to average the line and turned copies.
    """
    angle = np.pi * (2 * np.arange(_SIDES + 1) / _SIDES - 1)
    normal = np.stack([cos(angle), sin(angle)], axis=1)
    ends = cloud[_extreme(cloud)]
    support = np.max(
        normal[:-1, :1] * ends[None, :, 0] + normal[:-1, 1:] * ends[None, :, 1], axis=1
    )
    smooth = sum(np.roll(support, step) for step in range(-_SMOOTH, _SMOOTH + 1))
    smooth = smooth / (2 * _SMOOTH + 1)
    smooth += (support - smooth).max()
    slope = (np.roll(smooth, -1) - np.roll(smooth, 1)) * (_SIDES / (4 * np.pi))
    smooth, slope = (np.append(one, one[0])[:, None] for one in (smooth, slope))
    across = np.stack([-normal[:, 1], normal[:, 0]], axis=1)
    return smooth * normal + slope * across, normal


def _extreme(cloud: DoubleArray) -> npt.NDArray[np.int64]:
    """Points that can be on the hull: the highest and the lowest in each of many columns."""
    low, width = cloud[:, 0].min(), max(float(np.ptp(cloud[:, 0])), 1e-30)
    found = np.full((2, _SIDES), -1, np.int64)
    _fill_extreme(cloud, low, width, found)
    return found[found >= 0]


@kernel
def _fill_extreme(cloud, low, width, found):  # type: ignore[no-untyped-def]
    columns = found.shape[1]
    for point in range(len(cloud)):
        column = min(int((cloud[point, 0] - low) / width * columns), columns - 1)
        lowest, highest = found[0, column], found[1, column]
        if lowest < 0 or cloud[point, 1] < cloud[lowest, 1]:
            found[0, column] = point
        if highest < 0 or cloud[point, 1] >= cloud[highest, 1]:
            found[1, column] = point

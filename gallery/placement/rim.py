"""Places points at the rim of a cloud of points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gallery.elementary import arctan2, cos, sin

DoubleArray = npt.NDArray[np.float64]

_SECTORS = 180
_EVEN = 0.5
"""How evenly points are spread along the rim: 0 each where its own direction is, 1 evenly."""
_OPEN = 0.16
"""Share of the full circle, at either side of the direction of the middle, that stays free."""
_GAP = 0.05
"""Distance of the rim from the cloud, in its mean radius."""
_DEEP = 0.05
"""Depth of the rim."""
_GOLDEN = (np.sqrt(5) - 1) / 2


def around(cloud: DoubleArray, points: DoubleArray) -> DoubleArray:
    """Places outside a cloud, each in about the direction of its point: float64 (k, 2).

    The rim is open towards negative x.

    Args:
        cloud: float64 (n, 2).
        points: float64 (k, 2), near or in the cloud.
    """
    if not len(points):
        return points
    centre = (cloud.min(axis=0) + cloud.max(axis=0)) / 2
    outline = _outline(cloud - centre)
    turn = _directions(points - centre)
    limit = 1 - 2 * _OPEN
    order = np.argsort(turn, kind="stable")
    even = np.empty(len(points))
    even[order] = (2 * (np.arange(len(points)) + 0.5) / len(points) - 1) * limit
    turn = _EVEN * even + (1 - _EVEN) * limit * turn
    rank = np.empty(len(points))
    rank[order] = np.arange(len(points))
    mean = float(outline.mean())
    at = (turn + 1) / 2 * _SECTORS - 0.5
    low = np.floor(at).astype(np.int64)
    share = at - low
    reach = outline[low % _SECTORS] * (1 - share) + outline[(low + 1) % _SECTORS] * share
    radius = reach + mean * (_GAP + _DEEP * (rank * _GOLDEN % 1))
    across, up = radius * cos(np.pi * turn), radius * sin(np.pi * turn)
    return np.asarray(centre + np.stack([across, up], axis=1))


def _directions(points: DoubleArray) -> DoubleArray:
    """Directions of points from the origin in half turns, -1 to 1: float64 (k,)."""
    return np.asarray(arctan2(points[:, 1], points[:, 0])) / np.pi


def _outline(cloud: DoubleArray) -> DoubleArray:
    """How far a cloud reaches in each direction, smoothed: float64 (sectors,)."""
    sector = np.clip(((_directions(cloud) + 1) / 2 * _SECTORS).astype(np.int64), 0, _SECTORS - 1)
    reach = np.zeros(_SECTORS)
    np.maximum.at(reach, sector, np.sqrt((cloud**2).sum(axis=1)))
    wide = np.max([np.roll(reach, step) for step in range(-4, 5)], axis=0)
    return np.asarray(sum(np.roll(wide, step) for step in range(-6, 7)) / 13)

"""How much of the smallest circle around discs they cover, and whether its middle stays empty."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from gallery.jit import kernel
from gallery.numerics.elementary import cos, sin
from gallery.placement.graph_levels import FloatArray

_POINTS = 512
"""Number of points at which cover is tested."""

_GOLDEN = np.pi * (3 - np.sqrt(5))

_STEPS = 60

MIDDLE = 0.25
"""Radius of the middle, relative to the circle's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """What discs cover of about the smallest circle around them.

    Attributes:
        radius: The circle's.
        whole: The share of it that is covered.
        middle: The same of its middle.
    """

    radius: float
    whole: float
    middle: float


@cache
def _sunflower() -> npt.NDArray[np.float64]:
    """Points that are spread evenly over the unit disc, from its middle outwards: (2, points).

    Vogel, A better way to construct the sunflower head, 1979,
    https://doi.org/10.1016/0025-5564(79)90080-4.
    """
    number = np.arange(_POINTS)
    distance = np.sqrt((number + 0.5) / _POINTS)
    return np.stack([distance * cos(_GOLDEN * number), distance * sin(_GOLDEN * number)])


def circle(places: FloatArray, reach: FloatArray) -> tuple[npt.NDArray[np.float64], float]:
    """Centre and radius of about the smallest circle around discs.

    Each step moves the centre towards the farthest disc (Badoiu and Clarkson, Smaller core-sets for
    balls, 2003, https://doi.org/10.1145/644108.644240).

    Args:
        places: float32 (n, 2), the centres of the discs.
        reach: float32 (n,), their radii.
    """
    x, y, radius = _circle(places, reach)
    return np.array([x, y]), float(radius)


def cover(places: FloatArray, reach: FloatArray) -> Cover:
    """What discs cover of their circle; arguments as for `circle`."""
    x, y, radius = _circle(places, reach)
    covered = np.zeros(_POINTS, np.bool_)
    _cover(places, reach, _sunflower(), (x, y), radius, covered)
    middle = covered[: round(_POINTS * MIDDLE * MIDDLE)]
    return Cover(radius=radius, whole=float(covered.mean()), middle=float(middle.mean()))


@kernel
def _circle(places, reach):  # type: ignore[no-untyped-def]
    across, up = places[:, 0].astype(np.float64), places[:, 1].astype(np.float64)
    extent, ends = reach.astype(np.float64), np.empty(len(places))
    # Positive numbers have the order of their bits, which are compared many at a time.
    order = ends.view(np.int64)
    x, y, radius = across[0], up[0], 0.0
    for step in range(1, _STEPS + 1):
        for i in range(len(ends)):
            dx, dy = across[i] - x, up[i] - y
            ends[i] = np.sqrt(dx * dx + dy * dy) + extent[i]
        largest, far = 0, 0
        for i in range(len(order)):
            largest = max(largest, order[i])
        while order[far] < largest:
            far += 1
        radius = ends[far]
        dx, dy = across[far] - x, up[far] - y
        away = np.sqrt(dx * dx + dy * dy)
        if step < _STEPS and away > 0:
            share = radius / away / (step + 1)
            x += share * dx
            y += share * dy
    return x, y, radius


@kernel
def _cover(places, reach, sunflower, centre, radius, covered):  # type: ignore[no-untyped-def]
    """Find the points of a sunflower within discs, OUT covered: bool (points,).

    They lie ever farther from the middle: a disc covers points of one stretch alone.
    """
    points = len(covered)
    x, y = sunflower[0] * radius + centre[0], sunflower[1] * radius + centre[1]
    for i in range(len(places)):
        dx, dy = places[i, 0] - centre[0], places[i, 1] - centre[1]
        away, size = np.sqrt(dx * dx + dy * dy), reach[i] * reach[i]
        near, far = max(away - reach[i], 0.0) / radius, (away + reach[i]) / radius
        # With one more at either end, as these are rounded.
        first = max(int(points * near * near - 0.5) - 1, 0)
        last = min(int(points * far * far - 0.5) + 3, points)
        for k in range(first, last):
            dx, dy = places[i, 0] - x[k], places[i, 1] - y[k]
            covered[k] |= dx * dx + dy * dy <= size

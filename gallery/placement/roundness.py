"""How much of the smallest circle around discs they cover, and whether its middle stays empty."""

from __future__ import annotations

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


def _sunflower() -> npt.NDArray[np.float64]:
    """Points that are spread evenly over the unit disc, from its middle outwards: (points, 2).

    Vogel, A better way to construct the sunflower head, 1979,
    https://doi.org/10.1016/0025-5564(79)90080-4.
    """
    number = np.arange(_POINTS)
    distance = np.sqrt((number + 0.5) / _POINTS)
    return np.stack([distance * cos(_GOLDEN * number), distance * sin(_GOLDEN * number)], axis=1)


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


def roundness(places: FloatArray, reach: FloatArray) -> tuple[float, float]:
    """The share of the smallest circle around discs that they cover, and that of its middle.

    Args:
        places: float32 (n, 2), the centres of the discs.
        reach: float32 (n,), their radii.
    """
    x, y, radius = _circle(places, reach)
    covered = _covered(places, reach, _sunflower() * radius + np.array([x, y]))
    middle = covered[: round(_POINTS * MIDDLE * MIDDLE)]
    return float(covered.mean()), float(middle.mean())


@kernel
def _circle(places, reach):  # type: ignore[no-untyped-def]
    x, y = np.float64(places[0, 0]), np.float64(places[0, 1])
    radius = 0.0
    for step in range(1, _STEPS + 1):
        radius, far, away = 0.0, 0, 0.0
        for i in range(len(places)):
            dx, dy = places[i, 0] - x, places[i, 1] - y
            distance = np.sqrt(dx * dx + dy * dy)
            if distance + reach[i] > radius:
                radius, far, away = distance + reach[i], i, distance
        if step < _STEPS and away > 0:
            share = radius / away / (step + 1)
            x += share * (places[far, 0] - x)
            y += share * (places[far, 1] - y)
    return x, y, radius


@kernel
def _covered(places, reach, points):  # type: ignore[no-untyped-def]
    covered = np.zeros(len(points), np.bool_)
    for k in range(len(points)):
        for i in range(len(places)):
            dx, dy = places[i, 0] - points[k, 0], places[i, 1] - points[k, 1]
            if dx * dx + dy * dy <= reach[i] * reach[i]:
                covered[k] = True
                break
    return covered

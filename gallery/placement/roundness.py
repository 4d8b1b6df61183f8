"""How much of the smallest circle around discs they cover, and whether its middle stays empty."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from gallery.jit import kernel
from gallery.numerics.elementary import cos, sin
from gallery.placement.graph_levels import FloatArray

Column = npt.NDArray[np.float64]
"""float64 (n,), a number of each disc."""

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
    x, y, radius = _circle(*_columns(places, reach), np.empty(len(reach)))
    return np.array([x, y]), float(radius)


def cover(places: FloatArray, reach: FloatArray) -> Cover:
    """What discs cover of their circle; arguments as for `circle`."""
    discs = _columns(places, reach)
    x, y, radius = _circle(*discs, np.empty(len(reach)))
    across, up = _sunflower() * radius + [[x], [y]]
    covered, square = np.zeros(_POINTS, np.bool_), (reach * reach).astype(np.float64)
    _cover(*discs, square, across, up, (x, y), radius, covered)
    middle = covered[: round(_POINTS * MIDDLE * MIDDLE)]
    return Cover(radius=radius, whole=float(covered.mean()), middle=float(middle.mean()))


def _columns(places: FloatArray, reach: FloatArray) -> tuple[Column, Column, Column]:
    """x, y and radius of each disc."""
    x, y, radius = (one.astype(np.float64) for one in (*places.T, reach))
    return x, y, radius


@kernel
def _circle(across, up, reach, ends):  # type: ignore[no-untyped-def]
    # Positive numbers have the order of their bits, which are compared many at a time.
    order = ends.view(np.int64)
    x, y, radius = across[0], up[0], 0.0
    for step in range(1, _STEPS + 1):
        for i in range(len(ends)):
            dx, dy = across[i] - x, up[i] - y
            ends[i] = np.sqrt(dx * dx + dy * dy) + reach[i]
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
def _cover(across, up, reach, square, x, y, centre, radius, covered):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    """Find the points of a sunflower within discs, OUT covered: bool (points,).

    They lie ever farther from its centre, so that a disc covers points of one stretch alone.
    """
    points = len(covered)
    for i in range(len(reach)):
        dx, dy = across[i] - centre[0], up[i] - centre[1]
        away = np.sqrt(dx * dx + dy * dy)
        near, far = max(away - reach[i], 0.0) / radius, (away + reach[i]) / radius
        # With one more at either end, as these are rounded.
        first = max(int(points * near * near - 0.5) - 1, 0)
        last = min(int(points * far * far - 0.5) + 3, points)
        for k in range(first, last):
            dx, dy = across[i] - x[k], up[i] - y[k]
            covered[k] |= dx * dx + dy * dy <= square[i]

"""What a drawing of bodies costs: its stress, and the empty space in the circle around it."""

from __future__ import annotations

import numpy as np

from gallery.numerics.elementary import log
from gallery.placement.distances import Hops
from gallery.placement.graph_levels import FloatArray
from gallery.placement.roundness import Cover, cover

_SWELL = 0.35
"""How much further than discs of their area bodies extend, pulled by their edges; set by eye."""

_EMPTINESS = 0.84
"""Cost of empty space: this times the logarithm of the lack of cover, squared for bodies, which
could be larger, but not for folds: a chain too long to fill its circle should not pay much stress
for the little that it can. Set by eye."""

_USUAL_CROWDING, _CROWDED = 2.0, 0.3
"""Bodies that lie over each other more than usual push each other out: their radii grow with the
fourth root of the crowding, their stress with this power. Fitted to the sample models."""

_HOLLOW, _HOLLOWNESS = 0.4, 0.7
"""A middle of which less than this share is covered costs up to so much."""


def radius(charge: FloatArray, area: float) -> FloatArray:
    """Radii of bodies: float32 (n,).

    Args:
        charge: float32 (n,), to which their areas are proportional.
        area: Area of a body that has all the charge.
    """
    return np.asarray(np.sqrt(area / np.pi * charge), np.float32)


def reach(charge: FloatArray, area: float) -> FloatArray:
    """How far bodies extend, pulled by their edges: float32 (n,); arguments as for `radius`."""
    return radius(charge, area) + np.float32(_SWELL)


def cost(
    hops: Hops, charge: FloatArray, places: FloatArray, area: float, fill: float, *, power: int = 2
) -> float:
    """The logarithm of a drawing's stress, and its empty space.

    Args:
        hops: The sums from which its stress is computed.
        charge: float32 (n,), to which the bodies' areas are proportional.
        places: float32 (n, 2), the bodies' places.
        area: Area of a body that has all the charge.
        fill: Share of the circle to cover; with 0, empty space costs nothing.
        power: 2 to compare sizes of bodies, 1 to compare folds.
    """
    extent = reach(charge, area)
    found = float(log(max(hops.stress(places, extent), 1e-9)))
    if fill > 0:
        covered = cover(places, extent)
        crowding = _crowding(covered, extent)
        found += _CROWDED * float(log(crowding))
        if crowding > 1:
            extent *= np.float32(np.sqrt(np.sqrt(crowding)))
            covered = cover(places, extent)
        lack = max(float(log(fill / max(covered.whole, 1e-3))), 0.0)
        hollow = max(1 - covered.middle / _HOLLOW, 0.0)
        found += _EMPTINESS * lack**power + _HOLLOWNESS * hollow
    return found


def _crowding(covered: Cover, reach: FloatArray) -> float:
    """The area of all bodies over what they cover, relative to what is usual, at least 1."""
    total = float((reach.astype(np.float64) ** 2).sum())
    lit = _USUAL_CROWDING * max(covered.whole, 1e-3) * covered.radius * covered.radius
    return max(total / lit, 1.0)

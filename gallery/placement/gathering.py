"""Draws bodies that leave the middle of their circle empty towards it, as spokes.

A long chain is drawn as an arc, which follows distances best and leaves a hole. Each body keeps its
direction from the centre, and moves inwards to about where it would be if the charge inside its
circle filled that evenly.
"""

from __future__ import annotations

import numpy as np

from gallery.placement.graph_levels import FloatArray
from gallery.placement.roundness import circle, roundness

_STRENGTH = 0.8
"""Share of the way inwards where the middle is empty. Set by eye: more mixes up neighbours."""

_HOLLOW, _FULL = 0.22, 0.6
"""Covered share of the middle up to which bodies move most, and from which on none does."""


def gathered(places: FloatArray, charge: FloatArray, reach: FloatArray) -> FloatArray:
    """The places, closer to the centre where the middle is empty: float32 (n, 2).

    Args:
        places: float32 (n, 2), the bodies' places.
        charge: float32 (n,), to which their areas are proportional.
        reach: float32 (n,), how far they extend.
    """
    _, middle = roundness(places, reach)
    strength = _STRENGTH * min(max((_FULL - middle) / (_FULL - _HOLLOW), 0.0), 1.0)
    if not strength:
        return places
    centre, radius = circle(places, reach)
    apart = places - centre
    away = np.sqrt(apart[:, 0] * apart[:, 0] + apart[:, 1] * apart[:, 1])
    order = np.argsort(away, kind="stable")
    weight = charge[order].astype(np.float64)
    inside = np.empty(len(away))
    inside[order] = (np.cumsum(weight) - weight / 2) / max(float(weight.sum()), 1e-30)
    even = np.minimum(radius * np.sqrt(inside), away)
    factor = 1 + strength * (even / np.maximum(away, 1e-12) - 1)
    return np.asarray(centre + apart * factor[:, None], np.float32)

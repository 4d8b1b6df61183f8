"""Turns a drawing so that it begins at the lower left and runs on clockwise, whatever the network.

Distances are kept, so the drawing is as true as before, and relatives can be compared.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gallery.elementary import times
from gallery.placement.graph_levels import FloatArray
from gallery.placement.roundness import circle

DoubleArray = npt.NDArray[np.float64]

_START = 0.1
"""The share of the drawing, in order of execution, that is the beginning."""

_STEPS = 24
"""Steps from the first to the last body whose mean places tell which way the drawing runs."""

_BEND = 0.5
"""The share of the drawing that tells it: later parts may bend the other way."""

_DOWN_LEFT = -np.sqrt(0.5)


def oriented(
    places: FloatArray, order: DoubleArray, charge: FloatArray, reach: FloatArray
) -> FloatArray:
    """The places, turned and perhaps mirrored: float32 (n, 2).

    Args:
        places: float32 (n, 2), the bodies' places.
        order: float64 (n,), which is the order of execution.
        charge: float32 (n,), how much each body counts.
        reach: float32 (n,), the bodies' radii.
    """
    weight = charge.astype(np.float64)
    rank = np.argsort(order, kind="stable")
    share = np.empty(len(rank))
    share[rank] = (np.cumsum(weight[rank]) - weight[rank] / 2) / max(weight.sum(), 1e-30)
    centre, _ = circle(places, reach)
    from_centre = places - centre
    x, y = _mean(from_centre, weight * (share < max(_START, share.min() + 1e-12)))
    length = np.sqrt(x * x + y * y)
    if not length > 0:
        return places
    if _winding(from_centre, weight, share) > 0:
        from_centre[:, 1] *= -1
        y = -y
    # The matrix turns (x, y) to the lower left.
    along, across = _DOWN_LEFT * (x + y) / length, _DOWN_LEFT * (x - y) / length
    turn = np.array([[along, -across], [across, along]])
    return times(turn, from_centre).astype(np.float32)


def _mean(places: DoubleArray, weight: DoubleArray) -> tuple[float, float]:
    total = max(float(weight.sum()), 1e-30)
    x, y = (float((places[:, axis] * weight).sum()) / total for axis in (0, 1))
    return x, y


def _winding(places: DoubleArray, weight: DoubleArray, share: DoubleArray) -> float:
    """The area that the first part of the way sweeps around its middle; positive to the left."""
    weight = weight * (share < _BEND)
    step = np.minimum((share * _STEPS).astype(np.int64), _STEPS - 1)
    total = np.bincount(step, weight, _STEPS)
    there = total > 0
    x, y = (
        np.bincount(step, weight * places[:, axis], _STEPS)[there] / total[there] for axis in (0, 1)
    )
    x, y = x - x.mean(), y - y.mean()
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum())

"""Turns a drawing so that it begins at the lower left and bends clockwise, or first does.

Distances are kept, so the drawing is as true as before, and relatives can be compared.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gallery.numerics.elementary import times
from gallery.placement.graph_levels import FloatArray
from gallery.placement.roundness import circle

DoubleArray = npt.NDArray[np.float64]

_START = 0.1
"""The share of the drawing, in order of execution, that is the beginning."""

_PARTS, _SPAN = 12, 2
"""The way through a drawing bends between chords over so many of its parts, of equal charge."""

_ROUND = 0.35
"""Mean sine of those bends from which a drawing bends one way. Set between an arc and an S."""

_DOWN_LEFT = -np.sqrt(0.5)


def oriented(
    places: FloatArray, order: DoubleArray, charge: FloatArray, reach: FloatArray
) -> FloatArray:
    """The places, turned so that they begin at the lower left: float32 (n, 2).

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
    # The matrix turns (x, y) to the lower left.
    along, across = _DOWN_LEFT * (x + y) / length, _DOWN_LEFT * (x - y) / length
    turn = np.array([[along, -across], [across, along]])
    return times(turn, from_centre).astype(np.float32)


def unmirrored(places: FloatArray, guide: DoubleArray, charge: FloatArray) -> FloatArray:
    """The places, mirrored if they bend anticlockwise: float32 (n, 2).

    Those that bend both ways are mirrored if that and a turn bring them closer to the guide.

    Args:
        places: float32 (n, 2), the bodies' places, in the order of execution.
        guide: float64 (n, 2), where they would be along a path that first bends clockwise.
        charge: float32 (n,), how much each body counts.
    """
    weight = charge.astype(np.float64)
    bend = _bend(places, weight)
    if abs(bend) > _ROUND:
        return places if bend < 0 else np.asarray(places * (1, -1), np.float32)
    own, other = (points - np.array(_mean(points, weight)) for points in (places, guide))
    # The sign of the determinant of the covariance says whether the best match is a mirror image.
    (a, b), (c, d) = (
        [float((weight * own[:, i] * other[:, j]).sum()) for j in (0, 1)] for i in (0, 1)
    )
    return places if a * d >= b * c else np.asarray(places * (1, -1), np.float32)


def _bend(places: FloatArray, weight: DoubleArray) -> float:
    """The mean sine of the bends of the way through places in order; below 0 clockwise."""
    whole = np.cumsum(weight)
    part = ((whole - weight / 2) / max(whole[-1], 1e-30) * _PARTS).astype(np.int64)
    middles = np.array([_mean(places[part == one], weight[part == one]) for one in np.unique(part)])
    chords = middles[_SPAN:] - middles[:-_SPAN]
    before, after = chords[:-_SPAN], chords[_SPAN:]
    if not len(before):
        return 0.0
    sines = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    lengths = np.sqrt((before**2).sum(axis=1) * (after**2).sum(axis=1))
    return float((sines / np.maximum(lengths, 1e-30)).mean())


def _mean(places: npt.NDArray[np.floating], weight: DoubleArray) -> tuple[float, float]:
    total = max(float(weight.sum()), 1e-30)
    x, y = (float((places[:, axis] * weight).sum()) / total for axis in (0, 1))
    return x, y

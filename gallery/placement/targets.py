"""Target distances of bodies beside what a skeleton has of them, and how much each pair counts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gallery.placement.distances import Hops
from gallery.placement.graph_levels import FloatArray

DoubleArray = npt.NDArray[np.float64]


def weights(hops: Hops) -> FloatArray:
    """How many pairs of vertices two bodies stand for, relative to the median: float32 (n, n)."""
    some = hops.pairs[hops.pairs > 0]
    usual = np.median(some) if len(some) else 1.0
    return np.asarray(hops.pairs / usual, np.float32)


def squarish(positions: FloatArray) -> FloatArray:
    """The positions, stretched if one side is more than twice the other."""
    centred = positions - positions.mean(axis=0)
    sides = np.ptp(centred, axis=0).astype(np.float64)
    if not sides.min() > 0:
        return np.asarray(centred, np.float32)
    factor = np.maximum(sides.max() / 2 / sides, 1)
    return np.asarray(centred * factor, np.float32)


def blend(wanted: FloatArray, skeleton: DoubleArray, keep: float) -> FloatArray:
    """Target distances mixed with those of the skeleton: float32.

    Args:
        wanted: float32, target distances of pairs.
        skeleton: float64, the skeleton's.
        keep: Share of these.
    """
    return np.asarray((1 - keep) * wanted + keep * skeleton, np.float32)


def distances(places: npt.NDArray[np.floating]) -> DoubleArray:
    """The distance of each two places: float64 (n, n).

    Args:
        places: (n, 2).
    """
    x, y = places.astype(np.float64).T
    across, up = x[:, None] - x, y[:, None] - y
    return np.asarray(np.sqrt(across * across + up * up))


def best_scale(distances: DoubleArray, wanted: FloatArray) -> float:
    """The factor that brings distances closest to the target distances, each relative to its own.

    Args:
        distances: float64, of pairs.
        wanted: float32, their target distances; 0 for pairs that do not matter.
    """
    ratio = np.zeros(wanted.shape)
    np.divide(distances, wanted, out=ratio, where=wanted > 0)
    total = float((ratio**2).sum())
    return float(ratio.sum()) / total if total > 0 else 1.0

"""Target distances of bodies beside what a skeleton has of them, and how much each pair counts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gallery.placement.distances import Hops
from gallery.placement.graph_levels import FloatArray


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


def blend(paths: FloatArray, skeleton: npt.NDArray[np.float64], keep: float) -> FloatArray:
    """Path lengths mixed with the distances of the skeleton: float32 (n, n)."""
    if not keep:
        return paths
    return np.asarray((1 - keep) * paths + keep * _distances(skeleton, skeleton), np.float32)


def _distances(
    some: npt.NDArray[np.float64], others: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    across, up = (some[:, None, axis] - others[None, :, axis] for axis in (0, 1))
    return np.asarray(np.sqrt(across * across + up * up))


def best_scale(positions: npt.NDArray[np.float64], wanted: FloatArray) -> float:
    """The factor that brings the distances of positions closest to the target distances."""
    index = np.linspace(0, len(positions) - 1, min(len(positions), 300)).astype(np.int64)
    some = positions[index]
    goal = wanted[np.ix_(index, index)].astype(np.float64)
    ratio = np.divide(_distances(some, some), goal, out=np.zeros_like(goal), where=goal > 0)
    total = float((ratio**2).sum())
    return float(ratio.sum()) / total if total > 0 else 1.0

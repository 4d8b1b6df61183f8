"""Moves bodies so that their distances approach the targets, one pair after another.

Stochastic gradient descent with shrinking steps (Zheng, Pawar, Goodman, Graph drawing by stochastic
gradient descent, 2018, https://doi.org/10.1109/TVCG.2018.2859997).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gallery.jit import kernel
from gallery.numerics.elementary import raised
from gallery.placement.graph_levels import FloatArray
from gallery.placement.tournament import Tournament, apart, pair

_LAST_STEP = 0.02


def descend(
    pairs: Tournament,
    start: npt.NDArray[np.float64],
    wanted: FloatArray,
    weights: FloatArray,
    first: float,
    rounds: int,
) -> FloatArray:
    """Places whose distances are closer to the targets, centred: float32 (n, 2).

    Args:
        pairs: The order in which they are moved.
        start: float64 (n, 2), where the bodies start.
        wanted: float32 (days, tables), target distances; 0 for pairs that do not matter.
        weights: float32 (days, tables), how much each pair counts.
        first: The longest step, relative to one that moves a pair all the way.
        rounds: How often each pair is moved, at most as often as it meets.
    """
    matters = wanted > 0
    near = float(np.min(wanted, where=matters, initial=np.inf))
    far = float(wanted.max())
    largest = first * far * far
    stiffness = np.zeros_like(wanted)
    np.divide(weights, wanted * wanted, out=stiffness, where=matters)
    # Bodies in the same place or on a line need a small push to separate.
    seated = pairs.seated(start + pairs.nudges * (near * 1e-3))
    for number in range(rounds):
        share = number / max(rounds - 1, 1)
        # As for pairs of weight 1: rates from the extremes of the weights did not lower the stress.
        rate = largest * float(raised(_LAST_STEP * near * near / largest, share))
        _round(seated.reshape(-1), wanted, stiffness, pairs.order[number], rate)
    positions = np.empty((len(start), 2))
    positions[pairs.seats] = seated[: len(start)]
    positions -= (positions.min(axis=0) + positions.max(axis=0)) / 2
    return positions.astype(np.float32)


@kernel
def _round(seated, goals, stiffness, days, rate):  # type: ignore[no-untyped-def]
    """Move every pair once, INOUT seated: x and y of each seat in turn."""
    tables = goals.shape[1]
    across, up, steps = np.empty(tables), np.empty(tables), np.empty(tables)
    for day in days:
        apart(seated, day, across, up)
        goal, stiff = goals[day], stiffness[day]
        # By itself, many at a time.
        for table in range(tables):
            length = np.sqrt(across[table] * across[table] + up[table] * up[table]) + 1e-12
            step = min(rate * stiff[table], 1.0)
            steps[table] = step * (0.5 * (length - goal[table]) / length)
        for table in range(tables):
            one, two = pair(day, table, len(goals))
            a, b, y = np.uint64(2 * one), np.uint64(2 * two), np.uint64(1)
            dx, dy = steps[table] * across[table], steps[table] * up[table]
            seated[a] -= dx
            seated[a + y] -= dy
            seated[b] += dx
            seated[b + y] += dy

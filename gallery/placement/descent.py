"""Moves bodies so that their distances approach the targets, one pair after another.

Stochastic gradient descent with shrinking steps (Zheng, Pawar, Goodman, Graph drawing by stochastic
gradient descent, 2018, https://doi.org/10.1109/TVCG.2018.2859997).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gallery.jit import kernel
from gallery.numerics.elementary import raised
from gallery.placement.graph_levels import FloatArray, IntArray
from gallery.placement.noise import scattered

_LAST_STEP = 0.02


def descend(
    start: npt.NDArray[np.float64],
    wanted: FloatArray,
    weights: FloatArray,
    first: float,
    rounds: int,
    random: np.random.Generator,
) -> FloatArray:
    """Places whose distances are closer to the targets, centred: float32 (n, 2).

    Args:
        start: float64 (n, 2), where the bodies start.
        wanted: float32 (n, n), target distances; 0 for pairs that do not matter.
        weights: float32 (n, n), how much each pair counts.
        first: The longest step, relative to one that moves a pair all the way.
        rounds: How often each pair is moved.
        random: The order of the pairs.
    """
    n = len(start)
    positive = wanted[wanted > 0]
    near, far = float(positive.min()), float(positive.max())
    largest = first * far * far
    # Bodies in the same place or on a line need a small push to separate.
    positions = start + scattered(n, random) * (near * 1e-3)
    entrants: IntArray = random.permutation(n).astype(np.int32)
    goals, stiffness = _fixtures(wanted, weights, entrants)
    # By seats, with one more for whoever has a day off.
    seats = np.zeros(2 * (len(goals) + 1))
    seats[: 2 * n] = positions[entrants].reshape(-1)
    for number in range(rounds):
        share = number / max(rounds - 1, 1)
        # As for pairs of weight 1: rates from the extremes of the weights did not lower the stress.
        rate = largest * float(raised(_LAST_STEP * near * near / largest, share))
        days = random.permutation(len(goals))
        _round(seats, goals, stiffness, days, rate)
    positions[entrants] = seats[: 2 * n].reshape(-1, 2)
    positions -= (positions.min(axis=0) + positions.max(axis=0)) / 2
    return positions.astype(np.float32)


@kernel
def _fixtures(wanted, weights, entrants):  # type: ignore[no-untyped-def]
    """Target distances of all pairs and their weights over squared distances, in order of play.

    The order is that of a round-robin tournament by the circle method: on each day every entrant
    plays once, at one of the tables. Two float32 (days, tables); a pair that does not play has
    stiffness 0.
    """
    n = len(entrants)
    days, tables = n + n % 2 - 1, (n + n % 2) // 2
    goals = np.zeros((days, tables), np.float32)
    stiffness = np.zeros((days, tables), np.float32)
    for day in range(days):
        for table in range(tables):
            one, two = _pair(day, table, days)
            if one < n and two < n:
                goal = wanted[entrants[one], entrants[two]]
                if goal > 0:
                    goals[day, table] = goal
                    stiffness[day, table] = weights[entrants[one], entrants[two]] / (goal * goal)
    return goals, stiffness


@kernel
def _pair(day, table, days):  # type: ignore[no-untyped-def]
    if table == 0:
        return days, day
    # Without division, which would take as long as to move a pair.
    one, two = day + table, day - table
    return (one if one < days else one - days), (two if two >= 0 else two + days)


@kernel
def _round(seats, goals, stiffness, days, rate):  # type: ignore[no-untyped-def]
    """Move every pair once, INOUT seats: x and y of each entrant in turn."""
    for day in days:
        for table in range(goals.shape[1]):
            one, two = _pair(day, table, len(goals))
            a, b, up = np.uint64(2 * one), np.uint64(2 * two), np.uint64(1)
            dx, dy = seats[a] - seats[b], seats[a + up] - seats[b + up]
            length = np.sqrt(dx * dx + dy * dy) + 1e-12
            step = min(rate * stiffness[day, table], 1.0)
            step *= 0.5 * (length - goals[day, table]) / length
            seats[a] -= step * dx
            seats[a + up] -= step * dy
            seats[b] += step * dx
            seats[b + up] += step * dy

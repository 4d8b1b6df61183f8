"""The queue of the parts of a program: which is doubled next, and the doublings themselves.

A queue is a binary heap of numbers of parts, int64 (k,). The part with the most work per vertex of
the forward pass comes first; of equal ones, that with the smallest number.
"""

from __future__ import annotations

import numpy as np

from gallery.jit import inner_kernel, kernel
from gallery.lowering.tiling.traffic import counted, double, follow


@kernel
def started(t, splits):  # type: ignore[no-untyped-def]
    """Split the leaves of unsplit parts, and count the vertices of each part.

    Args:
        t: The program.
        splits: int64 (dims,), all grids (IN, OUT).

    Returns:
        int64 (parts, 2): vertices in the forward pass, and in all passes.
    """
    parts = len(t.rank)
    counts = np.empty((parts, 2), np.int64)
    for part in range(parts):
        follow(t, splits, part)
    for part in range(parts):
        counts[part, 0], counts[part, 1] = counted(t, splits, part)
    return counts


@inner_kernel
def _precedes(weights, counts, one, other):  # type: ignore[no-untyped-def]
    a, b = weights[one] / counts[one, 0], weights[other] / counts[other, 0]
    return a > b or (a == b and one < other)


@inner_kernel
def _sink(queue, length, weights, counts):  # type: ignore[no-untyped-def]
    """Move the first part of a queue down to its place."""
    at = 0
    while 2 * at + 1 < length:
        child = 2 * at + 1
        if child + 1 < length and _precedes(weights, counts, queue[child + 1], queue[child]):
            child += 1
        if not _precedes(weights, counts, queue[child], queue[at]):
            return
        queue[at], queue[child] = queue[child], queue[at]
        at = child


@kernel
def doubled(t, splits, queue, weights, counts, collapsed, totals, budgets):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    """Double what is first in the queue, up to one of two budgets or a collapsed recurrence.

    Args:
        t: The program.
        splits: int64 (dims,), all grids (IN, OUT).
        queue: int64 (k,), the queue (IN, OUT).
        weights: float64 (parts,), work of each part.
        counts: int64 (parts, 2), vertices of each part, as from `started` (IN, OUT).
        collapsed: bool (parts,), parts of collapsed recurrences, which are not doubled here.
        totals: int64 (2,), vertices of all parts (IN, OUT).
        budgets: int64 (2,), where to stop.

    Returns:
        Length of the queue afterwards; and of the last doubling, the part, the grid dimension, its
        split before, and the vertices before: in the forward pass, and in all passes.
    """
    length = len(queue)
    last, at, before, forward, whole = -1, -1, 0, totals[0], totals[1]
    while length and not collapsed[queue[0]]:
        if totals[0] >= budgets[0] or totals[1] >= budgets[1]:
            break
        part = queue[0]
        place, split = double(t, splits, part)
        if place < 0:
            length -= 1
            queue[0] = queue[length]
        else:
            last, at, before, forward, whole = part, place, split, totals[0], totals[1]
            own, own_whole = counted(t, splits, part)
            totals[0] += own - counts[part, 0]
            totals[1] += own_whole - counts[part, 1]
            counts[part, 0], counts[part, 1] = own, own_whole
        _sink(queue, length, weights, counts)
    return length, last, at, before, forward, whole


@kernel
def filled(t, splits, queue, weights, counts, collapsed, total, budget):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    """Double each part at most once, in the order of a queue, where a budget allows it.

    Args:
        t: The program.
        splits: int64 (dims,), all grids (IN, OUT).
        queue: int64 (k,), the queue; afterwards in another order.
        weights: float64 (parts,), work of each part.
        counts: int64 (parts, 2), vertices of each part before; unchanged.
        collapsed: bool (parts,), parts of collapsed recurrences, which are not doubled.
        total: Vertices of all parts in the forward pass.
        budget: How many of these are enough, and how many are the most.

    Returns:
        Vertices of all parts in the forward pass afterwards.
    """
    enough, most = budget
    length = len(queue)
    while length and total < enough:
        part = queue[0]
        length -= 1
        queue[0] = queue[length]
        _sink(queue, length, weights, counts)
        if collapsed[part]:
            continue
        place, before = double(t, splits, part)
        if place < 0:
            continue
        own, _ = counted(t, splits, part)
        if total + own - counts[part, 0] > most:
            splits[place] = before
            follow(t, splits, part)
        else:
            total += own - counts[part, 0]
    return total

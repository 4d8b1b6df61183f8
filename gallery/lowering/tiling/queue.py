"""The queue of the parts of a program: which is doubled next, and the doublings themselves.

A queue is a binary heap of numbers of parts, int64 (k,). The part with the most work per vertex
comes first; of equal ones, that with the smallest number.
"""

from __future__ import annotations

import numpy as np

from gallery.jit import inner_kernel, kernel
from gallery.lowering.tiling.traffic import double, follow, leaf_vertices, vertices


@kernel
def started(t, splits, training):  # type: ignore[no-untyped-def]
    """Split the leaves of unsplit parts, and count the vertices of each part: int64 (parts,).

    Args:
        t: The program.
        splits: int64 (dims,), all grids (IN, OUT).
        training: Whether there is a backward pass.
    """
    parts = len(t.rank)
    counts = np.empty(parts, np.int64)
    for part in range(parts):
        follow(t, splits, part)
    for part in range(parts):
        counts[part] = leaf_vertices(t, splits, part) + vertices(t, splits, part, training)
    return counts


@inner_kernel
def _precedes(weights, counts, one, other):  # type: ignore[no-untyped-def]
    a, b = weights[one] / counts[one], weights[other] / counts[other]
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
def doubled(t, splits, training, queue, weights, counts, collapsed, total, budget):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    """Double what is first in the queue, up to a budget or a collapsed recurrence.

    Args:
        t: The program.
        splits: int64 (dims,), all grids (IN, OUT).
        training: Whether there is a backward pass.
        queue: int64 (k,), the queue (IN, OUT).
        weights: float64 (parts,), work of each part.
        counts: int64 (parts,), vertices of each part (IN, OUT).
        collapsed: bool (parts,), parts of collapsed recurrences, which are not doubled here.
        total: Number of vertices of all parts.
        budget: Where to stop.

    Returns:
        Length of the queue and number of vertices afterwards; and of the last doubling, the part,
        the grid dimension, its split before, and the number of vertices before.
    """
    length = len(queue)
    last, at, before, fewer = -1, -1, 0, total
    while length and total < budget and not collapsed[queue[0]]:
        part = queue[0]
        place, split, count = double(t, splits, part, training)
        if place < 0:
            length -= 1
            queue[0] = queue[length]
        else:
            last, at, before, fewer = part, place, split, total
            total += count - counts[part]
            counts[part] = count
        _sink(queue, length, weights, counts)
    return length, total, last, at, before, fewer

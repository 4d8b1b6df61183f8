"""Lengths of shortest paths in a small graph whose edges have lengths."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gallery.jit import kernel, read_only
from gallery.placement.graph_levels import IntArray


def path_lengths(
    indptr: npt.NDArray[np.int64], neighbours: IntArray, lengths: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The length of the shortest path between each two vertices: float64 (n, n).

    Infinite where there is none. Lengths are added from the first vertex on, so that rounding makes
    the result the same whatever the order in which edges are looked at.

    Args:
        indptr: int64 (n + 1,).
        neighbours: int32 (2 m,), both ends of each edge.
        lengths: float64 (2 m,), not negative.
    """
    found = np.full((len(indptr) - 1, len(indptr) - 1), np.inf)
    _relax(read_only(indptr), read_only(neighbours), read_only(lengths), found)
    return found


@kernel
def _relax(indptr, neighbours, lengths, found):  # type: ignore[no-untyped-def]
    # OUT found. A vertex waits for its turn, at most once at a time, when a shorter path to it has
    # been found.
    n = len(found)
    queue, waits = np.empty(n, np.int32), np.zeros(n, np.bool_)
    for source in range(n):
        distance = found[source]
        distance[source] = 0.0
        queue[0] = source
        head, waiting = 0, 1
        while waiting:
            v = queue[head]
            head = (head + 1) % n
            waiting -= 1
            waits[v] = False
            for e in range(indptr[v], indptr[v + 1]):
                u = neighbours[e]
                length = distance[v] + lengths[e]
                if length < distance[u]:
                    distance[u] = length
                    if not waits[u]:
                        waits[u] = True
                        queue[(head + waiting) % n] = u
                        waiting += 1

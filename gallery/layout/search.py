"""Breadth-first search, for kernels that count edges between vertices."""

from gallery.jit import kernel


@kernel
def search(indptr, neighbours, source, distance, queue):  # type: ignore[no-untyped-def]
    """Find all vertices that a path joins to one, nearest first.

    Args:
        indptr: int64 (n + 1,).
        neighbours: int32 (2 m,).
        source: Where to start.
        distance: int32 (n,), OUT: edges of the shortest path, or -1 where there is none.
        queue: int32 (n,), OUT: the vertices found, the source first.

    Returns:
        How many were found.
    """
    distance[:] = -1
    distance[source] = 0
    queue[0] = source
    head, tail = 0, 1
    while head < tail:
        v = queue[head]
        head += 1
        for e in range(indptr[v], indptr[v + 1]):
            u = neighbours[e]
            if distance[u] < 0:
                distance[u] = distance[v] + 1
                queue[tail] = u
                tail += 1
    return tail

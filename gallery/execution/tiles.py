"""Where each vertex runs: every operator over all tiles, balanced, and near what it reads."""

from __future__ import annotations

import numpy as np

from gallery.jit import inner_kernel, kernel

ROUNDS = 60
"""Most halvings when the least possible load is searched."""


@inner_kernel
def _reach(work, order, begin, end, bound, until):  # type: ignore[no-untyped-def]
    """Where a run that starts at each place must end for its load to stay within a bound.

    Fills until[begin..end] with the end and returns the number of runs that cover all.
    """
    load, stop = 0.0, end
    runs = 0
    for start in range(end - 1, begin - 1, -1):
        load += work[order[start]]
        while load > bound and stop > start + 1:
            stop -= 1
            load -= work[order[stop]]
        until[start] = stop
    at = begin
    while at < end:
        at = until[at]
        runs += 1
    return runs


@inner_kernel
def _least_bound(work, order, begin, end, tiles, until):  # type: ignore[no-untyped-def]
    """The least load within which so many runs of consecutive vertices hold all of a step.

    Being the best of all ways to cut the sequence, it never grows with the number of tiles.
    """
    total = most = 0.0
    for at in range(begin, end):
        total += work[order[at]]
        most = max(most, work[order[at]])
    low, high = max(total / tiles, most), total / tiles + most
    low *= 1.0 - 1e-9
    high *= 1.0 + 1e-9
    for _ in range(ROUNDS):
        if high - low <= 1e-9 * high:
            break
        middle = 0.5 * (low + high)
        if _reach(work, order, begin, end, middle, until) <= tiles:
            high = middle
        else:
            low = middle
    return high, total


@inner_kernel
def _cut(work, order, span, tiles, until, cuts):  # type: ignore[no-untyped-def]
    """Cut the vertices of a step into runs of about equal load, as many as tiles where possible.

    Fills `cuts` with where each run ends and returns their number.
    """
    begin, end = span
    count = end - begin
    if count <= tiles:
        for at in range(count):
            cuts[at] = begin + at + 1
        return count
    bound, total = _least_bound(work, order, begin, end, tiles, until)
    _reach(work, order, begin, end, bound, until)
    needed = np.zeros(count + 1, np.int32)
    for at in range(end - 1, begin - 1, -1):
        needed[at - begin] = 1 + needed[until[at] - begin]
    runs, at, done = 0, begin, 0.0
    while at < end:
        stop = until[at]
        left = tiles - runs - 1
        while at < stop:
            done += work[order[at]]
            at += 1
            enough = done >= total * (runs + 1) / tiles or end - at <= left
            if enough and needed[at - begin] <= left:
                break
        cuts[runs] = at
        runs += 1
    return runs


@inner_kernel
def _pulled(graph, vertices, tile, seen, number, pull, near):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    """Bytes of what some vertices read on each tile (IN, OUT: seen, pull, near).

    Fills `near` with the tiles whose `pull` is above 0 and returns their number. What is not on a
    tile yet does not count.
    """
    indptr, sources, size = graph
    found = 0
    for v in vertices:
        for e in range(indptr[v], indptr[v + 1]):
            u = sources[e]
            if tile[u] < 0 or seen[u] == number:
                continue
            seen[u] = number
            if pull[tile[u]] == 0.0:
                near[found] = tile[u]
                found += 1
            pull[tile[u]] += size[u] + 1.0
    return found


@inner_kernel
def _nearest(near, pull, taken, step):  # type: ignore[no-untyped-def]
    """The free tile with the most pull, or -1; sets `pull` back to zeros."""
    best = -1
    for one in near:
        if taken[one] != step and (best < 0 or pull[one] > pull[best]):
            best = one
    for one in near:
        pull[one] = 0.0
    return best


@kernel
def place(graph, order, begins, work, tiles, tile):  # type: ignore[no-untyped-def]
    """Give the vertices of every step their tiles (IN, OUT: tile).

    The vertices of a step are cut into runs of about equal work, and each run gets the free tile
    that holds most of what it reads; runs that find none free get the next free ones around the
    processor. A parameter goes to a tile that reads it, to that with fewer of them first.

    Args:
        graph: (indptr, sources, bytes), see `ComputeGraph`; bytes float64 (n,).
        order: int32 (k,), the vertices that compute, by step.
        begins: int32 (steps + 1,), where each step begins in `order`.
        work: float64 (n,), seconds of each vertex.
        tiles: Number of tiles.
        tile: int32 (n,), -1 at first.
    """
    until, cuts = np.zeros(len(order) + 1, np.int32), np.zeros(tiles, np.int32)
    taken, pull, stored = np.full(tiles, -1, np.int32), np.zeros(tiles), np.zeros(tiles)
    near, chosen = np.zeros(tiles, np.int32), np.zeros(tiles, np.int32)
    seen = np.full(len(tile), -1, np.int64)
    number, cursor = 0, 0
    for step in range(len(begins) - 1):
        begin, end = begins[step], begins[step + 1]
        runs = _cut(work, order, (begin, end), tiles, until, cuts)
        start = begin
        for run in range(runs):
            found = _pulled(graph, order[start : cuts[run]], tile, seen, number, pull, near)
            chosen[run] = _nearest(near[:found], pull, taken, step)
            if chosen[run] >= 0:
                taken[chosen[run]] = step
            start = cuts[run]
            number += 1
        start = begin
        for run in range(runs):
            if chosen[run] < 0:
                while taken[cursor] == step:
                    cursor = (cursor + 1) % tiles
                taken[cursor] = step
                chosen[run] = cursor
            for at in range(start, cuts[run]):
                tile[order[at]] = chosen[run]
            start = cuts[run]
        _store(graph, order[begin:end], tile, stored)
    for v in range(len(tile)):
        if tile[v] < 0:
            tile[v] = cursor
            cursor = (cursor + 1) % tiles


@inner_kernel
def _store(graph, vertices, tile, stored):  # type: ignore[no-untyped-def]
    """Give what a step is the first to read, of parameters and inputs, a tile that reads it.

    That with the fewest bytes of them so far (IN, OUT: tile, stored). Until all readers are known,
    tile t is written as -2 - t.
    """
    indptr, sources, size = graph
    for v in vertices:
        here = tile[v]
        for e in range(indptr[v], indptr[v + 1]):
            u = sources[e]
            if tile[u] == -1 or (tile[u] < -1 and stored[here] < stored[-2 - tile[u]]):
                tile[u] = -2 - here
    for v in vertices:
        for e in range(indptr[v], indptr[v + 1]):
            u = sources[e]
            if tile[u] < -1:
                tile[u] = -2 - tile[u]
                stored[tile[u]] += size[u]

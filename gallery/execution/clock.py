"""How long each step takes, and when each vertex starts within it."""

from __future__ import annotations

import numpy as np

from gallery.jit import kernel


@kernel
def exchanged(graph, order, begins, tile, part, tiles):  # type: ignore[no-untyped-def]
    """What the tiles send one another, step by step.

    A block is received once by each tile that reads it in a step, from the tile that holds it,
    which sends it once however many tiles listen.

    Args:
        graph: (indptr, sources, bytes), see `ComputeGraph`; bytes float64 (n,).
        order: int32 (k,), the vertices that compute, by step and within it tile by tile.
        begins: int32 (steps + 1,), where each step begins in `order`.
        tile: int32 (n,).
        part: float64 (n,), which part of each block a vertex needs.
        tiles: Number of tiles.

    Returns:
        Bytes of each vertex received elsewhere, float64 (n,); of each step, all that is received
        and the most that one tile receives or sends, float64 (steps,); bytes received by a tile
        for each of `order`, 0 but at the first vertex of a tile in a step, float64 (k,).
    """
    indptr, sources, size = graph
    steps = len(begins) - 1
    sent = np.zeros(len(tile))
    received, fullest = np.zeros(steps), np.zeros(steps)
    arriving = np.zeros(len(order))
    seen, left = np.full(len(tile), -1, np.int64), np.full(len(tile), -1, np.int32)
    outgoing, stamp = np.zeros(tiles), np.full(tiles, -1, np.int32)
    visit = -1
    for step in range(steps):
        here, first = -1, 0
        for at in range(begins[step], begins[step + 1]):
            v = order[at]
            if tile[v] != here:
                here, first = tile[v], at
                visit += 1
            for e in range(indptr[v], indptr[v + 1]):
                u = sources[e]
                if tile[u] == here or (part[v] == 1.0 and seen[u] == visit):
                    continue
                if part[v] == 1.0:
                    seen[u] = visit
                amount = size[u] * part[v]
                sent[u] += amount
                received[step] += amount
                arriving[first] += amount
                home = tile[u]
                if stamp[home] != step:
                    stamp[home], outgoing[home] = step, 0.0
                if part[v] != 1.0:
                    outgoing[home] += amount
                elif left[u] != step:
                    left[u] = step
                    outgoing[home] += amount
                fullest[step] = max(fullest[step], outgoing[home])
            fullest[step] = max(fullest[step], arriving[first])
    return sent, received, fullest, arriving


@kernel
def in_turn(order, begins, tile, work, tiles):  # type: ignore[no-untyped-def]
    """Each tile runs its vertices of a step one after another.

    Returns:
        Seconds from the start of computing to that of each vertex, float64 (n,); seconds of each
        step, float64 (steps,).
    """
    offset = np.zeros(len(tile))
    seconds = np.zeros(len(begins) - 1)
    load, stamp = np.zeros(tiles), np.full(tiles, -1, np.int32)
    for step in range(len(seconds)):
        for at in range(begins[step], begins[step + 1]):
            v = order[at]
            here = tile[v]
            if stamp[here] != step:
                stamp[here], load[here] = step, 0.0
            offset[v] = load[here]
            load[here] += work[v]
            seconds[step] = max(seconds[step], load[here])
    return offset, seconds


@kernel
def in_waves(order, begins, work, tiles, tile):  # type: ignore[no-untyped-def]
    """Multiprocessors run the vertices of a step in waves, one each; a wave ends with its slowest.

    Fills the tiles (IN, OUT: tile), and returns the same as `in_turn`. Where the longest vertices
    come first, more multiprocessors never take longer.
    """
    offset = np.zeros(len(tile))
    seconds = np.zeros(len(begins) - 1)
    for step in range(len(seconds)):
        begin, longest = 0.0, 0.0
        for at in range(begins[step], begins[step + 1]):
            v, number = order[at], at - begins[step]
            if number % tiles == 0:
                begin += longest
                longest = 0.0
            tile[v] = number % tiles
            offset[v] = begin
            longest = max(longest, work[v])
        seconds[step] = begin + longest
    return offset, seconds


@kernel
def from_memory(graph, order, begins, part):  # type: ignore[no-untyped-def]
    """Bytes of each step to and from the memory of a GPU: float64 (steps,).

    Every block that a step reads is read once, and every block that it makes is written.
    """
    indptr, sources, size = graph
    total = np.zeros(len(begins) - 1)
    seen = np.full(len(size), -1, np.int32)
    for step in range(len(total)):
        for at in range(begins[step], begins[step + 1]):
            v = order[at]
            total[step] += size[v]
            for e in range(indptr[v], indptr[v + 1]):
                u = sources[e]
                if part[v] != 1.0:
                    total[step] += size[u] * part[v]
                elif seen[u] != step:
                    seen[u] = step
                    total[step] += size[u]
    return total


@kernel
def sums(values, step, steps):  # type: ignore[no-untyped-def]
    """The sum of the values of each step, in the order of the vertices: float64 (steps,)."""
    total = np.zeros(steps)
    for v in range(len(step)):
        total[step[v]] += values[v]
    return total

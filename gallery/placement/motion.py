"""One step of all vertices of a level: kernels.

Vertices are moved in blocks, each in three loops: over their edges, over themselves, and over the
nodes that their charges are spread on. One loop for all three is so long that a processor waits
for memory, as it cannot look ahead to the next vertex.

Numbers are unsigned where they are indices, so that none is taken to count from the end.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from gallery.jit import inner_kernel, kernel, parallel_kernel
from gallery.placement.repulsion import cell_of, spread_charges

_BLOCK = 512
"""Vertices whose pulls stay in the cache between two loops."""


@kernel
def yields(graph, charge, unit, hold, out):  # type: ignore[no-untyped-def]
    """How far each vertex moves by a force of 1: one over its stiffness, float32 (n,) OUT."""
    indptr, _, weights, starts, _ = graph
    for v in range(len(charge)):
        stiffness = np.float32(indptr[v + 1] - indptr[v])
        if len(starts):
            stiffness += np.float32(starts[v + 1] - starts[v])
        if len(weights):
            stiffness = np.float32(0)
            for e in range(indptr[v], indptr[v + 1]):
                stiffness += weights[e]
        out[v] = np.float32(1) / max(unit * stiffness + hold * charge[v], np.float32(1e-30))


@kernel
def divided(graph, chunks):  # type: ignore[no-untyped-def]
    """Where chunks of vertices start that have about as many ends of edges: int64 (chunks + 1,)."""
    indptr, _, _, starts, _ = graph
    vertices = len(indptr) - 1
    ends = indptr[-1] + (starts[-1] if len(starts) else 0)
    bounds = np.zeros(chunks + 1, np.int64)
    bounds[chunks] = vertices
    for chunk in range(1, chunks):
        low, high = bounds[chunk - 1], vertices
        while low < high:
            middle = (low + high) // 2
            before = indptr[middle] + (starts[middle] if len(starts) else 0)
            if before * chunks < ends * chunk:
                low = middle + 1
            else:
                high = middle
        bounds[chunk] = low
    return bounds


@parallel_kernel
def move(graph, charge, give, bounds, anchors, field, constants, here, there, spread):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    """Move all vertices from here to there, and spread their charges.

    Args:
        graph: The level's edges, from `runs`.
        charge: float32 (n,).
        give: float32 (n,), from `yields`.
        bounds: int64 (chunks + 1,), where the chunks of vertices start that are moved in parallel.
        anchors: float32 (bodies, 2) and int32 (n,), places and the body of each vertex.
        field: float32 (nodes, nodes, 2) and float32 (2,), the force on a unit charge at the nodes
            of the grid, and the position of its first node.
        constants: float32 (7,): stiffness of an edge of weight 1 and of the hold of a unit charge,
            strength of the repulsion, longest step, nodes per point, and what a step takes of a
            vertex's force over its stiffness and of its step before.
        here: float32 (n, 2), where the vertices are.
        there: float32 (n, 2), INOUT: where they were one step ago; where they move.
        spread: float32 (chunks, nodes, nodes), INOUT: charges at the nodes.
    """
    indptr, neighbours, weights, starts, readers = graph
    push, origin = field
    nodes, flat = len(push), push.reshape(-1)
    for chunk in prange(len(bounds) - 1):
        grid = spread[chunk].reshape(-1)
        pull = np.empty((_BLOCK, 2), np.float32)
        for first in range(bounds[chunk], bounds[chunk + 1], _BLOCK):
            block = (first, min(first + _BLOCK, bounds[chunk + 1]))
            if len(weights):
                _pull_by_weight(indptr, neighbours, weights, here, block, pull)
            else:
                _pull(indptr, neighbours, starts, readers, here, block, pull)
            _advance(
                pull, charge, give, anchors, flat, nodes, origin, constants, here, there, block
            )
            spread_charges(there, charge, origin, constants[4], grid, nodes, block)


@inner_kernel
def _pull(indptr, neighbours, starts, readers, here, block, out):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    across, up = np.uint64(0), np.uint64(1)
    for v in range(block[0], block[1]):
        fx, fy = np.float32(0), np.float32(0)
        degree = indptr[v + 1] - indptr[v]
        for e in range(indptr[v], indptr[v + 1]):
            u = np.uint64(np.uint32(neighbours[e]))
            fx += here[u, across]
            fy += here[u, up]
        if len(starts):
            degree += starts[v + 1] - starts[v]
            for e in range(starts[v], starts[v + 1]):
                u = np.uint64(np.uint32(readers[e]))
                fx += here[u, across]
                fy += here[u, up]
        out[v - block[0], 0] = fx - np.float32(degree) * here[v, 0]
        out[v - block[0], 1] = fy - np.float32(degree) * here[v, 1]


@inner_kernel
def _pull_by_weight(indptr, neighbours, weights, here, block, out):  # type: ignore[no-untyped-def]
    across, up = np.uint64(0), np.uint64(1)
    for v in range(block[0], block[1]):
        x, y = here[v, 0], here[v, 1]
        fx, fy = np.float32(0), np.float32(0)
        for e in range(indptr[v], indptr[v + 1]):
            u = np.uint64(np.uint32(neighbours[e]))
            fx += weights[e] * (here[u, across] - x)
            fy += weights[e] * (here[u, up] - y)
        out[v - block[0], 0] = fx
        out[v - block[0], 1] = fy


@inner_kernel
def _advance(pull, charge, give, anchors, push, nodes, origin, constants, here, there, block):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    unit, hold, strength, limit = constants[0], constants[1], constants[2], constants[3]
    scale, gain, momentum = constants[4], constants[5], constants[6]
    places, body = anchors
    one, across, up = np.float32(1), np.uint64(0), np.uint64(1)
    for v in range(block[0], block[1]):
        x, y = here[v, 0], here[v, 1]
        cell, gx, gy = cell_of(x, y, origin, scale, nodes)
        low = np.uint64(2) * cell
        high = low + np.uint64(2 * nodes)
        a, b = (one - gx) * (one - gy), gx * (one - gy)
        c, d = (one - gx) * gy, gx * gy
        px = a * push[low] + b * push[low + np.uint64(2)]
        px += c * push[high] + d * push[high + np.uint64(2)]
        py = a * push[low + np.uint64(1)] + b * push[low + np.uint64(3)]
        py += c * push[high + np.uint64(1)] + d * push[high + np.uint64(3)]
        place = np.uint64(np.uint32(body[v]))
        fx = strength * px + hold * (places[place, across] - x)
        fy = strength * py + hold * (places[place, up] - y)
        fx = unit * pull[v - block[0], 0] + charge[v] * fx
        fy = unit * pull[v - block[0], 1] + charge[v] * fy
        fx = gain * give[v] * fx + momentum * (x - there[v, 0])
        fy = gain * give[v] * fy + momentum * (y - there[v, 1])
        square = fx * fx + fy * fy
        if square > limit * limit:
            shorter = limit / np.sqrt(square)
            fx *= shorter
            fy *= shorter
        there[v, 0] = x + fx
        there[v, 1] = y + fy

"""Coarsens a graph beyond the lowering's levels: by layers, else by matched neighbours."""

from __future__ import annotations

import numpy as np

from gallery.graph import ComputeGraph
from gallery.jit import kernel
from gallery.placement.graph_levels import IntArray, Level


def layer_groups(graph: ComputeGraph, member: IntArray, limit: int) -> IntArray | None:
    """Group vertices by pass and layer, at the greatest depth with at most `limit` groups.

    Args:
        graph: The compute graph.
        member: int32 (k,), a vertex of `graph` inside each vertex to group.
        limit: Largest number of groups.

    Returns:
        int32 (k,), the group of each; None if layers do not separate the vertices well enough.
    """
    chains = [_ancestors(graph, layer) for layer in range(len(graph.layers))]
    layer = graph.vertex_layer()[member]
    passes = graph.vertex_pass[member].astype(np.int64)
    deepest = max((len(chain) for chain in chains), default=0)
    for depth in range(deepest, 0, -1):
        at = np.array([chain[min(depth, len(chain)) - 1] for chain in chains], np.int64)
        _, first, group = np.unique(at[layer] * 4 + passes, return_index=True, return_inverse=True)
        if len(first) <= limit:
            # With less than a fiftieth of the limit, most of the drawing would be left to chance.
            return group.astype(np.int32) if len(first) * 50 >= limit else None
    return None


def _ancestors(graph: ComputeGraph, layer: int) -> list[int]:
    """The path to a layer, from the whole model down to the layer itself."""
    chain = []
    while layer >= 0:
        chain.append(layer)
        layer = graph.layers[layer].parent
    return chain[::-1]


def matched(level: Level) -> IntArray:
    """Pair each vertex with the unpaired neighbour of the heaviest edge, isolated ones in order.

    Returns:
        int32 (n,), the pair of each vertex, numbered by the pairs' first vertices.
    """
    return np.asarray(_matched(level.indptr, level.neighbours, level.weights))


@kernel
def _matched(indptr, neighbours, weights):  # type: ignore[no-untyped-def]
    n = len(indptr) - 1
    pair = np.full(n, -1, np.int32)
    count = 0
    alone = -1
    for v in range(n):
        if pair[v] >= 0:
            continue
        best, most = -1, np.float32(0)
        for e in range(indptr[v], indptr[v + 1]):
            u = neighbours[e]
            if u != v and pair[u] < 0:
                weight = np.float32(1) if len(weights) == 0 else weights[e]
                if weight > most:
                    best, most = u, weight
        if best >= 0:
            pair[v] = pair[best] = count
            count += 1
        elif indptr[v] == indptr[v + 1] and alone >= 0:
            pair[v] = pair[alone]
            alone = -1
        else:
            pair[v] = count
            count += 1
            if indptr[v] == indptr[v + 1]:
                alone = v
    return pair

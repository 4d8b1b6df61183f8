"""Which level of the layer tree tells most of a run."""

from __future__ import annotations

import numpy as np

from gallery.graph import ComputeGraph

_LARGEST = 0.5
"""Largest share of the vertices that one layer may have, if a deeper level divides it."""


def named_layers(graph: ComputeGraph) -> list[str]:
    """The layer of each of `ComputeGraph.operators`, at one level of the tree; "" outside of all.

    The level is the highest at which no layer has more than half of the vertices, or else the
    lowest. What all layers have in common is left out of their names.
    """
    paths = [tuple(filter(None, graph.layers[o.layer].path.split("/"))) for o in graph.operators]
    weights = np.bincount(graph.vertex_operator, minlength=len(paths)).tolist()
    deepest = max(map(len, paths), default=1)
    level = next((k for k in range(1, deepest) if _largest(paths, weights, k) <= _LARGEST), deepest)
    cut = [path[:level] for path in paths]
    common = _common([path for path in cut if path])
    return ["/".join(path[common:] or path[-1:]) for path in cut]


def _largest(paths: list[tuple[str, ...]], weights: list[int], level: int) -> float:
    """The share of the largest layer of a level."""
    total: dict[tuple[str, ...], int] = {}
    for path, weight in zip(paths, weights, strict=True):
        if path:
            total[path[:level]] = total.get(path[:level], 0) + weight
    return max(total.values(), default=0) / max(sum(total.values()), 1)


def _common(paths: list[tuple[str, ...]]) -> int:
    """How many parts all names begin with together."""
    if len(set(paths)) < 2:
        return 0
    first, last = min(paths), max(paths)
    pairs = zip(first, last, strict=False)
    return next((k for k, (a, b) in enumerate(pairs) if a != b), min(len(first), len(last)))

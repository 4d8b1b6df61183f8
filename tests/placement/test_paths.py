"""Lengths of paths are those that SciPy finds, to the last bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gallery.placement.paths import path_lengths


@settings(deadline=None)
@given(vertices=st.integers(1, 40), edges=st.integers(0, 120), seed=st.integers(0, 1 << 16))
def test_paths_are_the_shortest(vertices: int, edges: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    table = np.zeros((vertices, vertices))
    sources, readers = random.integers(0, vertices, (2, edges))
    table[sources, readers] = random.uniform(0.1, 9, edges)
    table = np.maximum(table, table.T)
    np.fill_diagonal(table, 0)
    graph = csr_array(table)
    found = path_lengths(graph.indptr.astype(np.int64), graph.indices.astype(np.int32), graph.data)
    assert np.array_equal(found, dijkstra(graph, directed=False))

"""The measures against drawings whose measures are known."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gallery.placement.graph_levels import undirected
from gallery.placement.quality import (
    cover,
    edge_length_variation,
    layer_separation,
    neighbourhood_preservation,
    stress,
)
from tests.strategies import compute_graph, mesh, path


def random() -> np.random.Generator:
    return np.random.default_rng(1)


def line(vertices: int) -> np.ndarray:
    return np.stack([np.arange(vertices), np.zeros(vertices)], axis=1).astype(np.float32)


def test_a_straight_chain_is_perfect() -> None:
    graph, places = path(30), line(30) * 7
    neighbours = undirected(graph.indptr, graph.sources)
    assert stress(*neighbours, places, random()) == pytest.approx(0, abs=1e-9)
    assert edge_length_variation(graph, places) == pytest.approx(0, abs=1e-6)
    # The ends have one neighbour, nearest; the others have two.
    assert neighbourhood_preservation(*neighbours, places, random()) == 1


def test_stress_is_the_mean_over_all_pairs_after_the_best_scale() -> None:
    graph = mesh(5, 6)
    places = random().random((30, 2), np.float32)
    indptr, neighbours = undirected(graph.indptr, graph.sources)
    ones = np.ones(len(neighbours))
    path_length = dijkstra(csr_array((ones, neighbours, indptr), shape=(30, 30)))
    apart = np.sqrt(((places[:, None] - places[None]).astype(np.float64) ** 2).sum(axis=2))
    pairs = path_length > 0
    ratio = apart[pairs] / path_length[pairs]
    scales = np.linspace(0.01, 20, 20000)
    slow = min(float(((s * ratio - 1) ** 2).mean()) for s in scales)
    assert stress(indptr, neighbours, places, random(), 30) == pytest.approx(slow, rel=1e-4)


def test_all_in_one_point_is_the_worst() -> None:
    graph = mesh(4, 4)
    neighbours = undirected(graph.indptr, graph.sources)
    assert stress(*neighbours, np.zeros((16, 2), np.float32), random()) == 1


def test_neighbours_that_are_far_are_not_kept() -> None:
    graph = compute_graph(4, [(0, 1), (2, 3)])
    places = np.array([[0, 0], [9, 0], [0.1, 0], [9.1, 0]], np.float32)
    neighbours = undirected(graph.indptr, graph.sources)
    assert neighbourhood_preservation(*neighbours, places, random()) == 0


def test_cover_counts_cells_of_the_square() -> None:
    x, y = np.meshgrid(np.arange(64), np.arange(64))
    full = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
    none = compute_graph(64 * 64, [])
    assert cover(none, full) == 1
    assert cover(compute_graph(64, []), line(64)) == pytest.approx(1 / 64)


def test_separation_of_layers() -> None:
    random_places = random().random((2000, 2), np.float32)
    group = np.repeat([0, 1], 1000).astype(np.int32)
    apart = random_places + group[:, None] * np.float32(5)
    assert layer_separation(apart, group, random()) == 1
    assert layer_separation(random_places, group, random()) == pytest.approx(0.5, abs=0.05)

"""Laws of the levels."""

import dataclasses

import numpy as np
from hypothesis import given, settings

from gallery.graph import ComputeGraph
from gallery.model import Layer
from gallery.placement.coarsen import layer_groups, matched
from gallery.placement.graph_levels import finest
from gallery.placement.hierarchy import hierarchy, reads_of
from tests.benchmarks.synthetic import resnet
from tests.invariants import assert_is_coarsening, assert_symmetric
from tests.strategies import compute_graph, compute_graphs, path, star


@settings(max_examples=50, deadline=None)
@given(graph=compute_graphs())
def test_the_finest_level_lists_both_ends(graph: ComputeGraph) -> None:
    reads = reads_of(graph)
    level, whole = finest(reads), reads.whole()
    np.testing.assert_array_equal(level.indptr + level.starts, whole.indptr)
    np.testing.assert_array_equal(level.charge, whole.charge)
    for v in range(graph.vertices):
        read_by = level.readers[level.starts[v] : level.starts[v + 1]]
        assert read_by.tolist() == graph.readers()[graph.sources == v].tolist()
        around = whole.neighbours[whole.indptr[v] : whole.indptr[v + 1]]
        own = graph.sources[graph.indptr[v] : graph.indptr[v + 1]]
        assert around.tolist() == [*own.tolist(), *read_by.tolist()]


@settings(max_examples=50, deadline=None)
@given(graph=compute_graphs())
def test_pairs_are_neighbours_or_both_alone(graph: ComputeGraph) -> None:
    level = reads_of(graph).whole()
    pair = matched(level)
    assert len(pair) == level.vertices
    assert (pair >= 0).all()
    for number in range(int(pair.max(initial=-1)) + 1):
        members = np.flatnonzero(pair == number)
        assert 1 <= len(members) <= 2
        if len(members) == 2:
            one, two = members
            near = level.neighbours[level.indptr[one] : level.indptr[one + 1]]
            alone = level.indptr[one] == level.indptr[one + 1]
            assert two in near or (alone and level.indptr[two] == level.indptr[two + 1])


def test_levels_shrink_to_the_limit() -> None:
    for graph in (path(5000), star(5000), compute_graph(5000, []), resnet(per_operator=64)):
        sizes = hierarchy(graph, 100)
        assert sizes.levels[-1].vertices <= 200
        for fine, coarse, up in zip(sizes.levels, sizes.levels[1:], sizes.parents, strict=False):
            assert_is_coarsening(fine.whole(), coarse.whole(), up)
        assert set(sizes.ancestors()[0].tolist()) == set(range(sizes.levels[-1].vertices))


def test_back_edges_are_edges_too() -> None:
    graph = dataclasses.replace(path(4), back_edges=np.array([[0, 3], [0, 2]], np.int32))
    level = reads_of(graph).whole()
    assert_symmetric(level)
    around = level.neighbours[: level.indptr[1]]
    assert sorted(around.tolist()) == [1, 2, 3]


def test_layers_group_where_they_tell_vertices_apart() -> None:
    graph = resnet(per_operator=16)
    member = np.arange(graph.vertices, dtype=np.int32)
    groups = layer_groups(graph, member, 50)
    assert groups is not None
    layers = graph.vertex_layer()
    assert (groups == np.unique(layers, return_inverse=True)[1]).all()
    assert layer_groups(path(9), np.arange(9, dtype=np.int32), 100) is None


def test_the_deepest_layers_that_are_few_enough_are_taken() -> None:
    base = compute_graph(4, [(0, 1), (1, 2), (2, 3)])
    names = [("", -1), ("a", 0), ("b", 0), ("c", 1), ("d", 1)]
    layers = tuple(Layer(name=n, path=n, parent=p) for n, p in names)
    operators = tuple(
        dataclasses.replace(base.operators[i], layer=layer) for i, layer in enumerate((3, 4, 2, 2))
    )
    graph = dataclasses.replace(base, layers=layers, operators=operators)
    member = np.arange(4, dtype=np.int32)
    assert layer_groups(graph, member, 3).tolist() == [1, 2, 0, 0]  # type: ignore[union-attr]
    assert layer_groups(graph, member, 2).tolist() == [0, 0, 1, 1]  # type: ignore[union-attr]

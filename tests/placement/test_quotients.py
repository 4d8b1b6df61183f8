"""Laws of the quotients of a graph."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.graph import ComputeGraph
from gallery.placement import quotients
from gallery.placement.graph_levels import Level, Reads
from gallery.placement.hierarchy import reads_of
from gallery.placement.quotients import quotient
from tests.benchmarks.synthetic import resnet
from tests.invariants import assert_is_coarsening, assert_symmetric
from tests.strategies import compute_graphs


@settings(max_examples=50, deadline=None)
@given(graph=compute_graphs(), data=st.data())
def test_a_quotient_counts_every_edge(graph: ComputeGraph, data: st.DataObject) -> None:
    level: Level | Reads = reads_of(graph)
    assert_symmetric(level.whole())
    if not graph.vertices:
        return
    for _ in range(2):
        classes = data.draw(st.integers(1, level.vertices))
        members = data.draw(st.permutations(range(level.vertices)))
        parents = (np.array(members) % classes).astype(np.int32)
        coarse = quotient(level, parents, classes)
        assert_symmetric(coarse)
        assert_is_coarsening(level.whole(), coarse, parents)
        level = coarse


@pytest.mark.parametrize("whole", [False, True])
def test_a_quotient_does_not_depend_on_the_number_of_threads(
    whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotients, "_FEW", 0)
    level: Level | Reads = reads_of(resnet(per_operator=64))
    level = level.whole() if whole else level
    parents = (np.arange(level.vertices) * 7 % 100).astype(np.int32)
    given, found = numba.get_num_threads(), []
    for threads in (1, 2):
        numba.set_num_threads(threads)
        found.append(quotient(level, parents, 100))
    numba.set_num_threads(given)
    assert_is_coarsening(level.whole(), found[0], parents)
    for name in ("indptr", "neighbours", "weights", "charge"):
        np.testing.assert_array_equal(*(getattr(one, name) for one in found))

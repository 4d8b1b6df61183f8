"""Bounds of the lengths of edges, against the lengths themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gallery.rendering.raster.spans import spans_of
from tests.strategies import compute_graph

places = arrays.arrays(np.float32, (6, 2), elements=st.floats(-3000, 3000, width=32))
edges = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12)


@given(places, edges, st.floats(0.1, 6000), st.sampled_from([0.25, 1.0, 7.5]))
def test_no_vertex_with_a_longer_edge_is_left_out_and_few_others_are_kept(
    points: np.ndarray, reads: list[tuple[int, int]], length: float, unit: float
) -> None:
    graph = compute_graph(6, reads)
    spans = spans_of(graph.indptr, graph.sources, points)
    lengths = np.hypot(*(points[graph.sources] - points[graph.readers()]).T.astype(float)) * unit
    longest = np.zeros(6)
    np.maximum.at(longest, graph.readers(), lengths)
    kept = spans.scaled(unit).bounds >= spans.scaled(unit).least(length)
    assert (kept | (longest <= length)).all()
    assert (~kept | (longest * 1.03 > length)).all()
    assert spans.longest * unit == pytest.approx(longest.max(), rel=1e-5)

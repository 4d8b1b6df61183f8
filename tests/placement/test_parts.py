"""The parts of a graph are those that a walk from each vertex finds."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gallery.placement.parts import parts_of


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    """A number of vertices and edges between them, few and many."""
    vertices = draw(st.integers(1, 40))
    ends = st.integers(0, vertices - 1)
    return vertices, draw(st.lists(st.tuples(ends, ends), max_size=60))


@given(graphs())
def test_parts_are_what_a_walk_reaches(graph: tuple[int, list[tuple[int, int]]]) -> None:
    vertices, edges = graph
    near = {
        v: {b for a, b in edges if a == v} | {a for a, b in edges if b == v}
        for v in range(vertices)
    }
    expected: dict[int, int] = {}
    for first in range(vertices):
        if first not in expected:
            number, waiting = len(set(expected.values())), [first]
            while waiting:
                v = waiting.pop()
                if v not in expected:
                    expected[v] = number
                    waiting += near[v]
    found = parts_of(vertices, np.array(edges, np.int32).reshape(-1, 2))
    assert found.dtype == np.int32
    assert found.tolist() == [expected[v] for v in range(vertices)]


def test_a_long_chain_is_one_part_in_any_order() -> None:
    order = np.random.default_rng(0).permutation(10_000)
    assert not parts_of(10_000, np.stack((order[1:], order[:-1]), axis=1)).any()

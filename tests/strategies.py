"""Random compute graphs, from nothing to many parts, for the laws of all rooms."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from gallery.graph import ComputeGraph, GraphOperator
from gallery.model import Layer


def compute_graph(
    vertices: int,
    edges: list[tuple[int, int]],
    operator: list[int] | None = None,
    levels: tuple[np.ndarray, ...] = (),
) -> ComputeGraph:
    """A graph of (source, reader) pairs; vertices are operators of their own unless told."""
    operator = list(range(vertices)) if operator is None else operator
    pairs = sorted({(max(a, b), min(a, b)) for a, b in edges if a != b})
    readers = np.array([pair[0] for pair in pairs], np.int64)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(readers, minlength=vertices))])
    names = max(operator, default=-1) + 1
    return ComputeGraph(
        model="random",
        vertex_operator=np.array(operator, np.int32),
        vertex_kind=np.full(vertices, 2, np.uint8),
        vertex_pass=np.zeros(vertices, np.uint8),
        vertex_flops=np.ones(vertices, np.float32),
        vertex_bytes=np.ones(vertices, np.float32),
        indptr=indptr.astype(np.int64),
        sources=np.array([pair[1] for pair in pairs], np.int32),
        operators=tuple(
            GraphOperator(name=f"o{i}", type="Add", layer=0, operator=i) for i in range(names)
        ),
        layers=(Layer(name="", path="", parent=-1),),
        levels=levels,
    )


def path(vertices: int) -> ComputeGraph:
    """A chain."""
    return compute_graph(vertices, [(v, v + 1) for v in range(vertices - 1)])


def star(rays: int) -> ComputeGraph:
    """A vertex that all others read."""
    return compute_graph(rays + 1, [(0, v) for v in range(1, rays + 1)])


def mesh(rows: int, columns: int) -> ComputeGraph:
    """A square mesh."""
    count = rows * columns
    right = [(v, v + 1) for v in range(count) if (v + 1) % columns]
    down = [(v, v + columns) for v in range(count - columns)]
    return compute_graph(count, right + down)


@st.composite
def compute_graphs(draw: st.DrawFn, most: int = 30) -> ComputeGraph:
    """Graphs of up to `most` vertices, with edges anywhere, in any number of parts."""
    vertices = draw(st.integers(0, most))
    if vertices < 2:
        return compute_graph(vertices, [])
    ends = st.integers(0, vertices - 1)
    edges = draw(st.lists(st.tuples(ends, ends), max_size=3 * vertices))
    operators = draw(st.integers(1, vertices))
    operator = [v * operators // vertices for v in range(vertices)]
    return compute_graph(vertices, edges, operator)

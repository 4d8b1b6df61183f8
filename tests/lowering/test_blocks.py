"""The blocks of a tensor tile it, whether they are made at once or from partial sums."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gallery.graph import ComputeGraph, Kind
from gallery.lowering import lower
from gallery.lowering.tiling.splits import tree
from gallery.lowering.tiling.traffic import FAN_IN
from gallery.model import Model
from tests.lowering.samples import forward, model_of, split
from tests.onnx_text import loaded


@pytest.mark.parametrize(("name", "budget"), [("alexnet", 20_000), ("lstm", 12_000)])
def test_sums_read_partial_results_of_their_block_in_order(name: str, budget: int) -> None:
    program, steps = split(name, budget)
    ((numbering, edges),) = forward(program, steps)
    levels = [k for k, piece in enumerate(numbering.pieces) if piece.level]
    assert levels
    for k in levels:
        below, piece = numbering.pieces[k - 1].grid, numbering.pieces[k].grid
        many = int(np.prod(below.splits[piece.rank :]))
        few = int(np.prod(piece.splits[piece.rank :]))
        partials = below.vertices().reshape(-1, many)
        for number_, vertex in enumerate(piece.vertices().tolist()):
            block, at = divmod(number_, few)
            found = edges.sources[edges.indptr[vertex] : edges.indptr[vertex + 1]]
            assert np.array_equal(found, partials[block, at * FAN_IN : (at + 1) * FAN_IN])


def test_blocks_of_every_set_tile_their_tensor() -> None:
    graph = lower(model_of("resnet18"), vertices=20_000)
    assert len(graph.sets) > 50
    for grid in graph.sets:
        lows, highs = grid.boxes(0, grid.size)
        assert np.prod(highs - lows, axis=1).sum() == np.prod(grid.shape)
        assert lows.min(initial=0) == 0
        assert (highs.max(axis=0, initial=0) == np.array(grid.shape)).all()


def covered(graph: ComputeGraph, model: Model, tensor: int, vertices: np.ndarray) -> np.ndarray:
    """How many of the vertices make each element of a tensor, by their boxes."""
    sizes = model.tensors[tensor].sizes
    assert sizes is not None
    seen = np.zeros(sizes, int)
    for vertex in vertices.tolist():
        lows, highs = graph.box(vertex)
        seen[tuple(slice(a, b) for a, b in zip(lows, highs, strict=True))] += 1
    return seen


@pytest.mark.parametrize("name", ["alexnet", "lstm", "pointnet", "resnet18"])
def test_the_boxes_of_a_tensors_producers_tile_it(name: str) -> None:
    model = model_of(name)
    graph = lower(model, vertices=2_000)
    made = {tensor for grid in graph.sets for tensor in grid.tensors}
    assert set(model.outputs) <= made
    assert model.outputs
    for tensor in made:
        assert (covered(graph, model, tensor, graph.producers(tensor)) == 1).all()


@given(
    operator=st.sampled_from(["Conv", "ConvTranspose", "Gemm", "MatMul"]),
    sizes=st.tuples(*[st.integers(1, 40)] * 3),
    budget=st.integers(1, 600),
)
@example(operator="Conv", sizes=(24, 32, 12), budget=500)
@example(operator="Gemm", sizes=(3, 40, 5), budget=300)
@example(operator="MatMul", sizes=(2, 40, 3), budget=200)
@settings(max_examples=30, deadline=None)
def test_partial_sums_make_every_block_equally_often(
    operator: str,
    sizes: tuple[int, int, int],
    budget: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    m, k, n = sizes
    inputs, output = {
        "Conv": (f"float[1,{k},{n},6] x, float[{m},{k},1,3] w", f"float[1,{m},{n},4]"),
        "ConvTranspose": (f"float[1,{k},{n},4] x, float[{k},{m},1,3] w", f"float[1,{m},{n},6]"),
        "Gemm": (f"float[{m},{k}] x, float[{k},{n}] w", f"float[{m},{n}]"),
        "MatMul": (f"float[2,{m},{k}] x, float[{k},{n}] w", f"float[2,{m},{n}]"),
    }[operator]
    model = loaded(
        tmp_path_factory.mktemp("net"), f"g ({inputs}) => ({output} y) {{ y = {operator}(x, w) }}"
    )
    graph = lower(model, vertices=budget)
    (y,) = model.outputs
    assert (covered(graph, model, y, graph.producers(y)) == 1).all()
    for kind in (Kind.PARTIAL, Kind.REDUCE):
        times = covered(graph, model, y, np.flatnonzero(graph.vertex_kind == kind))
        assert times.min() == times.max()


def test_contractions_are_split_into_partial_sums_that_have_the_rank_of_their_tensor() -> None:
    graph = lower(model_of("resnet18"), vertices=4_000)
    kinds = [int(grid.kind) for grid in graph.sets if len(grid.shape) > grid.rank]
    assert Kind.PARTIAL in kinds
    for grid in graph.sets:
        lows, highs = graph.box(grid.first)
        assert len(lows) == len(highs) == grid.rank


@given(partials=st.integers(1, 100_000))
def test_a_tree_ends_in_one_sum(partials: int) -> None:
    levels = tree(partials)
    assert levels == sorted(levels, reverse=True)
    assert (levels[-1] == 1) if partials > 1 else not levels

"""Laws of the lowering: nesting, quotients, conservation, order and budgets."""

from __future__ import annotations

import gc
from contextlib import suppress
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gallery.costs.facts import facts
from gallery.errors import LowerError
from gallery.graph import ComputeGraph, Kind, Pass
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.lowering.access.registry import FAMILIES, lowers
from gallery.lowering.connecting import connect, lined
from gallery.lowering.edges import Edges
from gallery.lowering.forward import Numbering, number
from gallery.lowering.parents import forward_parents
from gallery.lowering.program import Program
from gallery.lowering.tiling.splits import Splits, Splitter, tree
from gallery.lowering.tiling.targets import target_named
from gallery.lowering.tiling.traffic import FAN_IN
from gallery.lowering.unsplit import unsplit
from gallery.model import Model
from gallery.placement.hemispheres import forward_half
from tests.onnx_text import loaded

MODELS = Path(__file__).parents[2] / "models"
NAMES = sorted(path.stem for path in MODELS.glob("*.onnx"))
SMALL = ["alexnet", "lstm", "mobilenetv2", "resnet18", "swin-t", "unet", "vit-b16"]


@cache
def model_of(name: str) -> Model:
    return load(MODELS / f"{name}.onnx")


def split(name: str, *budgets: int) -> tuple[Program, list[Splits]]:
    """The program of a model, and its splits at ascending budgets."""
    program = unsplit(model_of(name)).program
    splitter = Splitter(program, target_named("ipu2"), False)
    return program, [splitter.advance(budget) for budget in budgets]


def forward(program: Program, steps: list[Splits]) -> list[tuple[Numbering, Edges]]:
    """Numberings and edges of a program at several splits."""
    result = []
    for splits in steps:
        numbering = number(program, splits)
        result.append((numbering, connect(numbering, lined(numbering))))
    return result


def assert_in_order(graph: ComputeGraph) -> None:
    """Every source comes before its reader, and no vertex is named twice by one."""
    readers = graph.readers()
    assert (graph.sources < readers).all()
    steps = np.diff(graph.sources.astype(np.int64))
    within = readers[1:] == readers[:-1]
    assert (steps[within] > 0).all()


@pytest.mark.parametrize("name", ["swin-t", "lstm"])
@pytest.mark.parametrize("passes", ["forward", "training"])
def test_sets_are_connected_as_each_would_be_alone_by_boxes(
    name: str, passes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = lower(model_of(name), vertices=5000, passes=passes)
    monkeypatch.setattr("gallery.lowering.connecting.alike", lambda *_: None)
    monkeypatch.setattr("gallery.lowering.connecting.straight_reads", lambda *_: None)
    alone = lower(model_of(name), vertices=5000, passes=passes)
    assert shared.sources.tobytes() == alone.sources.tobytes()
    assert shared.indptr.tobytes() == alone.indptr.tobytes()
    for ours, theirs in zip(shared.levels, alone.levels, strict=True):
        assert ours.tobytes() == theirs.tobytes()


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


@given(
    name=st.sampled_from(SMALL),
    budgets=st.lists(st.integers(500, 20_000), min_size=2, max_size=2, unique=True),
)
@settings(max_examples=15, deadline=None)
def test_a_coarse_edge_exists_exactly_where_a_fine_one_runs(name: str, budgets: list[int]) -> None:
    program, steps = split(name, *sorted(budgets))
    (coarse, coarse_edges), (fine, fine_edges) = forward(program, steps)
    parents = forward_parents(program, steps)[0].astype(np.int64)
    assert set(parents.tolist()) == set(range(coarse.vertices))
    reader = parents[np.repeat(np.arange(fine.vertices), np.diff(fine_edges.indptr))]
    source = parents[fine_edges.sources]
    between = reader != source
    quotient = np.unique(reader[between] * coarse.vertices + source[between])
    own = np.repeat(np.arange(coarse.vertices), np.diff(coarse_edges.indptr))
    direct = np.unique(own * coarse.vertices + coarse_edges.sources)
    assert np.array_equal(quotient, direct)


@given(
    name=st.sampled_from(SMALL),
    budgets=st.lists(st.integers(200, 20_000), min_size=2, max_size=2, unique=True),
)
@example(name="lstm", budgets=[300, 2_000])
@example(name="lstm", budgets=[2_000, 12_000])
@settings(max_examples=15, deadline=None)
def test_the_block_of_a_parent_contains_the_block(name: str, budgets: list[int]) -> None:
    program, steps = split(name, *sorted(budgets))
    coarse, fine = (number(program, splits) for splits in steps)
    parents = forward_parents(program, steps)[0]
    set_of = np.empty(coarse.vertices, np.int64)
    for place, piece in enumerate(coarse.pieces):
        set_of[piece.grid.vertices()] = place
    for piece in fine.pieces:
        if piece.level:  # the ranges of a sum are numbers of partials, which differ by level
            continue
        mine = parents[piece.grid.vertices()]
        (place,) = set(set_of[mine].tolist())
        parent = coarse.pieces[place]
        assert (parent.operator, parent.leaf, parent.level) == (piece.operator, piece.leaf, 0)
        boxes = parent.grid.boxes(0, parent.grid.size)
        at = np.searchsorted(parent.grid.vertices(), mine)
        own = piece.grid.boxes(0, piece.grid.size)
        shared = len(parent.grid.shape)  # a collapsed recurrence has time alone
        assert (own[0][:, :shared] >= boxes[0][at]).all()
        assert (own[1][:, :shared] <= boxes[1][at]).all()


@given(
    name=st.sampled_from(SMALL),
    budgets=st.tuples(st.integers(1, 9_000), st.integers(9_000, 60_000)),
)
@settings(max_examples=12, deadline=None)
def test_work_and_bytes_are_the_same_at_every_budget(name: str, budgets: tuple[int, int]) -> None:
    small, large = (lower(model_of(name), vertices=budget) for budget in budgets)
    assert small.vertex_flops.sum(dtype=np.float64) == pytest.approx(
        large.vertex_flops.sum(dtype=np.float64), rel=1e-5
    )
    leaves = [
        g.vertex_bytes[g.vertex_kind == Kind.PARAMETER].sum(dtype=np.float64)
        for g in (small, large)
    ]
    assert leaves[0] == pytest.approx(leaves[1], rel=1e-5)


@pytest.mark.parametrize(("name", "budget"), [("alexnet", 20_000), ("lstm", 12_000)])
def test_work_and_bytes_are_spread_by_the_sizes_of_blocks(name: str, budget: int) -> None:
    graph = lower(model_of(name), vertices=budget)
    uneven = 0
    for grid in graph.sets:
        lows, highs = grid.boxes(0, grid.size)
        share = np.prod((highs - lows) / np.array(grid.shape), axis=1)
        uneven += np.ptp(share) > 0
        for column in (graph.vertex_flops, graph.vertex_bytes):
            found = column[grid.vertices()].astype(np.float64)
            assert found == pytest.approx(share * found.sum(), rel=1e-5)
    assert uneven


@pytest.mark.parametrize("name", NAMES)
def test_flops_are_the_facts_flops(name: str) -> None:
    model = model_of(name)
    graph = lower(model, vertices=5_000)
    assert graph.vertex_flops.sum(dtype=np.float64) == pytest.approx(
        facts(model, 0).flops, rel=1e-3
    )


@pytest.mark.parametrize("passes", ["forward", "training"])
@pytest.mark.parametrize("name", NAMES)
def test_sample_models_lower_in_order_without_isolated_work(name: str, passes: str) -> None:
    for budget in (10_000, 100_000):
        graph = lower(model_of(name), vertices=budget, passes=passes)
        assert_in_order(graph)
        assert abs(graph.vertices - budget) <= 0.25 * budget
        assert not graph.unknown_operators
        degree = np.diff(graph.indptr) + np.bincount(graph.sources, minlength=graph.vertices)
        assert (degree[graph.vertex_kind != Kind.PARAMETER] > 0).all()
        chain = graph.vertices
        assert graph.levels
        for parents in graph.levels:
            assert len(parents) == chain
            chain = int(parents.max()) + 1
            assert np.array_equal(np.unique(parents), np.arange(chain))
        if passes == "training":
            assert {*graph.vertex_pass.tolist()} == {Pass.FORWARD, Pass.BACKWARD, Pass.UPDATE}


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


@pytest.mark.parametrize("name", ["alexnet", "unet"])
def test_the_backward_pass_turns_every_edge_round(name: str) -> None:
    """The gradients that meet in a vertex's, through its sums, are those of its readers."""
    graph = lower(model_of(name), vertices=3_000, passes="training")
    of = graph.gradient_of
    assert of is not None
    gradient = {int(of[v]): v for v in np.flatnonzero(graph.vertex_kind == Kind.GRADIENT)}
    loss = int(np.flatnonzero(graph.vertex_kind == Kind.LOSS)[0])
    rows = [graph.sources[a:b].tolist() for a, b in pairwise(graph.indptr.tolist())]
    sums = (graph.vertex_kind == Kind.REDUCE) & (graph.vertex_pass == Pass.BACKWARD)
    assert sums.any()
    assert len(gradient) > 100
    expected: dict[int, set[int]] = {u: set() for u in gradient}
    for v, own in gradient.items():
        for u in rows[v]:
            if u in gradient:
                expected[u].add(own)
    for v in rows[loss]:
        expected[v].add(loss)
    for u, own in gradient.items():
        met: list[int] = []
        front = [s for s in rows[own] if s >= loss]
        while front:
            met += [s for s in front if not sums[s]]
            below = [s for s in front if sums[s]]
            assert all(of[s] == u and 1 <= len(rows[s]) <= FAN_IN for s in below)
            front = [source for s in below for source in rows[s]]
        assert len(met) == len(set(met))
        assert set(met) == expected[u]


@pytest.mark.parametrize("name", ["alexnet", "lstm", "resnet34"])
def test_a_training_graph_has_the_coarser_levels_of_the_forward_graph(name: str) -> None:
    forward = lower(model_of(name), vertices=40_000)
    half = forward_half(lower(model_of(name), vertices=100_000, passes="training"))
    assert len(half.levels) == len(forward.levels) > 2
    for ours, theirs in zip(half.levels[1:], forward.levels[1:], strict=True):
        assert ours.tobytes() == theirs.tobytes()


def test_same_input_same_bytes() -> None:
    one, two = (lower(model_of("unet"), vertices=30_000, passes="training") for _ in range(2))
    for name in ("indptr", "sources", "vertex_flops", "vertex_bytes", "vertex_operator"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()


@given(partials=st.integers(1, 100_000))
def test_a_tree_ends_in_one_sum(partials: int) -> None:
    levels = tree(partials)
    assert levels == sorted(levels, reverse=True)
    assert (levels[-1] == 1) if partials > 1 else not levels


def test_a_second_registration_is_an_error() -> None:
    assert "Conv" in FAMILIES
    with pytest.raises(ValueError, match="Conv is already lowered by conv"):
        lowers("Conv")(lambda context: [])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"vertices": 0}, "0 vertices"),
        ({"passes": "sideways"}, "there are no passes 'sideways'"),
        ({"target": "abacus"}, "there is no target 'abacus'"),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(LowerError, match=message):
        lower(model_of("alexnet"), **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("vertices", [100, 0])
def test_the_collector_is_left_as_it_was_found(running: bool, vertices: int) -> None:
    (gc.enable if running else gc.disable)()
    try:
        with suppress(LowerError):
            lower(model_of("alexnet"), vertices=vertices)
        assert gc.isenabled() == running
    finally:
        gc.enable()


def test_lowering_leaves_no_cycles_for_the_collector() -> None:
    model = model_of("vit-b16")
    lower(model, vertices=1_000)
    gc.collect()
    lower(model, vertices=20_000)
    assert gc.collect() < 100


@pytest.mark.parametrize("passes", ["forward", "training"])
@pytest.mark.parametrize(
    "body",
    [
        "y = Add(x, ghost)",
        """y = If (c) <
            then_branch = a () => (float[2,8] ghost) { p = Neg(x) },
            else_branch = b () => (float[2,8] q) { q = Exp(x) }
        >""",
    ],
)
def test_a_tensor_that_nothing_makes_is_an_input(tmp_path: Path, body: str, passes: str) -> None:
    text = '<ir_version: 9, opset_import: ["": 18]> g (float[2,8] x, bool c) => (float[2,8] y)'
    proto = onnx.parser.parse_model(f"{text} {{ {body} }}")
    path = tmp_path / "ghost.onnx"
    path.write_bytes(proto.SerializeToString())
    model = load(path)
    graph = lower(model, vertices=10, passes=passes)
    ghost = next(i for i, tensor in enumerate(model.tensors) if tensor.name == "ghost")
    assert graph.vertex_kind[graph.producers(ghost)].tolist() == [Kind.INPUT]


def test_batch_dimensions_that_no_tensor_has_do_not_hang(tmp_path: Path) -> None:
    text = """<ir_version: 8, opset_import: ["" : 17]>
    g (float[4, 6] x, int64[4, 1] i) => (float[4] y) {
        y = GatherND <batch_dims = 4611686018427387904> (x, i)
    }"""
    path = tmp_path / "huge.onnx"
    path.write_bytes(onnx.parser.parse_model(text).SerializeToString())
    graph = lower(load(path), vertices=100)
    assert_in_order(graph)


SHARED = """
<ir_version: 8, opset_import: ["" : 17]>
shared (float[8, 8] x) => (float[8, 8] y)
<float two = {2.0}, float[8] wide = {1, 2, 3, 4, 5, 6, 7, 8}> {
  a = Pow(x, two)
  b = Pow(a, two)
  c = Add(b, wide)
  y = Add(c, wide)
}
"""


def test_a_shared_number_is_beside_each_operator_that_reads_it(tmp_path: Path) -> None:
    """One vertex would join operators of all layers; what is longer is read by all of them."""
    graph = lower(loaded(tmp_path, SHARED), vertices=200)
    owner = np.repeat(graph.vertex_operator, np.diff(graph.indptr))
    parameters = np.flatnonzero(graph.vertex_kind == Kind.PARAMETER)
    readers = [tuple(np.unique(owner[graph.sources == v])) for v in parameters]
    assert readers[:2] == [(0,), (1,)]
    assert set(readers[2:]) == {(2, 3)}


@pytest.mark.parametrize("learned", [False, True])
def test_a_training_step_of_nothing_to_train_is_the_forward_pass(
    tmp_path: Path, learned: bool
) -> None:
    body = "(float[64,2] x) => (float[64,2] y) <float[2,2] w = {1, 2, 3, 4}> { y = MatMul(x, w) }"
    if not learned:
        body = "(float[64,2] x) => (bool[64,2] y) <float c = {0.5}> { y = Less(x, c) }"
    model = loaded(tmp_path, f"g {body}")
    whole, alone = (lower(model, vertices=500, passes=passes) for passes in ("training", "forward"))
    assert (whole.gradient_of is not None) == learned
    assert bool((whole.vertex_kind == Kind.LOSS).any()) == learned
    if not learned:
        assert np.array_equal(whole.sources, alone.sources)
        assert np.array_equal(whole.vertex_kind, alone.vertex_kind)
        assert [level.tolist() for level in whole.levels] == [x.tolist() for x in alone.levels]

"""What `lower` takes and returns: order, budgets, bytes, and what it leaves behind."""

from __future__ import annotations

import gc
from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest

from gallery.errors import LowerError
from gallery.graph import Kind, Pass
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.lowering.access.registry import FAMILIES, lowers
from tests.lowering.samples import NAMES, assert_in_order, model_of
from tests.onnx_text import loaded


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


def test_same_input_same_bytes() -> None:
    one, two = (lower(model_of("unet"), vertices=30_000, passes="training") for _ in range(2))
    for name in ("indptr", "sources", "vertex_flops", "vertex_bytes", "vertex_operator"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()


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

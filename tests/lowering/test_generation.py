"""Text generation: what is inside of the operator is drawn, and every token depends on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from gallery.costs.facts import facts
from gallery.lowering.lowering import lower
from gallery.model import Model
from tests.onnx_text import loaded, shape_of

VOCABULARY, WIDTH = 11, 4


def graph(name: str, text: str, **arrays: np.ndarray) -> onnx.GraphProto:
    body = onnx.parser.parse_graph(f"{name} {text}")
    body.initializer.extend(numpy_helper.from_array(a, n) for n, a in arrays.items())
    return body


def search(folder: Path, kind: str, encoder: bool) -> Model:
    """A search whose decoder looks tokens up and scores them, after an encoder if there is one."""
    rng = np.random.default_rng(1)
    table = rng.normal(size=(VOCABULARY, WIDTH)).astype(np.float32)
    weights = rng.normal(size=(WIDTH, VOCABULARY)).astype(np.float32)
    bodies = {
        "decoder": graph(
            "decoder",
            "(int32[2,1] ids, float[2,3,4] past) => (float[2,1,11] scores, float[2,3,4] present) "
            "{ e = Gather(t, ids) scores = MatMul(e, w) present = Relu(past) }",
            t=table, w=weights,
        )
    }  # fmt: skip
    if encoder:
        bodies["encoder"] = graph(
            "encoder",
            "(int32[2,5] tokens) => (float[2,5,4] memory) { memory = Gather(u, tokens) }", u=table,
        )  # fmt: skip
    numbers = {"longest": 7, "least": 1, "beams": 2, "each": 1}
    inputs = ["x", "longest", "least", "beams", "each"][: 5 if "Beam" in kind else 2]
    node = helper.make_node(
        kind, inputs, ["y"], domain="com.microsoft", eos_token_id=1, pad_token_id=0, **bodies
    )
    main = helper.make_graph(
        [node], "g", [helper.make_tensor_value_info("x", TensorProto.INT32, (2, 5))],
        [helper.make_tensor_value_info("y", TensorProto.INT32, None)],
        [numpy_helper.from_array(np.array([numbers[n]], np.int32), n) for n in inputs[1:]],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return loaded(folder, helper.make_model(main, opset_imports=opsets, ir_version=8))


@pytest.mark.parametrize("encoder", [False, True])
@pytest.mark.parametrize(
    ("kind", "shape"), [("GreedySearch", (2, 7)), ("Sampling", (2, 7)), ("BeamSearch", (2, 1, 7))]
)
def test_the_bodies_are_lowered(
    tmp_path: Path, kind: str, shape: tuple[int, ...], encoder: bool
) -> None:
    model = search(tmp_path, kind, encoder)
    assert shape_of(model, "y") == shape
    found = facts(model, 0)
    # Those of one token: how many are made, data decide.
    assert found.macs == 2 * WIDTH * VOCABULARY
    assert found.uncounted == {f"com.microsoft.{kind}": 1}
    assert found.parameters == VOCABULARY * WIDTH * (2 + encoder)
    graph = lower(model, vertices=400)
    assert graph.unknown_operators == ()
    types = {model.operators[graph.operators[o].operator].type for o in set(graph.vertex_operator)}
    assert {"Gather", "MatMul", "Relu", kind} <= types
    assert graph.back_edges is not None
    assert len(graph.back_edges) == 1

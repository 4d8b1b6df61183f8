"""Recurrent layers over sequences of known lengths, judged by ONNX Runtime.

The reference evaluator of onnx 1.23 ignores `sequence_lens`.
"""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from gallery.costs.facts import facts
from tests.lowering.cases import Case, loaded
from tests.lowering.operator_cases import judged

STEPS, BATCH, SIZE, HIDDEN = 5, 3, 2, 2
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
LENGTHS = np.array([5, 2, 3], np.int32)


def case_of(kind: str, direction: str) -> Case:
    count = 1 + (direction == "bidirectional")
    rng = np.random.default_rng(4)
    arrays = {
        "w": rng.uniform(-1, 1, (count, GATES[kind] * HIDDEN, SIZE)),
        "r": rng.uniform(-1, 1, (count, GATES[kind] * HIDDEN, HIDDEN)),
    }
    held = [numpy_helper.from_array(a.astype(np.float32), n) for n, a in arrays.items()]
    held.append(numpy_helper.from_array(LENGTHS, "n"))
    outputs = ["y", "h", "c"] if kind == "LSTM" else ["y", "h"]
    node = helper.make_node(
        kind, ["x", "w", "r", "", "n"], outputs, hidden_size=HIDDEN, direction=direction
    )
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [STEPS, BATCH, SIZE])
    made = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    graph = helper.make_graph([node], "g", [x], made, held)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    feeds = {"x": rng.uniform(-1, 1, (STEPS, BATCH, SIZE)).astype(np.float32)}
    return Case(name=kind, operator=kind, proto=proto, feeds=feeds, model=loaded(proto, kind))


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("kind", GATES)
def test_steps_after_the_end_of_a_sequence_read_nothing_new(kind: str, direction: str) -> None:
    case = case_of(kind, direction)
    session = onnxruntime.InferenceSession(
        case.proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    tally = judged(case, budgets=(20_000,), blocks=30, session=session)
    assert tally.misses == []
    assert tally.precision > 0.95
    assert judged(case, budgets=(60, 1), blocks=30, session=session).misses == []


def test_only_steps_of_sequences_are_counted() -> None:
    case = case_of("LSTM", "bidirectional")
    assert facts(case.model, 0).macs == 2 * LENGTHS.sum() * 4 * HIDDEN * (SIZE + HIDDEN)

"""ONNX Runtime's fused and quantised products: shapes, costs and dependences as it runs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from gallery.costs.facts import facts
from tests.lowering.cases import Case
from tests.lowering.operator_cases import judged
from tests.onnx_text import loaded

_RNG = np.random.default_rng(5)


def floats(*shape: int) -> np.ndarray:
    return _RNG.normal(size=shape).astype(np.float32)


def bytes_(*shape: int, dtype: type = np.uint8) -> np.ndarray:
    return _RNG.integers(-90, 90, shape).astype(np.int16).astype(dtype)


Q = {"s": np.float32(0.05), "t": np.float32(0.02), "z": np.uint8(100), "i": np.int8(0)}

# fmt: off
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any], int]] = {
    "FusedConv": (
        'y = FusedConv<activation="Relu", kernel_shape=[3,3], strides=[2,1], pads=[1,1,1,1]>'
        "(x, w, b)",
        {"x": floats(2, 3, 5, 5)}, {"w": floats(4, 3, 3, 3), "b": floats(4)}, 2 * 4 * 3 * 5 * 27),
    "FusedConv, with a sum": (
        'y = FusedConv<activation="Relu", kernel_shape=[3]>(x, w, b, q)',
        {"x": floats(1, 2, 6), "q": floats(1, 4, 4)}, {"w": floats(4, 2, 3), "b": floats(4)},
        4 * 4 * 6),
    "FusedGemm": (
        'y = FusedGemm<activation="LeakyRelu", activation_alpha=0.1, alpha=1.0, beta=1.0, transA=1>'
        "(x, w, b)",
        {"x": floats(4, 3)}, {"w": floats(4, 5), "b": floats(5)}, 60),
    "FusedMatMul": (
        "y = FusedMatMul<alpha=0.5>(x, w)", {"x": floats(2, 3, 4)}, {"w": floats(4, 5)}, 120),
    "FusedMatMul, transposed": (
        "y = FusedMatMul<transA=1, transB=1>(x, q)",
        {"x": floats(2, 4, 3), "q": floats(2, 5, 4)}, {}, 120),
    "FusedMatMul, rows before batches": (
        "y = FusedMatMul<transBatchA=1, transBatchB=1>(x, q)",
        {"x": floats(3, 2, 4), "q": floats(4, 2, 5)}, {}, 120),
    "FusedMatMul, both": (
        "y = FusedMatMul<transA=1, transBatchA=1>(x, q)",
        {"x": floats(4, 2, 3), "q": floats(2, 4, 5)}, {}, 120),
    "MatMulIntegerToFloat": (
        "y = MatMulIntegerToFloat(x, w, s, t, z, i, b)",
        {"x": bytes_(2, 3, 4)}, {"w": bytes_(4, 5, dtype=np.int8), "b": floats(5)}, 120),
    "DynamicQuantizeMatMul": (
        "y = DynamicQuantizeMatMul(x, w, t, i, b)",
        {"x": floats(3, 4)}, {"w": bytes_(4, 5, dtype=np.int8), "b": floats(5)}, 60),
    "QGemm, to floats": (
        "y = QGemm<transB=1>(x, s, z, w, t, i, b)",
        {"x": bytes_(3, 4)},
        {"w": bytes_(5, 4, dtype=np.int8), "b": np.arange(5, dtype=np.int32)}, 60),
    "QLinearAdd": (
        "y = QLinearAdd(x, s, z, q, s, z, s, z)",
        {"x": bytes_(2, 3), "q": bytes_(3)}, {}, 0),
    "QLinearMul": (
        "y = QLinearMul(x, s, z, q, s, z, s, z)",
        {"x": bytes_(2, 1, 3), "q": bytes_(4, 3)}, {}, 0),
    "QLinearConcat": (
        "y = QLinearConcat<axis=1>(s, z, x, s, z, q, s, z)",
        {"x": bytes_(2, 3), "q": bytes_(2, 2)}, {}, 0),
    "QLinearGlobalAveragePool": (
        "y = QLinearGlobalAveragePool<channels_last=0>(x, s, z, t, z)",
        {"x": bytes_(1, 3, 2, 2)}, {}, 0),
    "QLinearGlobalAveragePool, channels last": (
        "y = QLinearGlobalAveragePool<channels_last=1>(x, s, z, t, z)",
        {"x": bytes_(1, 2, 2, 3)}, {}, 0),
}
# fmt: on


def case_of(folder: Path, name: str) -> Case:
    body, feeds, arrays, _ = CASES[name]
    kinds = {"float32": "float", "uint8": "uint8", "int8": "int8", "int32": "int32"}
    inputs = ", ".join(
        f"{kinds[str(array.dtype)]}[{','.join(map(str, array.shape))}] {key}"
        for key, array in feeds.items()
    )
    text = body.replace(" = ", " = com.microsoft.", 1)
    header = '<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>'
    proto = onnx.parser.parse_model(f"{header} g ({inputs}) => (y) {{ {text} }}")
    held = {**Q, **arrays}
    proto.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(a), n) for n, a in held.items()
    )
    return Case(name=name, operator=name, proto=proto, feeds=feeds, model=loaded(folder, proto))


@pytest.mark.parametrize("name", CASES)
def test_as_the_runtime_runs_it(tmp_path: Path, name: str) -> None:
    case = case_of(tmp_path, name)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        case.proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    (wanted,) = session.run(None, case.feeds)
    made = case.model.tensors[case.model.outputs[0]]
    assert (made.sizes, made.dtype) == (wanted.shape, str(wanted.dtype).replace("float32", "float"))
    assert facts(case.model, 0).macs == CASES[name][3]
    tally = judged(case, budgets=(2000, 40), session=session)
    assert (tally.misses, tally.unknown) == ([], set())
    assert tally.precision > 0.9

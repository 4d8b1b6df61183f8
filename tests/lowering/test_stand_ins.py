"""Operators that stand for one of ONNX's own: shapes, costs and dependences as they are run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gallery.costs.facts import facts
from gallery.lowering import lower
from tests.lowering.contrib_cases import check, runtime_case, session_of
from tests.onnx_text import loaded

_RNG = np.random.default_rng(5)


def floats(*shape: int) -> np.ndarray:
    return _RNG.normal(size=shape).astype(np.float32)


def bytes_(*shape: int, dtype: type = np.uint8) -> np.ndarray:
    return _RNG.integers(-90, 90, shape).astype(np.int16).astype(dtype)


def ints(*shape: int, top: int = 9, dtype: type = np.int64) -> np.ndarray:
    return _RNG.integers(0, top, shape).astype(dtype)


Q = {
    "s": np.float32(0.05),
    "t": np.float32(0.02),
    "z": np.uint8(100),
    "i": np.int8(0),
    "g": np.float32(0.4),
}
N = "com.microsoft.nchwc."

# fmt: off
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any], int]] = {
    # Operators in ONNX text, inputs, initializers, multiply-accumulates.
    "GatherND": (
        "y = MS.GatherND(x, k)", {"x": floats(3, 4, 5)}, {"k": ints(6, 2, top=3)}, 0),
    "GatherND by what is computed": (
        "y = MS.GatherND(x, k)", {"x": floats(3, 4), "k": ints(6, 1, top=3)}, {}, 0),
    "GridSample": (
        'y = MS.GridSample<mode="bicubic", padding_mode="border">(x, g)', {"x": floats(1, 2, 6, 6)},
        {"g": np.clip(floats(1, 3, 3, 2), -0.9, 0.9)}, 0),
    "MatMulInteger16": (
        "y = MS.MatMulInteger16(x, w)", {"x": bytes_(2, 3, 4, dtype=np.int16)},
        {"w": ints(4, 5, dtype=np.int16) + np.int16(1)}, 120),
    "NhwcMaxPool": (
        "y = MS.NhwcMaxPool<kernel_shape=[2,3], strides=[2,1], pads=[0,1,0,1]>(x)",
        {"x": bytes_(1, 6, 5, 3)}, {}, 0),
    "Pad": (
        'y = MS.Pad<mode="reflect">(x, k)', {"x": floats(3, 4)},
        {"k": np.array([1, 0, 0, 2], np.int64)}, 0),
    "QLinearAveragePool": (
        "y = MS.QLinearAveragePool<kernel_shape=[2,2]>(x, s, z, s, z)",
        {"x": bytes_(1, 3, 5, 4)}, {}, 0),
    "QLinearAveragePool, channels last": (
        "y = MS.QLinearAveragePool<kernel_shape=[2,2], strides=[2,1], channels_last=1>"
        "(x, s, z, s, z)", {"x": bytes_(1, 5, 4, 3)}, {}, 0),
    "QLinearConv": (
        "y = MS.QLinearConv<pads=[1,1,1,1]>(x, s, z, w, t, i, g, z, b)", {"x": bytes_(1, 2, 5, 5)},
        {"w": bytes_(4, 2, 3, 3, dtype=np.int8), "b": np.arange(4, dtype=np.int32)}, 25 * 4 * 18),
    "QLinearConv, channels last": (
        "y = MS.QLinearConv<pads=[1,1,1,1], strides=[2,1], channels_last=1>"
        "(x, s, z, w, t, i, g, z, b)", {"x": bytes_(1, 5, 6, 2)},
        {"w": bytes_(4, 2, 3, 3, dtype=np.int8), "b": np.arange(4, dtype=np.int32)}, 18 * 4 * 18),
    "QLinearConv in groups, channels last": (
        "y = MS.QLinearConv<group=2, channels_last=1>(x, s, z, w, t, i, s, z)",
        {"x": bytes_(1, 4, 4, 4)}, {"w": bytes_(6, 2, 2, 2, dtype=np.int8)}, 9 * 6 * 8),
    "QLinearLeakyRelu": ("y = MS.QLinearLeakyRelu<alpha=0.5>(x, s, z, s, z)",
                         {"x": bytes_(2, 3, dtype=np.uint8)}, {}, 0),
    "QLinearSigmoid": ("y = MS.QLinearSigmoid(x, t, z, t, z)", {"x": bytes_(2, 3)}, {}, 0),
    "QLinearSoftmax": (
        "y = MS.QLinearSoftmax<axis=1, opset=13>(x, s, z, r, u)", {"x": bytes_(2, 4, 3)},
        {"r": np.float32(1 / 256), "u": np.uint8(0)}, 0),
    "QLinearSoftmax of old": (
        "y = MS.QLinearSoftmax<axis=1, opset=12>(x, s, z, r, u)", {"x": bytes_(2, 2, 3)},
        {"r": np.float32(1 / 256), "u": np.uint8(0)}, 0),
    "QLinearSoftmax of old, over the last dimension": (
        "y = MS.QLinearSoftmax<opset=12>(x, s, z, r, u)", {"x": bytes_(2, 2, 3)},
        {"r": np.float32(1 / 256), "u": np.uint8(0)}, 0),
    "QLinearWhere": (
        "y = MS.QLinearWhere(c, x, s, z, q, s, z, s, z)",
        {"x": bytes_(2, 3), "c": ints(2, 1, top=2, dtype=np.bool_), "q": bytes_(3)}, {}, 0),
    "QuantizeLinear": (
        "y = MS.QuantizeLinear(x, t, k)", {"x": floats(2, 3)}, {"k": np.int16(3)}, 0),
    "DequantizeLinear by channel": (
        "y = MS.DequantizeLinear<axis=0>(x, k, v)", {"x": bytes_(2, 3), "k": floats(2)},
        {"v": bytes_(2)}, 0),
    "SampleOp": ("y = MS.SampleOp(x)", {"x": floats(2, 3)}, {}, 0),
    "ScaledSiLU": ("y = MS.ScaledSiLU(x, k)", {"x": floats(2, 3), "k": floats()}, {}, 0),
    "Trilu": ("y = MS.Trilu<upper=0>(x, k)", {"x": floats(4, 4)}, {"k": np.int64(-1)}, 0),
    "NCHWc: a convolution of what is not in blocks": (
        f'y = {N}Conv<activation="Relu", pads=[1,1,1,1], strides=[2,2]>(x, w, b) '
        f"y2 = {N}ReorderOutput<channels=12>(y)",
        {"x": floats(1, 3, 6, 6)}, {"w": floats(16, 3, 3, 3), "b": floats(16)}, 9 * 16 * 27),
    "NCHWc: a sum and a pool": (
        f"r = {N}ReorderInput(x) c = {N}Conv(r, w, b) d = {N}Conv(c, v, , c) "
        f"p = {N}MaxPool<kernel_shape=[2,2], strides=[2,2]>(d) "
        f"y2 = {N}ReorderOutput<channels=16>(p)",
        {"x": floats(1, 16, 4, 4)},
        {"w": floats(16, 16, 1, 1), "b": floats(16), "v": floats(16, 16, 1, 1)}, 2 * 16 * 256),
    "NCHWc: channels last, in groups": (
        f"r = {N}ReorderInput<channels_last=1>(x) c = {N}Conv<group=16, pads=[1,1,1,1]>(r, w) "
        f"a = {N}AveragePool<kernel_shape=[3,2]>(c) "
        f"y2 = {N}ReorderOutput<channels=16, channels_last=1>(a)",
        {"x": floats(1, 4, 5, 16)}, {"w": floats(16, 1, 3, 3)}, 16 * 20 * 9),
    "NCHWc: nearest": (
        f"r = {N}ReorderInput(x) u = {N}Upsample<scales=[1,1,2,3]>(r) "
        f"y2 = {N}ReorderOutput<channels=16>(u)", {"x": floats(1, 16, 3, 2)}, {}, 0),
    "NCHWc: linear": (
        f'r = {N}ReorderInput(x) u = {N}Upsample<scales=[1,1,2,2], mode="linear", '
        'coordinate_transformation_mode="half_pixel">(r) '
        f"y2 = {N}ReorderOutput<channels=16>(u)", {"x": floats(1, 16, 3, 4)}, {}, 0),
    "NCHWc: the greatest of all": (
        f"r = {N}ReorderInput(x) a = {N}GlobalMaxPool(r) y2 = {N}ReorderOutput<channels=16>(a)",
        {"x": floats(1, 16, 3, 3)}, {}, 0),
    "NCHWc: the mean of all": (
        f"r = {N}ReorderInput(x) a = {N}GlobalAveragePool(r) y2 = {N}ReorderOutput<channels=16>(a)",
        {"x": floats(1, 16, 3, 3)}, {}, 0),
}
# fmt: on


def about(body: str) -> tuple[str, str]:
    """The outputs of a case, and the operator that it is like."""
    return "y2" if "y2" in body else "y", "Upsample" if "linear" in body else ""


def test_channels_of_blocks_are_padded(tmp_path: Path) -> None:
    body = f"y = {N}ReorderInput(x) y2 = {N}ReorderOutput<channels=20>(y)"
    case = runtime_case(tmp_path, body, {"x": floats(1, 20, 2, 2)}, {}, "y, y2")
    for index, array in zip(
        case.model.outputs, session_of(case.proto).run(None, case.feeds), strict=True
    ):
        # A processor with shorter vectors has shorter blocks.
        assert case.model.tensors[index].sizes in (array.shape, (1, 32, 2, 2))


@pytest.mark.parametrize("name", CASES)
def test_as_the_runtime_runs_it(tmp_path: Path, name: str) -> None:
    body, feeds, held, macs = CASES[name]
    held = {
        key: value for key, value in {**Q, **held}.items() if re.search(rf"[(, ]{key}[,)]", body)
    }
    case = runtime_case(tmp_path, body, feeds, held, *about(body))
    assert facts(case.model, 0).macs == macs
    # What is not the greatest in its window of a pool need not matter.
    check(case, session_of(case.proto), 0.95 if "MaxPool" in body else 0.985)


def test_flexible_attention_is_attention(tmp_path: Path) -> None:
    head = '<ir_version: 10, opset_import: ["" : 24, "ai.onnx.preview" : 1]> net '
    ports = "(float[2,4,12,16] q, float[2,2,20,16] k, float[2,2,20,8] v) => (float[2,4,12,8] y)"
    graphs, macs = [], []
    for kind in ("Attention", "ai.onnx.preview.FlexAttention"):
        model = loaded(tmp_path, f"{head}{ports} {{ y = {kind}(q, k, v) }}")
        graphs.append(lower(model, vertices=2000))
        macs.append(facts(model, 0).macs)
    one, other = graphs
    assert one.edges > 2000
    assert (one.sources == other.sources).all()
    assert (one.indptr == other.indptr).all()
    assert macs == [2 * 4 * 12 * 20 * (16 + 8)] * 2

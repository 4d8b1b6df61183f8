"""Parameters are what training changes, whichever way the file holds them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from gallery.costs.facts import facts
from tests.onnx_text import loaded

F, I8, U8, I32 = np.float32, np.int8, np.uint8, np.int32
S, Z, ZU = np.ones((), F), np.zeros((), I8), np.zeros((), U8)
QUANTISED = {"s": S, "z": Z, "u": ZU}

# fmt: off
CASES: dict[str, tuple[str, dict[str, np.ndarray], int]] = {
    "running statistics": (
        "(float[1,3,4,4] x) => (y) { y = BatchNormalization(x, g, b, m, v) }",
        {name: np.ones(3, F) for name in "gbmv"}, 6),
    "initial states": (
        "(float[5,1,4] x) => (y) { y = LSTM<hidden_size=6>(x, w, r, b, , h, c) }",
        {"w": np.ones((1, 24, 4), F), "r": np.ones((1, 24, 6), F), "b": np.ones((1, 48), F),
         "h": np.zeros((1, 1, 6), F), "c": np.zeros((1, 1, 6), F)}, 24 * 4 + 24 * 6 + 48),
    "a quantised convolution": (
        "(uint8[1,3,8,8] x) => (y) { y = QLinearConv(x, s, u, w, s, z, s, u, b) }",
        {**QUANTISED, "w": np.ones((16, 3, 3, 3), I8), "b": np.ones(16, I32)}, 432 + 16),
    "a convolution of dequantised weights": (
        "(float[1,3,8,8] x) => (y) { k = DequantizeLinear(w, s, z) a = DequantizeLinear(b, s) "
        "y = Conv(x, k, a) }",
        {**QUANTISED, "w": np.ones((16, 3, 3, 3), I8), "b": np.ones(16, I32)}, 432 + 16),
    "sizes as 32-bit integers": (
        "(float[8] x) => (y) { l = Cast<to=7>(n) y = Reshape(x, l) }",
        {"n": np.array([2, 4], I32)}, 0),
    "scales of Resize": (
        "(float[1,1,4,4] x) => (y) { y = Resize(x, , n) }", {"n": np.ones(4, F)}, 0),
    "packed weights": (
        "(float[2,256] x) => (y) { y = com.microsoft.MatMulNBits<K=256, N=64, bits=4, "
        "block_size=32>(x, q, n) }",
        {"q": np.ones((64, 8, 16), U8), "n": np.ones(512, F)}, 256 * 64),
    "what nothing reads": (
        "(float[4] x) => (y) { y = Add(x, b) }", {"b": np.ones(4, F), "w": np.ones(99, F)}, 4),
    "scales that something else reads as well": (
        "(int8[4] x) => (y, k) { y = DequantizeLinear(x, n) k = Neg(n) }",
        {"n": np.ones((), F)}, 1),
}
# fmt: on


@pytest.mark.parametrize("name", CASES)
def test_parameters(tmp_path: Path, name: str) -> None:
    body, arrays, wanted = CASES[name]
    header = '<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]> g '
    model = onnx.parser.parse_model(header + body)
    model.graph.initializer.extend(numpy_helper.from_array(a, n) for n, a in arrays.items())
    assert facts(loaded(tmp_path, model), 0).parameters == wanted

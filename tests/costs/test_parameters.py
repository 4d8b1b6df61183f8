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
    "tables of rotations": (
        "(float[1,16,8] x) => (y) { y = RotaryEmbedding<num_heads=1>(x, c, s) }",
        {name: np.ones((1, 16, 4), F) for name in "cs"}, 0),
    "tables of ONNX Runtime's rotations": (
        "(float[1,16,8] x, int64[1] i) => (y) { y = com.microsoft.RotaryEmbedding(x, i, c, s) }",
        {name: np.ones((16, 4), F) for name in "cs"}, 0),
    "a quantised projection": (
        "(uint8[2,5,6] x, float[2,2,2,3,4] p) => (y) { y = com.microsoft.QAttention<num_heads=2>"
        "(x, w, b, s, s, , u, z, p) }",
        {**QUANTISED, "w": np.ones((6, 24), I8), "b": np.ones(24, F)}, 6 * 24 + 24),
    "caches": (
        "(float[2,1,8] x) => (y) { y = com.microsoft.MultiHeadAttention<num_heads=2>"
        "(x, x, x, b, , , k, v) }",
        {"b": np.ones(24, F), "k": np.ones((2, 2, 3, 4), F), "v": np.ones((2, 2, 3, 4), F)}, 24),
    "experts of 4 bits": (
        "(float[6,32] x, float[6,4] r) => (y) { y = com.microsoft.QMoE<k=2, expert_weight_bits=4>"
        "(x, r, v, n, , w, n) }",
        {"v": np.ones((4, 64, 16), U8), "w": np.ones((4, 32, 32), U8), "n": np.ones((4, 64), F)},
        4 * 64 * 32 * 2),
    "embeddings of bytes": (
        "(int32[2,5] i) => (y, m) { y, m = com.microsoft.QEmbedLayerNormalization"
        "(i, , w, p, , g, b, , s, s, , s, s, u, u, , u, u) }",
        {**QUANTISED, "w": np.ones((10, 8), U8), "p": np.ones((6, 8), U8), "g": np.ones(8, U8),
         "b": np.ones(8, U8)}, 8 * 18),
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
    header = '<ir_version: 8, opset_import: ["" : 23, "com.microsoft" : 1]> g '
    model = onnx.parser.parse_model(header + body)
    model.graph.initializer.extend(numpy_helper.from_array(a, n) for n, a in arrays.items())
    assert facts(loaded(tmp_path, model), 0).parameters == wanted

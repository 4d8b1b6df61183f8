"""Products and lookups that the runtime has on no processor, by their definitions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gallery.costs.facts import facts
from tests.lowering.contrib_cases import NumpySession, check, runtime_case

_RNG = np.random.default_rng(15)


def floats(*shape: int) -> np.ndarray:
    return _RNG.uniform(0.5, 1.5, size=shape).astype(np.float32)


def bytes_(*shape: int, dtype: type = np.uint8) -> np.ndarray:
    return _RNG.integers(1, 100, shape).astype(dtype)


def ints(*shape: int, top: int = 4) -> np.ndarray:
    return _RNG.integers(0, top, shape).astype(np.int64)


def unpacked(data: np.ndarray, scales: np.ndarray, inner: int) -> np.ndarray:
    """Weights of 4 bits, [columns, blocks, bytes], as [columns, inner]."""
    values = np.stack([data & 15, data >> 4], -1).reshape(*data.shape[:2], -1) - np.float32(8)
    made = values * scales.reshape(*data.shape[:2], 1)
    return made.reshape(len(data), -1)[:, :inner].astype(np.float32)


def silu(x: np.ndarray) -> np.ndarray:
    return x / (1 + np.exp(-np.clip(x, -50, 50)))


def root_mean_square(x: np.ndarray, scale: np.ndarray) -> np.ndarray:
    made = x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5) * scale
    return made.astype(np.float32)


def gated_layer(**fed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    total = fed["x"] + fed["r"]
    normal = root_mean_square(total, fed["n"])
    gate = normal @ unpacked(fed["w"], fed["a"], 32).T + fed["b"]
    up = normal @ unpacked(fed["v"], fed["c"], 32).T
    return (silu(gate / 100) * up).astype(np.float32), total


def projections(**fed: np.ndarray) -> tuple[np.ndarray, ...]:
    normal = root_mean_square(fed["x"], fed["n"])
    names = (("w", "a"), ("v", "c"), ("u", "d"))
    return tuple((normal @ unpacked(fed[p], fed[q], 32).T).astype(np.float32) for p, q in names)


def adapted(**fed: np.ndarray) -> np.ndarray:
    low = fed["x"] @ unpacked(fed["d"], fed["e"], 32).T
    made = fed["x"] @ unpacked(fed["w"], fed["a"], 32).T + low @ unpacked(fed["u"], fed["f"], 2).T
    return made.astype(np.float32)


def router(x: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    made = x @ w
    return made[..., :3], silu(made[..., 3:5] / 9) * made[..., 5:]


def ordered(**fed: np.ndarray) -> np.ndarray:
    made = fed["x"].astype(np.float32) @ fed["w"] * fed["t"] + fed["b"] + fed["c"]
    return np.clip(np.rint(made / 4000), -128, 127).astype(np.int8)


def small_floats(x: np.ndarray, w: np.ndarray, k: np.ndarray, b: np.ndarray) -> np.ndarray:
    both = np.stack([w & 15, w >> 4], -1).reshape(len(w), -1).astype(np.float32)
    return x @ (both * np.repeat(k, 4, 1)).T + b


def rows_of(w: np.ndarray, k: np.ndarray) -> np.ndarray:
    return w[k].sum(-1, keepdims=True).astype(np.float32) + np.zeros(8, np.float32)


def layer_norm(x: np.ndarray, g: np.ndarray, b: np.ndarray) -> np.ndarray:
    centred = x - x.mean(-1, keepdims=True, dtype=np.float32)
    normal = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    return np.clip(np.rint((normal * g + b) * 20), -128, 127).astype(np.int8)


def convolved(x: np.ndarray, w: np.ndarray, b: np.ndarray, q: np.ndarray) -> np.ndarray:
    """A kernel of 1 by 2 on channels that are last, a bias and an addend."""
    sides = [np.einsum("nhwc,mc->nhwm", x[:, :, k : k + 3], w[:, :, 0, k]) for k in range(2)]
    return sides[0] + sides[1] + b + q


S = {"s": np.float32(0.05), "z": np.uint8(3)}

# fmt: off
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any], Callable[..., Any], int, int]] = {
    # Operators, inputs, initializers, the definition; multiply-accumulates, parameters.
    "MatMulNBitsMlp": (
        'y, t = MS.MatMulNBitsMlp<K=32, N=4, block_size=16, bits=4, activation="silu">'
        "(x, r, n, w, a, b, v, c)",
        {"x": floats(2, 32), "r": floats(2, 32)},
        {"n": floats(32), "w": bytes_(4, 2, 8), "a": floats(4, 2), "b": floats(4),
         "v": bytes_(4, 2, 8), "c": floats(4, 2)}, gated_layer, 2 * 2 * 128, 32 + 2 * 128 + 4),
    "MatMulNBitsQkv": (
        "y, k, l = MS.MatMulNBitsQkv<K=32, Nq=8, Nkv=4, block_size=16, bits=4>"
        "(x, , n, w, a, , v, c, , u, d)", {"x": floats(2, 32)},
        {"n": floats(32), "w": bytes_(8, 2, 8), "a": floats(8, 2), "v": bytes_(4, 2, 8),
         "c": floats(4, 2), "u": bytes_(4, 2, 8), "d": floats(4, 2)}, projections,
        2 * 32 * 16, 32 + 32 * 16),
    "MatMulNBitsQLoRA": (
        "y = MS.MatMulNBitsQLoRA<K=32, N=4, block_size=16, lora_bits=4, lora_block_size=16>"
        "(x, w, a, d, e, u, f)", {"x": floats(2, 32), "u": bytes_(4, 1, 8)},
        {"w": bytes_(4, 2, 8), "a": floats(4, 2), "d": bytes_(2, 2, 8), "e": floats(2, 2),
         "f": floats(4, 1)}, adapted, 2 * (128 + 64 + 8), 128 + 64),
    "MatMulBlockQuantizedFp4Weight": (
        "y = MS.MatMulBlockQuantizedFp4Weight<block_size=4>(x, w, k, , , b)",
        {"x": floats(2, 8), "w": bytes_(4, 4), "k": bytes_(4, 2), "b": floats(4)}, {},
        small_floats, 64, 0),
    "MatMulPacked": (
        "y = MS.MatMulPacked<K=8, N=4, packed_type=1>(x, w)",
        {"x": floats(2, 8), "w": bytes_(4, 5)}, {},
        lambda x, w: x @ (w.sum(1, dtype=np.float32)[:, None] + np.zeros(8, np.float32)).T, 64, 0),
    "GatherPacked": (
        "y = MS.GatherPacked<K=8, packed_type=1, output_dtype=1>(w, k)", {"w": bytes_(4, 5)},
        {"k": ints(3)}, rows_of, 0, 0),
    "RouterGateUpProj": (
        "r, y = MS.RouterGateUpProj<router_size=3>(x, w)",
        {"x": floats(2, 4), "w": floats(4, 7)}, {}, router, 56, 0),
    "QOrderedMatMul": (
        "y = MS.QOrderedMatMul<order_A=1, order_B=0, order_Y=1>(x, s, w, t, s, b, c, s)",
        {"x": bytes_(1, 2, 4, dtype=np.int8), "w": bytes_(4, 4, dtype=np.int8), "t": floats(4),
         "b": floats(4) * 9000, "c": bytes_(1, 2, 4, dtype=np.int8)}, S,
        lambda **f: ordered(**{**f, "c": f["c"] * np.float32(900)}), 32, 0),
    "GemmFloat8": (
        "y = MS.GemmFloat8<transB=1>(x, w, c)",
        {"x": floats(2, 4), "w": floats(3, 4), "c": floats(2, 3)}, {},
        lambda x, w, c: x @ w.T + c, 24, 0),
    "QOrderedLayerNormalization": (
        "y = MS.QOrderedLayerNormalization(x, s, g, b, s)",
        {"x": bytes_(2, 8, dtype=np.int8), "g": floats(8), "b": floats(8)}, S,
        lambda x, g, b, **_: layer_norm(x, g, b), 0, 0),
    "ReduceSumInteger": (
        "y = MS.ReduceSumInteger<axes=[1], keepdims=0>(x)", {"x": bytes_(2, 4, 2)}, {},
        lambda x: x.sum(1, dtype=np.int32), 0, 0),
    "QLinearReduceMean": (
        "y = MS.QLinearReduceMean<axes=[0], keepdims=1>(x, s, z, s, z)", {"x": bytes_(4, 2)}, S,
        lambda x, **_: x.max(0, keepdims=True), 0, 0),
    "MulInteger": (
        "y = MS.MulInteger(x, z, q, z)", {"x": bytes_(2, 3), "q": bytes_(3)}, S,
        lambda x, q, **_: x.astype(np.int32) * q, 0, 0),
    "TorchEmbedding": (
        "y = MS.TorchEmbedding(x, k)", {"x": floats(4, 3)}, {"k": ints(2, 3)}, lambda x, k: x[k],
        0, 0),
    "NhwcFusedConv": (
        'y = MS.NhwcFusedConv<activation="Relu">(x, w, b, q)',
        {"x": floats(1, 2, 4, 2), "w": floats(4, 2, 1, 2), "b": floats(4), "q": floats(1, 2, 3, 4)},
        {}, convolved, 6 * 4 * 4, 0),
    "QuantizeWithOrder": (
        "y = MS.QuantizeWithOrder<order_input=1, order_output=2>(x, s)", {"x": floats(2, 4)}, S,
        lambda x, **_: np.clip(x * 20, -128, 127).astype(np.int8), 0, 0),
}
# fmt: on


@pytest.mark.parametrize("name", CASES)
def test_as_it_is_defined(tmp_path: Path, name: str) -> None:
    body, feeds, held, function, macs, parameters = CASES[name]
    case = runtime_case(tmp_path, body, feeds, held, body.partition(" = ")[0])
    found = facts(case.model, 0)
    assert (found.macs, found.parameters) == (macs, parameters)
    check(case, NumpySession(function, held), 0.95)

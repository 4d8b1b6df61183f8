"""ONNX Runtime's own fused operators: as the runtime runs them, or by their definitions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gallery.costs.facts import facts
from tests.lowering.contrib_cases import NumpySession, check, runtime_case, session_of

_RNG = np.random.default_rng(8)


def floats(*shape: int) -> np.ndarray:
    return _RNG.normal(size=shape).astype(np.float32)


def ints(*shape: int, top: int = 9, dtype: type = np.int64) -> np.ndarray:
    return _RNG.integers(0, top, shape).astype(dtype)


LOOSE = {
    # Some positions are whole numbers but for rounding; the mask of what is not the greatest does
    # not matter; only tokens that are there twice do; some products of a transform are zeros.
    "CropAndResize": 0.95,
    "MaxpoolWithMask": 0.9,
    "NGramRepeatBlock": 0.9,
    "Rfft": 0.6,
}
"""The least precision where data decide, by case."""

BOXES = np.array([[0, 0, 1, 1], [0.2, 0.1, 0.6, 0.5], [0.9, 0.9, 0.1, 0.4]], np.float32)
PADS = np.array([1, 0, 0, 1], np.int64)

# fmt: off
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any], int, int]] = {
    # Operators in ONNX text, inputs, initializers; multiply-accumulates, and all operations.
    "BranchwiseRMSNorm": (
        "y = MS.BranchwiseRMSNorm<num_branches=2>(x, k)", {"x": floats(2, 8), "k": floats(8)},
        {}, 0, 16 * 4),
    "BranchwiseRMSNorm with branches of their own": (
        "y = MS.BranchwiseRMSNorm(x, k)", {"x": floats(2, 3, 4), "k": floats(3, 4)}, {}, 0, 24 * 4),
    "CDist": ('y = MS.CDist<metric="euclidean">(x, w)', {"x": floats(3, 4), "w": floats(5, 4)},
              {}, 0, 15 * 13),
    "ConvTransposeWithDynamicPads": (
        "y = MS.ConvTransposeWithDynamicPads<kernel_shape=[3,3], strides=[2,1]>(x, w, k, b)",
        {"x": floats(1, 3, 3, 4)}, {"w": floats(3, 2, 3, 3), "b": floats(2), "k": PADS},
        36 * 18, 2 * 36 * 18 + 60),
    "CropAndResize": (
        "y = MS.CropAndResize(x, k, n, c)", {"x": floats(2, 2, 5, 6)},
        {"k": BOXES, "n": np.array([0, 1, 1], np.int32), "c": np.array([3, 4], np.int32)},
        0, 7 * 72),
    "ExpandDims": (
        "y = MS.ExpandDims(x, k)", {"x": floats(2, 3)}, {"k": np.array(-2, np.int32)}, 0, 0),
    "GatedRMSNorm": (
        'y = MS.GatedRMSNorm<activation="silu">(x, k, g)',
        {"x": floats(2, 8), "k": floats(4), "g": floats(2, 8)}, {}, 0, 16 * 10),
    "Inverse": ("y = MS.Inverse(x)", {"x": floats(2, 3, 3)}, {}, 0, 2 * 54),
    "MaxpoolWithMask": (
        "y = MS.MaxpoolWithMask<kernel_shape=[2,2], strides=[1,2]>(x, m)",
        {"x": floats(1, 2, 4, 4), "m": np.ones((1, 1, 4, 4), np.int32)}, {}, 0, 2 * 12 * 4),
    "MurmurHash3": ("y = MS.MurmurHash3<positive=0>(x)", {"x": ints(2, 3)}, {}, 0, 6 * 31),
    "NGramRepeatBlock": (
        "y = MS.NGramRepeatBlock<ngram_size=2>(k, x)", {"k": ints(2, 6, top=3), "x": floats(2, 3)},
        {}, 0, 2 * 5),
    "Range": ("y = MS.Range(k, n)", {}, {"k": np.float32(2), "n": np.float32(6.5)}, 0, 0),
    "TransposeMatMul": (
        "y = MS.TransposeMatMul<transA=1>(x, w)", {"x": floats(2, 4, 3)}, {"w": floats(4, 5)},
        120, 240 + 30),
    "UnfoldTensor": (
        "y = MS.UnfoldTensor<dim=1, size=3, step=2>(x)", {"x": floats(2, 8, 3)}, {}, 0, 0),
    "WordConvEmbedding": (
        "y = MS.WordConvEmbedding<conv_window_size=2, char_embedding_size=4, embedding_size=6>"
        "(k, w, b, c)", {"k": ints(3, 5, top=7, dtype=np.int32) + np.int32(1)},
        {"w": floats(6, 1, 2, 4), "b": floats(6), "c": floats(9, 4)},
        3 * 4 * 48, 2 * 3 * 4 * 48 + 3 * 4 * 6 * 3),
}
# fmt: on


@pytest.mark.parametrize("name", CASES)
def test_as_the_runtime_runs_it(tmp_path: Path, name: str) -> None:
    body, feeds, held, macs, flops = CASES[name]
    case = runtime_case(tmp_path, body, feeds, held, operator="Resize" if "Crop" in name else "")
    found = facts(case.model, 0)
    assert (found.macs, found.flops) == (macs, flops)
    check(case, session_of(case.proto), LOOSE.get(name, 0.985))


def gelu(x: np.ndarray) -> np.ndarray:
    return x / (1 + np.exp(-1.702 * np.clip(x, -50, 50)))


def softmax(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    powers = np.exp(x - x.max(axis=axes, keepdims=True))
    return powers / powers.sum(axis=axes, keepdims=True)


def bias_split_gelu(x: np.ndarray, b: np.ndarray) -> np.ndarray:
    left, right = np.split(x + b, 2, axis=-1)
    return left * gelu(right)


def group_norm(x: np.ndarray, g: np.ndarray, b: np.ndarray) -> np.ndarray:
    view = x.reshape(*x.shape[:-1], 2, -1)
    centred = view - view.mean(axis=(1, 2, 4), keepdims=True)
    normal = centred / np.sqrt((centred**2).mean(axis=(1, 2, 4), keepdims=True) + 1e-5)
    return (normal.reshape(x.shape) * g + b).astype(np.float32)


def skip_group_norm(**fed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    total = fed["x"] + fed["s"].reshape(fed["s"].shape[0], 1, 1, -1) + fed["c"]
    return group_norm(total, fed["g"], fed["b"]), total


def complex_product(x: np.ndarray, q: np.ndarray) -> np.ndarray:
    made = (x[..., 0] + 1j * x[..., 1]) * (q[..., 0] + 1j * q[..., 1])
    return np.stack([made.real, made.imag], -1).astype(np.float32)


def spectrum(x: np.ndarray) -> np.ndarray:
    made = np.fft.rfft(x)
    return np.stack([made.real, made.imag], -1).astype(np.float32)


def signal(x: np.ndarray) -> np.ndarray:
    return np.fft.irfft(x[..., 0] + 1j * x[..., 1]).astype(np.float32)


# fmt: off
DEFINED: dict[str, tuple[str, dict[str, Any], dict[str, Any], Callable[..., Any], int]] = {
    # Operators in ONNX text, inputs, initializers, the definition; all operations.
    "BiasSplitGelu": (
        "y = MS.BiasSplitGelu(x, b)", {"x": floats(2, 3, 8), "b": floats(8)}, {}, bias_split_gelu,
        24 * 8),
    "SwiGLU of one input": (
        "y = MS.SwiGLU(x)", {"x": floats(2, 8)}, {},
        lambda x: bias_split_gelu(x[:, [4, 5, 6, 7, 0, 1, 2, 3]], np.float32(0)), 8 * 6),
    "SwiGLU of two": (
        "y = MS.SwiGLU(x, u)", {"x": floats(2, 4), "u": floats(2, 4)}, {},
        lambda x, u: gelu(x) * u, 8 * 6),
    "BiasSoftmax": (
        "y = MS.BiasSoftmax<axis=2, is_inner_broadcast=0>(x, b)",
        {"x": floats(2, 3, 4), "b": floats(1, 3, 4)}, {}, lambda x, b: softmax(x + b, (2,)),
        24 * 6),
    "BiasSoftmax over two dimensions": (
        "y = MS.BiasSoftmax<axis=1, is_inner_broadcast=1>(x, b)",
        {"x": floats(2, 3, 4), "b": floats(2, 1, 4)}, {}, lambda x, b: softmax(x + b, (1, 2)),
        24 * 6),
    "BiasDropout": (
        "y, m = MS.BiasDropout(x, b, r)", {"x": floats(2, 3), "b": floats(3), "r": floats(2, 3)},
        {}, lambda x, b, r: (x + b + r, np.ones_like(x, bool)), 12),
    "BitmaskDropout": (
        "y, m = MS.BitmaskDropout(x)", {"x": floats(2, 33)}, {},
        lambda x: (x, np.full(3, 2**32 - 1, np.uint32)), 0),
    "GroupNorm": (
        "y = MS.GroupNorm<groups=2, activation=0>(x, g, b)",
        {"x": floats(2, 2, 2, 4), "g": floats(4), "b": floats(4)}, {}, group_norm, 32 * 7),
    "GroupNorm, channels first": (
        "y = MS.GroupNorm<groups=2, activation=1, channels_last=0>(x, g, b)",
        {"x": floats(2, 4, 2, 2), "g": floats(4), "b": floats(4)}, {},
        lambda x, g, b: gelu(
            group_norm(x.transpose(0, 2, 3, 1), g, b)).transpose(0, 3, 1, 2), 32 * 12),
    "SkipGroupNorm": (
        "y, t = MS.SkipGroupNorm<groups=2, activation=0>(x, g, b, s, c)",
        {"x": floats(2, 2, 2, 4), "g": floats(4), "b": floats(4), "s": floats(2, 4),
         "c": floats(4)}, {}, skip_group_norm, 32 * 9),
    "GemmFastGelu": (
        "y = MS.GemmFastGelu(x, w, b)", {"x": floats(2, 3, 4), "b": floats(5)},
        {"w": floats(4, 5)}, lambda x, w, b: gelu(x @ w + b), 240 + 30 * 9),
    "FusedMatMulActivation": (
        'y = MS.FusedMatMulActivation<activation="Relu", transB=1>(x, w)', {"x": floats(2, 4)},
        {"w": floats(5, 4)}, lambda x, w: np.maximum(x @ w.T, 0.1 * (x @ w.T)), 80 + 20),
    "FusedMatMulActivation by row": (
        'y = MS.FusedMatMulActivation<activation="Softmax", activation_axis=-1>(x, w)',
        {"x": floats(3, 4)}, {"w": floats(4, 5)}, lambda x, w: softmax(x @ w, (1,)), 120 + 30),
    "ComplexMul": (
        "y = MS.ComplexMul(x, q)", {"x": floats(3, 4, 2), "q": floats(4, 2)}, {}, complex_product,
        24 * 3),
    "Rfft": ("y = MS.Rfft<signal_ndim=1>(x)", {"x": floats(3, 8)}, {}, spectrum, 3 * 120),
    "Irfft": ("y = MS.Irfft<signal_ndim=1>(x)", {"x": floats(3, 5, 2)}, {}, signal, 3 * 120),
    "IsAllFinite": (
        "y = MS.IsAllFinite(x, q)", {"x": floats(2, 3), "q": floats(4)}, {},
        lambda x, q: np.array(np.isfinite(x).all() and np.isfinite(q).all()), 20),
}
# fmt: on


@pytest.mark.parametrize("name", DEFINED)
def test_as_it_is_defined(tmp_path: Path, name: str) -> None:
    body, feeds, held, function, flops = DEFINED[name]
    outputs = body.partition(" = ")[0]
    case = runtime_case(tmp_path, body, feeds, held, outputs)
    assert facts(case.model, 0).flops == flops
    check(case, NumpySession(function, held), LOOSE.get(name, 0.985))

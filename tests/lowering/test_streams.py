"""Residual streams, gates, hashed n-grams and recurrent states, as the runtime runs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gallery.costs.facts import facts
from tests.lowering.contrib_cases import NumpySession, check, runtime_case, session_of

_RNG = np.random.default_rng(12)


def floats(*shape: int) -> np.ndarray:
    return _RNG.normal(size=shape).astype(np.float32)


def ints(*shape: int, top: int = 90) -> np.ndarray:
    return _RNG.integers(1, top, shape).astype(np.int64)


# fmt: off
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any], int, int]] = {
    # Operators in ONNX text, inputs, initializers; multiply-accumulates, and all operations.
    "EngramGate": (
        "y, z = MS.EngramGate(x, q, v, a, b, c)",
        {"x": floats(2, 2, 2, 4), "q": floats(2, 2, 2, 4), "v": floats(2, 2, 4)},
        {"a": floats(2, 4), "b": floats(2, 4), "c": floats(2, 4)}, 0, 32 * 15),
    "GatedAdd": (
        "y = MS.GatedAdd(x, q, g)",
        {"x": floats(2, 3, 4), "q": floats(2, 3, 4), "g": floats(2, 3, 1)}, {}, 0, 48),
    "HyperConnectionPreMix": (
        "y = MS.HyperConnectionPreMix(x, g)", {"x": floats(3, 2, 4), "g": floats(3, 2)}, {}, 0, 48),
    "HyperConnectionPreMix of flat streams": (
        "y = MS.HyperConnectionPreMix<num_branches=2>(x, g)",
        {"x": floats(3, 8), "g": floats(3, 8)}, {}, 0, 48),
    "HyperConnectionPostMix": (
        "y = MS.HyperConnectionPostMix(x, b, g)",
        {"x": floats(3, 2, 4), "b": floats(3, 4), "g": floats(3, 2)}, {}, 0, 48),
    "HyperConnectionPostMix by a matrix": (
        "y = MS.HyperConnectionPostMix(x, b, g, m)",
        {"x": floats(3, 2, 4), "b": floats(3, 4), "g": floats(3, 2, 4), "m": floats(3, 2, 2)}, {},
        48, 96 + 48),
    "HyperConnectionPostMix of flat streams": (
        "y = MS.HyperConnectionPostMix<num_branches=2>(x, b, g, m)",
        {"x": floats(3, 8), "b": floats(3, 4), "g": floats(3, 2, 1), "m": floats(3, 2, 2)}, {},
        48, 96 + 48),
    "LinearAttentionGate": (
        "y, z = MS.LinearAttentionGate(x, b, d, q)",
        {"x": floats(2, 3, 4), "q": floats(2, 3, 4)}, {"b": floats(4), "d": -np.abs(floats(4))},
        0, 24 * 9),
    "NGramHashMapping": (
        "y, z = MS.NGramHashMapping<max_ngram_size=3, n_head_per_ngram=2, pad_id=0>"
        "(x, m, v, p)", {"x": ints(2, 4), "p": ints(2, 2)},
        {"m": np.array([7919, 104729, 1299709], np.int64),
         "v": np.array([10007, 10009, 10037, 10039], np.int64)}, 0, 5 * 8 + 32),
    "GatedDeltaNet": (
        'y, s = MS.GatedDeltaNet<update_rule="gated_delta", qk_l2_norm=1>(x, k, v, , g, b, i)',
        {"x": floats(3, 2, 4), "k": floats(3, 2, 4), "v": floats(3, 2, 2),
         "g": -np.abs(floats(3, 2)), "b": np.abs(floats(3, 2)), "i": floats(1, 2, 2, 4)}, {},
        3 * 16 * 3, 6 * 48 + 48),
}
# fmt: on


@pytest.mark.parametrize("name", CASES)
def test_as_the_runtime_runs_it(tmp_path: Path, name: str) -> None:
    body, feeds, held, macs, flops = CASES[name]
    case = runtime_case(tmp_path, body, feeds, held, *about(body))
    found = facts(case.model, 0)
    assert (found.macs, found.flops) == (macs, flops)
    check(case, session_of(case.proto))


def about(body: str) -> tuple[str]:
    """The outputs of a case."""
    return (body.partition(" = ")[0],)


def low_rank_mix(**fed: np.ndarray) -> tuple[np.ndarray, ...]:
    """Two streams of 4, by the schema."""
    total = fed["x"] + (fed["g"][..., None] * fed["o"][..., None, :]).reshape(fed["x"].shape)
    view = total.reshape(*total.shape[:-1], 2, 4)
    normal = view / np.sqrt((view**2).mean(-1, keepdims=True) + 1e-5)
    normal = normal.reshape(total.shape) * fed["n"]
    low = normal @ fed["d"]
    with np.errstate(over="ignore"):
        gates = 1 / (1 + np.exp(-(low / (1 + np.exp(-low))) @ fed["u"]))
    before = (normal * gates).reshape(view.shape).sum(-2)
    after = np.tanh(normal @ fed["w"] / 50)
    return before, after, total


def test_streams_and_a_thin_product(tmp_path: Path) -> None:
    feeds = {"x": floats(2, 8), "o": floats(2, 4), "g": floats(2, 2)}
    held = {"n": floats(8), "d": floats(8, 3) / 4, "u": floats(3, 8) / 4, "w": floats(8, 2)}
    body = "a, b, c = MS.HyperConnectionLowRankMix<num_branches=2>(x, n, d, u, w, o, g)"
    case = runtime_case(tmp_path, body, feeds, held, "a, b, c")
    found = facts(case.model, 0)
    assert found.macs == 2 * (24 + 24 + 16)
    assert found.flops == 2 * found.macs + 16 * 12 + 2 * (3 * 5 + 2 * 4)
    # Some gates are so wide open that nothing moves them.
    check(case, NumpySession(low_rank_mix, held), 0.95)

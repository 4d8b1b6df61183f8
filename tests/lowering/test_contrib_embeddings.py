"""ONNX Runtime's embeddings, experts and recurrent attentions as it runs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gallery.costs.facts import facts
from tests.lowering import changes
from tests.lowering.cases import Array, Case
from tests.lowering.operator_cases import judged
from tests.lowering.runtime_cases import check_types, runtime_case, session_of

_RNG = np.random.default_rng(5)
I32 = np.int32


def floats(*shape: int) -> Array:
    return _RNG.normal(size=shape).astype(np.float32)


def numbers(high: int, *shape: int) -> Array:
    return _RNG.integers(0, high, shape).astype(I32)


def bytes_(*shape: int) -> Array:
    return _RNG.integers(0, 200, shape).astype(np.uint8)


NORM = {"g": floats(8), "b": floats(8)}
WORDS, PLACES, SIDES = floats(3, 8), floats(6, 8), floats(2, 8)
IDS = np.array([[0, 1, 2, 1, 0], [2, 1, 0, 0, 2]], I32)
HALF = np.float32(0.1)
QUANTISED = {"s": HALF, "z": np.uint8(3)}
X = {"x": floats(2, 5, 8), "k": floats(2, 5, 8)}
TABLES = {"c": floats(9, 4), "s": floats(9, 4)}
TOKENS = {"x": floats(3, 32), "r": floats(3, 4)}
FIRST = {"u": bytes_(4, 64, 16), "v": bytes_(4, 32, 16)}
BIASES = {"p": floats(4, 64), "q": floats(4, 32)}
STEPS = {"q": floats(1, 3, 16), "k": floats(1, 3, 16), "v": floats(1, 3, 12)}

# fmt: off
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any], int, float]] = {
    # call, inputs, initializers, multiply-accumulates by hand, least precision
    "words and places": (
        "y, m = EmbedLayerNormalization(i, , w, p, , g, b)", {"i": IDS},
        {"w": WORDS, "p": PLACES, **NORM}, 0, 1),
    "all tables, numbers in the file": (
        "y, m, o = EmbedLayerNormalization(i, j, w, p, s, g, b)",
        {"w": WORDS, "p": PLACES, "s": SIDES, **NORM}, {"i": IDS, "j": IDS % 2}, 0, 0.985),
    "all tables, numbers of a run": (
        "y, m, o = EmbedLayerNormalization<mask_index_type=1>(i, j, w, p, s, g, b, k, l)",
        {"i": IDS, "j": IDS % 2, "w": WORDS, "p": PLACES, "s": SIDES, **NORM,
         "k": numbers(2, 2, 5), "l": numbers(6, 2, 5)}, {}, 0, 0.8),
    "tables of bytes": (
        "y, m = QEmbedLayerNormalization(i, j, w, p, t, g, b, k, s, s, s, s, s, z, z, z, z, z)",
        {"i": IDS, "j": IDS % 2, "k": np.ones((2, 5), I32)},
        {"w": bytes_(3, 8), "p": bytes_(6, 8), "t": bytes_(2, 8), "g": bytes_(8), "b": bytes_(8),
         **QUANTISED}, 0, 1),
    "tables of bytes, without sides": (
        "y, m = QEmbedLayerNormalization(i, , w, p, , g, b, , s, s, , s, s, z, z, , z, z)",
        {"i": IDS, "p": bytes_(6, 8)},
        {"w": bytes_(3, 8), "g": bytes_(8), "b": bytes_(8), **QUANTISED}, 0, 0.985),
    "a sum and its statistics": (
        "y, m, n, o = SkipLayerNormalization(x, k, g)", {**X, "g": floats(8)}, {}, 0, 1),
    "a sum with a bias": (
        "y, , , o = SkipLayerNormalization(x, k, g, b, c)",
        {"x": X["x"], "k": floats(5, 8), **NORM, "c": floats(8)}, {}, 0, 1),
    "a sum with one for all sequences": (
        "y, , , o = SkipLayerNormalization(x, k, g, b, c)",
        {"x": X["x"], "k": floats(1, 5, 8), **NORM, "c": floats(8)}, {}, 0, 1),
    "a sum of tokens": (
        "y, , , o = SkipSimplifiedLayerNormalization(x, k, g, b)",
        {"x": floats(5, 8), "k": floats(5, 8), **NORM}, {}, 0, 1),
    "a rotation by positions": (
        "y = RotaryEmbedding(x, i, c, s)",
        {"x": floats(2, 5, 16), "i": numbers(9, 2, 5).astype(np.int64), **TABLES}, {}, 0, 1),
    "a rotation by head": (
        "y = RotaryEmbedding<interleaved=1>(x, i, c, s)",
        {"x": floats(2, 3, 5, 8), "i": np.array([2]), **TABLES}, {}, 0, 1),
    "experts": (
        'y = MoE<k=2, activation_type="relu">(x, r, u, , v)',
        {"x": floats(3, 8), "r": floats(3, 4)}, {"u": floats(4, 16, 8), "v": floats(4, 8, 16)},
        3 * 2 * 2 * 16 * 8, 1),
    "all experts, with biases": (
        'y = MoE<k=4, activation_type="gelu">(x, r, u, p, v, q)',
        {"x": floats(3, 6), "r": floats(3, 4), "u": floats(4, 5, 6), "v": floats(4, 6, 5),
         "p": floats(4, 5), "q": floats(4, 6)}, {}, 3 * 4 * 2 * 30, 1),
    "all experts, sizes the other way round": (
        'y = MoE<k=4, activation_type="gelu">(x, r, u, , v)',
        {"x": floats(3, 6), "r": floats(3, 4), "u": floats(4, 6, 5), "v": floats(4, 5, 6)}, {},
        3 * 4 * 2 * 30, 1),
    "experts of sequences": (
        'y = MoE<k=2, activation_type="silu">(x, r, u, p, v, q)',
        {"x": floats(2, 3, 8), "r": floats(6, 4)},
        {"u": floats(4, 16, 8), "v": floats(4, 8, 16), "p": floats(4, 16), "q": floats(4, 8)},
        6 * 2 * 2 * 16 * 8, 1),
    "experts with gates between": (
        'y = MoE<k=4, activation_type="swiglu", swiglu_fusion=1>(x, r, u, p, v, q)',
        {"x": floats(3, 6), "r": floats(3, 4), "u": floats(4, 8, 6), "v": floats(4, 6, 4),
         "p": floats(4, 8), "q": floats(4, 6)}, {}, 3 * 4 * (8 * 6 + 6 * 4), 1),
    "experts of 4 bits": (
        "y = QMoE<k=2, expert_weight_bits=4, swiglu_fusion=1, activation_type=\"swiglu\">"
        "(x, r, u, s, p, v, t, q)", TOKENS,
        {**FIRST, **BIASES, "s": floats(4, 64) / 10, "t": floats(4, 32) / 10},
        3 * 2 * (64 * 32 + 32 * 32), 1),
    "experts of 4 bits, weights of a run": (
        "y = QMoE<k=2, expert_weight_bits=4, swiglu_fusion=1, activation_type=\"swiglu\">"
        "(x, r, u, s, p, v, t, q)",
        {"x": floats(1, 8), "r": floats(1, 2), "u": bytes_(2, 8, 4), "v": bytes_(2, 8, 2),
         "p": floats(2, 8), "q": floats(2, 8)},
        {"s": floats(2, 8) / 10, "t": floats(2, 8) / 10}, 2 * (8 * 8 + 4 * 8), 0.9),
    "experts of 8 bits in blocks": (
        "y = QMoE<k=2, expert_weight_bits=8, block_size=16, swiglu_fusion=1, "
        'activation_type="swiglu">(x, r, u, s, p, v, t, q)', TOKENS,
        {"u": bytes_(4, 64, 32), "v": bytes_(4, 32, 32), **BIASES, "s": floats(4, 64, 2) / 10,
         "t": floats(4, 32, 2) / 10}, 3 * 2 * (64 * 32 + 32 * 32), 1),
    "experts with zero points and weights of their own": (
        "y = QMoE<k=2, expert_weight_bits=4, block_size=16, swiglu_fusion=1, "
        'activation_type="swiglu">(x, r, u, s, p, v, t, q, , , , m, n, , w)',
        {**TOKENS, "w": floats(3, 4)},
        {**FIRST, **BIASES, "s": floats(4, 64, 2) / 10, "t": floats(4, 32, 2) / 10,
         "m": bytes_(4, 64, 1), "n": bytes_(4, 32, 1)}, 3 * 2 * (64 * 32 + 32 * 32), 1),
    "a state by a delta rule": (
        "y, o = LinearAttention<q_num_heads=2, kv_num_heads=2>(q, k, v, , d, b)",
        {**STEPS, "d": floats(1, 3, 2), "b": floats(1, 3, 2)}, {}, 3 * 2 * 8 * 6 * 3, 0.97),
    "more states than queries": (
        'y, o = LinearAttention<q_num_heads=2, kv_num_heads=4, update_rule="linear">(q, k, v)',
        {"q": floats(1, 3, 16), "k": floats(1, 3, 32), "v": floats(1, 3, 24)}, {},
        3 * 4 * 8 * 6 * 2, 1),
    "a state that fades": (
        'y, o = LinearAttention<q_num_heads=4, kv_num_heads=2, update_rule="gated">(q, k, v, p, d)',
        {"q": floats(1, 3, 16), "k": floats(1, 3, 8), "v": floats(1, 3, 12),
         "p": floats(1, 2, 4, 6), "d": floats(1, 3, 8)}, {}, 3 * (2 + 4) * 4 * 6, 1),
    "a causal convolution": (
        "y, o = CausalConvWithState(x, w)", {"x": floats(2, 3, 7), "w": floats(3, 1, 4)}, {},
        2 * 3 * 7 * 4, 1),
    "a causal convolution with holes": (
        'y, o = CausalConvWithState<dilation=2, activation="silu">(x, w, b, p)',
        {"x": floats(2, 3, 7), "w": floats(3, 1, 3), "b": floats(3), "p": floats(2, 3, 4)}, {},
        2 * 3 * 7 * 3, 1),
    "a causal convolution, channels last": (
        "y, o = CausalConvWithState<channels_last=1>(x, w, b, p)",
        {"x": floats(2, 7, 3, 2), "w": floats(6, 1, 3), "b": floats(6), "p": floats(2, 2, 3, 2)},
        {}, 2 * 7 * 6 * 3, 1),
}
# fmt: on


class Rounded:
    """A session whose results are rounded: how many tokens an expert gets at once changes bits."""

    def __init__(self, case: Case) -> None:
        self.session = session_of(case)
        self.scale = max(float(np.abs(one).max()) for one in self.session.run(None, case.feeds))

    def run(self, wanted: None, feeds: dict[str, Array]) -> list[Array]:
        found = self.session.run(None, feeds)
        return [np.round(one.astype(np.float64) / self.scale, 4) for one in found]


@pytest.mark.parametrize("name", CASES)
def test_as_the_runtime_runs_it(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    call, feeds, held, macs, floor = CASES[name]
    case = runtime_case(tmp_path, call, feeds, held)
    experts = case.operator in ("MoE", "QMoE")
    check_types(case, session_of(case))
    assert facts(case.model, 0).macs == macs
    if experts:
        # Of probabilities that are no numbers, none is the largest.
        monkeypatch.setattr(changes, "NAN_SPREADS", changes.NAN_SPREADS | {case.operator})
    session = Rounded(case) if experts else session_of(case)
    tally = judged(case, budgets=(8000, 40), session=session)
    assert (tally.misses, tally.unknown) == ([], set())
    fine = judged(case, budgets=(8000,), session=session)
    assert fine.precision >= floor

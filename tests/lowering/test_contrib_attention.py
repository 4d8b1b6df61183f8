"""ONNX Runtime's attentions: shapes, multiplications and dependences as it runs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
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


def bytes_(*shape: int) -> Array:
    return _RNG.integers(0, 200, shape).astype(np.uint8)


def whole(*values: int) -> Array:
    return np.array(values, I32)


def choices(*shape: int) -> Array:
    return _RNG.integers(0, 2, shape).astype(I32)


def mask(*shape: int) -> Array:
    """Mostly ones, so that what a shuffled one hides is seen in another."""
    return np.array(np.arange(np.prod(shape)).reshape(shape) % 7 > 0, I32)


@dataclass(frozen=True, kw_only=True)
class One:
    """A case: its call, inputs, initializers and multiply-accumulates by hand.

    Attributes:
        floor: Least precision; 0 where lengths or masks that only a run knows decide.
    """

    call: str
    feeds: Mapping[str, Array]
    held: Mapping[str, Any] = field(default_factory=dict)
    macs: int
    floor: float = 0.985


QKV = {"q": floats(2, 5, 8), "k": floats(2, 6, 8), "v": floats(2, 6, 12)}
EVEN = {name: floats(2, 5, 8) for name in "qkv"}
PAST = {"a": floats(2, 2, 3, 4), "c": floats(2, 2, 3, 4)}
ONE = {name: floats(2, 1, 8) for name in "qkv"}
ROOM = {"a": floats(2, 2, 9, 4), "c": floats(2, 2, 9, 4)}
X, W = {"x": floats(2, 5, 6)}, {"w": floats(6, 24), "b": floats(24)}
PLAIN = 2 * 2 * 5 * 6 * (4 + 6)
"""2 sequences, 2 heads, 5 queries, 6 keys; heads of 4 and 6."""
LONGER = 2 * 2 * 5 * 8 * 8
SELF = 2 * 5 * 6 * 24 + 2 * 2 * 5 * 5 * 8
"""The projection of 10 tokens, and the attention."""

# fmt: off
HEADS = {
    "values of another size": One(
        call="y = MultiHeadAttention<num_heads=2>(q, k, v)", feeds=QKV, macs=PLAIN),
    "biases": One(
        call="y = MultiHeadAttention<num_heads=2>(q, k, v, b)", feeds={**QKV, "b": floats(28)},
        macs=PLAIN),
    "present keys": One(
        call="y, m, n = MultiHeadAttention<num_heads=2>(q, k, v)", feeds=QKV, macs=PLAIN),
    "past keys": One(
        call="y, m, n = MultiHeadAttention<num_heads=2>(q, k, v, , , , a, c)",
        feeds={**EVEN, **PAST}, macs=LONGER),
    "scores": One(
        call="y, m, n, float o = MultiHeadAttention<num_heads=2>(q, k, v, b, , s, a, c)",
        feeds={**EVEN, **PAST, "b": floats(24), "s": floats(1, 2, 5, 8)}, macs=LONGER),
    "keys by head": One(
        call="y = MultiHeadAttention<num_heads=2>(q, k, v, b)",
        feeds={"q": floats(2, 5, 8), "k": floats(2, 2, 6, 4), "v": floats(2, 2, 6, 4),
               "b": floats(24)}, macs=2 * 2 * 5 * 6 * 8),
    "lengths in the file": One(
        call="y = MultiHeadAttention<num_heads=2>(q, k, v, , m)", feeds=QKV,
        held={"m": whole(3, 5)}, macs=PLAIN),
    "a mask of keys": One(
        call="y = MultiHeadAttention<num_heads=2>(q, k, v, , m)",
        feeds={**QKV, "m": mask(2, 6)}, macs=PLAIN, floor=0.95),
    "a mask of pairs": One(
        call="y = MultiHeadAttention<num_heads=2>(q, k, v, , m)",
        feeds={**QKV, "m": mask(2, 5, 6)}, macs=PLAIN, floor=0.95),
    "lengths of a run": One(
        call="y = MultiHeadAttention<num_heads=2>(q, k, v, , m)",
        feeds={**QKV, "m": whole(3, 5)}, macs=PLAIN, floor=0),
    "causal": One(
        call="y, m, n = MultiHeadAttention<num_heads=2, unidirectional=1>(q, k, v, , , , a, c)",
        feeds={**EVEN, **PAST}, macs=LONGER),
    "a cache with room": One(
        call="y, m, n = MultiHeadAttention<num_heads=2>(q, k, v, , , , a, c, f)",
        feeds={**ONE, **ROOM}, held={"f": whole(3)}, macs=2 * 2 * 4 * 8),
    "a cache with room, filled in a run": One(
        call="y, m, n = MultiHeadAttention<num_heads=2>(q, k, v, , , , a, c, f)",
        feeds={**ONE, **ROOM, "f": whole(3)}, macs=2 * 2 * 9 * 8, floor=0),
    "beams": One(
        call="y, m, n = MultiHeadAttention<num_heads=2>(q, k, v, , , , a, c, f, i)",
        feeds={**ONE, **ROOM, "i": choices(1, 2, 9)}, held={"f": whole(3)}, macs=2 * 2 * 4 * 8,
        floor=0.9),
    "a step of a decoder": One(
        call="y, m, n = DecoderMaskedMultiHeadAttention<num_heads=2, past_present_share_buffer=1>"
        "(q, k, v, , , a, c, f, w, i, b)",
        feeds={**ONE, **ROOM, "b": floats(24), "i": choices(1, 2, 9)},
        held={"f": whole(3), "w": whole(2)}, macs=2 * 2 * 4 * 8, floor=0.9),
    "a step of a decoder across": One(
        call="y = DecoderMaskedMultiHeadAttention<num_heads=2, past_present_share_buffer=0>"
        "(q, k, v, m)",
        feeds={"q": floats(2, 1, 8), "k": floats(2, 2, 6, 4), "v": floats(2, 2, 6, 4)},
        held={"m": np.ones((2, 6), I32)}, macs=2 * 2 * 6 * 8),
    "projections": One(
        call="y = Attention<num_heads=2>(x, w, b)", feeds={**X, **W}, macs=SELF),
    "projections without biases": One(
        call="y = Attention<num_heads=2>(x, w)", feeds={**X, "w": W["w"]}, macs=SELF),
    "projections to values of another size": One(
        call="y = Attention<num_heads=2, qkv_hidden_sizes=[8, 8, 12]>(x, w, b)",
        feeds={**X, "w": floats(6, 28), "b": floats(28)}, macs=2 * 5 * 6 * 28 + 2 * 2 * 25 * 10),
    "projections and past keys": One(
        call="y, m = Attention<num_heads=2>(x, w, b, , a)",
        feeds={**X, **W, "a": floats(2, 2, 2, 3, 4)}, macs=2 * 5 * 6 * 24 + LONGER),
    "projections, causal": One(
        call="y, m = Attention<num_heads=2, unidirectional=1>(x, w, b, , a)",
        feeds={**X, "a": floats(2, 2, 2, 3, 4)}, held=W, macs=2 * 5 * 6 * 24 + LONGER),
    "projections, with what is added": One(
        call="y = Attention<num_heads=2>(x, w, b, , , s)", feeds={**X, "s": floats(1, 2, 5, 5)},
        held=W, macs=SELF),
    "projections, ends in the file": One(
        call="y = Attention<num_heads=2>(x, w, b, m)", feeds=X, held={**W, "m": whole(3, 5)},
        macs=SELF),
    "projections, ends and starts": One(
        call="y = Attention<num_heads=2>(x, w, b, m)", feeds={**X, "m": whole(3, 5, 1, 0)},
        held=W, macs=SELF, floor=0),
    "projections, ends of a run": One(
        call="y = Attention<num_heads=2>(x, w, b, m)", feeds={**X, "m": whole(3, 5)}, held=W,
        macs=SELF, floor=0),
    "projections, a mask of keys": One(
        call="y = Attention<num_heads=2>(x, w, b, m)", feeds={**X, "m": mask(2, 5)}, held=W,
        macs=SELF, floor=0.95),
    "projections, a mask of pairs": One(
        call="y = Attention<num_heads=2>(x, w, b, m)", feeds={**X, "m": mask(2, 5, 5)},
        held=W, macs=SELF, floor=0.95),
    "quantised projections": One(
        call="y = QAttention<num_heads=2>(x, w, b, s, t)", feeds={"x": bytes_(2, 5, 6)},
        held={"w": bytes_(6, 24).astype(np.int8), "b": floats(24), "s": np.float32(0.02),
              "t": np.float32(0.02)}, macs=SELF, floor=0.9),
    "quantised projections by column, causal": One(
        call="y, m = QAttention<num_heads=2, unidirectional=1>(x, w, b, s, t, , z, u, a)",
        feeds={"x": bytes_(2, 5, 6), "a": floats(2, 2, 2, 3, 4)},
        held={"w": bytes_(6, 24), "b": floats(24), "s": np.float32(0.02),
              "t": floats(24) ** 2 / 50, "z": np.uint8(3), "u": bytes_(24)},
        macs=2 * 5 * 6 * 24 + LONGER, floor=0.9),
}

SHARED = "num_heads=4, kv_num_heads=2"
SCALED = 'k_quant_type="PER_TENSOR", v_quant_type="PER_TENSOR"'
THREE = {"q": floats(1, 3, 32), "k": floats(1, 3, 16), "v": floats(1, 3, 16)}
CACHE = {"a": floats(1, 2, 4, 8), "c": floats(1, 2, 4, 8)}
SPACE = {"a": floats(1, 2, 16, 8), "c": floats(1, 2, 16, 8)}
SEVEN = {"l": whole(6), "t": np.int32(7)}
TURN = {"q": floats(1, 3, 64), "k": floats(1, 3, 32), "v": floats(1, 3, 32),
        "a": floats(1, 2, 4, 16), "c": floats(1, 2, 4, 16), "o": floats(20, 8), "i": floats(20, 8)}
PAIR = {"q": floats(2, 1, 32), "k": floats(2, 1, 16), "v": floats(2, 1, 16)}
FIRST = {"q": floats(2, 3, 32), "k": floats(2, 3, 16), "v": floats(2, 3, 16)}
GROUPED = 4 * 3 * 7 * 16

GROUPS = {
    "shared heads": One(
        call=f"y, m, n = GroupQueryAttention<{SHARED}>(q, k, v, a, c, l, t)",
        feeds={**THREE, **CACHE}, held=SEVEN, macs=GROUPED),
    "a cache with room": One(
        call=f"y, m, n = GroupQueryAttention<{SHARED}>(q, k, v, a, c, l, t)",
        feeds={**THREE, **SPACE}, held=SEVEN, macs=GROUPED, floor=0.975),
    "side by side": One(
        call=f"y, m, n = GroupQueryAttention<{SHARED}>(q, , , a, c, l, t)",
        feeds={"q": floats(1, 3, 64), **CACHE}, held=SEVEN, macs=GROUPED),
    "the first tokens": One(
        call=f"y, m, n = GroupQueryAttention<{SHARED}>(q, k, v, , , l, t)",
        feeds=FIRST, held={"l": whole(2, 2), "t": np.int32(3)}, macs=2 * 4 * 9 * 16),
    "the first tokens, of two lengths": One(
        call=f"y, m, n = GroupQueryAttention<{SHARED}>(q, k, v, , , l, t)",
        feeds=FIRST, held={"l": whole(1, 2), "t": np.int32(3)}, macs=2 * 4 * 9 * 16),
    "one token, of two lengths": One(
        call=f"y, m, n = GroupQueryAttention<{SHARED}>(q, k, v, a, c, l, t)",
        feeds={**PAIR, "a": floats(2, 2, 5, 8), "c": floats(2, 2, 5, 8)},
        held={"l": whole(3, 5), "t": np.int32(6)}, macs=2 * 4 * 6 * 16),
    "one token, room, two lengths": One(
        call=f"y, m, n = GroupQueryAttention<{SHARED}>(q, k, v, a, c, l, t)",
        feeds={**PAIR, "a": floats(2, 2, 9, 8), "c": floats(2, 2, 9, 8)},
        held={"l": whole(3, 5), "t": np.int32(6)}, macs=2 * 4 * 6 * 16, floor=0.975),
    "lengths of a run": One(
        call=f"y, m, n = GroupQueryAttention<{SHARED}>(q, k, v, a, c, l, t)",
        feeds={**PAIR, "a": floats(2, 2, 5, 8), "c": floats(2, 2, 5, 8), "l": whole(3, 5)},
        held={"t": np.int32(6)}, macs=2 * 4 * 6 * 16, floor=0),
    "a window": One(
        call=f"y, m, n = GroupQueryAttention<{SHARED}, local_window_size=2>(q, k, v, a, c, l, t)",
        feeds={**THREE, **CACHE}, held=SEVEN, macs=GROUPED),
    "a window, lengths of a run": One(
        call=f"y, m, n = GroupQueryAttention<{SHARED}, local_window_size=2>(q, k, v, a, c, l, t)",
        feeds={**THREE, **CACHE, "l": whole(6)}, held={"t": np.int32(7)}, macs=GROUPED, floor=0),
    "a smooth softmax": One(
        call=f"y, m, n = GroupQueryAttention<{SHARED}, smooth_softmax=1>(q, k, v, a, c, l, t)",
        feeds={**THREE, **CACHE}, held=SEVEN, macs=GROUPED),
    "sinks": One(
        call=f"y, m, n = GroupQueryAttention<{SHARED}>(q, k, v, , , l, t, , , , , h)",
        feeds={**THREE, "h": floats(4)}, held={"l": whole(2), "t": np.int32(3)},
        macs=4 * 9 * 16),
    "rotated": One(
        call=f"y, m, n = GroupQueryAttention<{SHARED}, do_rotary=1>(q, k, v, a, c, l, t, o, i)",
        feeds=TURN, held=SEVEN, macs=2 * GROUPED),
    "rotated in neighbours by positions": One(
        call=f"y, m, n = GroupQueryAttention<{SHARED}, do_rotary=1, rotary_interleaved=1>"
        "(q, k, v, a, c, l, t, o, i, p)",
        feeds={**TURN, "p": np.arange(4, 7)[None]}, held=SEVEN, macs=2 * GROUPED),
    "what is added": One(
        call=f"y, m, n = GroupQueryAttention<{SHARED}>(q, k, v, a, c, l, t, , , , s)",
        feeds={**THREE, **CACHE, "s": floats(1, 4, 3, 7)}, held=SEVEN, macs=GROUPED),
    "scores": One(
        call=f"y, m, n, float o = GroupQueryAttention<{SHARED}, qk_output=1>(q, k, v, a, c, l, t)",
        feeds={**THREE, **CACHE}, held=SEVEN, macs=GROUPED),
    "weights": One(
        call=f"y, m, n, float o = GroupQueryAttention<{SHARED}, qk_output=2>(q, k, v, a, c, l, t)",
        feeds={**THREE, **CACHE}, held=SEVEN, macs=GROUPED),
    "to and fro": One(
        call=f"y, m, n = GroupQueryAttention<{SHARED}, causal=0>(q, k, v, a, c, l, t)",
        feeds={**THREE, **CACHE}, held=SEVEN, macs=GROUPED),
    "a cache that slides": One(
        call=f"y, m, n = GroupQueryAttention<{SHARED}, local_window_size=4, sliding_window_cache=1>"
        "(q, k, v, a, c, l, t)",
        feeds={**THREE, **CACHE}, held=SEVEN, macs=GROUPED, floor=0.5),
    "a cache of bytes": One(
        call=f"y, m, n = GroupQueryAttention<{SHARED}, kv_cache_bit_width=8, {SCALED}>"
        "(q, k, v, a, c, l, t, , , , , , s, s)",
        feeds={**THREE, "a": bytes_(1, 2, 16, 8).astype(np.int8),
               "c": bytes_(1, 2, 16, 8).astype(np.int8), "s": np.array([0.05], np.float32)},
        held=SEVEN, macs=GROUPED, floor=0.975),
    "a cache of half bytes": One(
        call=f"y, m, n = GroupQueryAttention<{SHARED}, kv_cache_bit_width=4, {SCALED}>"
        "(q, k, v, a, c, l, t, , , , , , s, s)",
        feeds={**THREE, "a": bytes_(1, 2, 16, 4), "c": bytes_(1, 2, 16, 4),
               "s": np.array([0.5], np.float32)}, held=SEVEN, macs=GROUPED, floor=0.8),
}

BLOCKS = {
    "two layouts": One(
        call=f"y, m, n = SparseAttention<{SHARED}, sparse_block_size=16>"
        "(q, k, v, a, c, r, s, t, l)",
        feeds={"q": floats(1, 20, 32) / 2, "k": floats(1, 20, 16) / 2, "v": floats(1, 20, 16),
               "a": floats(1, 2, 32, 8), "c": floats(1, 2, 32, 8)},
        held={"r": np.array([[0, 1, 3], [0, 1, 2]], I32),
              "s": np.array([[0, 0, 1], [0, 1, -1]], I32), "t": np.int32(20), "l": whole(20)},
        macs=(2 * (16 * 16 + 4 * 32) + 2 * (16 * 16 + 4 * 16)) * 16, floor=0.93),
    "a layout with a gap": One(
        call=f"y, m, n = SparseAttention<{SHARED}, sparse_block_size=16>(q, , , a, c, r, s, t, l)",
        feeds={"q": floats(1, 1, 64) / 2, "a": floats(1, 2, 64, 8), "c": floats(1, 2, 64, 8)},
        held={"r": np.array([[0, 1, 3, 5, 7]], I32), "s": np.array([[0, 0, 1, 0, 2, 0, 3]], I32),
              "t": np.int32(50), "l": whole(50)}, macs=4 * 32 * 16),
}
# fmt: on


class Shared:
    """A session in which new caches take the place of old ones, as the operator demands."""

    def __init__(self, case: Case) -> None:
        self.session = session_of(case)

    def run(self, wanted: None, feeds: dict[str, Array]) -> list[Array]:
        binding = self.session.io_binding()
        for name, array in feeds.items():
            value = onnxruntime.OrtValue.ortvalue_from_numpy(array.copy())
            binding.bind_ortvalue_input(name, value)
            if name in "ac":
                binding.bind_ortvalue_output({"a": "m", "c": "n"}[name], value)
        binding.bind_output("y")
        self.session.run_with_iobinding(binding)
        keys, values, output = (value.numpy().copy() for value in binding.get_outputs())
        return [output, keys, values]


@pytest.fixture(autouse=True)
def _no_nan(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mask is added, so that NaN comes out of keys that are hidden."""
    kinds = {"MultiHeadAttention", "DecoderMaskedMultiHeadAttention", "QAttention"}
    kinds |= {"GroupQueryAttention", "SparseAttention"}
    monkeypatch.setattr(changes, "NAN_SPREADS", changes.NAN_SPREADS | kinds)


def check(folder: Path, one: One, *, shared: bool = False) -> None:
    case = runtime_case(folder, one.call, dict(one.feeds), dict(one.held))
    session = Shared(case) if shared else session_of(case)
    check_types(case, session)
    assert facts(case.model, 0).macs == one.macs
    tally = judged(case, budgets=(8000, 40), session=session)
    assert (tally.misses, tally.unknown) == ([], set())
    fine = judged(case, budgets=(8000,), session=session)
    assert fine.precision >= one.floor


@pytest.mark.parametrize("name", HEADS)
def test_attention(tmp_path: Path, name: str) -> None:
    check(tmp_path, HEADS[name])


@pytest.mark.parametrize("name", GROUPS)
def test_shared_heads(tmp_path: Path, name: str) -> None:
    check(tmp_path, GROUPS[name])


@pytest.mark.parametrize("name", BLOCKS)
def test_chosen_blocks(tmp_path: Path, name: str) -> None:
    check(tmp_path, BLOCKS[name], shared=True)

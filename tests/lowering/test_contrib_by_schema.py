"""Operators that ONNX Runtime runs on other processors alone, against their schemas in NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.lowering import by_schema
from tests.lowering.cases import Array
from tests.lowering.schema_cases import Row, SchemaCase

_RNG = np.random.default_rng(5)
I32 = np.int32


def floats(*shape: int, dtype: type = np.float32) -> Array:
    return _RNG.normal(size=shape).astype(dtype)


def whole(*values: int) -> Array:
    return np.array(values, I32)


LIMITS = {"o": np.arange(10, dtype=I32).reshape(2, 5), "c": whole(0, 3, 7)}
PAGES = {"c": whole(0, 2, 3), "p": whole(3, 1), "t": np.array([[1, 2], [0, 3]], I32)}
PAGED = {"q": floats(3, 16), "k": floats(3, 8), "v": floats(3, 8), "a": floats(4, 3, 2, 4),
         "d": floats(4, 3, 2, 4)}  # fmt: skip
LOCAL = {"x": floats(1, 8, 6), "m": np.zeros((1, 8), np.float32)}
BOTH = {"w": floats(6, 18), "b": floats(18), "u": floats(6, 18), "d": floats(18)}
STEP = {"x": floats(2, 3, 8), "k": floats(4, 3, 8)}
MADE = {"w": floats(8, 8), "u": floats(8, 16), "b": floats(24)}
KEPT = {"m": floats(3, 2, 5, 4), "n": floats(3, 2, 5, 4)}
FLAG = {"t": np.bool_(True), "f": np.bool_(False)}
HALVES = {name: floats(2, 3, 5, 4, dtype=np.float16) for name in "qrks"}

# fmt: off
CASES: dict[str, Row] = {
    # call, inputs, initializers, function, multiply-accumulates by hand, least precision
    "packed, projected": (
        "y = PackedAttention<num_heads=2>(x, w, b, o, c)", {"x": floats(7, 6)},
        {**LIMITS, "w": floats(6, 24), "b": floats(24)}, by_schema.packed,
        7 * 6 * 24 + 2 * (9 + 16) * 8, 0.985),
    "packed, apart": (
        "y = PackedMultiHeadAttention<num_heads=2>(q, k, v, b, o, c)",
        {"q": floats(7, 8), "k": floats(7, 8), "v": floats(7, 12), "b": floats(28)}, LIMITS,
        by_schema.packed, 2 * (9 + 16) * 10, 0.985),
    "packed, above each other": (
        "y = PackedMultiHeadAttention<num_heads=2>(q, , , , o, c)", {"q": floats(7, 2, 3, 4)},
        LIMITS, by_schema.packed, 2 * (9 + 16) * 8, 0.985),
    "paged": (
        "y, m, n = PagedAttention<num_heads=4, kv_num_heads=2>(q, k, v, a, d, c, p, t)", PAGED,
        PAGES, by_schema.paged, 4 * (2 * 5 + 1 * 2) * 8, 0),
    "paged, places of a run": (
        "y, m, n = PagedAttention<num_heads=4, kv_num_heads=2>(q, k, v, a, d, c, p, t)",
        {**PAGED, **PAGES}, {}, by_schema.paged, 4 * 3 * 6 * 8, 0),
    "a window, none see all": (
        "y = LongformerAttention<num_heads=2, window=2>(x, w, b, m, u, d, f)", LOCAL,
        {**BOTH, "f": np.zeros((1, 8), I32)}, by_schema.longformer,
        8 * 6 * 36 + 2 * (8 * 5 - 6) * 6, 0.985),
    "a window, the first sees all": (
        "y = LongformerAttention<num_heads=2, window=2>(x, w, b, m, u, d, f)", LOCAL,
        {**BOTH, "f": np.eye(1, 8, dtype=I32)}, by_schema.longformer,
        8 * 6 * 36 + 2 * (8 + 4 + 5 + 6 + 6 + 6 + 5 + 4) * 6, 0.7),
    "a window, flags of a run": (
        "y = LongformerAttention<num_heads=2, window=2>(x, w, b, m, u, d, f)",
        {**LOCAL, "f": np.eye(1, 8, dtype=I32)}, BOTH, by_schema.longformer,
        8 * 6 * 36 + 2 * (8 * 5 - 6) * 6, 0),
    "a decoder on itself": (
        "y, o, p = DecoderAttention<num_heads=2>(x, k, w, u, b, , , , f, f, f, f)", STEP,
        {**MADE, **FLAG}, by_schema.decoder(False, False), 6 * 64 * 3 + 3 * 2 * 4 * 8, 0.985),
    "a decoder on itself and a cache": (
        "y, o, p = DecoderAttention<num_heads=2>(x, k, w, u, b, , m, n, f, t, t, f)",
        {**STEP, **KEPT}, {**MADE, **FLAG}, by_schema.decoder(False, True),
        6 * 64 * 3 + 3 * 2 * 2 * 7 * 8, 0.985),
    "a decoder across": (
        "y, o, p = DecoderAttention<num_heads=2>(x, k, w, u, b, s, , , t, f, f, t)",
        {**STEP, "s": np.eye(3, 4) > 0}, {**MADE, **FLAG}, by_schema.decoder(True, False),
        6 * 64 + 12 * 128 + 3 * 2 * 2 * 4 * 8, 0.985),
    "a decoder across a cache": (
        "y, o, p = DecoderAttention<num_heads=2>(x, k, w, u, b, , m, n, t, t, t, f)",
        {**STEP, **KEPT}, {**MADE, **FLAG}, by_schema.decoder(True, True),
        6 * 64 + 3 * 2 * 2 * 5 * 8, 0.985),
    "all above each other": (
        "y = MultiHeadAttention<num_heads=2>(q)", {"q": floats(2, 5, 2, 3, 4)}, {},
        by_schema.multi_head, 2 * 2 * 25 * 8, 0.985),
    "keys and values above each other": (
        "y = MultiHeadAttention<num_heads=2>(q, k)",
        {"q": floats(2, 5, 8), "k": floats(2, 6, 2, 2, 4)}, {}, by_schema.multi_head,
        2 * 2 * 30 * 8, 0.985),
    "projections, rotated": (
        "y, m = Attention<num_heads=2, do_rotary=1>(x, w, b)",
        {"x": floats(2, 3, 6), "w": floats(6, 24), "b": floats(24)}, {}, by_schema.projecting(4),
        6 * 6 * 24 + 2 * 2 * 9 * 8, 0.985),
    "projections behind a cache, rotated in neighbours in part": (
        "y, m = Attention<num_heads=2, do_rotary=1, rotary_embedding_dim=2>(x, w, b, , a)",
        {"x": floats(2, 3, 6), "w": floats(6, 24), "b": floats(24), "a": floats(2, 2, 2, 2, 4)},
        {}, by_schema.projecting(2, interleaved=True), 6 * 6 * 24 + 2 * 2 * 15 * 8, 0.985),
    "projections, rotated, whose pairs lie in two blocks of the weights": (
        "y, m = Attention<num_heads=1, do_rotary=1>(x, w, b)",
        {"x": floats(1, 2, 2), "w": floats(2, 6), "b": floats(6)}, {},
        by_schema.projecting(2, heads=1), 2 * 2 * 6 + 4 * 4, 0.9),
    "projections, a mask of all positions": (
        "y, m = Attention<num_heads=2>(x, w, b, o, a)",
        {"x": floats(2, 3, 6), "w": floats(6, 24), "b": floats(24), "a": floats(2, 2, 2, 2, 4),
         "o": np.tril(np.ones((2, 1, 7, 7), I32))}, {},
        lambda v: by_schema.projecting()({**v, "m": v["o"]}), 6 * 6 * 24 + 2 * 2 * 15 * 8, 0.5),
    "a gated bias": (
        "y = GatedRelativePositionBias<num_heads=2>(q, b, r, w, d, e)",
        {"q": floats(1, 5, 8), "b": floats(8), "r": floats(1, 2, 5, 5), "w": floats(4, 6),
         "d": floats(6), "e": floats(1, 2, 1, 1)}, {}, by_schema.gated_bias, 5 * 2 * 4 * 6, 0.985),
    "a bias of distances": (
        "y = RelativePositionBias<max_distance=16, is_bidirectional=1>(t, q, k)",
        {"t": floats(8, 2)}, {"q": np.array([5]), "k": np.array([7])},
        by_schema.relative_bias(True), 0, 1),
    "a bias of distances before": (
        "y = RelativePositionBias<max_distance=16>(t, q, k)",
        {"t": floats(8, 2)}, {"q": np.array([5]), "k": np.array([7])},
        by_schema.relative_bias(False), 0, 1),
    "a rotation of both": (
        "y, z = GemmaRotaryEmbedding(e, q, r, k, s)", {"e": floats(2, 5, 4), **HALVES}, {},
        by_schema.gemma, 0, 0.985),
    "no padding": (
        "y, o, c, m = RemovePadding(x, n)", {"x": floats(2, 5, 3)}, {"n": whole(3, 4)},
        by_schema.remove_padding, 0, 1),
    "padding again": (
        "y = RestorePadding(x, t)", {"x": floats(7, 3)},
        {"t": np.array([[0, 1, 2, 5, 6], [7, 8, 3, 4, 9]], I32)}, by_schema.restore_padding, 0, 1),
    "padding at places of a run": (
        "y = RestorePadding(x, t)",
        {"x": floats(7, 3), "t": np.array([[0, 1, 2, 5, 6], [7, 8, 3, 4, 9]], I32)}, {},
        by_schema.restore_padding, 0, 0),
}
# fmt: on


@pytest.mark.parametrize("name", CASES)
def test_as_the_schema_says(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = SchemaCase.of(CASES[name], tmp_path)
    found.check(found.schema, monkeypatch)

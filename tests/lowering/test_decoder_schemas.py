"""Experts, rotations and quantised attentions without a kernel for the CPU, by their schemas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.lowering import decoder_schemas
from tests.lowering.cases import Array
from tests.lowering.changes import Session
from tests.lowering.runtime_cases import check_inferred, runtime_case, session_of
from tests.lowering.schema_cases import Row, SchemaCase

_RNG = np.random.default_rng(5)
I32 = np.int32


def floats(*shape: int) -> Array:
    return _RNG.normal(size=shape).astype(np.float32)


def halves(*shape: int) -> Array:
    return floats(*shape).astype(np.float16)


def bytes_(*shape: int) -> Array:
    return _RNG.integers(1, 200, shape).astype(np.uint8)


def signed(*shape: int) -> Array:
    return _RNG.integers(-100, 100, shape).astype(np.int8)


def numbers(high: int, *shape: int) -> Array:
    return _RNG.integers(0, high, shape)


TABLES = {"c": floats(9, 4), "s": floats(9, 4)}
HEADS = {"x": halves(2, 3, 2, 10), "g": floats(8), "c": floats(9, 3), "s": floats(9, 3)}
LOGITS = {"x": floats(2, 3, 8), "b": floats(8) / 4}
EXPERTS = {"x": halves(3, 6), "r": floats(3, 4)}
ROWS = {"g": bytes_(4, 5, 7), "u": bytes_(4, 5, 7), "d": bytes_(4, 6, 6)}
WEIGHTS = {**{name: signed(6, 8) for name in "uvw"}, **{name: floats(8) for name in "abc"}}
SCALES = {"s": np.float32(0.02), "t": np.float32(0.02), "d": np.float32(0.02),
          "e": np.float32(0.02), "f": floats(8) ** 2 / 50}  # fmt: skip
ORDERED = "num_heads=2, order_input=1, order_weight=0, order_output=1"
LOCAL = {"x": signed(1, 8, 6), "m": np.zeros((1, 8), np.float16)}
BOTH = {"w": signed(6, 18), "b": floats(18), "u": signed(6, 18), "d": floats(18)}
ONE = {"s": np.float32(0.02), "t": np.float32(0.02), "h": np.float32(0.02)}

# fmt: off
CASES: dict[str, Row] = {
    # call, inputs, initializers, function, multiply-accumulates by hand, least precision
    "a rotation by sections": (
        "y = MRotaryEmbedding<num_heads=2, mrope_section=[1, 1, 2]>(x, i, c, s)",
        {"x": floats(2, 5, 16), "i": numbers(9, 3, 2, 5), **TABLES}, {},
        decoder_schemas.three_positions([0, 1, 2, 2], 2), 0, 1),
    "a rotation of a part, by head, sections in turn": (
        "y = MRotaryEmbedding<mrope_section=[2, 1, 1], mrope_layout=1, interleaved=1, num_heads=3, "
        "rotary_embedding_dim=8>(x, i, c, s)",
        {"x": floats(2, 3, 5, 10), "i": numbers(9, 3, 2, 5), **TABLES}, {},
        decoder_schemas.three_positions([0, 1, 2, 0], 3, True), 0, 1),
    "a rotation by one section": (
        "y = MRotaryEmbedding<num_heads=1, mrope_section=[4, 0, 0]>(x, i, c, s)",
        {"x": floats(1, 5, 8), "i": numbers(9, 3, 1, 5), **TABLES}, {},
        decoder_schemas.three_positions([0] * 4, 1), 0, 1),
    "normalised slices, rotated": (
        "y, n = RMSNormRotary<rotary_embedding_dim=6, input_width=8, input_start=2, output_fp16=1>"
        "(x, g, i, c, s)", {**HEADS, "i": numbers(9, 2, 3)}, {},
        decoder_schemas.normed_rotation(2, 8), 0, 0.95),
    "normalised heads, rotated, sequences in a row": (
        "y, n = RMSNormRotary<rotary_embedding_dim=6, input_width=8, output_fp16=1, "
        "flatten_batch=1>(x, g, i, c, s)", {**HEADS, "i": np.array([3])}, {},
        decoder_schemas.normed_rotation(0, 8, flat=True), 0, 0.94),
    "routes within groups": (
        "y = MoEGroupRouter<top_k=2, n_group=4, topk_group=2>(x, b)", LOGITS, {},
        decoder_schemas.group_router(4, 2, 2, 2), 0, 0.7),
    "routes of one group": (
        "y = MoEGroupRouter<top_k=3, group_topk=1>(x, b)", {**LOGITS, "x": floats(6, 8)}, {},
        decoder_schemas.group_router(1, 1, 1, 3), 0, 0.6),
    "all routes, by a product": (
        ", y, z = MoEGroupRouter<top_k=2>(x, b, w)",
        {"x": floats(6, 256), "b": floats(8), "w": floats(8, 256) / 16}, {},
        decoder_schemas.full_scores, 6 * 8 * 256, 1),
    "packed experts": (
        "y = MoEPacked<k=2, gate_type=16, up_type=16, down_type=16>(x, r, g, u, d)",
        {**EXPERTS, **ROWS}, {}, decoder_schemas.packed_experts(2), 3 * 2 * 3 * 30, 1),
    "packed experts of sequences without gates, mixed": (
        'y = MoEPacked<k=3, gate_type=16, down_type=16, activation_type="relu2">(x, r, g, , d, m)',
        {"x": halves(2, 2, 6), "r": floats(4, 4), "m": floats(4, 4) ** 2, "g": ROWS["g"],
         "d": ROWS["d"]}, {}, decoder_schemas.packed_experts(3, full=True), 4 * 3 * 2 * 30, 1),
    "ordered bytes": (
        f"y = QOrderedAttention<{ORDERED}>(x, s, t, t, t, u, v, w, d, e, f, a, b, c, , , t)",
        {"x": signed(2, 5, 6), **WEIGHTS, **SCALES}, {}, decoder_schemas.ordered_attention(),
        10 * 6 * 24 + 2 * 2 * 25 * 8, 0.92),
    "ordered bytes, causal, a mask": (
        f"y = QOrderedAttention<{ORDERED}, unidirectional=1>"
        "(x, s, t, t, t, u, v, w, d, e, f, a, b, c, , , t, m)",
        {"x": signed(2, 5, 6), "m": np.array([[1, 1, 0, 1, 1], [1, 1, 1, 1, 0]], I32)},
        {**WEIGHTS, **SCALES}, decoder_schemas.ordered_attention(causal=True),
        10 * 6 * 24 + 2 * 2 * 25 * 8, 0.86),
    "ordered bytes in a window": (
        f"y = QOrderedLongformerAttention<{ORDERED}, order_global_weight=0, window=2>"
        "(x, s, w, h, b, h, t, m, u, h, d, t, f, t)", {**LOCAL, **BOTH},
        {**ONE, "f": np.eye(1, 8, dtype=I32)}, decoder_schemas.ordered_longformer,
        8 * 6 * 36 + 2 * (8 + 4 + 5 + 6 + 6 + 6 + 5 + 4) * 6, 0.6),
    "ordered bytes in a window, flags of a run": (
        f"y = QOrderedLongformerAttention<{ORDERED}, order_global_weight=0, window=2>"
        "(x, s, w, h, b, h, t, m, u, h, d, t, f, t)",
        {**LOCAL, "f": np.eye(1, 8, dtype=I32), "s": ONE["s"], "t": ONE["t"]},
        {**BOTH, "h": ONE["h"]}, decoder_schemas.ordered_longformer,
        8 * 6 * 36 + 2 * (8 * 5 - 6) * 6, 0.62),
}
# fmt: on

RUN = ("MRotaryEmbedding", "MoEGroupRouter")
"""Operators that ONNX Runtime runs itself, which then judges both the schema and the relation."""

OWN_TYPES = {
    "ordered bytes": "copies the shape of the input, whatever the weights make of it",
    "ordered bytes, causal, a mask": "as before",
}
"""Cases whose outputs ONNX Runtime infers otherwise than it says, and why."""


@pytest.mark.parametrize("name", CASES)
def test_as_the_schema_says(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = SchemaCase.of(CASES[name], tmp_path)
    session: Session = found.schema
    if found.case.operator in RUN:
        session, feeds = session_of(found.case), found.case.feeds
        for one, two in zip(found.schema.run(None, feeds), session.run(None, feeds), strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)
    found.check(session, monkeypatch)


@pytest.mark.parametrize("name", [name for name in CASES if name not in OWN_TYPES])
def test_types_as_the_runtime_infers_them(tmp_path: Path, name: str) -> None:
    call, feeds, held, *_ = CASES[name]
    check_inferred(runtime_case(tmp_path, call, feeds, held))

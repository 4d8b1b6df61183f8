"""What chooses keys for ONNX Runtime's sparse attentions, against its schemas in NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.lowering import indexer_schemas
from tests.lowering.cases import Array
from tests.lowering.runtime_cases import check_inferred, runtime_case
from tests.lowering.schema_cases import Row, SchemaCase

_RNG = np.random.default_rng(5)
I32 = np.int32


def floats(*shape: int) -> Array:
    return _RNG.normal(size=shape).astype(np.float32)


def whole(*values: int) -> Array:
    return np.array(values, I32)


NORMS = {"g": floats(4), "j": floats(4)}
WIDE = {**NORMS, "o": floats(12, 4), "p": floats(12, 4)}
NARROW = {**NORMS, "o": floats(12, 1), "p": floats(12, 1)}
TOKENS = {"q": floats(2, 3, 8), "k": floats(2, 3, 4), "a": floats(2, 5, 4)}
GATED = {
    "q": floats(2, 5, 8),
    "k": floats(2, 5, 8),
    "a": floats(2, 2, 4),
    "e": floats(2, 5, 8),
    "b": floats(2, 8),
    "w": floats(2, 5, 2),
    "i": np.arange(5, 10)[None] + [[0], [0]],
}
LIMITS = {"c": whole(0, 2, 5), "t": whole(3, 4), "l": np.array([[1, 1], [2, 0]], I32)}
RUN = {"q": floats(5, 8), "k": floats(5, 4), "a": floats(2, 6, 4), "u": floats(2, 3, 4)}
GATES = {
    "q": floats(5, 8),
    "k": floats(5, 8),
    "a": floats(2, 6, 4),
    "u": floats(2, 3, 8),
    "h": floats(2, 3, 8),
    "e": floats(5, 8),
    "b": floats(2, 8),
    "w": floats(5, 2),
    "i": np.array([5, 6, 6, 7, 8]),
}
WINDOWS = {"c": whole(0, 2, 5), "t": whole(5, 6), "l": np.array([[2, 3], [3, 2]], I32)}
QSA = 'policy_mode="qsa", compress_ratio=2, token_budget=4'
CSA = 'policy_mode="csa", compress_ratio=2, index_topk=2'
ROWS = {"i": np.array([[4, 0, -1], [1, 2, 3], [7, -1, -1]], I32), "n": whole(2, 3, 1)}

# fmt: off
CASES: dict[str, Row] = {
    # call, inputs, initializers, function, multiply-accumulates by hand, least precision
    "tokens": (
        f"y, m = SparseAttentionIndexer<{QSA}>(q, k, g, j, o, p, , a)", {**TOKENS, **WIDE}, {},
        indexer_schemas.by_token(4), 6 * 4 * 2 * 4, 0.77),
    "tokens, a cache with room, keys beside queries": (
        f"y, m = SparseAttentionIndexer<{QSA}>(q, , g, j, o, p, , a, , , , , f)",
        {"q": floats(2, 3, 12), "a": floats(2, 9, 4), **WIDE}, {"f": whole(5)},
        indexer_schemas.by_token(4), 6 * 4 * 2 * 4, 0.69),
    "tokens, a mask, a length of a run": (
        f"y, m = SparseAttentionIndexer<{QSA}>(q, k, g, j, o, p, z, a, , , , , f)",
        {**TOKENS, **WIDE, "a": floats(2, 9, 4), "z": np.ones((2, 8), np.int64), "f": whole(5)},
        {}, lambda v: indexer_schemas.by_token(4)({**v, "m": v["z"]}), 6 * 4 * 2 * 4, 0.64),
    "tokens, some of which a mask hides": (
        f"y, m = SparseAttentionIndexer<{QSA}>(q, k, g, j, o, p, z, a)",
        {**TOKENS, **WIDE}, {"z": np.array([[0, 0, 1, 1, 1, 1, 0, 1]] * 2)},
        lambda v: indexer_schemas.by_token(4)({**v, "m": v["z"]}), 6 * 4 * 2 * 4, 0),
    "entries": (
        f"y, m, n = SparseAttentionIndexer<{CSA}>(q, k, g, j, o, p, , a, e, b, w, i, , u)",
        {**GATED, **NARROW, "u": floats(2, 2, 3, 8)}, {}, indexer_schemas.by_entry(2),
        10 * 5 * 2 * 4, 0.74),
    "entries without tokens that wait": (
        f"y, m, n = SparseAttentionIndexer<{CSA}>(q, k, g, j, o, p, , a, e, b, w, i, , u)",
        {**GATED, **NARROW},
        {"u": floats(2, 2, 0, 8)}, indexer_schemas.by_entry(2), 10 * 4 * 2 * 4, 0.67),
    "entries, one token that completes none": (
        f"y, m, n = SparseAttentionIndexer<{CSA}>(q, k, g, j, o, p, , a, e, b, w, i, , u)",
        {**NARROW, "q": floats(2, 1, 8), "k": floats(2, 1, 8), "a": floats(2, 3, 4),
         "e": floats(2, 1, 8), "b": floats(2, 8), "w": floats(2, 1, 2), "i": np.array([[6], [6]]),
         "u": floats(2, 2, 2, 8)}, {}, indexer_schemas.by_entry(2), 2 * 3 * 2 * 4, 0.51),
    "entries, a cache with room": (
        f"y, m, n = SparseAttentionIndexer<{CSA}>(q, k, g, j, o, p, , a, e, b, w, i, f, u)",
        {**GATED, **NARROW, "a": floats(2, 7, 4), "u": floats(2, 2, 1, 8)}, {"f": whole(2)},
        indexer_schemas.by_entry(2), 10 * 5 * 2 * 4, 0.6),
    "tokens of sequences in a row": (
        f"y, n, m, d, , r = PackedSparseAttentionIndexer<{QSA}, state_capacity=6>"
        "(q, k, g, j, o, p, c, t, , , , , a, u, , l)", {**RUN, **WIDE}, LIMITS,
        indexer_schemas.packed_tokens(4), 5 * 6 * 2 * 4, 0.33),
    "tokens of sequences in a row, limits of a run": (
        f"y, n, m, d, , r = PackedSparseAttentionIndexer<{QSA}, state_capacity=6>"
        "(q, k, g, j, o, p, c, t, , , , , a, u, , l)", {**RUN, **WIDE, **LIMITS}, {},
        indexer_schemas.packed_tokens(4), 5 * 6 * 2 * 4, 0.19),
    "entries of sequences in a row": (
        f"y, n, m, d, z, r = PackedSparseAttentionIndexer<{CSA}, state_capacity=6>"
        "(q, k, g, j, o, p, c, t, e, b, w, i, a, u, h, l)", {**GATES, **NARROW}, WINDOWS,
        indexer_schemas.packed_entries(2), 5 * 6 * 2 * 4, 0.3),
    "choices and a range": (
        "y, m, o = PackedSparseAttentionIndexerMerge<policy_mode=\"append_range\", "
        "max_output_entries=6>(i, n, r, s, e)",
        {**ROWS, "s": whole(3, 0, 5, 2), "e": whole(5, 2, 6, 2)}, {"r": whole(0, 2, 1, 1)},
        indexer_schemas.merged(6), 0, 0.89),
    "choices of rows of a run and more": (
        "y, m, o = PackedSparseAttentionIndexerMerge<policy_mode=\"append_indices\", "
        "max_output_entries=6>(i, n, r, , , a, w)",
        {**ROWS, "r": whole(0, 2, 1, 1), "a": np.array([[5, 6], [7, 1], [0, -1], [2, 8]], I32),
         "w": whole(2, 2, 1, 2)}, {},
        lambda v: indexer_schemas.merged(6)({**v, "m": v["w"]}), 0, 0.72),
}
# fmt: on


@pytest.mark.parametrize("name", CASES)
def test_as_the_schema_says(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = SchemaCase.of(CASES[name], tmp_path)
    found.check(found.schema, monkeypatch)


@pytest.mark.parametrize("name", CASES)
def test_types_as_the_runtime_infers_them(tmp_path: Path, name: str) -> None:
    call, feeds, held, *_ = CASES[name]
    check_inferred(runtime_case(tmp_path, call, feeds, held))

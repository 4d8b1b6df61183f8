"""Attentions on chosen keys, and what chooses them, against their schemas in NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.lowering import sparse_schemas
from tests.lowering.cases import Array
from tests.lowering.runtime_cases import check_inferred, runtime_case
from tests.lowering.schema_cases import Row, SchemaCase

_RNG = np.random.default_rng(5)
I32 = np.int32


def floats(*shape: int) -> Array:
    return _RNG.normal(size=shape).astype(np.float32)


def halves(*shape: int) -> Array:
    return floats(*shape).astype(np.float16)


def whole(*values: int) -> Array:
    return np.array(values, I32)


def signed(*shape: int) -> Array:
    return _RNG.integers(-100, 100, shape).astype(np.int8)


HEADS = "num_heads=4, kv_num_heads=2"
FRESH = {"q": floats(2, 3, 16), "k": floats(2, 3, 8), "v": floats(2, 3, 8)}
PAST = {"a": floats(2, 2, 7, 4), "c": floats(2, 2, 7, 4)}
ENDS = {"l": whole(5, 6), "t": whole(7)}
CHOSEN = {"i": np.array([[0, 2, -1], [3, 1, 4], [5, 0, 2], [4, 0, -1], [1, 5, 2], [6, 3, 0]], I32),
          "n": whole(2, 3, 3, 2, 3, 3)}  # fmt: skip
BESIDE = {"e": floats(2, 2, 7, 4), "f": floats(2, 2, 7, 4)}
TABLES = {"o": floats(9, 2), "p": floats(9, 2)}
LOCAL = f'{HEADS}, attention_mode="local_plus_selected", selected_kv_source="auxiliary"'
NEW = {"q": halves(5, 16), "k": halves(5, 8), "v": halves(5, 8)}
PAGES = {"a": halves(6, 3, 2, 4), "d": halves(6, 3, 2, 4)}
PLACES = {"c": whole(0, 2, 5), "p": whole(3, 1), "t": np.array([[1, 2], [0, 3]], I32)}
PICKED = {"i": np.array([[0, 2, -1], [3, 1, 4], [1, 0, -1], [0, 1, 2], [3, 0, 2]], I32),
          "n": whole(2, 3, 2, 3, 3)}  # fmt: skip
OTHERS = {"e": halves(2, 5, 2, 4), "f": halves(2, 5, 2, 4), "m": whole(5, 5)}

# fmt: off
CASES: dict[str, Row] = {
    # call, inputs, initializers, function, multiply-accumulates by hand, least precision
    "chosen keys": (
        f"y, m, o, z = DynamicSparseAttention<{HEADS}>(q, k, v, a, c, , , i, n, l, t)",
        {**FRESH, **PAST, **CHOSEN}, ENDS, sparse_schemas.dynamic(), 4 * 6 * 3 * 8, 0.66),
    "chosen keys, as many as the file says, side by side": (
        f"y, m, o = DynamicSparseAttention<{HEADS}>(q, , , a, c, , , i, n, l, t)",
        {"q": floats(2, 3, 32), **PAST, "i": CHOSEN["i"]}, {**ENDS, "n": CHOSEN["n"]},
        sparse_schemas.dynamic(), 4 * 16 * 8, 0.63),
    "chosen keys, lengths of a run": (
        f"y, m, o = DynamicSparseAttention<{HEADS}>(q, k, v, a, c, , , i, n, l, t)",
        {**FRESH, **PAST, **CHOSEN, "l": ENDS["l"]}, {"t": ENDS["t"]}, sparse_schemas.dynamic(),
        4 * 6 * 3 * 8, 0.48),
    "chosen keys without a cache, sinks and norms": (
        f"y = DynamicSparseAttention<{HEADS}>(q, k, v, , , , , i, n, l, t, , , , g, j, h)",
        {**FRESH, "i": np.array([[0, -1], [1, 0], [2, 0]] * 2, I32), "n": whole(1, 2, 2, 1, 2, 2),
         "g": floats(4), "j": floats(4), "h": floats(4)}, {"l": whole(2, 2), "t": whole(3)},
        sparse_schemas.dynamic(), 4 * 6 * 2 * 8, 0.95),
    "chosen keys, rotated": (
        f"y, m, w = DynamicSparseAttention<{HEADS}, do_rotary=1>"
        "(q, k, v, a, c, , , i, n, l, t, o, p)",
        {**FRESH, **PAST, **CHOSEN, **TABLES}, ENDS, sparse_schemas.dynamic(turn=True),
        4 * 6 * 3 * 8, 0.72),
    "chosen keys, rotated by positions": (
        f"y, m, w = DynamicSparseAttention<{HEADS}, do_rotary=1>"
        "(q, k, v, a, c, , , i, n, l, t, o, p, r)",
        {**FRESH, **PAST, **CHOSEN, **TABLES, "r": _RNG.integers(0, 9, (2, 3))}, ENDS,
        sparse_schemas.dynamic(turn=True), 4 * 6 * 3 * 8, 0.74),
    "chosen keys of bytes": (
        f"y, m, o = DynamicSparseAttention<{HEADS}>"
        "(q, k, v, a, c, , , i, n, l, t, , , , , , , , x, u)",
        {**FRESH, "a": signed(2, 2, 7, 4), "c": signed(2, 2, 7, 4), **CHOSEN,
         "x": floats(8) ** 2 / 50 + 0.01, "u": floats(8) ** 2 / 50 + 0.01}, ENDS,
        sparse_schemas.dynamic(), 4 * 6 * 3 * 8, 0.8),
    "a window and chosen keys beside": (
        f"y, m, o = DynamicSparseAttention<{LOCAL}, local_window_size=2>"
        "(q, k, v, a, c, e, f, i, n, l, t)", {**FRESH, **PAST, **BESIDE, **CHOSEN}, ENDS,
        sparse_schemas.dynamic(local=2, beside=True), 4 * 6 * (3 + 2) * 8, 0.71),
    "pages, chosen keys": (
        f"y, m, o = SparsePagedAttention<{HEADS}>(q, k, v, a, d, c, p, t, , i, n)",
        {**NEW, **PAGES, **PICKED}, PLACES, sparse_schemas.paged(), 4 * 5 * 3 * 8, 0.3),
    "pages, places of a run": (
        f"y, m, o = SparsePagedAttention<{HEADS}>(q, , , a, d, c, p, t, , i, n, , , , , , h)",
        {"q": halves(5, 32), **PAGES, **PICKED, **PLACES, "h": halves(4)}, {},
        sparse_schemas.paged(), 4 * 5 * 3 * 8, 0.36),
    "pages, a window and chosen keys beside": (
        f"y, m, o = SparsePagedAttention<{LOCAL}, local_window_size=2>"
        "(q, k, v, a, d, c, p, t, , i, n, e, f, w)",
        {**NEW, **PAGES, **PICKED, "e": OTHERS["e"], "f": OTHERS["f"], "w": OTHERS["m"]}, PLACES,
        sparse_schemas.paged(local=2, beside=True), 4 * 5 * (3 + 2) * 8, 0.32),
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

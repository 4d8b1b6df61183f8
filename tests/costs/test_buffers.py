"""Masks and tables of angles are no parameters; what is learned in the same places is one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from gallery.costs.facts import facts
from tests.onnx_text import loaded

F, U8, I64 = np.float32, np.uint8, np.int64
LOW = np.where(np.tril(np.ones((4, 4))), 0, -np.inf).astype(F)
LEARNED = np.linspace(-1, 1, 16, dtype=F).reshape(4, 4)
SCORES = "(float[2,3,4,4] x) => (y)"
HEAD = "(float[1,2,4,8] x) => (y)"
TURN = "a, b = Split<axis=3>(x, h) n = Neg(b) r = Concat<axis=3>(n, a) t = Mul(r, s) "
HALVES = {"h": np.array([4, 4], I64)}
TABLES = {"c": np.cos(np.ones((4, 8), F)), "s": np.sin(np.ones((4, 8), F))}

# fmt: off
CASES: dict[str, tuple[str, dict[str, Any], int]] = {
    # model, initializers, parameters
    "a mask that is added": (f"{SCORES} {{ z = Add(x, m) y = Softmax(z) }}", {"m": LOW}, 0),
    "a mask that is added with what is learned": (
        f"{SCORES} {{ z = Add(x, m) w = Add(z, l) y = Softmax(w) }}",
        {"m": LOW, "l": LEARNED}, 16),
    "a large mask": (
        "(float[2,3,64,64] x) => (y) { z = Add(x, m) y = Softmax(z) }",
        {"m": np.zeros((1, 1, 64, 64), F)}, 0),
    "a large bias of each head": (
        "(float[2,3,64,64] x) => (y) { z = Add(x, l) y = Softmax(z) }",
        {"l": np.zeros((1, 3, 64, 64), F)}, 3 * 64 * 64),
    "low numbers that meet no Softmax": (
        f"{SCORES} {{ y = Add(x, l) }}", {"l": LOW}, 16),
    "a mask that is the result, too": (
        "(float[2,3,4,4] x) => (y, m) { z = Add(x, m) y = Softmax(z) }", {"m": LOW}, 16),
    "a mask of bytes": (
        f"{SCORES} {{ b = Cast<to=9>(m) z = Where(b, x, n) y = Softmax(z) }}",
        {"m": np.tri(4, dtype=U8), "n": np.array(-1e9, F)}, 0),
    "a mask of bytes that is cut": (
        f"{SCORES} {{ c = Slice(m, f, t, e) b = Cast<to=9>(c) z = Where(b, x, n) y = Softmax(z) }}",
        {"m": np.tri(9, dtype=U8), "n": np.array(-1e9, F), "f": np.array([0, 0], I64),
         "t": np.array([4, 4], I64), "e": np.array([0, 1], I64)}, 0),
    "bytes that are computed with": (
        f"{SCORES} {{ b = Cast<to=1>(m) y = Mul(b, x) }}", {"m": np.tri(4, dtype=U8)}, 16),
    "numbers that are compared": (
        f"{SCORES} {{ b = Greater(x, m) y = Where(b, x, l) }}",
        {"m": LEARNED, "l": LEARNED}, 16),
    "tables of a rotation": (
        f"{HEAD} {{ {TURN} k = Mul(x, c) y = Add(k, t) }}", {**HALVES, **TABLES}, 0),
    "tables of a rotation, by position": (
        f"{HEAD} {{ d = Gather(c, p) {TURN} k = Mul(x, d) y = Add(k, t) }}",
        {**HALVES, **TABLES, "p": np.arange(4)}, 0),
    "a rotation, one of whose products is a result, too": (
        f"{HEAD} {{ {TURN} y = Mul(x, c) z = Add(y, t) }}".replace("=> (y)", "=> (y, z)"),
        {**HALVES, **TABLES}, 0),
    "products of halves that are not turned": (
        f"{HEAD} {{ a, b = Split<axis=3>(x, h) r = Concat<axis=3>(b, a) t = Mul(r, s) "
        "k = Mul(x, c) y = Add(k, t) }", {**HALVES, **TABLES}, 64),
    "a scale and a shift": (
        f"{HEAD} {{ k = Mul(x, c) y = Add(k, s) }}", dict(TABLES), 64),
}
# fmt: on


@pytest.mark.parametrize("name", CASES)
def test_what_is_learned_counts(tmp_path: Path, name: str) -> None:
    body, arrays, wanted = CASES[name]
    header = '<ir_version: 8, opset_import: ["" : 17]> g '
    model = onnx.parser.parse_model(header + body)
    model.graph.initializer.extend(numpy_helper.from_array(a, n) for n, a in arrays.items())
    assert facts(loaded(tmp_path, model), 0).parameters == wanted

"""Operators as they were before opset 9, against numpy by their specifications of then.

ONNX's reference evaluator ignores `broadcast`, `axis`, `spatial` and `paddings` of these versions.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.lowering.cases import Array, Case
from tests.lowering.operator_cases import judged
from tests.onnx_text import loaded, parse

Function = Callable[..., Array]


class Numpy:
    """A function of the inputs by name in the place of a session."""

    def __init__(self, function: Function) -> None:
        self.function = function

    def run(self, _: None, feeds: dict[str, Array]) -> list[Array]:
        return [self.function(**feeds)]


def _normal(x: Array, s: Array, b: Array, m: Array, v: Array) -> Array:
    """Each element of a channel has its own mean and variance."""
    return np.asarray((x - m) / np.sqrt(np.abs(v) + 1) * s + b)


_NORMAL = "float[3,4] s, float[3,4] b, float[3,4] m, float[3,4] v"

# fmt: off
CASES: dict[str, tuple[int, str, Function]] = {
    "Add, from an axis": (
        6, "(float[2,3,4,5] a, float[3,4] b) => (y) { y = Add<broadcast=1, axis=1>(a, b) }",
        lambda a, b: a + b[:, :, None]),
    "Mul, from an axis of a square": (
        6, "(float[2,3,3,3] a, float[3] b) => (y) { y = Mul<broadcast=1, axis=1>(a, b) }",
        lambda a, b: a * b[:, None, None]),
    "Sub, from a negative axis": (
        1, "(float[2,3,4] a, float[3] b) => (y) { y = Sub<broadcast=1, axis=-2>(a, b) }",
        lambda a, b: a - b[:, None]),
    "Div, from the end": (
        6, "(float[2,3,4] a, float[3,4] b) => (y) { y = Div<broadcast=1>(a, b) }",
        lambda a, b: a / b),
    "PRelu, a slope a channel": (
        6, "(float[2,3,4,3] a, float[3] b) => (y) { y = PRelu(a, b) }",
        lambda a, b: np.where(a < 0, a * b[:, None, None], a)),
    "PRelu, one slope": (
        6, "(float[2,3,4] a, float[1] b) => (y) { y = PRelu(a, b) }",
        lambda a, b: np.where(a < 0, a * b, a)),
    "BatchNormalization, not spatial": (
        6, f"(float[2,3,4] x, {_NORMAL}) => (y)"
        "{ y = BatchNormalization<is_test=1, spatial=0, epsilon=1.0>(x, s, b, m, v) }", _normal),
    "Pad, its first name of pads": (
        1, '(float[2,3] x) => (y) { y = Pad<paddings=[0,1,2,0], mode="edge">(x) }',
        lambda x: np.pad(x, ((0, 2), (1, 0)), "edge")),
    "Slice, axes in any order": (
        9, "(float[7,4] x) => (y) { y = Slice<axes=[1,0], starts=[-3,1], ends=[100,-1]>(x) }",
        lambda x: x[1:-1, -3:]),
}
# fmt: on


def case_of(folder: Path, name: str) -> Case:
    opset, text, _ = CASES[name]
    proto = parse(f'<ir_version: 3, opset_import: ["" : {opset}]> g {text}')
    model = loaded(folder, proto)
    rng = np.random.default_rng(3)
    feeds: dict[str, Any] = {
        model.tensors[index].name: rng.normal(size=model.tensors[index].sizes).astype(np.float32)
        for index in model.inputs
    }
    return Case(name=name, operator=name.partition(",")[0], proto=proto, feeds=feeds, model=model)


@pytest.mark.parametrize("name", CASES)
def test_no_dependence_is_missed(tmp_path: Path, name: str) -> None:
    case = case_of(tmp_path, name)
    wanted = CASES[name][2](**case.feeds)
    assert case.model.tensors[case.model.outputs[0]].sizes == wanted.shape
    tally = judged(case, session=Numpy(CASES[name][2]))
    assert tally.misses == []
    assert not tally.unknown
    assert tally.precision > 0.9

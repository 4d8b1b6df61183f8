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
    "BatchNormalization, not spatial in its version 7": (
        7, f"(float[2,3,4] x, {_NORMAL}) => (y)"
        "{ y = BatchNormalization<spatial=0, epsilon=1.0>(x, s, b, m, v) }", _normal),
    "Pow, from an axis": (
        1, "(float[2,3,4] a, float[3] b) => (y) { y = Pow<broadcast=1, axis=1>(a, b) }",
        lambda a, b: np.abs(a) ** b[:, None]),
    "Greater, from an axis": (
        1, "(float[2,3,4] a, float[3] b) => (y) { y = Greater<broadcast=1, axis=1>(a, b) }",
        lambda a, b: a > b[:, None]),
    "Gemm, a bias that is broadcast": (
        6, "(float[2,3] a, float[4,3] b, float[4] c) => (y) "
        "{ y = Gemm<transB=1, broadcast=1>(a, b, c) }", lambda a, b, c: a @ b.T + c),
    "Softmax, over all axes from one on": (
        11, "(float[2,3,4] x) => (y) { y = Softmax<axis=1>(x) }",
        lambda x: np.exp(x) / np.exp(x).sum((1, 2), keepdims=True)),
    "Softmax, its axis of then": (
        1, "(float[2,3,4] x) => (y) { y = Softmax(x) }",
        lambda x: np.exp(x) / np.exp(x).sum((1, 2), keepdims=True)),
    "Reshape, to a shape in an attribute": (
        1, "(float[2,3,4] x) => (y) { y = Reshape<shape=[0,-1]>(x) }", lambda x: x.reshape(2, -1)),
    "Upsample, its first names of scales": (
        1, "(float[1,2,2,3] x) => (y) { y = Upsample<height_scale=2.0, width_scale=2.0>(x) }",
        lambda x: x.repeat(2, 2).repeat(2, 3)),
    "Upsample, its scales in an attribute": (
        7, "(float[1,2,2,3] x) => (y) { y = Upsample<scales=[1.0,1.0,1.0,3.0]>(x) }",
        lambda x: x.repeat(3, 3)),
    "Concat, its axis of then": (
        1, "(float[2,3] a, float[2,2] b) => (y) { y = Concat(a, b) }",
        lambda a, b: np.concatenate([a, b], 1)),
    "Squeeze, an axis in an attribute": (
        1, "(float[2,1,3] x) => (y) { y = Squeeze<axes=[1]>(x) }", lambda x: x[:, 0]),
    "Unsqueeze, axes in an attribute": (
        1, "(float[2,3] x) => (y) { y = Unsqueeze<axes=[0,3]>(x) }", lambda x: x[None, :, :, None]),
    "ReduceSum, axes in an attribute": (
        1, "(float[2,3,4] x) => (y) { y = ReduceSum<axes=[0,2], keepdims=0>(x) }",
        lambda x: x.sum((0, 2))),
    "Clip, its limits in attributes": (
        6, "(float[2,3] x) => (y) { y = Clip<min=-1.0, max=1.0>(x) }", lambda x: x.clip(-1, 1)),
    "InstanceNormalization, its first version": (
        1, "(float[2,3,4] x, float[3] s, float[3] b) => (y) "
        "{ y = InstanceNormalization<epsilon=1.0>(x, s, b) }",
        lambda x, s, b: (x - x.mean(2, keepdims=True)) / np.sqrt(x.var(2, keepdims=True) + 1)
        * s[:, None] + b[:, None]),
    "Sum, its first version": (
        1, "(float[2,3] a, float[2,3] b, float[2,3] c) => (y) { y = Sum(a, b, c) }",
        lambda a, b, c: a + b + c),
    "GlobalLpPool, its first version": (
        1, "(float[2,3,4,4] x) => (y) { y = GlobalLpPool<p=2.0>(x) }",
        lambda x: np.sqrt((x**2).sum((2, 3), keepdims=True))),
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

"""Operators on tensors whose channels are last, against ONNX's own on transposed tensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from gallery.contrib.stand_ins import CHANNELS_LAST, STAND_INS
from gallery.costs.facts import facts
from gallery.lowering.access.registry import FAMILIES
from tests.lowering.cases import Case
from tests.lowering.contrib_cases import NumpySession, check, session_of
from tests.onnx_text import loaded

_RNG = np.random.default_rng(4)


def floats(*shape: int) -> np.ndarray:
    return _RNG.normal(size=shape).astype(np.float32)


# fmt: off
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any], int]] = {
    # An operator, its inputs (x has its channels last), initializers, multiply-accumulates.
    "AveragePool": ("AveragePool<kernel_shape=[2,2]>(x)", {"x": floats(1, 4, 5, 3)}, {}, 0),
    "BatchNormalization": (
        "BatchNormalization(x, a, b, c, d)", {"x": floats(2, 3, 4, 2)},
        {"a": floats(2), "b": floats(2), "c": floats(2), "d": np.abs(floats(2))}, 0),
    "Conv": (
        "Conv<strides=[2,1], pads=[1,0,0,1]>(x, w, b)", {"x": floats(1, 5, 6, 2)},
        {"w": floats(4, 2, 3, 2), "b": floats(4)}, 2 * 6 * 4 * 12),
    "Conv in groups": (
        "Conv<group=4>(x, w)", {"x": floats(1, 4, 4, 4)}, {"w": floats(8, 1, 2, 2)}, 9 * 8 * 4),
    "Conv of sound": (
        "Conv<strides=[2]>(x, w)", {"x": floats(2, 9, 3)}, {"w": floats(4, 3, 3)}, 2 * 4 * 36),
    "ConvTranspose": (
        "ConvTranspose<strides=[2,2]>(x, w)", {"x": floats(1, 3, 3, 2)},
        {"w": floats(2, 4, 2, 2)}, 9 * 2 * 16),
    "DepthToSpace": ("DepthToSpace<blocksize=2>(x)", {"x": floats(1, 2, 3, 8)}, {}, 0),
    "GlobalAveragePool": ("GlobalAveragePool(x)", {"x": floats(2, 3, 4, 2)}, {}, 0),
    "GlobalMaxPool": ("GlobalMaxPool(x)", {"x": floats(2, 3, 4, 2)}, {}, 0),
    "GridSample": (
        "GridSample(x, g)", {"x": floats(1, 4, 4, 2)},
        {"g": np.clip(floats(1, 2, 3, 2), -0.8, 0.8)}, 0),
    "InstanceNormalization": (
        "InstanceNormalization(x, a, b)", {"x": floats(2, 3, 4, 2)},
        {"a": floats(2), "b": floats(2)}, 0),
    "LRN": ("LRN<size=3, alpha=1.0>(x)", {"x": floats(1, 2, 2, 8)}, {}, 0),
    "LpPool": ("LpPool<kernel_shape=[2,2], strides=[2,2]>(x)", {"x": floats(1, 4, 4, 3)}, {}, 0),
    "MaxPool": (
        "MaxPool<kernel_shape=[2,3], strides=[1,2]>(x)", {"x": floats(1, 4, 7, 2)}, {}, 0),
    "SpaceToDepth": ("SpaceToDepth<blocksize=2>(x)", {"x": floats(1, 4, 4, 2)}, {}, 0),
}
# fmt: on


def normal(x: np.ndarray) -> np.ndarray:
    """LRN by its definition, x [n, c, h, w]: the runtime's running sums carry rounding along."""
    padded = np.pad(x**2, ((0, 0), (1, 1), (0, 0), (0, 0)))
    squares = sum(padded[:, k : k + x.shape[1]] for k in range(3))
    return (x / (1 + squares / 3) ** 0.75).astype(np.float32)


class Transposing:
    """Runs ONNX's own operator between two transposes."""

    def __init__(self, session: Any) -> None:
        """Take what runs the operator on tensors with their channels first."""
        self.session = session

    def run(self, wanted: None, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        """The outputs for inputs with their channels last."""
        turned = {**feeds, "x": np.moveaxis(feeds["x"], -1, 1)}
        (made,) = self.session.run(None, turned)
        return [np.moveaxis(np.asarray(made), 1, -1)]


@pytest.mark.parametrize("name", CASES)
def test_as_the_operator_with_its_channels_first(tmp_path: Path, name: str) -> None:
    call, feeds, held, macs = CASES[name]

    def model(shape: tuple[int, ...], domain: str) -> onnx.ModelProto:
        header = f'<ir_version: 8, opset_import: ["" : 17, "{CHANNELS_LAST}" : 17]>'
        sizes = ",".join(map(str, shape))
        proto = onnx.parser.parse_model(f"{header} g (float[{sizes}] x) => (y) {{ y = {call} }}")
        proto.graph.node[0].domain = domain
        proto.graph.initializer.extend(numpy_helper.from_array(a, n) for n, a in held.items())
        return proto

    n, *space, channels = feeds["x"].shape
    last = model(feeds["x"].shape, CHANNELS_LAST)
    first = model((n, channels, *space), "")
    case = Case(
        name=name,
        operator=name.partition(" ")[0],
        proto=last,
        feeds=feeds,
        model=loaded(tmp_path, last),
    )
    assert facts(case.model, 0).macs == macs
    session = NumpySession(normal, {}) if name == "LRN" else session_of(first)
    check(case, Transposing(session))


def test_every_operator_of_the_domain_is_known() -> None:
    for domain, kind in STAND_INS:
        assert f"{domain}.{kind}" in FAMILIES

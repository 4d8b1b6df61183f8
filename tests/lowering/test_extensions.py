"""Operators of onnxruntime-extensions: types, costs, and dependences by their definitions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from gallery.contrib.extensions import DOMAINS, OUTPUTS
from gallery.costs.facts import facts
from gallery.loading.contrib_types import RULES
from gallery.lowering.access.registry import FAMILIES
from tests.lowering.contrib_cases import NumpySession, check, runtime_case
from tests.lowering.reach import reach
from tests.onnx_text import loaded, shape_of

_RNG = np.random.default_rng(9)
X = "ai.onnx.contrib."


def floats(*shape: int) -> np.ndarray:
    return _RNG.normal(size=shape).astype(np.float32)


def blurred(x: np.ndarray, k: np.ndarray, s: np.ndarray) -> np.ndarray:
    """A kernel of 3 columns and 5 rows; the image is reflected at its edges."""
    assert (k.tolist(), s.tolist()) == ([3, 5], [1.0, 1.0])
    made = x.astype(np.float64)
    for axis, reach_ in ((1, 2), (2, 1)):
        pads = [(reach_, reach_) if d == axis else (0, 0) for d in range(4)]
        padded = np.pad(made, pads, mode="reflect")
        size = made.shape[axis]
        made = sum(
            np.exp(-((t - reach_) ** 2) / 2) * np.take(padded, range(t, t + size), axis)
            for t in range(2 * reach_ + 1)
        )
    return made.astype(np.float32)


def spectrum(x: np.ndarray, n: np.ndarray, h: np.ndarray, w: np.ndarray) -> np.ndarray:
    size, hop = int(n), int(h)
    padded = np.pad(x[0], size // 2, mode="reflect")
    frames = [padded[t * hop : t * hop + size] * w for t in range(len(x[0]) // hop + 1)]
    return (np.abs(np.fft.rfft(frames)).T ** 2)[None].astype(np.float32)


# fmt: off
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any], Callable[..., Any], int]] = {
    # An operator in ONNX text, inputs, initializers, the definition, all operations.
    "Inverse": (f"y = {X}Inverse(x)", {"x": floats(3, 3)}, {}, lambda x: np.linalg.inv(x), 54),  # noqa: PLW0108
    "NegPos": (
        f"y, z = {X}NegPos(x)", {"x": floats(3, 4)}, {},
        lambda x: (np.minimum(x, 0) * 1.5, np.maximum(x, -np.inf)), 24),
    "GaussianBlur": (
        f"y = {X}GaussianBlur(x, k, s)", {"x": floats(1, 6, 4, 2)},
        {"k": np.array([3, 5], np.int64), "s": np.ones(2)}, blurred, 48 * (5 + 9)),
    "StftNorm": (
        f"y = {X}StftNorm(x, n, h, w)", {"x": floats(1, 40)},
        {"n": np.array(8, np.int64), "h": np.array(4, np.int64), "w": np.hamming(8)
         .astype(np.float32)}, spectrum, 11 * (8 + 120 + 4 * 5)),
}
# fmt: on


@pytest.mark.parametrize("name", CASES)
def test_as_it_is_defined(tmp_path: Path, name: str) -> None:
    body, feeds, held, function, flops = CASES[name]
    case = runtime_case(tmp_path, body, feeds, held, body.partition(" = ")[0])
    assert facts(case.model, 0).flops == flops
    check(case, NumpySession(function, held), 0.9)


HEADER = '<ir_version: 8, opset_import: ["" : 17, "ai.onnx.contrib" : 1]>'

# fmt: off
STRINGS: dict[str, tuple[str, str, tuple[int | None, ...] | None]] = {
    # An operator, its inputs, the type and shape of its result.
    "StringUpper(x)": ("string[2,3] x", "string", (2, 3)),
    "StringLength(x)": ("string[2,3] x", "int64", (2, 3)),
    "StringEqual(x, q)": ("string[2,3] x, string[1] q", "bool", (2, 3)),
    "StringConcat(x, q)": ("string[2,3] x, string[2,3] q", "string", (2, 3)),
    "StringToHashBucketFast(x, n)": ("string[4] x, int64[1] n", "int64", (4,)),
    "GPT2Tokenizer(x)": ("string[4] x", "int64", (4, None)),
    "BertTokenizer(x)": ("string[4] x", "int64", (None,)),
    "SentencepieceTokenizer(x, n, a, b, e, r)": (
        "string[4] x, int64[1] n, float[1] a, bool[1] b, bool[1] e, bool[1] r", "int32", (None,)),
    "DecodeImage(x)": ("uint8[99] x", "uint8", (None, None, 3)),
    "EncodeImage(x)": ("uint8[4,5,3] x", "uint8", (None,)),
    "AudioDecoder(x)": ("uint8[99] x", "float", (1, None)),
    "BpeDecoder(x)": ("int64[2,7] x", "string", None),
}
# fmt: on


@pytest.mark.parametrize("call", STRINGS)
def test_types_and_costs_of_text_images_and_sound(tmp_path: Path, call: str) -> None:
    inputs, dtype, shape = STRINGS[call]
    proto = onnx.parser.parse_model(f"{HEADER} g ({inputs}) => (y) {{ y = {X}{call} }}")
    model = loaded(tmp_path, proto)
    (made,) = (one for one in model.tensors if one.name == "y")
    assert (made.dtype, shape_of(model, "y")) == (dtype, shape)
    assert facts(model, 0).flops == 0
    assert reach(model, 40).program.unknown == ()


def test_each_string_is_for_itself(tmp_path: Path) -> None:
    body = f"y = {X}StringUpper(x) z = {X}StringEqual(y, q)"
    proto = onnx.parser.parse_model(f"{HEADER} g (string[2,3] x, string[1] q) => (z) {{ {body} }}")
    model = loaded(tmp_path, proto)
    graph = reach(model, 2000)
    (blocks,) = graph.outputs
    text = next(tensor for tensor in model.inputs if model.tensors[tensor].name == "x")
    assert len(blocks.vertices) == 6
    reached = np.array([graph.row(text, at)[blocks.vertices] for at in range(6)])
    assert (reached == np.eye(6, dtype=bool)).all()


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_operator_has_types_and_a_relation(domain: str) -> None:
    for kind in OUTPUTS:
        assert (domain, kind) in RULES
        assert f"{domain}.{kind}" in FAMILIES

"""What the exports of one model have in common, whatever their precision and operator set.

Quantisation changes the types of contractions (Conv, ConvInteger, QLinearConv, ...) and adds
operators around them, but neither their number nor the sizes of their weights.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from gallery.errors import GalleryError
from gallery.files import open_regular
from gallery.loading.fields import BrokenError
from gallery.loading.wire import SlowError, slim

_MATMUL = (
    *("MatMul", "Gemm", "MatMulInteger", "QLinearMatMul", "QGemm", "FusedMatMul", "FusedGemm"),
    *("DynamicQuantizeMatMul", "MatMulIntegerToFloat", "MatMulNBits", "MatMulBnb4", "MatMulFpQ4"),
)
_KINDS = {
    **dict.fromkeys(_MATMUL, "MatMul"),
    **dict.fromkeys(("Conv", "ConvInteger", "QLinearConv", "FusedConv"), "Conv"),
    **dict.fromkeys(("ConvTranspose", "QLinearConvTranspose"), "ConvTranspose"),
    **dict.fromkeys(("LSTM", "DynamicQuantizeLSTM"), "LSTM"),
    "GRU": "GRU",
    "RNN": "RNN",
}
"""The contraction that an operator type computes, whatever the type of its numbers."""

_PACKED = frozenset({"MatMulNBits", "MatMulBnb4", "MatMulFpQ4"})
_THROUGH = frozenset({"DequantizeLinear", "Cast", "Identity", "Transpose", "QuantizeLinear"})
"""Types that change neither the number of a weight's elements nor what it is."""

_FEWEST = 2
"""Fewest contractions that tell a network from others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """What is compared of two files.

    Attributes:
        contractions: Kind of contractions, elements of the weight of each (0: none), and how many.
        signature: Number of inputs that are not weights, and of outputs.
        opset: Version of ONNX's own operators.
        precision: Types of the weights, as numbers of onnx.TensorProto.DataType, and types of the
            operators that tell quantisation.
    """

    contractions: tuple[tuple[str, int, int], ...]
    signature: tuple[int, int]
    opset: int
    precision: frozenset[object]

    def same_network(self, other: Topology) -> bool:
        """Whether both are exports of networks of one structure and one size."""
        mine = (self.contractions, self.signature)
        enough = sum(times for _, _, times in self.contractions) >= _FEWEST
        return enough and mine == (other.contractions, other.signature)


def topology(path: Path, seconds: float = math.inf) -> Topology | None:
    """The topology of a model; None if it cannot be read, which whoever loads it explains.

    Args:
        path: The file.
        seconds: How long reading it may take.
    """
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            content = slim(file.fileno(), size, seconds).content
        return _topology(onnx.ModelProto.FromString(content))
    except (GalleryError, BrokenError, SlowError, DecodeError, OSError):
        return None


def _topology(model: onnx.ModelProto) -> Topology:
    graph = model.graph
    sizes = {one.name: _elements(one.dims) for one in graph.initializer}
    types = {one.data_type for one in graph.initializer if len(one.dims) > 1}
    found: list[tuple[str, int]] = []
    quantised: set[object] = set()
    for node in _nodes(graph, sizes):
        if node.op_type in _THROUGH and node.input and node.output:
            sizes[node.output[0]] = sizes.get(node.input[0], 0)
        if "Quant" in node.op_type or "quant" in node.op_type or node.op_type in _PACKED:
            quantised.add(node.op_type)
        if kind := _KINDS.get(node.op_type):
            found.append((kind, _weight(node, sizes)))
    weights = {one.name for one in graph.initializer}
    inputs = sum(one.name not in weights for one in graph.input)
    opset = next((one.version for one in model.opset_import if one.domain in ("", "ai.onnx")), 0)
    counted = sorted((kind, size, times) for (kind, size), times in Counter(found).items())
    return Topology(
        contractions=tuple(counted),
        signature=(inputs, len(graph.output)),
        opset=opset,
        precision=frozenset(types | quantised),
    )


def _nodes(graph: onnx.GraphProto, sizes: dict[str, int]) -> Iterator[onnx.NodeProto]:
    """All operators with those of bodies; the sizes of the bodies' initializers are noted."""
    for node in graph.node:
        if node.op_type == "Constant" and node.output:
            value = next((one.t for one in node.attribute if one.name == "value"), None)
            sizes[node.output[0]] = _elements(value.dims) if value is not None else 0
        for attribute in node.attribute:
            for body in (attribute.g, *attribute.graphs):
                sizes.update((one.name, _elements(one.dims)) for one in body.initializer)
                yield from _nodes(body, sizes)
        yield node


def _weight(node: onnx.NodeProto, sizes: dict[str, int]) -> int:
    """Elements of the largest weight that a contraction reads."""
    if node.op_type in _PACKED:
        given = {one.name: one.i for one in node.attribute}
        return int(given.get("K", 0) * given.get("N", 0))
    return max((sizes.get(name, 0) for name in node.input), default=0)


def _elements(dims: Any) -> int:
    return math.prod(dims) if dims else 0

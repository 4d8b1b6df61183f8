"""Multiply-accumulates counted anew from the shapes that ONNX Runtime made.

Written from the operators' definitions, apart from `gallery.costs`, so that one judges the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import onnx

Shapes = Mapping[str, tuple[int, ...]]
Attributes = Mapping[str, Any]


class UnjudgedError(Exception):
    """The main graph holds an operator that this count does not know."""


def recounted(model: onnx.ModelProto, shapes: Shapes) -> int:
    """Multiply-accumulates of a main graph.

    Args:
        model: Without functions.
        shapes: Shape of each tensor that a node makes, and of each input.

    Raises:
        UnjudgedError: It has a body, or a contraction that has no formula here.
    """
    graph = model.graph
    known = {one.name: tuple(one.dims) for one in graph.initializer}
    known.update(shapes)
    total = 0
    for node in graph.node:
        if any(one.type == onnx.AttributeProto.GRAPH for one in node.attribute):
            raise UnjudgedError(node.op_type)
        if node.op_type in _UNJUDGED or node.domain == "com.microsoft.nchwc":
            raise UnjudgedError(node.op_type)
        formula = _FORMULAS.get(node.op_type)
        if formula is None or node.domain not in ("", "ai.onnx", "com.microsoft"):
            continue
        given = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        try:
            total += formula(
                [known[name] if name else () for name in node.input],
                [known[name] if name else () for name in node.output],
                given,
            )
        except KeyError as error:
            raise UnjudgedError(f"{node.op_type} with {error}") from error
    return total


_UNJUDGED = {
    "Attention", "BeamSearch", "DeformConv", "DynamicQuantizeLSTM", "Einsum", "GreedySearch",
    "GroupQueryAttention", "LinearAttention", "MoE", "MultiHeadAttention", "QAttention", "QMoE",
    "Sampling", "SparseAttention", "DecoderMaskedMultiHeadAttention", "PackedAttention",
    "LinearClassifier", "LinearRegressor", "SVMClassifier", "SVMRegressor", "FusedMatMul",
    "NhwcConv", "MatMulBnb4", "DFT", "STFT", "CausalConvWithState", "RelativePositionBias",
    "GatedRelativePositionBias", "LongformerAttention", "WordConvEmbedding",
}  # fmt: skip

Dims = Sequence[tuple[int, ...]]


def _conv(weight: int) -> Callable[[Dims, Dims, Attributes], int]:
    return lambda read, made, _: prod(made[0]) * prod(read[weight][1:])


def _conv_transpose(read: Dims, made: Dims, given: Attributes) -> int:
    return prod(read[0]) * prod(read[1][1:])


def _product(read: Dims, made: Dims, given: Attributes) -> int:
    return prod(made[0]) * (read[0][-1] if read[0] else 1)


def _gemm(read: Dims, made: Dims, given: Attributes) -> int:
    return prod(made[0]) * read[0][0 if given.get("transA", 0) else 1]


def _recurrent(read: Dims, made: Dims, given: Attributes) -> int:
    # X is (steps, batch, inputs) unless layout is 1; W (directions, gates x hidden, inputs).
    steps = read[0][0] * read[0][1]
    return steps * (prod(read[1]) + prod(read[2]))


_FORMULAS: Mapping[str, Callable[[Dims, Dims, Attributes], int]] = {
    "Conv": _conv(1),
    "ConvInteger": _conv(1),
    "FusedConv": _conv(1),
    "QLinearConv": _conv(3),
    "ConvTranspose": _conv_transpose,
    "MatMul": _product,
    "MatMulInteger": _product,
    "MatMulIntegerToFloat": _product,
    "DynamicQuantizeMatMul": _product,
    "QLinearMatMul": _product,
    "MatMulNBits": _product,
    "Gemm": _gemm,
    "FusedGemm": _gemm,
    "QGemm": _gemm,
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "RNN": _recurrent,
}

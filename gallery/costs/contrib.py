"""Costs of ONNX Runtime's own operators, which are common in optimised and quantised files.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from gallery.costs.registry import Cost, View, contraction, costs, plain

_DOMAIN = "com.microsoft"

PER_ELEMENT: Mapping[str, int] = {
    "BiasGelu": 6,
    "BiasSoftmax": 6,
    "FastGelu": 8,
    "Gelu": 5,
    "LayerNormalization": 7,
    "QLinearAdd": 6,
    "QLinearConcat": 0,
    "QLinearMul": 6,
    "QuickGelu": 6,
    "RotaryEmbedding": 3,
    "SimplifiedLayerNormalization": 4,
    "SkipLayerNormalization": 9,
    "SkipSimplifiedLayerNormalization": 6,
    "EmbedLayerNormalization": 9,
}
"""Operations per output element."""


@costs(*PER_ELEMENT, domain=_DOMAIN)
def per_element(view: View) -> Cost:
    """The operations of `PER_ELEMENT` for each output element."""
    return plain(PER_ELEMENT[view.operator.type] * view.made())


@costs("FusedConv", domain=_DOMAIN)
def fused_conv(view: View) -> Cost:
    """As Conv, plus one operation per output element for an activation and for what is added."""
    made, weight = view.made(), view.shape(1)
    active = bool(view.get("activation", ""))
    return contraction(made * prod(weight[1:]), made * (active + view.has(2) + view.has(3)))


@costs(
    "FusedMatMul", "FusedGemm", "DynamicQuantizeMatMul", "MatMulIntegerToFloat", "TransposeMatMul",
    "FusedMatMulActivation", domain=_DOMAIN,
)  # fmt: skip
def fused_matmul(view: View) -> Cost:
    """As MatMul, plus one operation per output element, and one for an activation of its own."""
    shape, made = view.shape(0), view.made()
    reduced = shape[-1]
    if view.get("transA", 0) and len(shape) > 1:
        reduced = shape[0 if view.get("transBatchA", 0) else -2]
    active = view.operator.type == "FusedMatMulActivation"
    return contraction(made * reduced, made * (1 + active))


@costs("QGemm", domain=_DOMAIN)
def quantised_gemm(view: View) -> Cost:
    """As Gemm, plus a scale, a rounding and a zero point per output element."""
    made = view.made()
    reduced = view.shape(0)[0 if view.get("transA", 0) else 1]
    return contraction(made * reduced, made * (3 + view.has(6)))


@costs("QLinearGlobalAveragePool", domain=_DOMAIN)
def global_pool(view: View) -> Cost:
    """One addition per element read."""
    return plain(view.read())

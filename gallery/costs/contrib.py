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
    "MRotaryEmbedding": 3,
    "QLinearAdd": 6,
    "QLinearConcat": 0,
    "QLinearMul": 6,
    "QuickGelu": 6,
    "RelativePositionBias": 0,
    "RemovePadding": 0,
    "RestorePadding": 0,
    "RotaryEmbedding": 3,
    "SimplifiedLayerNormalization": 4,
    "SkipLayerNormalization": 9,
    "SkipSimplifiedLayerNormalization": 6,
    "EmbedLayerNormalization": 9,
    "QEmbedLayerNormalization": 19,
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


@costs("GemmaRotaryEmbedding", domain=_DOMAIN)
def gemma_rotary(view: View) -> Cost:
    """A sine and a cosine per angle, then as RotaryEmbedding for both queries and keys."""
    given = sum(view.read(slot) for slot in (1, 3))
    return plain(2 * view.read(0) + 3 * given)


@costs("RMSNormRotary", domain=_DOMAIN)
def normed_rotation(view: View) -> Cost:
    """4 operations per normalised element, as SimplifiedLayerNormalization, and 3 per rotated."""
    rows = prod(view.shape(0)[:3])
    return plain(rows * (4 * view.read(1) + 3 * int(view.get("rotary_embedding_dim", 0))))


@costs("GatedRelativePositionBias", domain=_DOMAIN)
def gated_bias(view: View) -> Cost:
    """A product of each query's head with the weights (size, D), and the bias times its gates.

    Beside them, an addition of the biases and of the sums that gates take, two Sigmoids (4 each),
    four operations on the gates, and a product per output element.
    """
    size, columns = view.shape(3)
    rows = view.read(0) // max(size, 1)
    extra = rows * (size + 2 * columns + 12) + view.made()
    return contraction(rows * size * columns, extra)

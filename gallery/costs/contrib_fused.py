"""Costs of ONNX Runtime's fused operators, transforms and lookups that stand for none of ONNX's.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from gallery.contrib.stand_ins import MICROSOFT, StandIn
from gallery.costs.reduction import fourier_operations
from gallery.costs.registry import Cost, UnknownError, View, contraction, costs, plain
from gallery.costs.stand_ins import as_other
from gallery.model import dtype_bytes

PER_ELEMENT: Mapping[str, int] = {
    "BiasSplitGelu": 8,  # two biases; quotient, erf, sum, product, half; product
    "ComplexMul": 3,  # two products and a sum for each of both parts
    "ComplexMulConj": 3,
    "DequantizeBFP": 1,
    "DequantizeWithOrder": 1,
    "QuantizeWithOrder": 2,  # quotient, rounding
    "SwiGLU": 6,
}
"""Operations per output element."""

PER_READ: Mapping[str, int] = {
    "DynamicTimeWarping": 3,  # the least of three, and a sum
    "QuantizeBFP": 3,  # maximum, quotient, rounding
    "Unique": 1,
}
"""Operations per element read."""

_SILU, _GELU = 5, 8


@costs(*PER_ELEMENT, domain=MICROSOFT)
def per_element(view: View) -> Cost:
    """The operations of `PER_ELEMENT` for each output element."""
    return plain(PER_ELEMENT[view.operator.type] * view.made())


@costs(*PER_READ, domain=MICROSOFT)
def per_read(view: View) -> Cost:
    """The operations of `PER_READ` for each element read."""
    return plain(PER_READ[view.operator.type] * view.read())


@costs("BiasDropout", "BitmaskBiasDropout", domain=MICROSOFT)
def biased_dropout(view: View) -> Cost:
    """A bias and a residual; the dropout itself, at inference, costs nothing."""
    return plain((1 + view.has(2)) * view.read())


@costs("GemmFastGelu", domain=MICROSOFT)
def product_and_gelu(view: View) -> Cost:
    """As MatMul, plus a bias and FastGelu."""
    made = view.made()
    return contraction(made * view.shape(0)[-1], made * (_GELU + view.has(2)))


@costs("GemmFloat8", domain=MICROSOFT)
def small_float_gemm(view: View) -> Cost:
    """As Gemm, plus a scale for the result and one operation for an activation."""
    made = view.made()
    reduced = view.shape(0)[0 if view.get("transA", 0) else 1]
    active = view.get("activation", "NONE") not in ("", "NONE")
    return contraction(made * reduced, made * (view.has(2) + view.has(5) + active))


@costs("QOrderedMatMul", domain=MICROSOFT)
def ordered_product(view: View) -> Cost:
    """As MatMul, plus a scale and a rounding for each element, a bias, and a scaled addend."""
    made = view.made()
    return contraction(made * view.shape(0)[-1], made * (2 + view.has(5) + 2 * view.has(6)))


@costs("RouterGateUpProj", domain=MICROSOFT)
def router_and_gate(view: View) -> Cost:
    """One product, then SiLU and a product of the halves of its last columns."""
    rows = prod(view.shape(0)[:-1])
    return contraction(rows * view.read(1), (_SILU + 1) * prod(view.out(1)))


@costs(
    "BeamSearch", "GreedySearch", "Sampling", "SparseToDenseMatMul", "WhisperBeamSearch",
    domain=MICROSOFT,
)  # fmt: skip
def by_data(view: View) -> Cost:
    """Not known: it depends on how many tokens are made, or how many elements are not zero."""
    raise UnknownError(view.operator.type)


@costs("ConvTransposeWithDynamicPads", domain=MICROSOFT)
def padded_transpose(view: View) -> Cost:
    """As ConvTranspose."""
    return as_other(view, StandIn(type="ConvTranspose", slots=(0, 1, 3)))


@costs("MaxpoolWithMask", domain=MICROSOFT)
def masked_pool(view: View) -> Cost:
    """As MaxPool, plus a comparison with the mask for each position."""
    found = as_other(view, StandIn(type="MaxPool"))
    return plain(2 * found.flops)


@costs("CDist", domain=MICROSOFT)
def distances(view: View) -> Cost:
    """For each pair of rows and each column a difference, a square and a sum; then a root."""
    made = view.made()
    rooted = view.get("metric", "sqeuclidean") == "euclidean"
    return plain(made * (3 * view.shape(0)[-1] + rooted))


@costs("Rfft", "Irfft", domain=MICROSOFT)
def transform(view: View) -> Cost:
    """As DFT: 5 N log2 N for each transform of N points."""
    signals = view.shape(0) if view.operator.type == "Rfft" else view.out()
    axes = int(view.get("signal_ndim", 1))
    if not 1 <= axes <= len(signals):
        raise UnknownError("signal_ndim")
    points = prod(signals[-axes:])
    return plain(prod(signals[:-axes]) * fourier_operations(points))


@costs("Inverse", domain=MICROSOFT)
def inverse(view: View) -> Cost:
    """2 n³ for each matrix: its factors, their inverses and the product of those.

    Operation counts of LAPACK's getrf and getri, https://www.netlib.org/lapack/lawnspdf/lawn41.pdf.
    """
    shape = view.shape(0)
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise UnknownError("square")
    return plain(2 * view.read() * shape[-1])


@costs("IsAllFinite", domain=MICROSOFT)
def all_finite(view: View) -> Cost:
    """A test and a conjunction for each element of all inputs."""
    return plain(2 * sum(view.read(slot) for slot in range(len(view.operator.inputs))))


@costs("GroupNorm", "SkipGroupNorm", domain=MICROSOFT)
def group_norm(view: View) -> Cost:
    """As GroupNormalization, plus skip, bias and SiLU."""
    skip = view.operator.type == "SkipGroupNorm"
    active = _SILU * (view.get("activation", 0) == 1)
    return plain((7 + active + skip + (skip and view.has(4))) * view.read())


@costs("GatedRMSNorm", "BranchwiseRMSNorm", domain=MICROSOFT)
def root_mean_square(view: View) -> Cost:
    """As RMSNormalization, plus the activation of a gate and its product."""
    if view.operator.type == "BranchwiseRMSNorm":
        return plain((3 + view.has(1)) * view.read())
    active = _SILU - (view.get("activation", "silu") == "sigmoid")
    return plain((4 + active + 1) * view.read())


@costs("NGramRepeatBlock", domain=MICROSOFT)
def repeat_block(view: View) -> Cost:
    """The last n - 1 tokens of each row are compared with all others in it."""
    rows, length = view.shape(0)
    size = int(view.get("ngram_size", 0))
    if size < 1:
        raise UnknownError("ngram_size")
    return plain(rows * max(length - size + 1, 0) * (size - 1))


@costs("MurmurHash3", domain=MICROSOFT)
def murmur_hash(view: View) -> Cost:
    """11 operations for each 4 bytes and 9 at the end; of strings it is not known.

    https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp, MurmurHash3_x86_32.
    """
    dtype = view.tensor(0).dtype
    if dtype == "string":
        raise UnknownError("length")
    words = max(int(dtype_bytes(dtype)) // 4, 1)
    return plain((11 * words + 9) * view.read())


@costs("WordConvEmbedding", domain=MICROSOFT)
def word_embedding(view: View) -> Cost:
    """A convolution over the letters of each word, a bias, a tanh and a maximum."""
    words, filters = view.shape(0), view.shape(1)
    positions = max(words[-1] - filters[2] + 1, 0) * prod(words[:-1])
    return contraction(positions * view.read(1), 3 * positions * filters[0])


@costs("CropAndResize", domain=MICROSOFT)
def crop_and_resize(view: View) -> Cost:
    """A weighted sum of 4 elements (7 operations) for each one, unless the nearest is taken."""
    return plain(0 if view.get("mode", "bilinear") == "nearest" else 7 * view.made())

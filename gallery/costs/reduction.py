"""Costs of operators that sum over an axis: reductions, normalisations, transforms."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, log2, prod

from gallery.costs.registry import Cost, UnknownError, View, costs, plain

REDUCE: Mapping[str, tuple[int, int]] = {
    "ReduceSum": (1, 0),
    "ReduceMax": (1, 0),
    "ReduceMin": (1, 0),
    "ReduceProd": (1, 0),
    "ReduceMean": (1, 1),
    "ReduceL1": (2, 0),
    "ReduceL2": (2, 1),
    "ReduceLogSum": (1, 1),
    "ReduceLogSumExp": (2, 1),
    "ReduceSumSquare": (2, 0),
    "ArgMax": (1, 0),
    "ArgMin": (1, 0),
}
"""Operations per element read, and per output element."""

PER_ELEMENT: Mapping[str, int] = {
    "Softmax": 5,  # maximum, difference, exp, sum, quotient
    "LogSoftmax": 5,  # maximum, difference, exp, sum, difference
    "Hardmax": 2,
    "LayerNormalization": 7,  # sum, difference, square, sum, product; scale, shift
    "InstanceNormalization": 7,
    "GroupNormalization": 7,
    "MeanVarianceNormalization": 5,
    "RMSNormalization": 4,  # square, sum, product; scale
    "SimplifiedLayerNormalization": 4,  # ONNX Runtime's name for the same, in ONNX's own domain
    "LpNormalization": 3,
    "CumSum": 1,
    "CumProd": 1,
    "DynamicQuantizeLinear": 5,  # minimum, maximum; quotient, rounding, zero point
    "SoftmaxCrossEntropyLoss": 6,
    "NegativeLogLikelihoodLoss": 1,
    "Unique": 1,
}
"""Operations per element read."""


@costs(*REDUCE)
def reduce(view: View) -> Cost:
    """The operations of `REDUCE` for each element read and each output element."""
    per_read, per_made = REDUCE[view.operator.type]
    return plain(per_read * view.read() + per_made * view.made())


@costs(*PER_ELEMENT)
def normalisation(view: View) -> Cost:
    """The operations of `PER_ELEMENT` for each element read."""
    return plain(PER_ELEMENT[view.operator.type] * view.read())


@costs("LRN")
def local_response(view: View) -> Cost:
    """Per element: a square, `size` additions, a product, a sum, a power and a quotient."""
    return plain((int(view.get("size", 1)) + 5) * view.read())


@costs("TopK")
def top_k(view: View) -> Cost:
    """One comparison per element read and level of a heap of k elements."""
    return plain(view.read() * max(1, ceil(log2(max(view.made(), 2) + 1)) // 2))


@costs("Det")
def determinant(view: View) -> Cost:
    """Gaussian elimination, then the product of the diagonal.

    With m rows left, each takes a quotient, and m products and differences.
    """
    shape = view.shape(0)
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise UnknownError("square")
    n = shape[-1]
    eliminated = n * (n - 1) // 2 + n * (n - 1) * (2 * n - 1) // 3
    return plain(prod(shape[:-2]) * (eliminated + max(n - 1, 0)))


@costs("DFT")
def discrete_fourier(view: View) -> Cost:
    """5 N log2 N per transform of N points.

    The usual count of a radix-2 transform, https://www.fftw.org/speed/method.html.
    """
    shape = view.shape(0)
    axis = view.get("axis", 1 if view.operator.version < 20 else -2)
    if view.operator.version >= 20 and view.has(2):
        value = view.tensor(2).value
        if value is None:
            raise UnknownError("axis")
        axis = int(value.reshape(-1)[0])
    if not -len(shape) <= axis < len(shape) or not shape[axis]:
        raise UnknownError("axis")
    points = view.out()[axis]
    transforms = view.read() // shape[axis] // max(shape[-1], 1)
    return plain(transforms * fourier_operations(points))


@costs("STFT")
def short_time_fourier(view: View) -> Cost:
    """A product with the window and a transform of 5 N log2 N per frame."""
    batch, frames = view.out()[:2]
    value = view.tensor(3).value if view.has(3) else None
    if value is None and not view.has(2):
        raise UnknownError("frame_length")
    points = int(value.reshape(-1)[0]) if value is not None else view.read(2)
    return plain(batch * frames * (fourier_operations(points) + (points if view.has(2) else 0)))


def fourier_operations(points: int) -> int:
    """Operations of a transform of N points, 5 N log2 N."""
    return round(5 * points * log2(points)) if points > 1 else 0

"""Costs of products with packed weights, and of lookups of such weights.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. To unpack
a weight takes two operations: a difference and a product.
"""

from __future__ import annotations

from collections.abc import Mapping

from gallery.contrib.stand_ins import MICROSOFT
from gallery.costs.registry import Cost, UnknownError, View, contraction, costs, plain

_UNPACK = 2
_ACTIVATE = 6
"""Operations per element of a SiLU and the product with the other half."""

_NORMALISE = 4
"""Operations per element of a normalisation by the root mean square."""

BIASES: Mapping[str, int] = {
    "MatMulBlockQuantizedFp4Weight": 5,
    "MatMulBlockQuantizedFp8Weight": 4,
    "MatMulNBits": 5,
}
"""Input that has the bias, by operator type."""


@costs(
    "MatMulBlockQuantizedFp4Weight", "MatMulBlockQuantizedFp8Weight", "MatMulBnb4",
    "MatMulFpQ4", "MatMulNBits", "MatMulPacked", domain=MICROSOFT,
)  # fmt: skip
def product(view: View) -> Cost:
    """As MatMul, plus two operations per weight to unpack it, and a bias."""
    kind = view.operator.type
    inner, columns = view.shape(0)[-1], view.out()[-1]
    if kind in ("MatMulNBits", "MatMulPacked"):
        inner, columns = _size(view, "K"), _size(view, "N")
    rows = view.read() // max(inner, 1)
    biased = kind in BIASES and view.has(BIASES[kind])
    active = view.get("activation_type", "none") != "none"
    extra = _UNPACK * inner * columns + rows * columns * (biased + active)
    return contraction(rows * inner * columns, extra)


@costs("MatMulNBitsMlp", domain=MICROSOFT)
def gated_layer(view: View) -> Cost:
    """Two products, one of them activated, and their product."""
    columns = _size(view, "N")
    return _family(view, (columns, columns), (5, 8), _ACTIVATE * columns)


@costs("MatMulNBitsQkv", domain=MICROSOFT)
def projections(view: View) -> Cost:
    """Three products with one normalised operand."""
    columns = _size(view, "Nq"), _size(view, "Nkv"), _size(view, "Nkv")
    return _family(view, columns, (5, 8, 11), 0)


def _family(view: View, columns: tuple[int, ...], biases: tuple[int, ...], more: int) -> Cost:
    """Products of one operand with several weights; `more` operations for each row."""
    inner = _size(view, "K")
    rows = view.read() // inner
    added = sum(one for one, bias in zip(columns, biases, strict=True) if view.has(bias))
    before = inner * (view.has(1) + _NORMALISE * view.has(2))
    extra = _UNPACK * inner * sum(columns) + rows * (added + before + more)
    return contraction(rows * inner * sum(columns), extra)


@costs("MatMulNBitsQLoRA", domain=MICROSOFT)
def adapted(view: View) -> Cost:
    """The product with the weights and with two thin matrices, and the sum of both."""
    inner, columns = _size(view, "K"), _size(view, "N")
    rows, rank = view.read() // inner, view.shape(4)[0] if len(view.shape(4)) > 1 else 0
    if not rank:
        raise UnknownError("R")
    weights = inner * columns + rank * (inner + columns)
    return contraction(rows * weights, _UNPACK * weights + rows * columns)


@costs("GatherBlockQuantized", "GatherPacked", domain=MICROSOFT)
def lookup(view: View) -> Cost:
    """Two operations per output element to unpack it."""
    return plain(_UNPACK * view.made())


def _size(view: View, name: str) -> int:
    found = int(view.get(name, 0))
    if found < 1:
        raise UnknownError(name)
    return found

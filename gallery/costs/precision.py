"""Multiply-accumulates by the type of the numbers that are multiplied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gallery.contrib.stand_ins import MICROSOFT
from gallery.costs.registry import Cost
from gallery.model import Model, Operator, dtype_bytes

_MULTIPLIED = ("float", "bfloat", "double", "int4", "int8", "int16", "uint4", "uint8", "uint16")
"""How the names of types begin that are multiplied; others are masks and indices."""

_FOUR_BITS = frozenset({"MatMulBnb4", "MatMulFpQ4"})
_THROUGH = frozenset({"DequantizeLinear", "Transpose", "Reshape", "Identity"})
_DEEPEST = 8


def macs_by_dtype(
    model: Model, costs: Sequence[Cost | None], weights: Sequence[int]
) -> dict[str, int]:
    """Multiply-accumulates of one forward pass by element type, most first.

    The type is that of the narrowest operand of at least two dimensions, as it is stored: of a
    weight that is dequantised first, that of the integers, and of a packed one that of its
    elements, so that all forms of quantisation compare.

    Args:
        model: The model.
        costs: Costs of its operators.
        weights: How often the work of each counts.
    """
    makers = {i: operator for operator in model.operators for i in operator.outputs if i >= 0}
    found: Counter[str] = Counter()
    for operator, done, times in zip(model.operators, costs, weights, strict=True):
        if done and done.macs and times:
            found[_dtype(model, operator, makers)] += done.macs * times
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _dtype(model: Model, operator: Operator, makers: dict[int, Operator]) -> str:
    bits = operator.attributes.get("bits")
    if operator.domain == MICROSOFT:
        if operator.type in _FOUR_BITS:
            return "uint4"
        if isinstance(bits, int) and 0 < bits < 8:
            return f"uint{bits}"
    dtypes = [
        _stored(model, index, makers)
        for index in operator.inputs
        if index >= 0 and len(model.tensors[index].shape or (0, 0)) > 1
    ]
    multiplied = [one for one in dtypes if one.startswith(_MULTIPLIED)]
    return min(multiplied, key=lambda one: (dtype_bytes(one), one), default="unknown")


def _stored(model: Model, index: int, makers: dict[int, Operator]) -> str:
    """Element type of a tensor or, if it is dequantised, of what it is dequantised from."""
    at = index
    for _ in range(_DEEPEST):
        maker = makers.get(at)
        if maker is None or maker.type not in _THROUGH or not maker.inputs or maker.inputs[0] < 0:
            break
        at = maker.inputs[0]
        if maker.type == "DequantizeLinear":
            return model.tensors[at].dtype
    return model.tensors[index].dtype

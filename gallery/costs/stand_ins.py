"""Costs of operators that compute what one of ONNX's own does."""

from __future__ import annotations

from collections.abc import Mapping

from gallery.contrib.stand_ins import CHANNELS_LAST, MICROSOFT, STAND_INS, StandIn, replaced
from gallery.costs.registry import FORMULAS, Cost, UnknownError, View, costs

_QUANTISE, _DEQUANTISE = 3, 1
"""Operations per element: quotient, rounding and zero point; the product of zero point and scale
taken as one."""

_EXTRA: Mapping[tuple[str, str], tuple[int, int]] = {
    # Two zero points are subtracted.
    (MICROSOFT, "MulInteger"): (0, 2),
    (MICROSOFT, "QLinearLeakyRelu"): (0, _DEQUANTISE + _QUANTISE),
    (MICROSOFT, "QLinearReduceMean"): (_DEQUANTISE, _QUANTISE),
    (MICROSOFT, "QLinearSigmoid"): (0, _DEQUANTISE + _QUANTISE),
    (MICROSOFT, "QLinearSoftmax"): (_DEQUANTISE, _QUANTISE),
    (MICROSOFT, "QLinearWhere"): (0, 2 * _DEQUANTISE + _QUANTISE),
    (CHANNELS_LAST, "QLinearConvTranspose"): (0, _QUANTISE),
    (MICROSOFT, "QOrderedGelu"): (0, _DEQUANTISE + _QUANTISE),
    (MICROSOFT, "QOrderedLayerNormalization"): (_DEQUANTISE, _QUANTISE),
}
"""Operations per element of the first input, and per output element, besides the other's."""


def as_other(view: View, entry: StandIn) -> Cost:
    """The cost of the operator that another one stands for.

    Raises:
        UnknownError: A shape or value is not known.
    """
    other = replaced(view.operator, entry)
    formula = FORMULAS.get((other.domain, other.type))
    if formula is None:
        raise UnknownError(other.type)
    return formula(View(view.model, other))


def stand_in(view: View) -> Cost:
    """As the operator that it stands for, plus what `_EXTRA` says of quantisation."""
    key = view.operator.domain, view.operator.type
    found = as_other(view, STAND_INS[key])
    if key not in _EXTRA:
        return found
    read, made = _EXTRA[key]
    extra = (read and read * view.read()) + made * view.made()
    return Cost(macs=found.macs, flops=found.flops + extra)


for _domain, _type in STAND_INS:
    costs(_type, domain=_domain)(stand_in)

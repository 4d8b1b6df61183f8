"""Operators that compute what one of ONNX's own does, on other inputs or in another layout.

ONNX Runtime saves models with operators of its own: quantised ones, whose scales and zero points
stand between the operands, and ones whose channels come last. A row of `STAND_INS` names the
operator that such a one stands for; types, costs and access relations follow from it.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md; layouts:
https://github.com/microsoft/onnxruntime/tree/main/onnxruntime/core/optimizer
(nchwc_transformer.cc and layout_transformation).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from gallery.model import Operator

MICROSOFT = "com.microsoft"
CHANNELS_LAST = "com.ms.internal.nhwc"
BLOCKED = "com.microsoft.nchwc"

_NEWEST = 17
_LIKE_NUMPY = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """What an operator stands for.

    Attributes:
        type: Type of the other operator; with its domain ("com.microsoft.FusedConv") if that is
            not ONNX's own.
        slots: For each input of the other operator, the input of this one that it gets.
        version: Version of the other's operator set; 0 if it is the operator's own, or the name of
            the attribute that gives it.
        elements: Inputs of this operator, the first given one of which has the element type of the
            result.
        made: Element type of the result if none of these is given.
        last: Whether channels come last: yes, no, or the name of the attribute that tells.
        laid_out: Inputs of the other operator that have their channels last in that case.
        swapped: Inputs of the other operator whose last two dimensions are stored in reverse.
        defaults: Attributes whose default is not that of the other operator, with their default.
    """

    type: str
    slots: tuple[int, ...] = (0,)
    version: int | str = _NEWEST
    elements: tuple[int, ...] = (0,)
    made: str = ""
    last: bool | str = False
    laid_out: tuple[int, ...] = (0,)
    swapped: tuple[int, ...] = ()
    defaults: tuple[tuple[str, int], ...] = ()

    @property
    def domain_and_type(self) -> tuple[str, str]:
        """The two parts of the other operator's name."""
        domain, _, kind = self.type.rpartition(".")
        return domain, kind

    def version_for(self, own: int, attributes: Mapping[str, Any]) -> int:
        """Version of the other operator's set, for an operator of version `own`."""
        if isinstance(self.version, str):
            return int(attributes.get(self.version, _NEWEST))
        if self.version:
            return self.version
        return own if own >= _LIKE_NUMPY else _NEWEST

    def channels_last(self, attributes: Mapping[str, Any]) -> bool:
        """Whether the channels of an operator with these attributes come last."""
        if isinstance(self.last, str):
            return bool(attributes.get(self.last, 0))
        return self.last

    def order(self, slot: int, rank: int, attributes: Mapping[str, Any]) -> tuple[int, ...]:
        """The other operator's dimension for each stored one of its input `slot`.

        >>> StandIn(type="Conv", last=True).order(0, 4, {})
        (0, 2, 3, 1)
        """
        if slot in self.swapped and rank > 1:
            return (*range(rank - 2), rank - 1, rank - 2)
        if slot in self.laid_out and self.channels_last(attributes):
            return last_order(rank)
        return tuple(range(rank))


def last_order(rank: int) -> tuple[int, ...]:
    """The dimensions of a tensor [n, c, ...] in the order in which [n, ..., c] has them.

    >>> last_order(4), last_order(1)
    ((0, 2, 3, 1), (0,))
    """
    return (0, *range(2, rank), 1) if rank > 2 else tuple(range(rank))


def picked(values: Sequence[Any], slots: Sequence[int], missing: Any) -> tuple[Any, ...]:
    """The values at these positions, `missing` beyond the end; without those missing at the end."""
    found = [values[slot] if slot < len(values) else missing for slot in slots]
    while found and found[-1] == missing:
        found.pop()
    return tuple(found)


def replaced(operator: Operator, entry: StandIn) -> Operator:
    """The operator that another one stands for, on the same tensors."""
    domain, kind = entry.domain_and_type
    return replace(
        operator,
        domain=domain,
        type=kind,
        version=entry.version_for(operator.version, operator.attributes),
        inputs=picked(operator.inputs, entry.slots, -1),
        attributes={**dict(entry.defaults), **operator.attributes},
    )


_FUSED_CONV_LAST = StandIn(
    type="com.microsoft.FusedConv", slots=(0, 1, 2, 3), last=True, laid_out=(0, 3)
)


def packing(in_bytes: bool, bits: object) -> int:
    """Values of a few bits that an element holds.

    >>> packing(True, 4), packing(True, 8), packing(False, 4)
    (2, 1, 1)
    """
    return 8 // bits if in_bytes and isinstance(bits, int) and bits in (1, 2, 4) else 1


_ROWS: dict[tuple[str, str], StandIn] = {
    (MICROSOFT, "BiasAdd"): StandIn(type="Sum", slots=(0, 1, 2)),
    (MICROSOFT, "DequantizeLinear"): StandIn(
        type="DequantizeLinear", slots=(0, 1, 2), elements=(1,)
    ),
    (MICROSOFT, "GatherND"): StandIn(type="GatherND", slots=(0, 1)),
    (MICROSOFT, "GridSample"): StandIn(type="GridSample", slots=(0, 1)),
    (MICROSOFT, "MatMulInteger16"): StandIn(
        type="MatMulInteger", slots=(0, 1), elements=(), made="int32"
    ),
    (MICROSOFT, "MulInteger"): StandIn(type="Mul", slots=(0, 2), elements=(), made="int32"),
    (MICROSOFT, "NhwcConv"): StandIn(type="Conv", slots=(0, 1, 2), last=True),
    (MICROSOFT, "NhwcFusedConv"): _FUSED_CONV_LAST,
    (MICROSOFT, "NhwcMaxPool"): StandIn(type="MaxPool", last=True),
    (MICROSOFT, "Pad"): StandIn(type="Pad", slots=(0, 1, 2)),
    (MICROSOFT, "QLinearAveragePool"): StandIn(type="AveragePool", last="channels_last"),
    (MICROSOFT, "QLinearConv"): StandIn(
        type="QLinearConv", slots=tuple(range(9)), elements=(7,), last="channels_last"
    ),
    (MICROSOFT, "QLinearLeakyRelu"): StandIn(type="LeakyRelu"),
    (MICROSOFT, "QLinearReduceMean"): StandIn(type="ReduceMean", version=13),
    (MICROSOFT, "QLinearSigmoid"): StandIn(type="Sigmoid"),
    (MICROSOFT, "QLinearSoftmax"): StandIn(
        type="Softmax", version="opset", defaults=(("axis", -1),)
    ),
    (MICROSOFT, "QLinearWhere"): StandIn(type="Where", slots=(0, 1, 4), elements=(1,)),
    (MICROSOFT, "QOrderedGelu"): StandIn(type="Gelu", version=20),
    (MICROSOFT, "QOrderedLayerNormalization"): StandIn(
        type="LayerNormalization", slots=(0, 2, 3)
    ),
    (MICROSOFT, "QuantizeLinear"): StandIn(
        type="QuantizeLinear", slots=(0, 1, 2), elements=(2,), made="uint8"
    ),
    (MICROSOFT, "Range"): StandIn(type="Range", slots=(0, 1, 2)),
    (MICROSOFT, "ReduceSumInteger"): StandIn(
        type="ReduceSum", version=11, elements=(), made="int32"
    ),
    (MICROSOFT, "SampleOp"): StandIn(type="Identity"),
    (MICROSOFT, "ScaledSiLU"): StandIn(type="Swish", slots=(0, 1), version=24),
    (MICROSOFT, "TorchEmbedding"): StandIn(type="Gather", slots=(0, 1)),
    (MICROSOFT, "Trilu"): StandIn(type="Trilu", slots=(0, 1)),
    (BLOCKED, "AveragePool"): StandIn(type="AveragePool"),
    (BLOCKED, "Conv"): StandIn(type="com.microsoft.FusedConv", slots=(0, 1, 2, 3)),
    (BLOCKED, "GlobalAveragePool"): StandIn(type="GlobalAveragePool"),
    (BLOCKED, "GlobalMaxPool"): StandIn(type="GlobalMaxPool"),
    (BLOCKED, "MaxPool"): StandIn(type="MaxPool"),
    (BLOCKED, "Upsample"): StandIn(type="Upsample", version=7),
    (CHANNELS_LAST, "BatchNormalization"): StandIn(
        type="BatchNormalization", slots=tuple(range(5)), version=0, last=True
    ),
    (CHANNELS_LAST, "Conv"): StandIn(type="Conv", slots=(0, 1, 2), version=0, last=True),
    (CHANNELS_LAST, "ConvTranspose"): StandIn(
        type="ConvTranspose", slots=(0, 1, 2), version=0, last=True
    ),
    (CHANNELS_LAST, "FusedConv"): _FUSED_CONV_LAST,
    (CHANNELS_LAST, "GridSample"): StandIn(
        type="GridSample", slots=(0, 1), version=0, last=True
    ),
    (CHANNELS_LAST, "InstanceNormalization"): StandIn(
        type="InstanceNormalization", slots=(0, 1, 2), version=0, last=True
    ),
    (CHANNELS_LAST, "QLinearAveragePool"): StandIn(type="AveragePool", last=True),
    (CHANNELS_LAST, "QLinearConv"): StandIn(
        type="QLinearConv", slots=tuple(range(9)), elements=(7,), last=True
    ),
    (CHANNELS_LAST, "QLinearConvTranspose"): StandIn(
        type="ConvTranspose", slots=(0, 3, 8), elements=(7,), last=True
    ),
    # The sizes and scales of a Resize are rearranged with its input.
    (CHANNELS_LAST, "Resize"): StandIn(type="Resize", slots=(0, 1, 2, 3), version=0),
    **{
        (CHANNELS_LAST, kind): StandIn(type=kind, version=0, last=True)
        for kind in (
            "AveragePool", "DepthToSpace", "GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool",
            "LRN", "LpPool", "MaxPool", "SpaceToDepth",
        )
    },
}  # fmt: skip

STAND_INS: Mapping[tuple[str, str], StandIn] = MappingProxyType(_ROWS)
"""What operators stand for, by domain and type."""

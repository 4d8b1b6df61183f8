"""Operators that compute what one of ONNX's own does, with its relation.

Which they are is told by `gallery.contrib.stand_ins`.
"""

from __future__ import annotations

from dataclasses import replace

from gallery.contrib.stand_ins import STAND_INS, StandIn, last_order, picked, replaced
from gallery.lowering.access.layouts import Order, rearranged
from gallery.lowering.access.part import Part
from gallery.lowering.access.registry import FAMILIES, Context, lowers
from gallery.lowering.operators.parts import given, whole


def standing_for(context: Context, entry: StandIn) -> Context:
    """The operator as the one that it stands for, with the tensors as they are stored."""
    other = replaced(context.operator, entry)
    return replace(context, operator=other, inputs=picked(context.inputs, entry.slots, -1))


def as_other(context: Context, entry: StandIn) -> list[Part]:
    """The parts of the operator that another one stands for.

    Inputs that the other operator does not have, such as scales and zero points, are read whole.
    """
    other = standing_for(context, entry)
    attributes = context.operator.attributes
    inputs = [
        entry.order(slot, _rank(other, tensor), attributes)
        for slot, tensor in enumerate(other.operator.inputs)
    ]
    last = entry.channels_last(attributes)
    ranks = [_rank(other, tensor) for tensor in other.operator.outputs]
    outputs: list[Order] = [last_order(n) if last else tuple(range(n)) for n in ranks]
    parts = rearranged(other, FAMILIES[entry.type], inputs, outputs)
    rest = [one for one in given(context) if one not in entry.slots]
    return reading(context, parts, rest)


def reading(context: Context, parts: list[Part], inputs: list[int]) -> list[Part]:
    """The parts, of which those that make outputs also read all of some inputs."""
    if not inputs:
        return parts
    made = set(context.outputs)
    reads = [whole(context, index, differentiable=False) for index in inputs]
    return [
        replace(part, reads=(*part.reads, *reads)) if made & set(part.makes) else part
        for part in parts
    ]


def _rank(context: Context, tensor: int) -> int:
    shape = context.model.tensors[tensor].shape if tensor >= 0 else None
    return len(shape) if shape is not None else 0


@lowers(*(f"{domain}.{kind}" for domain, kind in STAND_INS))
def stand_in(context: Context) -> list[Part]:
    """As the operator that it stands for."""
    operator = context.operator
    return as_other(context, STAND_INS[operator.domain, operator.type])

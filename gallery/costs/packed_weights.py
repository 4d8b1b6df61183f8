"""How many weights the tensors of packed weights hold: a few bits each, several in a byte."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from gallery.contrib.expert_sizes import EXPERT_SLOTS, bits
from gallery.contrib.stand_ins import MICROSOFT, packing
from gallery.model import Model, Operator

Counts = dict[int, int]
"""Number of weights of an operator's inputs, by position."""


def packed_weights(model: Model) -> Counts:
    """Number of weights in each tensor that holds them as bits, by tensor."""
    found: Counts = {}
    for operator in model.operators:
        count = _COUNTS.get(operator.type) if operator.domain == MICROSOFT else None
        for slot, number in (count(model, operator) if count else {}).items():
            if slot < len(operator.inputs) and operator.inputs[slot] >= 0 and number > 0:
                found[operator.inputs[slot]] = number
    return found


def _by_size(*names: tuple[int, str, str]) -> Callable[[Model, Operator], Counts]:
    """Inputs that hold a matrix whose sides attributes give."""

    def count(model: Model, operator: Operator) -> Counts:
        return {slot: _size(operator, one) * _size(operator, two) for slot, one, two in names}

    return count


def _size(operator: Operator, name: str) -> int:
    value = operator.attributes.get(name)
    return value if isinstance(value, int) else 0


def _described(model: Model, operator: Operator) -> Counts:
    # The third input is the shape of the weights.
    value = model.tensors[operator.inputs[2]].value if len(operator.inputs) > 2 else None
    return {} if value is None else {1: prod(int(one) for one in value.reshape(-1))}


def _in_pairs(model: Model, operator: Operator) -> Counts:
    return {1: 2 * _elements(model, operator, 1)}


def _adapted(model: Model, operator: Operator) -> Counts:
    inner, columns = _size(operator, "K"), _size(operator, "N")
    scales = _sizes(model, operator, 4)
    rank = scales[0] if len(scales) > 1 else 0
    return {1: inner * columns, 3: inner * rank, 5: rank * columns}


def _looked_up(model: Model, operator: Operator) -> Counts:
    in_bytes = bool(operator.inputs) and model.tensors[operator.inputs[0]].dtype == "uint8"
    per = packing(in_bytes, operator.attributes.get("bits", 4))
    return {0: per * _elements(model, operator, 0)}


def _rows(model: Model, operator: Operator) -> Counts:
    sizes = _sizes(model, operator, 0)
    return {0: sizes[0] * _size(operator, "K")} if sizes else {}


def _elements(model: Model, operator: Operator, slot: int) -> int:
    return prod(_sizes(model, operator, slot) or (0,))


def _sizes(model: Model, operator: Operator, slot: int) -> tuple[int, ...]:
    given = slot < len(operator.inputs) and operator.inputs[slot] >= 0
    return (model.tensors[operator.inputs[slot]].sizes or ()) if given else ()


def _of_experts(model: Model, operator: Operator) -> Counts:
    """Of each product of QMoE."""
    slots = enumerate(EXPERT_SLOTS["QMoE"].weights, start=1)
    widths = ((slot, bits(operator.attributes, number)) for number, slot in slots)
    return {slot: _elements(model, operator, slot) * 8 // width for slot, width in widths if width}


def _of_packed_experts(model: Model, operator: Operator) -> Counts:
    """Of each product of MoEPacked, whose formats have bytes that are not of one weight each."""
    first, second = (_sizes(model, operator, slot) for slot in (2, 4))
    if len(first) != 3 or len(second) != 3:
        return {}
    number = first[0] * first[1] * second[1]
    return dict.fromkeys(EXPERT_SLOTS["MoEPacked"].weights, number)


_COUNTS: Mapping[str, Callable[[Model, Operator], Counts]] = {
    "GatherBlockQuantized": _looked_up,
    "GatherPacked": _rows,
    "MatMulBlockQuantizedFp4Weight": _in_pairs,
    "MatMulBnb4": _by_size((1, "K", "N")),
    "MatMulFpQ4": _described,
    "MatMulNBits": _by_size((1, "K", "N")),
    "MatMulNBitsMlp": _by_size((3, "K", "N"), (6, "K", "N")),
    "MatMulNBitsQLoRA": _adapted,
    "MatMulNBitsQkv": _by_size((3, "K", "Nq"), (6, "K", "Nkv"), (9, "K", "Nkv")),
    "MatMulPacked": _by_size((1, "K", "N")),
    "MoEPacked": _of_packed_experts,
    "QMoE": _of_experts,
}
"""Counts by operator type of com.microsoft."""

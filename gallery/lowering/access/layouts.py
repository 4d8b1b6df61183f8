"""Relations of an operator whose tensors are stored with their dimensions in another order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from gallery.lowering.access.part import Boxes, Ints, Part, Read, Relation
from gallery.lowering.access.registry import Context
from gallery.model import Tensor

Order = tuple[int, ...]
"""For each stored dimension of a tensor, the dimension that it is for the operator."""


def rearranged(
    context: Context,
    family: Callable[[Context], list[Part]],
    inputs: Sequence[Order],
    outputs: Sequence[Order],
) -> list[Part]:
    """The parts of an operator that are given by `family` for tensors in their usual order.

    Args:
        context: The operator, with its tensors as they are stored.
        family: Gives the parts for tensors in the usual order.
        inputs: The order of each input.
        outputs: The order of each output.
    """
    parts = family(_in_usual_order(context, inputs, outputs))
    stored = {t: o for t, o in zip(context.outputs, outputs, strict=True) if t >= 0 and _turns(o)}
    read = {t: o for t, o in zip(context.inputs, inputs, strict=True) if t >= 0 and _turns(o)}
    return [_part(part, stored, read) for part in parts]


def _turns(order: Order) -> bool:
    return order != tuple(range(len(order)))


def _in_usual_order(context: Context, inputs: Sequence[Order], outputs: Sequence[Order]) -> Context:
    """The same operator on tensors that have their dimensions in the usual order."""
    tensors: list[Tensor] = []

    def placed(numbers: Sequence[int], orders: Sequence[Order]) -> tuple[int, ...]:
        places = []
        for number, order in zip(numbers, orders, strict=True):
            places.append(len(tensors) if number >= 0 else -1)
            if number >= 0:
                tensors.append(_usual(context.model.tensors[number], order))
        return tuple(places)

    operator = replace(
        context.operator,
        inputs=placed(context.operator.inputs, inputs),
        outputs=placed(context.operator.outputs, outputs),
    )
    return replace(context, operator=operator, model=replace(context.model, tensors=tuple(tensors)))


def _usual(tensor: Tensor, order: Order) -> Tensor:
    if tensor.shape is None or not _turns(order):
        return tensor
    back = _inverse(order)
    value = None if tensor.value is None else tensor.value.transpose(back)
    return replace(tensor, shape=tuple(tensor.shape[axis] for axis in back), value=value)


def _inverse(order: Order) -> Order:
    return tuple(order.index(axis) for axis in range(len(order)))


def _part(part: Part, stored: dict[int, Order], read: dict[int, Order]) -> Part:
    """The part with its index space in the stored order of what it makes."""
    order = next((stored[tensor] for tensor in part.makes if tensor in stored), None)
    if order is None or len(order) != part.rank:
        space = tuple(range(len(part.shape)))
    else:
        space = (*order, *range(part.rank, len(part.shape)))
    back = _inverse(space)
    reads = tuple(_read(one, back, read.get(one.tensor)) for one in part.reads)
    return replace(
        part,
        shape=tuple(part.shape[axis] for axis in space),
        reads=reads,
        whole=tuple(back[axis] for axis in part.whole),
        after=tuple((back[a], back[b], count) for a, b, count in part.after),
    )


def _read(one: Read, space: Order, boxes: Order | None) -> Read:
    if not _turns(space) and boxes is None:
        return one
    return replace(one, relation=_relation(one.relation, space, boxes))


def _relation(relation: Relation, space: Order, boxes: Order | None) -> Relation:
    """The relation for blocks of a rearranged space, and to boxes of a rearranged tensor.

    Args:
        relation: The relation in the usual order.
        space: For each dimension of the usual index space, its place in the rearranged one.
        boxes: For each stored dimension of the tensor, the dimension that it is; None if they are
            in the usual order.
    """
    columns = list(space)

    def turned(lows: Ints, highs: Ints) -> Boxes:
        found = relation(lows[:, columns], highs[:, columns])
        if boxes is None:
            return found
        stored = list(boxes)
        return Boxes(found.lows[:, stored], found.highs[:, stored], found.owner)

    return turned

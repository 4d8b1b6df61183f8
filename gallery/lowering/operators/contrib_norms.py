"""ONNX Runtime's own normalisations over groups of channels and over branches.

Formulas: ONNX Runtime contrib operators of each type.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    composed,
    divided,
    fixed,
    identity,
    per_axis,
    repeated,
    same,
)
from gallery.lowering.access.reshape import reshaped
from gallery.lowering.operators.parts import along, inside, making


@dataclass(frozen=True, slots=True, kw_only=True)
class _Groups:
    """Channels in groups.

    Attributes:
        axis: The dimension of the channels.
        number: Number of groups.
        each: Channels of a group.
    """

    axis: int
    number: int
    each: int


@lowers("com.microsoft.GroupNorm", "com.microsoft.SkipGroupNorm")
def group_norm(context: Context) -> list[Part]:
    """A sum with skip and bias, if there are any, then statistics over groups, then the elements.

    Channels come last unless `channels_last` is 0.
    """
    shape = context.shape(0)
    rank = len(shape)
    last = bool(context.attribute("channels_last", 1))
    axis = rank - 1 if last else 1
    number = int(context.attribute("groups", 1))
    groups = _Groups(axis=axis, number=number, each=shape[axis] // max(number, 1))
    total, parts = context.inputs[0], []
    if context.operator.type == "SkipGroupNorm":
        total = context.outputs[1] if context.makes(1) else context.virtual(shape)
        parts = [inside(total, shape, _addends(context, axis), rank, context.flops * 0.2)]
    view = (*shape[:axis], number, groups.each, *shape[axis + 1 :])
    inner = context.virtual((shape[0], number))
    places: list[AxisRule] = [same(0)]
    summed: list[int] = []
    for d, size in enumerate(view[1:], start=1):
        places.append(same(1) if d == axis else same(2 + len(summed)))
        summed += [] if d == axis else [size]
    row = composed(per_axis(view, places), reshaped(shape, view))
    index = (shape[0], number, *summed)
    read = Read(tensor=total, relation=row, saved=True, exact=False)
    parts.append(inside(inner, index, [read], 2, context.flops / 2))
    group = per_axis((shape[0], number), [same(0), divided(axis, groups.each)])
    reads = [
        Read(tensor=total, relation=identity(shape), saved=True),
        Read(tensor=inner, relation=group, saved=True),
    ]
    reads += [along(context, one, [same(axis)], saved=True) for one in (1, 2)]
    return [*parts, making(context, reads, share=0.4)]


def _addends(context: Context, axis: int) -> list[Read]:
    """The input, a skip of as many dimensions or of [n, channels], and a bias for each channel."""
    shape, skip = context.shape(0), context.shape(3)
    rules = [same(0), same(axis)] if len(skip) == 2 else [same(d) for d in range(len(shape))]
    reads = [context.read(0, identity(shape)), along(context, 3, rules)]
    if context.has(4):
        reads.append(along(context, 4, [same(axis)]))
    return reads


@lowers("com.microsoft.GatedRMSNorm")
def gated_norm(context: Context) -> list[Part]:
    """Each run of as many elements as there are scales by its root mean square, then a gate."""
    shape = context.shape(0)
    each = prod(context.shape(1))
    if not each or shape[-1] % each:
        raise NoGridError("the number of rows is not a multiple of the groups")
    parts, read = _row_squares(context, each)
    last = len(shape) - 1
    reads = [
        context.read(0, identity(shape), saved=True),
        read,
        context.read(1, per_axis(context.shape(1), [repeated(last, each)]), saved=True),
        context.read(2, identity(shape), saved=True),
    ]
    return [*parts, making(context, reads, share=0.5)]


def _row_squares(context: Context, each: int) -> tuple[list[Part], Read]:
    """The mean square of each run of `each` elements of the last dimension, and how it is read."""
    shape = context.shape(0)
    rank = len(shape)
    kept = (*shape[:-1], shape[-1] // each)
    view = (*kept, each)
    inner = context.virtual(kept)
    rules: list[AxisRule] = [same(axis) for axis in range(rank + 1)]
    relation = composed(per_axis(view, rules), reshaped(shape, view))
    row = context.read(0, relation, saved=True, exact=False)
    part = inside(inner, view, [row], rank, context.flops / 2)
    spread = [*(same(axis) for axis in range(rank - 1)), divided(rank - 1, each)]
    return [part], Read(tensor=inner, relation=per_axis(kept, spread), saved=True)


@lowers("com.microsoft.BranchwiseRMSNorm")
def branch_norm(context: Context) -> list[Part]:
    """Each branch by its root mean square; branches have a dimension of their own or share one."""
    shape = context.shape(0)
    branches = int(context.attribute("num_branches", 0))
    each = shape[-1] // branches if branches > 0 else shape[-1]
    if not each or shape[-1] % each:
        raise NoGridError("the number of rows is not a multiple of the branches")
    parts, read = _row_squares(context, each)
    reads = [context.read(0, identity(shape), saved=True), read]
    if context.has(1):
        reads.append(_branch_scale(context, each, branches))
    return [*parts, making(context, reads, share=0.5)]


def _branch_scale(context: Context, each: int, branches: int) -> Read:
    """Scales of all branches, (branches · size) or (branches, size), or one for each feature."""
    sizes, last = context.shape(1), len(context.shape(0)) - 1
    if prod(sizes) == each:
        rules: list[AxisRule] = [*(fixed(0, 1) for _ in sizes[:-1]), repeated(last, each)]
        return context.read(1, per_axis(sizes, rules), saved=True)
    if branches > 0:
        onto = per_axis((prod(sizes),), [same(last)])
    else:
        onto = per_axis((prod(sizes) // each, each), [same(last - 1), same(last)])
    flat = (prod(sizes),) if branches > 0 else (prod(sizes) // each, each)
    return context.read(1, composed(onto, reshaped(sizes, flat)), saved=True, exact=False)

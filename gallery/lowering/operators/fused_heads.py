"""Where ONNX Runtime's attentions find queries, keys and values, and how they cache them.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gallery.contrib.attention_sizes import SLOTS, Sizes, attention_sizes
from gallery.contrib.known_inputs import Inputs
from gallery.lowering.access.constant_indices import LARGEST
from gallery.lowering.access.part import Part, Relation
from gallery.lowering.access.registry import Context, NoGridError
from gallery.lowering.access.relations import (
    AxisRule,
    composed,
    fixed,
    full,
    per_axis,
    same,
    several,
)  # fmt: skip
from gallery.lowering.access.reshape import reshaped
from gallery.lowering.operators.contraction import first_of
from gallery.lowering.operators.heads import Heads, Operand, by_head
from gallery.lowering.operators.parts import inside


def given_to(context: Context) -> Inputs:
    """What is known of an operator that is lowered."""

    def shape(slot: int) -> tuple[int | None, ...] | None:
        return context.shape(slot) if context.has(slot) else None

    return Inputs(
        type=context.operator.type,
        attributes=context.operator.attributes,
        shape=shape,
        value=context.value,
        made=context.made_shape,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """Sizes of a fused attention, all known (see `gallery.contrib.attention_sizes.Sizes`)."""

    batch: int
    heads: int
    groups: int
    queries: int
    fresh: int
    past: int
    stored: int
    depth: int
    width: int

    @property
    def keys(self) -> int:
        """Length of all keys that queries may see."""
        return self.past + self.fresh

    def of_queries(self) -> tuple[int, int, int, int]:
        """Sizes of the queries by head."""
        return self.batch, self.heads, self.queries, self.depth

    def of_keys(self) -> tuple[int, int, int, int]:
        """Sizes of the keys that are not cached, by head."""
        return self.batch, self.groups, self.fresh, self.depth

    def of_values(self) -> tuple[int, int, int, int]:
        """Sizes of the values that are not cached, by head."""
        return self.batch, self.groups, self.fresh, self.width


def sizes_of(context: Context) -> Lengths:
    """The sizes of a fused attention.

    Raises:
        NoGridError: Some are not known, or so large that no run has them.
    """
    found: Sizes = attention_sizes(given_to(context))
    known = {name: getattr(found, name) for name in Lengths.__dataclass_fields__}
    known["stored"] = found.keys if found.stored is None else found.stored
    if None in known.values() or max(found.batch or 0, found.queries or 0) > LARGEST:
        raise NoGridError(f"sizes of {context.operator.type}")
    return Lengths(**known)


def heads_of(sizes: Lengths) -> Heads:
    """The same sizes for the scores."""
    return Heads(
        batch=sizes.batch,
        heads=sizes.heads,
        shared=sizes.heads // sizes.groups,
        queries=sizes.queries,
        keys=sizes.keys,
        depth=sizes.depth,
        width=sizes.width,
    )


def columns(held: tuple[int, ...], offset: int, shape: tuple[int, int, int, int]) -> Relation:
    """From boxes [b, h, s, d] to columns of a tensor [b, s, n], or [s, n] of one sequence."""
    flat = (shape[0], shape[2], shape[1] * shape[3])
    rules = [same(0), same(1), same(2, offset)]
    side = by_head(flat, shape[1], [same(0), same(1), same(2), same(3)])
    return composed(side, per_axis(held, rules[-len(held) :]))


def strip(length: int, offset: int, shape: tuple[int, int, int, int]) -> Relation:
    """From boxes [b, h, s, d] to elements of a vector that has heads side by side."""
    heads, size = shape[1], shape[3]
    flat = composed(
        per_axis((heads, size), [same(1), same(3)]), reshaped((heads * size,), (heads, size))
    )
    return composed(flat, per_axis((length,), [same(0, offset)]))


def slab(held: tuple[int, ...], at: int) -> Relation:
    """From boxes [b, h, s, d] to one of several in a tensor [b, s, h, n, d], or [s, h, n, d]."""
    rules = [same(0), same(2), same(1), fixed(at, at + 1), same(3)]
    return per_axis(held, rules[-len(held) :])


def side_by_side(context: Context, sizes: Lengths) -> tuple[Operand, Operand, Operand]:
    """Queries, keys and values side by side in input 0, or above each other within heads."""
    held, tensor = context.shape(0), context.inputs[0]
    shapes = (sizes.of_queries(), sizes.of_keys(), sizes.of_values())
    within = len(held) == 5 or (len(held) == 4 and sizes.batch == 1)
    offset = 0
    found = []
    for at, shape in enumerate(shapes):
        place = slab(held, at) if within else columns(held, offset, shape)
        found.append(Operand(tensor=tensor, shape=shape, place=place))
        offset += shape[1] * shape[3]
    return found[0], found[1], found[2]


def apart(context: Context, sizes: Lengths) -> tuple[Operand, Operand, Operand]:
    """Queries, keys and values in inputs 0 to 2; keys and values may be together or by head."""
    if not context.has(1):
        return side_by_side(context, sizes)
    query = context.shape(0)
    first = Operand(
        tensor=context.inputs[0],
        shape=sizes.of_queries(),
        place=columns(query, 0, sizes.of_queries()),
    )
    key = context.shape(1)
    if len(key) == 5:
        both = [
            Operand(tensor=context.inputs[1], shape=shape, place=slab(key, at))
            for at, shape in enumerate((sizes.of_keys(), sizes.of_values()))
        ]
        return first, both[0], both[1]
    return first, _one(context, 1, sizes.of_keys()), _one(context, 2, sizes.of_values())


def _one(context: Context, index: int, shape: tuple[int, int, int, int]) -> Operand:
    held = context.shape(index)
    place = None if len(held) == 4 else columns(held, 0, shape)
    return Operand(tensor=context.inputs[index], shape=shape, place=place)


def biased(
    context: Context,
    operands: tuple[Operand, Operand, Operand],
    parts: list[Part],
    which: Sequence[int] = (0, 1, 2),
) -> tuple[Operand, Operand, Operand]:
    """The operands with their share of a bias, which has those of queries, keys and values."""
    slot = SLOTS[context.operator.type].bias
    if not context.has(slot):
        return operands
    (length,) = context.shape(slot)
    found, offset = list(operands), 0
    for at, operand in enumerate(operands):
        shape = operand.shape
        if at in which:
            made = context.virtual(shape)
            own = operand.read([same(d) for d in range(4)], saved=False)
            bias = context.read(slot, strip(length, offset, shape), exact=False)
            parts.append(inside(made, shape, [own, bias], 4))
            found[at] = Operand(tensor=made, shape=shape)
        offset += shape[1] * shape[3]
    return found[0], found[1], found[2]


def projected(
    context: Context, sizes: Lengths, flops: float, parts: list[Part]
) -> tuple[Operand, Operand, Operand]:
    """Queries, keys and values [b, h, s, d | i] from an input [b, s, i] and weights [i, columns].

    QAttention has its scales and zero points in inputs 3, 4, 6 and 7.
    """
    held, weights = context.shape(0), context.shape(1)
    shapes = (sizes.of_queries(), sizes.of_keys(), sizes.of_values())
    slot = SLOTS[context.operator.type].bias
    quantised = (3, 4, 6, 7) if context.operator.type == "QAttention" else ()
    found, offset = [], 0
    for shape in shapes:
        made = context.virtual(shape)
        rules = [same(0), same(2), same(4)]
        reads = [
            context.read(0, per_axis(held, rules[-len(held) :]), saved=True),
            context.read(1, stripes(weights, offset, shape), saved=True, exact=False),
        ]
        if context.has(slot):
            bias = strip(context.shape(slot)[0], offset, shape)
            reads.append(context.read(slot, first_of(bias, {4}), exact=False))
        for index in quantised:
            if context.has(index):
                sides = context.shape(index)
                wide = len(sides) == 1 and sides[0] > 1
                relation = strip(sides[0], offset, shape) if wide else full(sides)
                reads.append(context.read(index, relation, differentiable=False, exact=False))
        share = flops * shape[1] * shape[3] / max(weights[1], 1)
        parts.append(inside(made, (*shape, held[-1]), reads, 4, share))
        found.append(Operand(tensor=made, shape=shape))
        offset += shape[1] * shape[3]
    return found[0], found[1], found[2]


def stripes(weights: tuple[int, ...], offset: int, shape: tuple[int, int, int, int]) -> Relation:
    """From blocks [b, h, s, d | i] to weights [i, columns]."""
    heads, size = shape[1], shape[3]
    view = (weights[0], heads, size)
    flat = composed(
        per_axis(view, [same(4), same(1), same(3)]), reshaped((view[0], heads * size), view)
    )
    return composed(flat, per_axis(weights, [same(0), same(1, offset)]))


def mask_places(shape: tuple[int, ...], sizes: Lengths, *, anywhere: bool = False) -> Relation:
    """From blocks [b, h, q, k] of scores to a mask of one of the forms that there are.

    [b] lengths, [2 b] ends and starts, [b, k], [b, q, k] and [b, 1, longest, longest], whose rows
    are by positions, which a run tells if `anywhere` is set.
    """
    if len(shape) == 1:
        if shape[0] == sizes.batch:
            return per_axis(shape, [same(0)])
        if shape[0] == 2 * sizes.batch:
            return several([per_axis(shape, [same(0)]), per_axis(shape, [same(0, sizes.batch)])])
        return full(shape)
    rules: list[AxisRule] = {
        2: [same(0), same(3)],
        3: [same(0), same(2), same(3)],
        4: [same(0), same(1), fixed(0, shape[-2]) if anywhere else same(2, sizes.past), same(3)],
    }[len(shape)]
    narrow = [fixed(0, 1) if n == 1 else rule for n, rule in zip(shape, rules, strict=True)]
    return per_axis(shape, narrow)

"""Mixtures of experts of ONNX Runtime: each token goes to a few of them, by its own probabilities.

    routes [t, e], first product [t, e, f | h], gates and activation [t, e, i]
    output [t, h | e, i], which sums the second products of all experts by their routes

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from gallery.contrib.expert_sizes import EXPERT_SLOTS, ExpertSizes, bits, expert_sizes
from gallery.lowering.access.part import Ints, Part, Read
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    composed,
    fixed,
    identity,
    per_axis,
    same,
)  # fmt: skip
from gallery.lowering.access.reshape import reshaped
from gallery.lowering.operators.contraction import first_of
from gallery.lowering.operators.parts import given, inside, making


@lowers("com.microsoft.MoE", "com.microsoft.QMoE", "com.microsoft.MoEPacked")
def mixture_of_experts(context: Context) -> list[Part]:
    """Routes, the first product and its gates, then the sum over experts."""
    shapes = {slot: context.shape(slot) for slot in given(context)}
    sizes = expert_sizes(context.operator.type, context.operator.attributes, shapes)
    if sizes is None:
        raise NoGridError("experts")
    products = (sizes.first, sizes.inner * sizes.gated, sizes.hidden)
    share = context.flops / max(sum(products), 1)
    routes = context.virtual((sizes.tokens, sizes.experts))
    parts = [_routes(context, sizes, routes)]
    first = _product(context, sizes, 0, share * products[0], parts)
    third = _product(context, sizes, 2, share * products[1], parts) if sizes.gated else -1
    active = context.virtual((sizes.tokens, sizes.experts, sizes.inner))
    parts.append(_activation(sizes, (first, third, active), _fusion(context, sizes)))
    return parts + _summed(context, sizes, (routes, active), share * products[2])


def _routes(context: Context, sizes: ExpertSizes, routes: int) -> Part:
    rules = [same(0), fixed(0, sizes.experts)]
    slots = (1, EXPERT_SLOTS[context.operator.type].router_weights)
    reads = [
        context.read(slot, per_axis(context.shape(slot), rules), saved=True)
        for slot in slots
        if context.has(slot)
    ]
    return inside(routes, (sizes.tokens, sizes.experts), reads, 2)


def _product(
    context: Context, sizes: ExpertSizes, number: int, flops: float, parts: list[Part]
) -> int:
    """What an expert makes of a token: [t, e, f | h] (OUT: parts)."""
    size = sizes.first if number == 0 else sizes.inner
    made = context.virtual((sizes.tokens, sizes.experts, size))
    data = context.shape(0)
    rows = composed(
        per_axis((sizes.tokens, sizes.hidden), [same(0), same(3)]),
        reshaped(data, (sizes.tokens, sizes.hidden)),
    )
    reads = [context.read(0, rows, saved=True, exact=False)]
    reads += _weights(context, sizes, number, (same(1), same(2), same(3)), (size, sizes.hidden))
    reads += _bias(context, number, [same(1), same(2)], {3})
    shape = (sizes.tokens, sizes.experts, size, sizes.hidden)
    parts.append(inside(made, shape, reads, 3, flops))
    return made


def _weights(
    context: Context,
    sizes: ExpertSizes,
    number: int,
    rules: tuple[AxisRule, AxisRule, AxisRule],
    matrix: tuple[int, int],
) -> list[Read]:
    """Weights of a product with their scales and zero points, by expert, output and input."""
    slots = EXPERT_SLOTS[context.operator.type]
    slot = slots.weights[number]
    held = context.shape(slot)
    expert, output, taken = rules
    if context.operator.type == "MoE":
        # Older files say the sizes of a matrix the other way round; the elements lie as in others.
        view = (held[0], *matrix)
        relation = composed(per_axis(view, [expert, output, taken]), reshaped(held, view))
        return [context.read(slot, relation, saved=True, exact=held == view)]
    # A format of MoEPacked lays out the weights of a row as it likes.
    packed_rows = context.operator.type == "MoEPacked"
    width = 0 if packed_rows else bits(context.operator.attributes, number + 1)
    plain = held[1] == matrix[0] and width > 0 and held[2] == -(-matrix[1] * width // 8)
    by_row = output if packed_rows else fixed(0, held[1])
    places = [output, _packed(taken, width)] if plain else [by_row, fixed(0, held[2])]
    reads = [context.read(slot, per_axis(held, [expert, *places]), saved=True)]
    for index in (slots.scales[number], slots.zero_points[number]):
        if context.has(index):
            shape = context.shape(index)
            rows = output if shape[1:2] == matrix[:1] else fixed(0, shape[1])
            columns = [_blocks(taken, matrix[1], shape[2])] if len(shape) == 3 else []
            relation = per_axis(shape, [expert, rows, *columns])
            reads.append(context.read(index, relation, saved=True, differentiable=False))
    return reads


def _packed(rule: AxisRule, width: int) -> AxisRule:
    """The bytes of elements of so many bits."""

    def packed(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        low, high = rule(lows, highs)
        return low * width // 8, -(-high * width // 8)

    return packed


def _blocks(rule: AxisRule, size: int, count: int) -> AxisRule:
    """The blocks of a dimension of this size that elements lie in, if they are so many."""
    each = -(-size // max(count, 1))

    def blocks(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        low, high = rule(lows, highs)
        return low // each, -(-high // each)

    return blocks if -(-size // max(each, 1)) == count else fixed(0, count)


def _bias(context: Context, number: int, rules: list[AxisRule], summed: set[int]) -> list[Read]:
    slot = EXPERT_SLOTS[context.operator.type].biases[number]
    if not context.has(slot):
        return []
    relation = per_axis(context.shape(slot), rules)
    return [context.read(slot, first_of(relation, summed), saved=True)]


def _fusion(context: Context, sizes: ExpertSizes) -> int:
    """0 if there is no gate beside, 1 if gates and values alternate, 2 if gates come first."""
    return int(context.attribute("swiglu_fusion", 0)) if sizes.first > sizes.inner else 0


def _activation(sizes: ExpertSizes, tensors: tuple[int, int, int], fusion: int) -> Part:
    """[t, e, i] from the first product, and its gate from beside or from the third."""
    first, third, active = tensors
    shape = (sizes.tokens, sizes.experts, sizes.inner)
    wide = (sizes.tokens, sizes.experts, sizes.first)

    def alternate(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        return 2 * lows[:, 2], 2 * highs[:, 2]

    gate: dict[int, list[AxisRule]] = {
        0: [same(2)],
        1: [alternate],
        2: [same(2), same(2, sizes.inner)],
    }
    reads = [
        Read(tensor=first, relation=per_axis(wide, [same(0), same(1), place]), saved=True)
        for place in gate[fusion]
    ]
    if third >= 0:
        reads.append(Read(tensor=third, relation=identity(shape), saved=True))
    return inside(active, shape, reads, 3)


def _summed(
    context: Context, sizes: ExpertSizes, tensors: tuple[int, int], flops: float
) -> list[Part]:
    """[t, h | e, i]."""
    routes, active = tensors
    shape = (sizes.tokens, sizes.hidden, sizes.experts, sizes.inner)
    made = context.out_shape()
    flat = len(made) == 2
    reads = [
        Read(tensor=active, relation=per_axis((shape[0], *shape[2:]), _ORDER), saved=True),
        Read(tensor=routes, relation=per_axis((shape[0], shape[2]), _ORDER[:2]), saved=True),
    ]
    matrix = (sizes.hidden, sizes.inner)
    reads += _weights(context, sizes, 1, (same(2), same(1), same(3)), matrix)
    reads += _bias(context, 1, [same(2), same(1)], {3})
    inner = context.outputs[0] if flat else context.virtual(shape[:2])
    parts = [inside(inner, shape, reads, 2, flops)]
    if not flat:
        joined = Read(tensor=inner, relation=reshaped(shape[:2], made), exact=False)
        parts.append(making(context, [joined], share=0.0))
    return parts


_ORDER = [same(0), same(2), same(3)]

"""Attention: scores, a softmax along the keys, and the weighted sum of the values.

    scores [b, h, q, k | d] -> statistics [b, h, q, 1 | k] -> weights [b, h, q, k]
    values [b, h, k, d]     -> output [b, h, q, d | k]

Formulas: ONNX operator specification, Attention (opsets 23 to 25), FlexAttention.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gallery.lower.families.build import inside, making
from gallery.lower.part import Boxes, Ints, Part, Read, Relation
from gallery.lower.registry import Context, NoGridError, lowers
from gallery.lower.relations import (
    AxisRule,
    broadcast,
    composed,
    divided,
    fixed,
    identity,
    per_axis,
    same,
    transposed,
)  # fmt: skip
from gallery.lower.reshape import reshaped


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """Sizes of an attention.

    Attributes:
        batch: Sequences.
        heads: Heads of the queries.
        shared: Query heads for each head of keys and values.
        queries: Length of the queries.
        keys: Length of keys and values, with those of the past.
        depth: Size of a query and a key.
        width: Size of a value.
        past: Length of the past.
        visible: A query at i sees keys up to i + visible; None where it may see all.
        behind: And from i + visible - behind on; None where it may see all before.
    """

    batch: int
    heads: int
    shared: int
    queries: int
    keys: int
    depth: int
    width: int
    past: int
    visible: int | None
    behind: int | None = None


@lowers("Attention")
def attention(context: Context) -> list[Part]:
    """Scores, statistics, weights and output; keys and values with those of the past."""
    sizes = _sizes(context)
    parts: list[Part] = []
    key = _present(context, (1, 4, 1), sizes.depth, sizes, parts)
    value = _present(context, (2, 5, 2), sizes.width, sizes, parts)
    return parts + attended(context, sizes, (key, value))


def _sizes(context: Context) -> Heads:
    q, k, v = context.shape(0), context.shape(1), context.shape(2)
    if len(q) == 3:
        heads = int(context.attribute("q_num_heads", 0))
        shared = int(context.attribute("kv_num_heads", 0))
        if not heads or not shared:
            raise NoGridError("Attention without numbers of heads")
        q = (q[0], heads, q[1], q[2] // heads)
        k = (k[0], shared, k[1], k[2] // shared)
        v = (v[0], shared, v[1], v[2] // shared)
    past = context.shape(4)[2] if context.has(4) else 0
    causal = bool(context.attribute("is_causal", 0))
    right = int(context.attribute("right_window_size", -1))
    left = int(context.attribute("left_window_size", -1))
    keys = k[2] + past
    shift: int | None = past
    if context.has(6):
        known = context.value(6)
        shift = int(np.max(known)) - q[2] if known is not None else None
        left = left if known is not None and np.min(known) == np.max(known) else -1
    ahead = [n for n in (0 if causal else -1, right) if n >= 0]
    visible = None
    if shift is not None and (ahead or left >= 0):
        visible = shift + (min(ahead) if ahead else keys + q[2])
    behind = None
    if visible is not None and left >= 0:
        behind = left + (visible - (shift or 0))
    return Heads(
        batch=q[0],
        heads=q[1],
        shared=q[1] // k[1],
        queries=q[2],
        keys=keys,
        depth=q[3],
        width=v[3],
        past=past,
        visible=visible,
        behind=behind,
    )


def by_head(shape: tuple[int, ...], heads: int, rules: list[AxisRule]) -> Relation:
    """A tensor [b, s, h * d] by rules for [b, h, s, d]; one of rank 4 as it is."""
    if len(shape) == 4:
        return per_axis(shape, rules)
    view = (shape[0], shape[1], heads, shape[2] // heads)
    moved = per_axis(view, [rules[0], rules[2], rules[1], rules[3]])
    return composed(moved, reshaped(shape, view))


def _present(
    context: Context, at: tuple[int, int, int], size: int, sizes: Heads, parts: list[Part]
) -> Read | None:
    """Keys or values [b, heads, keys, d]: those of the past, then the new ones.

    `at` are the inputs that hold the new and the past ones, and the output that gets both.
    """
    index, past, output = at
    if not context.has(past) and not context.makes(output):
        return None
    heads = sizes.heads // sizes.shared
    shape = (sizes.batch, heads, sizes.keys, size)
    made = context.outputs[output] if context.makes(output) else context.virtual(shape)
    new = by_head(context.shape(index), heads, [same(0), same(1), same(2, -sizes.past), same(3)])
    reads = [context.read(index, new, exact=False)]
    if context.has(past):
        reads.append(context.read(past, identity(context.shape(past))))
    parts.append(inside(made, shape, reads, 4))
    return Read(tensor=made, relation=identity(shape), saved=True)


def attended(
    context: Context, sizes: Heads, present: tuple[Read | None, Read | None]
) -> list[Part]:
    """From keys and values to output 0; output 3 is one of the steps between."""
    grid = (sizes.batch, sizes.heads, sizes.queries, sizes.keys)
    mode = int(context.attribute("qk_matmul_output_mode", 0)) if context.makes(3) else -1
    scores = context.outputs[3] if mode == 0 else context.virtual(grid)
    kv = sizes.heads // sizes.shared
    queries = by_head(context.shape(0), sizes.heads, [same(0), same(1), same(2), same(4)])
    rules = [same(0), divided(1, sizes.shared), same(3), same(4)]
    reads = [
        context.read(0, queries, saved=True, exact=False),
        _stored(context, present[0], 1, (rules, kv, sizes.depth), sizes),
    ]
    share = context.flops * sizes.depth / (sizes.depth + sizes.width + 3)
    parts = [inside(scores, (*grid, sizes.depth), reads, 4, share)]
    masked = scores
    if mode in (1, 2) or context.has(3) or context.has(6) or sizes.visible is not None:
        masked = context.outputs[3] if mode in (1, 2) else context.virtual(grid)
        own = [Read(tensor=scores, relation=seen(identity(grid), sizes)), *_masks(context, sizes)]
        parts.append(inside(masked, grid, own, 4))
    weights = context.outputs[3] if mode == 3 else context.virtual(grid)
    rest = context.flops - share
    part_of = sizes.width / (sizes.width + 3)
    parts += softmax(context, (masked, weights), sizes, rest * (1 - part_of))
    return parts + weighted(context, weights, present[1], sizes, rest * part_of)


def seen(relation: Relation, sizes: Heads, keys: int = 3) -> Relation:
    """A relation cut to the keys that the queries of a block may see."""
    if sizes.visible is None:
        return relation
    ahead, behind = sizes.visible, sizes.behind

    def cut(lows: Ints, highs: Ints) -> Boxes:
        low, high = lows.copy(), highs.copy()
        high[:, keys] = np.minimum(high[:, keys], highs[:, 2] + ahead)
        if behind is not None:
            low[:, keys] = np.maximum(low[:, keys], lows[:, 2] + ahead - behind)
        boxes = relation(low, high)
        none = high[:, keys] <= low[:, keys]
        got = boxes.highs.copy(order="F")
        empty = none if boxes.owner is None else none[boxes.owner]
        got[empty] = boxes.lows[empty]
        return Boxes(boxes.lows, got, boxes.owner)

    return cut


def _masks(context: Context, sizes: Heads) -> list[Read]:
    reads = []
    if context.has(3):
        relation = seen(broadcast(context.shape(3), 4), sizes)
        reads.append(context.read(3, relation))
    if context.has(6):
        reads.append(context.read(6, per_axis(context.shape(6), [same(0)]), differentiable=False))
    return reads


def softmax(context: Context, tensors: tuple[int, int], sizes: Heads, flops: float) -> list[Part]:
    """Maximum and sum of each row of scores, then the weights."""
    grid = (sizes.batch, sizes.heads, sizes.queries, sizes.keys)
    kept = (*grid[:3], 1)
    stats = context.virtual(kept)
    rows = per_axis(grid, [same(0), same(1), same(2), same(4)])
    first = [Read(tensor=tensors[0], relation=seen(rows, sizes, 4), saved=True)]
    own = [
        Read(tensor=tensors[0], relation=identity(grid)),
        Read(tensor=stats, relation=broadcast(kept, 4)),
    ]
    part = inside(tensors[1], grid, own, 4, flops * 0.4)
    return [
        inside(stats, (*kept, sizes.keys), first, 4, flops * 0.6),
        Part(
            shape=part.shape,
            rank=4,
            makes=part.makes,
            reads=part.reads,
            flops=part.flops,
            saves_output=True,
        ),
    ]


def _stored(
    context: Context,
    present: Read | None,
    index: int,
    how: tuple[list[AxisRule], int, int],
    sizes: Heads,
) -> Read:
    """Keys or values by rules, from the stored ones or from the input."""
    rules, heads, size = how
    if present is None:
        return context.read(
            index, by_head(context.shape(index), heads, rules), saved=True, exact=False
        )
    shape = (sizes.batch, heads, sizes.keys, size)
    return Read(tensor=present.tensor, relation=per_axis(shape, rules), saved=True)


def weighted(
    context: Context, weights: int, present: Read | None, sizes: Heads, flops: float
) -> list[Part]:
    """[b, h, q, d | k], and the heads side by side where the output has rank 3."""
    shape = (sizes.batch, sizes.heads, sizes.queries, sizes.width)
    grid = (*shape[:3], sizes.keys)
    made = context.out_shape()
    flat = len(made) == 3
    inner = context.virtual(shape) if flat else context.outputs[0]
    rules = [same(0), divided(1, sizes.shared), same(4), same(3)]
    value = _stored(context, present, 2, (rules, sizes.heads // sizes.shared, sizes.width), sizes)
    rows = per_axis(grid, [same(0), same(1), same(2), same(4)])
    reads = [
        Read(tensor=weights, relation=seen(rows, sizes, 4), saved=True),
        Read(
            tensor=value.tensor,
            relation=seen(value.relation, sizes, 4),
            saved=True,
            exact=False,
        ),
    ]
    parts = [inside(inner, (*shape, sizes.keys), reads, 4, flops)]
    if flat:
        view = (shape[0], shape[2], shape[1], shape[3])
        relation = composed(reshaped(view, made), transposed(shape, [0, 2, 1, 3]))
        joined = Read(tensor=inner, relation=relation, exact=False)
        parts.append(making(context, [joined], share=0.0))
    return parts


@lowers("LinearAttention")
def linear_attention(context: Context) -> list[Part]:
    """A state [keys, values] a head that each step updates and its query reads.

    Step t of a recurrence over [T, b, heads, values]: with the rules "linear" and "gated" the
    state of one column of values needs that column alone, with "delta" too.
    """
    q, k, v = context.shape(0), context.shape(1), context.shape(2)
    heads = int(context.attribute("q_num_heads", 1))
    shared = int(context.attribute("kv_num_heads", 1))
    batch, steps = q[0], q[1]
    if not steps or not batch:
        raise NoGridError("a sequence without steps")
    depth, width = k[2] // shared, v[2] // shared
    shape = (steps, batch, shared, depth, width)
    state = context.virtual(shape)
    delta = "delta" in str(context.attribute("update_rule", "gated_delta"))
    keys = fixed(0, depth) if delta else same(3)
    reads = [
        Read(
            tensor=state,
            relation=per_axis(shape, [same(0, -1), same(1), same(2), keys, same(4)]),
            saved=True,
        ),
        context.read(1, _packed(k, shared, keys), saved=True, exact=False),
        context.read(2, _packed(v, shared, same(4)), saved=True, exact=False),
    ]
    for index in (4, 5):
        if context.has(index):
            sizes = context.shape(index)
            per_key = sizes[2] != shared
            rule = keys if per_key else fixed(0, 1)
            reads.append(context.read(index, _packed(sizes, shared, rule), saved=True, exact=False))
    if context.has(3):
        initial = per_axis(context.shape(3), [same(1), same(2), keys, same(4)])

        def at_first(lows: Ints, highs: Ints) -> Boxes:
            boxes = initial(lows, highs)
            boxes.highs[lows[:, 0] > 0] = boxes.lows[lows[:, 0] > 0]
            return boxes

        reads.append(context.read(3, at_first, saved=True))
    parts = [
        Part(
            shape=shape,
            rank=5,
            makes=(state,),
            reads=tuple(reads),
            flops=context.flops * 0.6,
            time=0,
        )
    ]
    return parts + _linear_outputs(context, state, shape, heads)


def _packed(shape: tuple[int, ...], heads: int, last: AxisRule) -> Relation:
    """[b, T, heads * size] by a cell [T, b, head, ...]."""
    if shape[2] < heads:
        return per_axis(shape, [same(1), same(0), fixed(0, shape[2])])
    view = (shape[0], shape[1], heads, shape[2] // heads)
    return composed(per_axis(view, [same(1), same(0), same(2), last]), reshaped(shape, view))


def _linear_outputs(context: Context, state: int, shape: tuple[int, ...], heads: int) -> list[Part]:
    """Each output sums a column of the state with the query; the last state is an output."""
    steps, batch, shared, depth, width = shape
    made = context.out_shape()
    view = (batch, steps, heads, width)
    inner = context.virtual(view)
    query = (batch, steps, heads, depth)
    columns = [same(1), same(0), divided(2, heads // shared), same(4), same(3)]
    of_query = composed(
        per_axis(query, [same(0), same(1), same(2), same(4)]), reshaped(context.shape(0), query)
    )
    reads = [
        Read(tensor=state, relation=per_axis(shape, columns), saved=True),
        context.read(0, of_query, saved=True, exact=False),
    ]
    parts = [inside(inner, (*view, depth), reads, 4, context.flops * 0.4)]
    joined = Read(tensor=inner, relation=reshaped(view, made), exact=False)
    parts.append(making(context, [joined], share=0.0))
    if context.makes(1):
        last = per_axis(shape, [fixed(steps - 1, steps), same(0), same(1), same(2), same(3)])
        parts.append(making(context, [Read(tensor=state, relation=last)], (1,), share=0.0))
    return parts

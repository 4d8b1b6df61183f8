"""Attention: scores, a softmax along the keys, and the weighted sum of the values.

    scores [b, h, q, k | d] -> statistics [b, h, q, 1 | k] -> weights [b, h, q, k]
    values [b, h, k, d]     -> output [b, h, q, d | k]

Formulas: ONNX operator specification, Attention (opsets 23 to 25), FlexAttention.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.lowering.access.part import Boxes, Ints, Part, Read, Relation
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    broadcast,
    composed,
    divided,
    emptied,
    identity,
    per_axis,
    same,
    spans,
    transposed,
    where,
)  # fmt: skip
from gallery.lowering.access.reshape import reshaped
from gallery.lowering.operators.parts import inside, making, outermost


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sight:
    """Which keys a query sees: for query i of sequence b, from i + first[b] to i + last[b] - 1.

    Attributes:
        first: int64 (batch,).
        last: int64 (batch,).
        limit: int64 (batch,); only keys before this one are seen.
    """

    first: Ints
    last: Ints
    limit: Ints

    def span(self, lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        """Hull of the keys that the queries of blocks [batch, heads, queries, ...] see."""
        begin = spans(0, self.first, self.first + 1)(lows, highs)[0] + lows[:, 2]
        end = spans(0, self.last, self.last + 1)(lows, highs)[1] - 1 + highs[:, 2] - 1
        limit = spans(0, self.limit, self.limit + 1)(lows, highs)[1] - 1
        return np.maximum(begin, 0), np.minimum(end, limit)

    def alone(self, lows: Ints, highs: Ints) -> npt.NDArray[np.bool_]:
        """Whether no query of a block sees more than one key, so that its weights are constant."""
        most = np.zeros(len(lows), np.int64)
        for query in range(int((highs[:, 2] - lows[:, 2]).max(initial=0))):
            one = lows.copy()
            one[:, 2] = np.minimum(lows[:, 2] + query, highs[:, 2] - 1)
            ends = highs.copy()
            ends[:, 2] = one[:, 2] + 1
            begin, end = self.span(one, ends)
            most = np.maximum(most, end - begin)
        return most <= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """Sizes of an attention.

    Attributes:
        batch: Number of sequences.
        heads: Number of heads of the queries.
        shared: Number of query heads per head of keys and values.
        queries: Length of the queries.
        keys: Length of keys and values, including cached ones.
        depth: Size of a query and a key.
        width: Size of a value.
        past: Length of the cached keys and values.
        sight: The keys that the queries see; None if all see all.
        masked: Whether an unknown mask hides some of them.
    """

    batch: int
    heads: int
    shared: int
    queries: int
    keys: int
    depth: int
    width: int
    past: int
    sight: Sight | None = None
    masked: bool = False


@lowers("Attention")
def attention(context: Context) -> list[Part]:
    """Scores, statistics, weights and output; keys and values include cached ones."""
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
    return Heads(
        batch=q[0],
        heads=q[1],
        shared=q[1] // k[1],
        queries=q[2],
        keys=k[2] + past,
        depth=q[3],
        width=v[3],
        past=past,
        sight=_sight(context, q, k[2] + past),
        masked=context.has(3),
    )


def _sight(context: Context, q: tuple[int, ...], keys: int) -> Sight | None:
    """The keys that causality, windows, sequence lengths and a short mask leave visible."""
    batch, queries = q[0], q[2]
    right = [0] if context.attribute("is_causal", 0) else []
    right += [n for n in (int(context.attribute("right_window_size", -1)),) if n >= 0]
    left = int(context.attribute("left_window_size", -1))
    limit = np.full(batch, keys, np.int64)
    shift = np.full(batch, keys - context.shape(1)[-2], np.int64)
    if context.has(3):
        limit = np.minimum(limit, context.shape(3)[-1])
    if context.has(6):
        lengths = context.value(6)
        if lengths is None:
            return None
        limit = np.minimum(limit, lengths.ravel().astype(np.int64))
        shift = lengths.ravel().astype(np.int64) - queries
    if not right and left < 0 and (limit >= keys).all():
        return None
    return Sight(
        first=shift - left if left >= 0 else np.full(batch, -queries, np.int64),
        last=shift + min(right) + 1 if right else np.full(batch, keys + queries, np.int64),
        limit=limit,
    )


def by_head(shape: tuple[int, ...], heads: int, rules: list[AxisRule]) -> Relation:
    """The relation to a tensor [b, s, h * d], or [b, h, s, d], by rules for [b, h, s, d]."""
    if len(shape) == 4:
        return per_axis(shape, rules)
    view = (shape[0], shape[1], heads, shape[2] // heads)
    moved = per_axis(view, [rules[0], rules[2], rules[1], rules[3]])
    return composed(moved, reshaped(shape, view))


def _present(
    context: Context, at: tuple[int, int, int], size: int, sizes: Heads, parts: list[Part]
) -> Read | None:
    """Keys or values [b, heads, keys, d]: the cached ones, then the new ones.

    `at` gives the inputs with the new and the cached ones, and the output that gets both.
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
    """From keys and values to output 0; output 3 is one of the intermediate steps."""
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
    if mode in (1, 2) or context.has(3) or context.has(6) or sizes.sight is not None:
        masked = context.outputs[3] if mode in (1, 2) else context.virtual(grid)
        own = [Read(tensor=scores, relation=seen(identity(grid), sizes)), *_masks(context, sizes)]
        parts.append(inside(masked, grid, own, 4))
    weights = context.outputs[3] if mode == 3 else context.virtual(grid)
    rest = context.flops - share
    part_of = sizes.width / (sizes.width + 3)
    parts += softmax(context, (masked, weights), sizes, rest * (1 - part_of))
    first, *joined = weighted(context, weights, present[1], sizes, rest * part_of)
    return [*outermost([*parts, first], 2), *joined]


def seen(relation: Relation, sizes: Heads, keys: int = 3) -> Relation:
    """A relation restricted to the keys that the queries of a block may see."""
    sight = sizes.sight
    if sight is None:
        return relation

    def cut(lows: Ints, highs: Ints) -> Boxes:
        low, high = lows.copy(), highs.copy()
        begin, end = sight.span(lows, highs)
        low[:, keys] = np.maximum(low[:, keys], begin)
        high[:, keys] = np.minimum(high[:, keys], end)
        none = high[:, keys] <= low[:, keys]
        high[none, keys] = low[none, keys] = 0
        return emptied(relation(low, high), none)

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
    reads = [(tensors[0], identity(grid)), (stats, broadcast(kept, 4))]
    own = [Read(tensor=t, relation=_weighing(seen(r, sizes), sizes)) for t, r in reads]
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


def _weighing(relation: Relation, sizes: Heads) -> Relation:
    """A relation, but nothing for queries that see one key: its weight is 1 whatever its score."""
    sight = sizes.sight
    if sight is None or sizes.masked:
        return relation
    return where(relation, lambda lows, highs: ~sight.alone(lows, highs))


def _stored(
    context: Context,
    present: Read | None,
    index: int,
    how: tuple[list[AxisRule], int, int],
    sizes: Heads,
) -> Read:
    """Keys or values by rules, from the cached and new ones together or from the input."""
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
    """[b, h, q, d | k], and the heads side by side if the output has rank 3."""
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

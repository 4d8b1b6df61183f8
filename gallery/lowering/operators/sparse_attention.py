"""Attentions of ONNX Runtime in which queries see some of the keys: by blocks, or by a window.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gallery.contrib.attention_sizes import LOCAL
from gallery.lowering.access.part import Ints, Part, Read
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import per_axis, same
from gallery.lowering.operators.cached_heads import Pasts, Turn, cached, rotated
from gallery.lowering.operators.contraction import first_of
from gallery.lowering.operators.fused_heads import (
    Lengths,
    apart,
    given_to,
    heads_of,
    sizes_of,
    strip,
    stripes,
)  # fmt: skip
from gallery.lowering.operators.grouped_attention import rows_of
from gallery.lowering.operators.heads import Extras, Heads, Operand, Table, attended, hull
from gallery.lowering.operators.parts import inside, whole

_MOST = 4096
"""Blocks of keys, at most."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layouts:
    """A sight by blocks of keys for each block of positions; heads take layouts in turn.

    Attributes:
        above: int64 (layouts, rows + 1, columns), how many rows above choose a block of keys.
        size: Positions in a block.
        pasts: Where the first query of each sequence is.
    """

    above: Ints
    size: int
    pasts: Pasts

    def runs(self, lows: Ints, highs: Ints) -> tuple[Ints, Ints, Ints]:
        """As `Gaps.runs`, and no keys after a query's own position."""
        layouts, rows, columns = self.above.shape
        begin, end = self.pasts.position(lows, highs)
        low = (begin // self.size).clip(0, rows - 2)
        high = (-(-end // self.size)).clip(1, rows - 1)
        chosen = np.zeros((len(lows), columns + 2), np.int8)
        for layout, above in enumerate(self.above):
            own = (layout - lows[:, 1]) % layouts < highs[:, 1] - lows[:, 1]
            chosen[:, 1:-1] |= (above[high] > above[low]) & own[:, None]
        turns = np.diff(chosen, axis=1)
        owner, first = np.nonzero(turns > 0)
        _, last = np.nonzero(turns < 0)
        return owner, first * self.size, np.minimum(last * self.size, end[owner])

    def span(self, lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        """As `Sight.span`."""
        return hull(self, lows, highs)


@lowers("com.microsoft.SparseAttention")
def sparse_attention(context: Context) -> list[Part]:
    """Rotations, caches, then scores in the blocks that a layout chooses."""
    sizes = sizes_of(context)
    parts: list[Part] = []
    query, key, value = apart(context, sizes)
    pasts = _pasts(context, sizes)
    by = _lengths(context)
    if context.attribute("do_rotary", 0):
        turn = Turn(
            tables=(9, 10),
            row=pasts.position,
            interleaved=bool(context.attribute("rotary_interleaved", 0)),
            by=by,
        )
        query, key = (rotated(context, one, turn, parts) for one in (query, key))
    rows = rows_of(sizes, pasts, by)
    key = cached(context, key, rows, (3, 1, -1), parts)
    value = cached(context, value, rows, (4, 2, -1), parts)
    heads = replace(heads_of(sizes), sight=_layouts(context, sizes, pasts))
    return parts + attended(context, heads, (query, key, value), Extras(masks=by), context.flops)


def _lengths(context: Context) -> list[Read]:
    if context.value(8) is not None:
        return []
    return [context.read(8, per_axis(context.shape(8), [same(0)]), differentiable=False)]


def _pasts(context: Context, sizes: Lengths) -> Pasts:
    """From the lengths of all keys, if they are in the file."""
    none = np.zeros(sizes.batch, np.int64)
    ends = context.value(8)
    if given_to(context).number(7) == sizes.queries:
        return Pasts(least=none, most=none, total=none + sizes.keys)
    if ends is None or ends.size != sizes.batch:
        return Pasts(least=none, most=none + sizes.past, total=none + sizes.keys)
    past = (ends.ravel().astype(np.int64) - sizes.fresh).clip(0, sizes.past)
    return Pasts(least=past, most=past, total=none + sizes.keys)


def _layouts(context: Context, sizes: Lengths, pasts: Pasts) -> Layouts:
    """From rows and columns of chosen blocks; all blocks up to the own one if they are unknown."""
    size = given_to(context).count("sparse_block_size")
    rows, columns = context.value(5), context.value(6)
    many = -(-max(sizes.stored, sizes.keys) // size)
    if many > _MOST:
        raise NoGridError(f"{many} blocks of keys")
    if rows is None or columns is None or rows.shape[1] < 2:
        chosen = np.tri(many, dtype=np.int64)[None]
    else:
        chosen = np.zeros((len(rows), rows.shape[1] - 1, many), np.int64)
        for layout, ends in enumerate(rows.astype(np.int64)):
            row = np.repeat(np.arange(len(ends) - 1), np.diff(ends).clip(0))
            column = columns[layout, ends[0] : ends[0] + len(row)].astype(np.int64)
            kept = (column >= 0) & (column < many)
            chosen[layout, row[: len(column)][kept], column[kept]] = 1
    above = np.concatenate([chosen[:, :1] * 0, chosen.cumsum(axis=1)], axis=1)
    return Layouts(above=above, size=size, pasts=pasts)


@lowers("com.microsoft.LongformerAttention", "com.microsoft.QOrderedLongformerAttention")
def longformer_attention(context: Context) -> list[Part]:
    """Tokens see those within a window and some that see all, which have weights of their own."""
    batch, length, hidden = context.shape(0)
    many = given_to(context).count("num_heads")
    shape = (batch, many, length, hidden // many)
    slots = LOCAL[context.operator.type]
    columns = sum(context.shape(slot)[1] for slot in slots.weights)
    work = min(2.0 * batch * length * hidden * columns, context.flops)
    parts: list[Part] = []
    made = [_projected(context, shape, at, work / 6, parts) for at in range(3)]
    heads = Heads(
        batch=batch,
        heads=many,
        shared=1,
        queries=length,
        keys=length,
        depth=shape[3],
        width=shape[3],
        sight=_window(context, length),
        masked=True,
    )
    masks = [context.read(slots.mask, per_axis((batch, length), [same(0), same(3)]))]
    for axis in (2, 3) if context.value(slots.flags) is None else ():
        flags = per_axis(context.shape(slots.flags), [same(0), same(axis)])
        masks.append(context.read(slots.flags, flags, differentiable=False))
    operands = (made[0], made[1], made[2])
    return parts + attended(context, heads, operands, Extras(masks=masks), context.flops - work)


def _projected(
    context: Context, shape: tuple[int, int, int, int], at: int, flops: float, parts: list[Part]
) -> Operand:
    """Queries, keys or values by both weights, of which a token uses the one or the other."""
    hidden = context.shape(0)[2]
    slots = LOCAL[context.operator.type]
    scales = [whole(context, slot, differentiable=False) for slot in slots.scales]
    made = []
    for weights, biases in zip(slots.weights, slots.biases, strict=True):
        offset = at * shape[1] * shape[3]
        held = context.shape(weights)
        reads = [
            context.read(0, per_axis(context.shape(0), [same(0), same(2), same(4)]), saved=True),
            context.read(weights, stripes(held, offset, shape), saved=True, exact=False),
            context.read(biases, first_of(strip(held[1], offset, shape), {4}), exact=False),
            *scales,
        ]
        inner = context.virtual(shape)
        parts.append(inside(inner, (*shape, hidden), reads, 4, flops))
        made.append(inner)
    both = context.virtual(shape)
    own = [same(d) for d in range(4)]
    reads = [Read(tensor=one, relation=per_axis(shape, own)) for one in made]
    flags = context.value(slots.flags)
    if flags is not None and not flags.any():
        reads = reads[:1]
    parts.append(inside(both, shape, reads, 4))
    return Operand(tensor=both, shape=shape)


def _window(context: Context, length: int) -> Table | None:
    """The window, widened to the tokens that see and are seen by all; None if any may be one."""
    slot = LOCAL[context.operator.type].flags
    flags: npt.NDArray[np.bool_] | None = context.value(slot)
    if flags is None or flags.shape != context.shape(0)[:2]:
        return None
    window = given_to(context).count("window")
    place = np.arange(length)
    first, last = (place - window).clip(0), (place + window + 1).clip(max=length)
    marked = np.flatnonzero(flags.astype(bool).any(axis=0))
    if len(marked):
        first, last = np.minimum(first, marked[0]), np.maximum(last, marked[-1] + 1)
        first[marked], last[marked] = 0, length
    return Table(first=first.astype(np.int64), last=last.astype(np.int64))

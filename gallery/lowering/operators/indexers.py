"""What chooses keys for ONNX Runtime's sparse attentions: queries are compared with all entries.

    queries [b, h, s, d], entries [b, e, d], scores [b, s, e | h, d], choices [b, s, c | e]

Where sequences lie one after another, b is 1 and s counts the tokens of all. The root mean square
of an entry mixes its elements, so that it reads all of a token.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gallery.contrib.indexer_sizes import IndexerSizes, indexer_sizes
from gallery.lowering.access.constant_indices import LARGEST
from gallery.lowering.access.part import Ints, Part, Read
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import AxisRule, fixed, full, per_axis, same, spans
from gallery.lowering.operators.cached_heads import normed
from gallery.lowering.operators.fused_heads import columns, given_to
from gallery.lowering.operators.heads import Operand
from gallery.lowering.operators.parts import inside, making, whole


@lowers("com.microsoft.SparseAttentionIndexer")
def indexer(context: Context) -> list[Part]:
    """Sequences side by side."""
    sizes = indexer_sizes(given_to(context))
    batch, length, _ = context.shape(0)
    entries, stored, size = (sizes.entries or 0), (sizes.stored or 0), (sizes.size or 0)
    parts: list[Part] = []
    shape = (batch, stored, size)
    keys = context.outputs[1] if context.makes(1) else context.virtual(shape)
    parts.append(inside(keys, shape, _keys(context, sizes), 3, context.flops * 0.1))
    heads = sizes.heads or 0
    query = _prepared(context, (batch, heads, length, size), parts)
    scores = context.virtual((batch, length, max(entries, 1)))
    past = stored if sizes.past is None else sizes.past

    def reached(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        """Rows of keys of entries that end at the queries' positions or before."""
        if sizes.compressed:
            return lows[:, 2], highs[:, 2]
        first, last = lows[:, 2] * sizes.ratio, past + highs[:, 1]
        if not context.has(6):  # Tokens that a mask hides count for no entry: later ones do.
            last = np.minimum(highs[:, 2] * sizes.ratio, last)
        return first, np.maximum(last, first)

    reads = [
        query.read([same(0), same(3), same(1), same(4)]),
        Read(tensor=keys, relation=per_axis(shape, [same(0), reached, fixed(0, size)]), saved=True),
        *_tables(context, batch),
    ]
    if context.has(10):
        weights = per_axis(context.shape(10), [same(0), same(1), same(3)])
        reads.append(context.read(10, weights, saved=True))
    if not sizes.compressed:
        reads.append(whole(context, 3))
    told = []
    if context.has(6):
        sides = context.shape(6)
        told.append(context.read(6, per_axis(sides, [same(0), fixed(0, sides[1])])))
    if context.has(11):
        told.append(context.read(11, per_axis(context.shape(11), [same(0), same(1)])))
    told += [whole(context, 12)] if context.has(12) and context.value(12) is None else []
    told = [replace(one, differentiable=False) for one in told]
    grid = (batch, length, max(entries, 1))
    parts.append(inside(scores, (*grid, heads, size), [*reads, *told], 3, context.flops * 0.7))
    if context.makes(0):
        row = per_axis(grid, [same(0), same(1), fixed(0, grid[2])])
        read = Read(tensor=scores, relation=row, differentiable=False)
        parts.append(making(context, [read, *told], share=0.2))
    if context.makes(2):
        parts.append(_waiting(context, sizes))
    return parts


def _prepared(context: Context, shape: tuple[int, int, int, int], parts: list[Part]) -> Operand:
    """Queries by head, by their root mean squares (OUT: parts)."""
    place = columns(context.shape(0), 0, shape)
    return normed(context, Operand(tensor=context.inputs[0], shape=shape, place=place), 2, parts)


def _tables(context: Context, batch: int) -> list[Read]:
    """Cosines and sines of any position, of one's own sequence where each has its own."""
    found = []
    for slot in (4, 5):
        sides = context.shape(slot)
        own = [same(0)] if len(sides) == 3 and sides[0] == batch else []
        rules = [*own, *(fixed(0, side) for side in sides[len(own) :])]
        found.append(context.read(slot, per_axis(sides, rules), saved=True))
    return found


def _keys(context: Context, sizes: IndexerSizes) -> list[Read]:
    """What keys [b, rows, d] are made of: old ones, and tokens or new entries behind them."""
    (batch, length, last), held = context.shape(0), context.shape(7)
    size, past = sizes.size or 0, sizes.past
    kept = [same(0), same(1), same(2)]
    told = [whole(context, 12, differentiable=False)] if context.has(12) else []
    reads = [context.read(7, per_axis(held, kept)), *told]
    if not sizes.compressed:
        source, offset = (1, 0) if context.has(1) else (0, last - size)
        row = fixed(0, length) if past is None else same(1, -past)
        rules = [same(0), row, same(2, offset)]
        return [*reads, context.read(source, per_axis(context.shape(source), rules))]
    waiting = context.shape(13)[2] if context.has(13) else 0
    before = sizes.ratio if waiting >= sizes.ratio else 0
    ratio = sizes.ratio

    def tokens(shift: int) -> AxisRule:
        """Those of an entry and the one before it."""

        def rule(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
            if past is None:
                return lows[:, 1] * 0, highs[:, 1] * 0 + length + waiting
            first = np.maximum(lows[:, 1] - past - 1, -1) * ratio + before
            last = np.maximum(highs[:, 1] - past, 0) * ratio + before
            none = highs[:, 1] <= past
            return np.where(none, 0, first - shift), np.where(none, 0, last - shift)

        return rule

    for slot in (1, 8):
        new = [same(0), tokens(waiting), fixed(0, 2 * size)]
        reads.append(context.read(slot, per_axis(context.shape(slot), new), saved=True))
    if context.has(13):
        old = [fixed(0, 2), same(0), tokens(0), fixed(0, 2 * size)]
        reads.append(context.read(13, per_axis(context.shape(13), old), saved=True))
    reads += [whole(context, slot) for slot in (3, 9)]
    return [*reads, *_tables(context, batch)]


def _waiting(context: Context, sizes: IndexerSizes) -> Part:
    """The last tokens [2, b, rows, 2 d], keys above gates."""
    length, waiting = context.shape(0)[1], context.shape(13)[2] if context.has(13) else 0
    kept = sizes.kept or 0
    reads = []
    for plane, slot in enumerate((1, 8)):

        def row(lows: Ints, highs: Ints, plane: int = plane) -> tuple[Ints, Ints]:
            own = (lows[:, 0] <= plane) & (plane < highs[:, 0])
            return np.where(own, lows[:, 2], 0), np.where(own, highs[:, 2], 0)

        def moved(lows: Ints, highs: Ints, row: AxisRule = row) -> tuple[Ints, Ints]:
            low, high = row(lows, highs)
            some = high > low
            return low + (length - kept) * some, high + (length - kept) * some

        relation = per_axis(context.shape(slot), [same(1), moved, same(3)])
        reads.append(context.read(slot, relation))
    if context.has(13):
        old = [same(0), same(1), same(2, length + waiting - kept), same(3)]
        reads.append(context.read(13, per_axis(context.shape(13), old)))
    return making(context, reads, (2,), share=0.0)


@lowers("com.microsoft.PackedSparseAttentionIndexer")
def packed_indexer(context: Context) -> list[Part]:
    """Sequences one after another, each with states of fixed sizes."""
    sizes = indexer_sizes(given_to(context))
    tokens, _ = context.shape(0)
    batch, stored, size = context.shape(12)
    heads = sizes.heads or 0
    if context.has(19) or tokens > LARGEST:
        raise NoGridError(f"choices of another layer, or {tokens} tokens")
    limits = context.value(6)
    own: AxisRule = fixed(0, batch)
    theirs: AxisRule = fixed(0, tokens)
    if limits is not None and limits.size == batch + 1 and batch:
        ends: Ints = limits.ravel().astype(np.int64).clip(0, tokens)
        request = np.searchsorted(ends[1:], np.arange(tokens), side="right").clip(0, batch - 1)
        own = spans(0, request.astype(np.int64), request.astype(np.int64) + 1)
        theirs = spans(0, ends[:-1], np.maximum(ends[1:], ends[:-1]))
    parts: list[Part] = []
    told = [
        whole(context, slot, differentiable=False)
        for slot in (6, 7, 15, 16, 17, 18)
        if context.has(slot) and context.value(slot) is None
    ]
    made = _states(context, theirs, told, parts)
    query = _prepared(context, (1, heads, tokens, size), parts)
    scores = context.virtual((tokens, stored))
    state = (batch, stored, size)
    reads = [
        query.read([fixed(0, 1), same(2), same(0), same(3)]),
        Read(tensor=made, relation=per_axis(state, [own, same(1), same(3)]), saved=True),
        *(whole(context, slot) for slot in (4, 5)),
    ]
    if context.has(10):
        weights = per_axis(context.shape(10), [same(0), same(2)])
        reads.append(context.read(10, weights, saved=True))
    if context.has(11):
        ids = per_axis(context.shape(11), [same(0)])
        told = [*told, context.read(11, ids, differentiable=False)]
    grid = (tokens, stored, heads, size)
    parts.append(inside(scores, grid, [*reads, *told], 2, context.flops * 0.8))
    row = per_axis((tokens, stored), [same(0), fixed(0, stored)])
    read = Read(tensor=scores, relation=row, differentiable=False)
    for output in (0, 1):
        if context.makes(output):
            parts.append(making(context, [read, *told], (output,), share=0.1))
    if context.makes(7):
        parts.append(making(context, [], (7,), share=0.0))
    return parts


def _states(context: Context, theirs: AxisRule, told: Sequence[Read], parts: list[Part]) -> int:
    """What each sequence hands on, from its state and new tokens; gives its keys (OUT: parts)."""

    def request(slot: int) -> Read:
        sides = context.shape(slot)
        rules = [same(0), *(fixed(0, side) for side in sides[1:])]
        return context.read(slot, per_axis(sides, rules), saved=True)

    def rows(slot: int) -> Read:
        sides = context.shape(slot)
        rules = [theirs, *(fixed(0, side) for side in sides[1:])]
        return context.read(slot, per_axis(sides, rules), saved=True)

    keys = [request(slot) for slot in (13, 14) if context.has(slot)]
    keys += [rows(slot) for slot in (1 if context.has(1) else 0, 8) if context.has(slot)]
    every = [*keys, *(whole(context, slot) for slot in (3, 4, 5, 9) if context.has(slot))]
    shape = context.shape(12)
    made = context.outputs[2] if context.makes(2) else context.virtual(shape)
    old = context.read(12, per_axis(shape, [same(0), same(1), same(2)]))
    parts.append(inside(made, shape, [old, *every, *told], 3, context.flops * 0.1))
    lengths = context.read(15, full(context.shape(15)), differentiable=False)
    for output in (3, 4, 5, 6, 8):
        if context.makes(output):
            reads = [*(every if output == 6 else keys if output < 5 else []), *told, lengths]
            parts.append(making(context, reads, (output,), share=0.0))
    return made


@lowers("com.microsoft.PackedSparseAttentionIndexerMerge")
def merged_choices(context: Context) -> list[Part]:
    """A row of choices that another input names, and more choices or a range behind it."""
    rows, most = context.shape(0)
    named = context.value(2)
    place: AxisRule = fixed(0, rows)
    if named is not None and named.size and 0 <= named.min() <= named.max() < rows:
        picked = named.ravel().astype(np.int64)
        place = spans(0, picked, picked + 1)
    reads = [
        context.read(0, per_axis((rows, most), [place, fixed(0, most)]), differentiable=False),
        context.read(1, per_axis((rows,), [place]), differentiable=False),
    ]
    for slot in (2, 3, 4, 5, 6):
        if context.has(slot):
            sides = context.shape(slot)
            rules = [same(0), *(fixed(0, side) for side in sides[1:])]
            reads.append(context.read(slot, per_axis(sides, rules), differentiable=False))
    asked = [output for output in (0, 1, 2) if context.makes(output)]
    return [making(context, reads, (output,), share=0.0) for output in asked]

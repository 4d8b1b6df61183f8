"""Embeddings and position biases of ONNX Runtime.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from gallery.lowering.access.constant_indices import LARGEST, listed, single
from gallery.lowering.access.part import Ints, Part, Read
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    broadcast,
    composed,
    fixed,
    full,
    identity,
    per_axis,
    same,
    spans,
)  # fmt: skip
from gallery.lowering.access.reshape import reshaped
from gallery.lowering.operators.contraction import first_of
from gallery.lowering.operators.fused_heads import columns, strip
from gallery.lowering.operators.indexing import known_indices
from gallery.lowering.operators.parts import inside, making, whole


@lowers(
    "com.microsoft.EmbedLayerNormalization", "com.microsoft.QEmbedLayerNormalization"
)  # fmt: skip
def embedded(context: Context) -> list[Part]:
    """The sum of rows of up to three tables, then a normalisation of each; and lengths of masks."""
    made = context.out_shape()
    quantised = context.operator.type == "QEmbedLayerNormalization"
    total = context.outputs[2] if context.makes(2) else context.virtual(made)
    parts: list[Part] = []
    placed = not quantised and context.has(8)
    reads = [
        _rows(context, (2, 0), parts),
        _rows(context, (3, 8), parts) if placed else _running(context),
    ]
    if context.has(4) and context.has(1):
        reads.append(_rows(context, (4, 1), parts))
    for index in (8, 9, 10, 13, 14, 15) if quantised else ():
        if context.has(index):
            reads.append(whole(context, index, differentiable=False))
    parts.append(inside(total, made, reads, 3, context.flops * 0.2))
    kept = (*made[:2], 1)
    stats = context.virtual(kept)
    row = Read(tensor=total, relation=per_axis(made, [same(0), same(1), same(3)]), saved=True)
    parts.append(inside(stats, (*kept, made[2]), [row], 3, context.flops * 0.4))
    parts.append(making(context, _scaled(context, (total, stats), quantised), share=0.4))
    if context.makes(1):
        parts.append(_lengths(context))
    return parts


def _scaled(context: Context, tensors: tuple[int, int], quantised: bool) -> list[Read]:
    made = context.out_shape()
    total, stats = tensors
    reads = [
        Read(tensor=total, relation=identity(made), saved=True),
        Read(tensor=stats, relation=broadcast((*made[:2], 1), 3), saved=True),
    ]
    for index in (5, 6):
        reads.append(context.read(index, broadcast(context.shape(index), 3), saved=index == 5))
    for index in (11, 12, 16, 17) if quantised else ():
        reads.append(whole(context, index, differentiable=False))
    return reads


def _rows(context: Context, at: tuple[int, int], parts: list[Part]) -> Read:
    """Rows of a table by number: [b, s, h | rows] if the numbers are not known, as in Gather."""
    table, ids = at
    rows, numbers = context.shape(table), context.shape(ids)
    made = context.out_shape()
    inner = context.virtual(made)
    own = [fixed(0, 1) if numbers[0] == 1 else same(0), same(1)]
    reads = [context.read(ids, per_axis(numbers, own), saved=True, differentiable=False)]
    value = known_indices(context, ids, rows[0])
    if value is None or value.shape != made[:2]:
        reads.append(context.read(table, per_axis(rows, [same(3), same(2)])))
        parts.append(inside(inner, (*made, rows[0]), reads, 3))
    else:
        relation = listed(rows, [0, 1], {0: single(value)}, {1: same(2)})
        reads.append(context.read(table, relation, exact=False))
        parts.append(inside(inner, made, reads, 3))
    return Read(tensor=inner, relation=identity(made))


def _running(context: Context) -> Read:
    """The rows of the table of positions one after another."""
    return context.read(3, per_axis(context.shape(3), [same(1), same(2)]))


def _lengths(context: Context) -> Part:
    """The number of what is not masked in each sequence."""
    if not context.has(7):
        return making(context, [], (1,), share=0.0)
    shape = context.shape(7)
    read = context.read(7, per_axis(shape, [same(0), fixed(0, shape[1])]), differentiable=False)
    return making(context, [read], (1,), share=0.0)


@lowers("com.microsoft.GemmaRotaryEmbedding")
def gemma_rotary(context: Context) -> list[Part]:
    """Queries and keys times cosines, plus turned ones times sines of the same angles."""
    angles = context.read(0, per_axis(context.shape(0), [same(0), same(2), same(3)]), saved=True)
    parts = []
    for output in (0, 1):
        if context.makes(output):
            own = [
                context.read(slot, identity(context.shape(slot)), saved=True)
                for slot in (2 * output + 1, 2 * output + 2)
            ]
            parts.append(making(context, [*own, angles], (output,), share=0.5))
    return parts


@lowers("com.microsoft.RelativePositionBias")
def relative_position_bias(context: Context) -> list[Part]:
    """A number for each head and distance: the table [buckets, heads] lies column by column."""
    buckets, heads = context.shape(0)
    made = context.out_shape()
    queries, keys = made[2:]
    if queries + keys > LARGEST:
        raise NoGridError(f"{queries} queries and {keys} keys")
    distance = np.arange(-queries + 1, keys, dtype=np.int64)
    found = bucket(
        distance,
        buckets,
        int(context.attribute("max_distance", 1)),
        both=bool(context.attribute("is_bidirectional", 0)),
    )
    table = spans(0, found, found + 1)

    def near(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        first = lows[:, 3] - (highs[:, 2] - 1) + queries - 1
        last = highs[:, 3] - 1 - lows[:, 2] + queries - 1
        return table(first[:, None], last[:, None] + 1)

    view = (heads, buckets)
    relation = composed(per_axis(view, [same(1), near]), reshaped((buckets, heads), view))
    return [making(context, [context.read(0, relation, exact=False)])]


def bucket(
    distance: npt.NDArray[np.int64], buckets: int, furthest: int, *, both: bool
) -> npt.NDArray[np.int64]:
    """The bucket of each distance from query to key, int64.

    Half of them hold one distance each; the others grow like logarithms up to the furthest (T5,
    https://arxiv.org/abs/1910.10683, section 2.1).

    Args:
        distance: Position of the key less that of the query.
        buckets: Number of buckets.
        furthest: Distance from which on all are in the last bucket.
        both: Whether keys after the query have buckets of their own, half of all.

    >>> bucket(np.array([-40, -3, 0, 3]), 32, 128, both=True).tolist()
    [12, 3, 0, 19]
    """
    side = np.zeros(len(distance), np.int64)
    if both:
        buckets //= 2
        side = np.where(distance > 0, buckets, 0)
        away = np.abs(distance)
    else:
        away = np.maximum(-distance, 0)
    exact = buckets // 2
    if exact < 1 or furthest <= exact:
        raise NoGridError(f"{buckets} buckets up to {furthest}")
    far = np.log(np.maximum(away, 1) / exact) / np.log(furthest / exact) * (buckets - exact)
    grown = np.minimum(exact + far.astype(np.int64), buckets - 1)
    return side + np.where(away < exact, away, grown)


@lowers("com.microsoft.GatedRelativePositionBias")
def gated_relative_position_bias(context: Context) -> list[Part]:
    """Two gates of each query and head, from halves of a product; then the bias times both."""
    batch, heads, length, _ = made = context.out_shape()
    weights, held = context.shape(3), context.shape(0)
    size, columns_ = weights
    shape = (batch, heads, length, size)
    packed = len(held) == 2
    place = full(held) if packed else columns(held, 0, shape)
    query = context.virtual(shape)
    bias = context.read(1, strip(context.shape(1)[0], 0, shape), exact=False)
    parts = [inside(query, shape, [context.read(0, place, exact=False), bias], 4)]
    product = context.virtual((batch, heads, length, columns_))
    reads = [
        Read(
            tensor=query,
            relation=per_axis(shape, [same(0), same(1), same(2), same(4)]),
            saved=True,
        ),
        context.read(3, per_axis(weights, [same(4), same(3)]), saved=True),
        context.read(4, first_of(per_axis(context.shape(4), [same(3)]), {4})),
    ]
    wide = (batch, heads, length, columns_, size)
    parts.append(inside(product, wide, reads, 4, context.flops * 0.8))
    gate = context.virtual((batch, heads, length))
    sides = [same(0), same(1), same(2), fixed(0, columns_)]
    reads = [
        Read(tensor=product, relation=per_axis(wide[:4], sides), saved=True),
        context.read(5, per_axis(context.shape(5), _only(context.shape(5), 1)), saved=True),
    ]
    parts.append(inside(gate, (batch, heads, length), reads, 3, context.flops * 0.1))
    reads = [
        Read(tensor=gate, relation=identity(made[:3]), saved=True),
        context.read(2, broadcast(context.shape(2), 4), saved=True),
    ]
    return [*parts, making(context, reads, share=0.1)]


def _only(shape: tuple[int, ...], axis: int) -> list[AxisRule]:
    """The block's own range along one dimension, and all of the others."""
    return [same(d) if d == axis else fixed(0, size) for d, size in enumerate(shape)]


@lowers("com.microsoft.RemovePadding")
def remove_padding(context: Context) -> list[Part]:
    """Tokens without the padding behind each sequence, and where they were."""
    shape = context.shape(0)
    rows, hidden = shape[0] * shape[1], shape[2]
    counts = context.value(1)
    tokens = context.out_shape()[0]
    if counts is not None and counts.size == shape[0] and rows <= LARGEST:
        flat = np.concatenate(
            [
                at * shape[1] + np.arange(min(int(count), shape[1]))
                for at, count in enumerate(counts.ravel())
            ]
        ).astype(np.int64)
        row: AxisRule = spans(0, flat, flat + 1)
    else:
        row = _shifted(rows - tokens)
    relation = composed(per_axis((rows, hidden), [row, same(1)]), reshaped(shape, (rows, hidden)))
    lengths = context.read(1, full(context.shape(1)), differentiable=False)
    parts = [making(context, [context.read(0, relation, exact=False), lengths])]
    for output in (1, 2, 3):
        if context.makes(output):
            parts.append(making(context, [lengths], (output,), share=0.0))
    return parts


def _shifted(most: int) -> AxisRule:
    """Row i comes from a row from i to i + most."""
    return lambda lows, highs: (lows[:, 0], highs[:, 0] + most)


@lowers("com.microsoft.RestorePadding")
def restore_padding(context: Context) -> list[Part]:
    """Each token at its place; nothing at the others."""
    tokens, hidden = context.shape(0)
    made = context.out_shape()
    rows = made[0] * made[1]
    offsets = context.value(1)
    reads = []
    row: AxisRule = fixed(0, tokens)
    if offsets is None or offsets.size != rows:
        reads.append(whole(context, 1, differentiable=False))
    else:
        source = np.full(rows, -1, np.int64)
        source[offsets.ravel()[:tokens].astype(np.int64)] = np.arange(tokens)
        row = spans(0, np.where(source < 0, tokens, source), source + 1)
    relation = composed(reshaped((rows, hidden), made), per_axis((tokens, hidden), [row, same(1)]))
    reads.insert(0, context.read(0, relation, exact=False))
    return [replace(making(context, reads), flops=0.0)]

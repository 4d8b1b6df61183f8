"""Operators that gather or scatter elements by index: exact if the indices are in the file.

Formulas: ONNX operator specification of each type.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np
import numpy.typing as npt

from gallery.lowering.access.constant_indices import LARGEST, covered, inverse, listed, single
from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import AxisRule, fixed, identity, per_axis, same
from gallery.lowering.operators.parts import along, making, whole

Table = npt.NDArray[np.int64]


def known_indices(context: Context, index: int, size: int) -> Table | None:
    """Non-negative indices along a dimension of a size; None if unknown or out of range."""
    value = context.value(index)
    if value is None or not value.size or value.size > LARGEST:
        return None
    wrapped = np.where(value < 0, value.astype(np.int64) + size, value).astype(np.int64)
    return wrapped if wrapped.min() >= 0 and wrapped.max() < size else None


@lowers("Gather")
def gather(context: Context) -> list[Part]:
    """Slices of a dimension by index; [out | rows] if the indices are not known.

    An unknown index may select any row, so the rows are split like a summed dimension: a partial
    selects from its own rows, and the selections are summed (a product with a one-hot matrix).
    """
    data, indices = context.shape(0), context.shape(1)
    axis = context.axis("axis", 0, len(data))
    after = len(indices) - 1
    rules: dict[int, AxisRule] = {d: same(d) for d in range(axis)}
    rules |= {d: same(d + after) for d in range(axis + 1, len(data))}
    places = [same(axis + d) for d in range(len(indices))]
    reads = [along(context, 1, places, saved=True, differentiable=False)]
    value = known_indices(context, 1, data[axis])
    if value is None:
        rank = len(context.out_shape())
        ordered = [rules.get(d, same(rank)) for d in range(len(data))]
        reads.append(context.read(0, per_axis(data, ordered)))
        whole = making(context, reads)
        return [replace(whole, shape=(*whole.shape, data[axis]))]
    dims = range(axis, axis + len(indices))
    reads.append(context.read(0, listed(data, dims, {axis: single(value)}, rules), exact=False))
    return [making(context, reads)]


@lowers("ai.onnx.ml.ArrayFeatureExtractor")
def array_feature_extractor(context: Context) -> list[Part]:
    """Elements of the last dimension by index; a vector is a single row."""
    data, indices = context.shape(0), context.shape(1)
    last = len(data) - 1
    out_last = len(context.out_shape()) - 1
    size = prod(indices)
    value = known_indices(context, 1, data[last])
    rules: dict[int, AxisRule] = {d: same(d) for d in range(last)}
    index_rules = [fixed(0, s) for s in indices]
    index_rules[-1:] = [same(out_last)] if indices else []
    reads = [along(context, 1, index_rules, saved=True, differentiable=False)]
    if value is None:
        ordered = [*(rules[d] for d in range(last)), fixed(0, data[last])]
        reads.append(context.read(0, per_axis(data, ordered)))
    else:
        tables = {last: single(value.reshape(size))}
        read = context.read(0, listed(data, [out_last], tables, rules), exact=False)
        reads.append(replace(read, picks=((last, out_last),)))
    return [making(context, reads)]


@lowers("GatherElements")
def gather_elements(context: Context) -> list[Part]:
    """One element along a dimension for each index."""
    data, indices = context.shape(0), context.shape(1)
    axis = context.axis("axis", 0, len(data))
    rules: dict[int, AxisRule] = {d: same(d) for d in range(len(data)) if d != axis}
    reads = [context.read(1, identity(indices), saved=True, differentiable=False)]
    value = known_indices(context, 1, data[axis])
    if value is None:
        ordered = [rules.get(d, fixed(0, data[d])) for d in range(len(data))]
        reads.append(context.read(0, per_axis(data, ordered)))
    else:
        relation = listed(data, range(len(data)), {axis: single(value)}, rules)
        reads.append(context.read(0, relation, exact=False))
    return [making(context, reads)]


@lowers("GatherND")
def gather_nd(context: Context) -> list[Part]:
    """Slices by tuples of indices."""
    data, indices = context.shape(0), context.shape(1)
    batch = int(context.attribute("batch_dims", 0))
    if not 0 <= batch < min(len(data), len(indices)):
        raise NoGridError(f"batch_dims {batch} is outside ranks {len(data)} and {len(indices)}")
    depth, tail = indices[-1], len(indices) - 1
    index_rules = [*(same(d) for d in range(tail)), fixed(0, depth)]
    rules: dict[int, AxisRule] = {d: same(d) for d in range(batch)}
    rules |= {batch + depth + k: same(tail + k) for k in range(len(data) - batch - depth)}
    reads = [along(context, 1, index_rules, saved=True, differentiable=False)]
    value = context.value(1)
    if value is None or not value.size:
        ordered = [rules.get(d, fixed(0, data[d])) for d in range(len(data))]
        reads.append(context.read(0, per_axis(data, ordered)))
    else:
        wrapped = value.astype(np.int64)
        tables = {}
        for k in range(depth):
            column = wrapped[..., k]
            tables[batch + k] = single(np.where(column < 0, column + data[batch + k], column))
        reads.append(context.read(0, listed(data, range(tail), tables, rules), exact=False))
    return [making(context, reads)]


@lowers("ScatterElements", "Scatter")
def scatter_elements(context: Context) -> list[Part]:
    """A copy in which one element along a dimension is replaced for each index."""
    data, updates = context.shape(0), context.shape(2)
    axis = context.axis("axis", 0, len(data))
    value = known_indices(context, 1, data[axis])
    if value is None or prod(data) > LARGEST:
        rules = [same(d) if d != axis else fixed(0, updates[axis]) for d in range(len(data))]
        saved = _compares(context)
        reads = [
            context.read(0, identity(data), saved=saved),
            context.read(1, per_axis(updates, rules), saved=True, differentiable=False),
            context.read(2, per_axis(updates, rules), saved=saved),
        ]
        return [making(context, reads)]
    places = np.indices(updates).astype(np.int64)
    places[axis] = value
    flat = np.ravel_multi_index(tuple(places.reshape(len(data), -1)), data)
    targets = np.asarray(flat, np.int64)
    return [_scattered(context, (data, updates), targets)]


def _scattered(
    context: Context, shapes: tuple[tuple[int, ...], tuple[int, ...]], targets: Table
) -> Part:
    """A scatter of single elements to known positions of the flattened output."""
    data, updates = shapes
    keeps = context.attribute("reduction", "none") != "none"
    rounds = inverse(targets, prod(data))
    dims = range(len(data))
    written = rounds[0].reshape(data) >= 0
    own = identity(data) if keeps else covered(identity(data), dims, written)
    reads = [context.read(0, own, saved=_compares(context))]
    for turn in rounds if keeps else rounds[:1]:
        reads += _from_rounds(context, turn.reshape(data), updates, dims)
    return making(context, reads)


def _from_rounds(
    context: Context, table: Table, shape: tuple[int, ...], dims: Sequence[int]
) -> list[Read]:
    """The reads of the updates of one round; the table gives the flat index of each update."""
    none = table < 0
    places = np.unravel_index(np.maximum(table, 0), shape)
    tables = {d: (np.where(none, 0, at), np.where(none, 0, at + 1)) for d, at in enumerate(places)}
    relation = listed(shape, dims, tables, {})
    return [context.read(2, relation, saved=_compares(context), exact=False)]


def _compares(context: Context) -> bool:
    """Whether the derivative of a scatter needs the values that it combines."""
    return context.attribute("reduction", "none") in ("mul", "max", "min")


@lowers("ScatterND")
def scatter_nd(context: Context) -> list[Part]:
    """A copy in which a slice is replaced for each tuple of indices."""
    data, indices, updates = context.shape(0), context.shape(1), context.shape(2)
    depth, outer = indices[-1], len(indices) - 1
    tail: dict[int, AxisRule] = {outer + k: same(depth + k) for k in range(len(data) - depth)}
    value = context.value(1)
    leading = data[:depth]
    if value is None or not value.size or prod(leading) > LARGEST:
        rules = [tail.get(d, fixed(0, size)) for d, size in enumerate(updates)]
        saved = _compares(context)
        reads = [
            context.read(0, identity(data), saved=saved),
            context.read(2, per_axis(updates, rules), saved=saved),
            whole(context, 1, differentiable=False),
        ]
        return [making(context, reads)]
    wrapped = value.astype(np.int64).reshape(-1, depth)
    wrapped = np.where(wrapped < 0, wrapped + np.array(leading), wrapped)
    targets = np.asarray(np.ravel_multi_index(tuple(wrapped.T), leading), np.int64)
    rounds = inverse(targets, prod(leading))
    keeps = context.attribute("reduction", "none") != "none"
    dims = range(depth)
    written = rounds[0].reshape(leading) >= 0
    own = identity(data) if keeps else covered(identity(data), dims, written)
    saved = _compares(context)
    reads = [context.read(0, own, saved=saved)]
    for turn in rounds if keeps else rounds[:1]:
        none = turn.reshape(leading) < 0
        places = np.unravel_index(np.maximum(turn.reshape(leading), 0), updates[:outer])
        tables = {
            d: (np.where(none, 0, at), np.where(none, 0, at + 1)) for d, at in enumerate(places)
        }
        if not outer:
            raise NoGridError("ScatterND of one slice")
        relation = listed(updates, dims, tables, tail)
        reads.append(context.read(2, relation, saved=saved, exact=False))
    return [making(context, reads)]


@lowers("TensorScatter")
def tensor_scatter(context: Context) -> list[Part]:
    """A cache whose elements are replaced from an index on, for each sequence."""
    cache, update = context.shape(0), context.shape(1)
    axis = context.axis("axis", -2, len(cache))
    value = context.value(2) if context.has(2) else np.zeros(cache[0], np.int64)
    rules: dict[int, AxisRule] = {d: same(d) for d in range(len(cache)) if d != axis}
    if value is None or not axis:
        ordered = [rules.get(d, fixed(0, size)) for d, size in enumerate(update)]
        reads = [context.read(0, identity(cache)), context.read(1, per_axis(update, ordered))]
        if context.has(2):
            reads.append(along(context, 2, [same(0)], differentiable=False))
        return [making(context, reads)]
    at = np.arange(cache[axis])[None, :] - value.astype(np.int64).reshape(-1, 1)
    if context.attribute("mode", "linear") == "circular":
        at %= cache[axis]
    table = np.where((at >= 0) & (at < update[axis]), at, -1)
    own = covered(identity(cache), [0, axis], table >= 0)
    new = listed(update, [0, axis], {axis: single(table)}, rules)
    return [making(context, [context.read(0, own), context.read(1, new, exact=False)])]


@lowers("Compress")
def compress(context: Context) -> list[Part]:
    """The slices, or elements of the flattened tensor, for which a condition is true."""
    data = context.shape(0)
    value = context.value(1)
    if value is None:
        return [making(context, [whole(context, 0), whole(context, 1, differentiable=False)])]
    kept = np.flatnonzero(np.asarray(value).ravel())
    if context.attribute("axis") is None:
        places = np.unravel_index(kept, data)
        tables = {d: single(np.asarray(at, np.int64)) for d, at in enumerate(places)}
        return [making(context, [context.read(0, listed(data, [0], tables, {}), exact=False)])]
    axis = context.axis("axis", 0, len(data))
    rules: dict[int, AxisRule] = {d: same(d) for d in range(len(data)) if d != axis}
    relation = listed(data, [axis], {axis: single(kept.astype(np.int64))}, rules)
    return [making(context, [context.read(0, relation, exact=False)])]


@lowers("OneHot")
def one_hot(context: Context) -> list[Part]:
    """Each index as a row of two values."""
    indices, shape = context.shape(0), context.out_shape()
    axis = context.axis("axis", -1, len(shape))
    rules = [same(d + (d >= axis)) for d in range(len(indices))]
    own = context.read(0, per_axis(indices, rules), differentiable=False)
    return [making(context, [own, whole(context, 2)])]


@lowers("ReverseSequence")
def reverse_sequence(context: Context) -> list[Part]:
    """The first elements of each sequence of a batch in reverse order."""
    shape = context.shape(0)
    batch = context.axis("batch_axis", 1, len(shape))
    time = context.axis("time_axis", 0, len(shape))
    rules: dict[int, AxisRule] = {d: same(d) for d in range(len(shape)) if d != time}
    value = context.value(1)
    if value is None:
        ordered = [rules.get(d, fixed(0, size)) for d, size in enumerate(shape)]
        reads = [context.read(0, per_axis(shape, ordered))]
        return [making(context, [*reads, along(context, 1, [same(batch)], differentiable=False)])]
    lengths = np.asarray(value, np.int64).reshape(-1, 1)
    at = np.arange(shape[time])[None, :]
    table = np.where(at < lengths, lengths - 1 - at, at)
    relation = listed(shape, [batch, time], {time: single(table)}, rules)
    return [making(context, [context.read(0, relation, exact=False)])]


@lowers("MaxUnpool")
def max_unpool(context: Context) -> list[Part]:
    """Elements placed by flat indices into the shape that was pooled."""
    data, shape = context.shape(0), context.out_shape()
    value = context.value(1)
    if value is None or prod(shape) > LARGEST:
        return [making(context, [whole(context, 0), whole(context, 1, differentiable=False)])]
    kernel = context.attribute("kernel_shape")
    rank = len(kernel)
    strides = context.attribute("strides", (1,) * rank)
    pads = context.attribute("pads", (0,) * 2 * rank)
    inner = tuple(
        (data[2 + d] - 1) * strides[d] - pads[d] - pads[rank + d] + kernel[d] for d in range(rank)
    )
    full_shape = (*data[:2], *inner)
    rounds = inverse(np.asarray(value, np.int64).ravel(), prod(full_shape))
    reads = []
    for turn in rounds:
        table = np.full(shape, -1, np.int64)
        box = tuple(slice(0, min(a, b)) for a, b in zip(full_shape, shape, strict=True))
        table[box] = turn.reshape(full_shape)[box]
        none = table < 0
        places = np.unravel_index(np.maximum(table, 0), data)
        tables = {
            d: (np.where(none, 0, at), np.where(none, 0, at + 1)) for d, at in enumerate(places)
        }
        reads.append(context.read(0, listed(data, range(len(shape)), tables, {}), exact=False))
    return [making(context, reads)]

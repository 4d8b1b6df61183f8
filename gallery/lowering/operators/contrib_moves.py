"""ONNX Runtime's own operators that move, select or look up elements.

Formulas: ONNX Runtime contrib operators of each type.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from gallery.lowering.access.constant_indices import LARGEST, listed
from gallery.lowering.access.part import Ints, Part
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import AxisRule, fixed, identity, per_axis, same
from gallery.lowering.access.reshape import reshaped
from gallery.lowering.operators.movement import moving
from gallery.lowering.operators.parts import along, making, whole

Places = npt.NDArray[np.floating[Any]]


@lowers("com.microsoft.ExpandDims")
def expand_dims(context: Context) -> list[Part]:
    """The same elements with one more dimension."""
    return [moving(context, reshaped(context.shape(0), context.out_shape()), exact=False)]


@lowers("com.microsoft.UnfoldTensor")
def unfold(context: Context) -> list[Part]:
    """Slices of a dimension, one after another, which may overlap."""
    shape = context.shape(0)
    rank = len(shape)
    axis, stride = context.axis("dim", -1, rank), int(context.attribute("step", 1))

    def rule(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        first = lows[:, axis] * stride + lows[:, rank]
        return first, (highs[:, axis] - 1) * stride + highs[:, rank]

    rules = [rule if d == axis else same(d) for d in range(rank)]
    return [moving(context, per_axis(shape, rules))]


@lowers("com.ms.internal.nhwc.MaxUnpool")
def unpool_channels_last(context: Context) -> list[Part]:
    """Elements at the places that indices give, in whatever layout these count."""
    return [making(context, [whole(context, 0), whole(context, 1, differentiable=False)])]


@lowers("com.microsoft.NGramRepeatBlock")
def repeat_block(context: Context) -> list[Part]:
    """A score is changed if its token would repeat what is in its row of tokens."""
    tokens = context.shape(0)
    reads = [
        along(context, 0, [same(0), fixed(0, tokens[1])], differentiable=False),
        context.read(1, identity(context.shape(1))),
    ]
    return [making(context, reads)]


@lowers("com.microsoft.MurmurHash3")
def murmur_hash(context: Context) -> list[Part]:
    """A number for each element."""
    own = context.read(0, identity(context.shape(0)), differentiable=False)
    return [making(context, [own])]


@lowers("com.microsoft.Tokenizer")
def tokens(context: Context) -> list[Part]:
    """The tokens of each string along a new dimension."""
    return [making(context, [context.read(0, identity(context.shape(0)), differentiable=False)])]


@lowers("com.microsoft.WordConvEmbedding")
def word_embedding(context: Context) -> list[Part]:
    """A convolution over the letters of each word, and its maximum: [words, filters]."""
    words, last = context.shape(0), len(context.out_shape()) - 1
    letters = [*(same(axis) for axis in range(len(words) - 1)), fixed(0, words[-1])]
    filters = context.shape(1)
    kernel = [same(last), *(fixed(0, size) for size in filters[1:])]
    reads = [
        along(context, 0, letters, differentiable=False),
        along(context, 1, kernel, saved=True),
        along(context, 2, [same(last)], saved=True),
        whole(context, 3),
    ]
    return [making(context, reads, saves_output=True)]


@lowers("com.microsoft.CropAndResize")
def crop_and_resize(context: Context) -> list[Part]:
    """Each region of an image at the same size: exact if the regions are known."""
    shape, made = context.shape(0), context.out_shape()
    reads = [
        along(context, 1, [same(0), fixed(0, 4)], saved=True, differentiable=False),
        along(context, 2, [same(0)], saved=True, differentiable=False),
    ]
    boxes, images = context.value(1), context.value(2)
    if boxes is None or images is None or prod(made) > LARGEST:
        rules = [fixed(0, shape[0]), same(1), *(fixed(0, size) for size in shape[2:])]
        return [making(context, [*reads, context.read(0, per_axis(shape, rules), saved=True)])]
    whole_ = np.broadcast_to(images.astype(np.int64).reshape(-1, 1, 1), (made[0], made[2], made[3]))
    tables = {0: (whole_, whole_ + 1)}
    nearest = str(context.attribute("mode", "bilinear")) == "nearest"
    for d in range(2):
        sizes = (shape[2 + d], made[2 + d])
        low, high = _around(boxes[:, d], boxes[:, 2 + d], sizes, nearest)
        axes = (slice(None), slice(None), None) if d == 0 else (slice(None), None, slice(None))
        tables[2 + d] = (
            np.broadcast_to(low[axes], whole_.shape),
            np.broadcast_to(high[axes], whole_.shape),
        )
    own: dict[int, AxisRule] = {1: same(1)}
    relation = listed(shape, [0, 2, 3], tables, own)
    return [making(context, [*reads, context.read(0, relation, saved=True, exact=False)])]


def _positions(
    first: Places,
    last: Places,
    sizes: tuple[int, int],
    precision: type[np.floating[Any]],
) -> Places:
    """The position in the image of each element of each region, whose corners are aligned."""
    size, made = sizes
    begin = first.astype(precision)[:, None]
    extent = (last.astype(precision) - first.astype(precision))[:, None]
    if made == 1:
        middle: Places = (begin + last.astype(precision)[:, None]) * precision(0.5 * (size - 1))
        return middle
    step = extent * precision(size - 1) / precision(made - 1)
    at: Places = begin * precision(size - 1) + np.arange(made).astype(precision)[None, :] * step
    return at


def _around(
    first: Places,
    last: Places,
    sizes: tuple[int, int],
    nearest: bool,
) -> tuple[Ints, Ints]:
    """The elements that are read at each position; none outside of the image.

    Positions are computed in single and in double precision: a processor that does not round
    products before it adds them may come to either.
    """
    every = [_positions(first, last, sizes, kind) for kind in (np.float32, np.float64)]
    ends = [(np.rint(at), np.rint(at)) if nearest else (np.floor(at), np.ceil(at)) for at in every]
    low = np.minimum(ends[0][0], ends[1][0])
    high = np.maximum(ends[0][1], ends[1][1]) + 1
    outside = np.all([(at < 0) | (at > sizes[0] - 1) for at in every], axis=0)
    low, high = np.clip(low, 0, sizes[0] - 1), np.clip(high, 1, sizes[0])
    return low.astype(np.int64), np.where(outside, low, high).astype(np.int64)

"""Resampling at computed positions: grids, regions of interest, deformable convolutions.

Formulas: ONNX operator specification of each type.
"""

from __future__ import annotations

from math import prod

import numpy as np
import numpy.typing as npt

from gallery.lowering.access.constant_indices import LARGEST, listed
from gallery.lowering.access.part import Part
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import AxisRule, fixed, per_axis, same
from gallery.lowering.operators.contraction import first_of
from gallery.lowering.operators.parts import along, making
from gallery.lowering.operators.resize import halo

Spans = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


@lowers("AffineGrid")
def affine_grid(context: Context) -> list[Part]:
    """Each coordinate from its row of the matrix."""
    shape, made = context.shape(0), context.out_shape()
    rules = [same(0), same(len(made) - 1), fixed(0, shape[2])]
    return [making(context, [context.read(0, per_axis(shape, rules))])]


@lowers("GridSample")
def grid_sample(context: Context) -> list[Part]:
    """Each output reads the inputs around the position that the grid gives."""
    shape, grid = context.shape(0), context.shape(1)
    rank = len(shape) - 2
    places: list[AxisRule] = [same(0), *(same(2 + d) for d in range(rank)), fixed(0, rank)]
    reads = [along(context, 1, places, saved=True)]
    value = context.value(1)
    if value is None or prod(grid) > LARGEST:
        rules = [same(0), same(1), *(fixed(0, size) for size in shape[2:])]
        return [making(context, [*reads, context.read(0, per_axis(shape, rules), saved=True)])]
    tables = {2 + d: _sampled(context, value[..., rank - 1 - d], shape[2 + d]) for d in range(rank)}
    dims = [0, *(2 + d for d in range(rank))]
    relation = listed(shape, dims, tables, {0: same(0), 1: same(1)})
    return [making(context, [*reads, context.read(0, relation, saved=True, exact=False)])]


def _sampled(context: Context, grid: npt.NDArray[np.float64], size: int) -> Spans:
    """The elements along one dimension that are read for each position of a grid in [-1, 1]."""
    corners = bool(context.attribute("align_corners", 0))
    at = grid.astype(np.float64)
    at = (at + 1) / 2 * (size - 1) if corners else ((at + 1) * size - 1) / 2
    mode = context.attribute("mode", "linear")
    if mode == "nearest":
        low, high = np.rint(at - 1e-5), np.rint(at + 1e-5) + 1
    else:
        before, after = halo("cubic" if "cubic" in mode else "linear")
        low = np.floor(at - 1e-5) - before
        high = np.floor(at + 1e-5) + after
    padding = context.attribute("padding_mode", "zeros")
    if padding == "border":
        low, high = np.clip(low, 0, size - 1), np.clip(high, 1, size)
    elif padding == "reflection":
        outside = (low < 0) | (high > size)
        low, high = np.where(outside, 0, low), np.where(outside, size, high)
    low, high = np.clip(low, 0, size), np.clip(high, 0, size)
    return low.astype(np.int64), np.maximum(low, high).astype(np.int64)


@lowers("RoiAlign", "MaxRoiPool")
def regions(context: Context) -> list[Part]:
    """Pooling over the positions inside each region; a region is a row of input 1."""
    shape, rois, made = context.shape(0), context.shape(1), context.out_shape()
    rows = [same(0), fixed(0, rois[1])]
    reads = [context.read(1, per_axis(rois, rows), saved=True, differentiable=False)]
    indexed = context.operator.type == "RoiAlign"
    if indexed:
        reads.append(along(context, 2, [same(0)], saved=True, differentiable=False))
    boxes, images = context.value(1), context.value(2)
    if not indexed or boxes is None or images is None:
        rules = [fixed(0, shape[0]), same(1), *(fixed(0, size) for size in shape[2:])]
        return [making(context, [*reads, context.read(0, per_axis(shape, rules), saved=True)])]
    count = images.astype(np.int64).reshape(-1, 1, 1)
    whole = np.broadcast_to(count, (made[0], made[2], made[3]))
    tables = {0: (whole, whole + 1)}
    for d in range(2):
        low, high = _bins(context, boxes[:, 1 - d], boxes[:, 3 - d], (shape[2 + d], made[2 + d]))
        axes = (slice(None), slice(None), None) if d == 0 else (slice(None), None, slice(None))
        tables[2 + d] = (
            np.broadcast_to(low[axes], whole.shape),
            np.broadcast_to(high[axes], whole.shape),
        )
    relation = listed(shape, [0, 2, 3], tables, {1: same(1)})
    return [making(context, [*reads, context.read(0, relation, saved=True, exact=False)])]


def _bins(
    context: Context,
    first: npt.NDArray[np.float64],
    last: npt.NDArray[np.float64],
    sizes: tuple[int, int],
) -> Spans:
    """The elements along one dimension that each bin samples: int64 (regions, bins)."""
    size, bins = sizes
    mode = context.attribute(
        "coordinate_transformation_mode",
        "half_pixel" if context.operator.version >= 16 else "output_half_pixel",
    )
    offset = 0.5 if mode == "half_pixel" else 0.0
    scale = float(context.attribute("spatial_scale", 1.0))
    start = first.astype(np.float64) * scale - offset
    extent = last.astype(np.float64) * scale - offset - start
    if mode != "half_pixel":
        extent = np.maximum(extent, 1.0)
    ratio = int(context.attribute("sampling_ratio", 0))
    samples = np.full_like(extent, ratio) if ratio > 0 else np.ceil(extent / bins)
    width = extent / bins
    inset = width / np.maximum(samples, 1) / 2
    at = start[:, None] + width[:, None] * np.arange(bins)[None, :]
    low = np.floor(at + inset[:, None] - 1e-4)
    high = np.floor(at + (width - inset)[:, None] + 1e-4) + 2
    low, high = np.clip(low, 0, size - 1), np.clip(high, 1, size)
    return low.astype(np.int64), np.maximum(high, low).astype(np.int64)


@lowers("DeformConv")
def deform_conv(context: Context) -> list[Part]:
    """Convolution with taps shifted by offsets: [n, m, spatial... | c]; reads any position."""
    shape, kernel, made = context.shape(0), context.shape(1), context.out_shape()
    rank = len(made)
    group = int(context.attribute("group", 1))
    if group == 1:
        channels: AxisRule = same(rank)
    else:
        channels = fixed(0, shape[1])
    spatial = [same(2 + d) for d in range(rank - 2)]
    weights = [same(1), same(rank), *(fixed(0, size) for size in kernel[2:])]
    reads = [
        context.read(
            0,
            per_axis(shape, [same(0), channels, *(fixed(0, size) for size in shape[2:])]),
            saved=True,
        ),
        context.read(1, per_axis(kernel, weights), saved=True),
    ]
    for index in (2, 4):
        if context.has(index):
            sizes = context.shape(index)
            rules = [same(0), fixed(0, sizes[1]), *spatial]
            reads.append(context.read(index, per_axis(sizes, rules), saved=True))
    if context.has(3):
        bias = first_of(per_axis(context.shape(3), [same(1)]), {rank})
        reads.append(context.read(3, bias))
    return [making(context, reads, summed=(kernel[1],))]

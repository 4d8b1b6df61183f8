"""Costs of operators that read windows: pools, interpolation, sampling."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from gallery.costs.registry import Cost, UnknownError, View, costs, plain

_TAPS: Mapping[str, int] = {"linear": 2, "bilinear": 2, "cubic": 4, "bicubic": 4}


@costs("MaxPool", "AveragePool")
def pool(view: View) -> Cost:
    """One comparison or addition per position of the kernel and output element."""
    kernel = view.get("kernel_shape", None)
    if not kernel:
        raise UnknownError("kernel_shape")
    return plain(view.made() * prod(kernel))


@costs("LpPool")
def lp_pool(view: View) -> Cost:
    """A power and an addition per position of the kernel, and a root."""
    kernel = view.get("kernel_shape", None)
    if not kernel:
        raise UnknownError("kernel_shape")
    return plain(view.made() * (2 * prod(kernel) + 1))


@costs("GlobalAveragePool", "GlobalMaxPool")
def global_pool(view: View) -> Cost:
    """One comparison or addition per element read."""
    return plain(view.read())


@costs("GlobalLpPool")
def global_lp_pool(view: View) -> Cost:
    """A power and an addition per element read, and a root per output element."""
    return plain(2 * view.read() + view.made())


@costs("Resize", "Upsample")
def resize(view: View) -> Cost:
    """A weighted sum of 2 (linear) or 4 (cubic) values along each axis that changes."""
    taps = _TAPS.get(str(view.get("mode", "nearest")), 1)
    before, after = view.shape(0), view.out()
    axes = sum(a != b for a, b in zip(before, after, strict=False))
    return plain(prod(after) * (2 * taps**axes - 1) if taps > 1 and axes else 0)


@costs("GridSample")
def grid_sample(view: View) -> Cost:
    """A weighted sum of 2 (linear) or 4 (cubic) values along each spatial axis."""
    taps = _TAPS.get(str(view.get("mode", "linear")), 1)
    axes = len(view.shape(0)) - 2
    if axes < 1:
        raise UnknownError("axes")
    return plain(view.made() * (2 * taps**axes - 1) if taps > 1 else 0)


@costs("RoiAlign")
def roi_align(view: View) -> Cost:
    """A bilinear sample (7) and an addition per sampling point.

    If their number depends on the region's size (sampling_ratio 0), 2 by 2 are assumed.
    """
    ratio = int(view.get("sampling_ratio", 0)) or 2
    return plain(view.made() * ratio * ratio * 8)


@costs("MaxRoiPool")
def max_roi_pool(view: View) -> Cost:
    """One comparison per position of a region and channel.

    The sizes of the regions are only known at run time: each counts as the whole feature map.
    """
    shape = view.shape(0)
    return plain(view.out()[0] * prod(shape[1:]))


@costs("NonMaxSuppression")
def non_max_suppression(view: View) -> Cost:
    """A comparison per score, and at most the overlap of each box that is kept with all boxes.

    An overlap takes 4 ends, 2 sides, its area, 2 operations for the union, a quotient and a
    comparison.
    """
    if not view.has(2):
        return plain(0)
    most = view.tensor(2).value
    if most is None or most.size != 1:
        raise UnknownError("max_output_boxes_per_class")
    batch, classes, boxes = view.shape(1)
    kept = min(max(int(most.reshape(())), 0), boxes)
    return plain(batch * classes * boxes * (1 + 11 * kept) if kept else 0)


@costs("AffineGrid")
def affine_grid(view: View) -> Cost:
    """The product of each point with the matrix."""
    made = view.made()
    return plain(made * max(2 * view.shape(0)[-1] - 1, 0))

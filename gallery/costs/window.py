"""Costs of operators that look at windows: pools, interpolation, sampling."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from gallery.costs.registry import Cost, UnknownError, View, costs, plain

_TAPS: Mapping[str, int] = {"linear": 2, "bilinear": 2, "cubic": 4, "bicubic": 4}


@costs("QLinearAveragePool", domain="com.microsoft")
@costs("MaxPool", "AveragePool")
def pool(view: View) -> Cost:
    """One comparison or sum for each place of the kernel and each output element."""
    kernel = view.get("kernel_shape", None)
    if not kernel:
        raise UnknownError("kernel_shape")
    return plain(view.made() * prod(kernel))


@costs("LpPool")
def lp_pool(view: View) -> Cost:
    """A power and a sum for each place of the kernel, and a root."""
    kernel = view.get("kernel_shape", None)
    if not kernel:
        raise UnknownError("kernel_shape")
    return plain(view.made() * (2 * prod(kernel) + 1))


@costs("GlobalAveragePool", "GlobalMaxPool")
def global_pool(view: View) -> Cost:
    """One comparison or sum for each element read."""
    return plain(view.read())


@costs("GlobalLpPool")
def global_lp_pool(view: View) -> Cost:
    """A power and a sum for each element read, and a root."""
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
    """A bilinear sample (7) and its sum for each of the sampling points.

    Where their number follows from the region's size (sampling_ratio 0), 2 by 2 are assumed.
    """
    ratio = int(view.get("sampling_ratio", 0)) or 2
    return plain(view.made() * ratio * ratio * 8)


@costs("MaxRoiPool")
def max_roi_pool(view: View) -> Cost:
    """One comparison for each place of a region and each channel.

    The regions' sizes are known only when the model runs: each counts as the whole map.
    """
    shape = view.shape(0)
    return plain(view.out()[0] * prod(shape[1:]))


@costs("NonMaxSuppression")
def non_max_suppression(view: View) -> Cost:
    """A comparison of each score, and the overlap of each box that is kept with all boxes, at most.

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
    """A product of each point with its row of the matrix."""
    made = view.made()
    return plain(made * max(2 * view.shape(0)[-1] - 1, 0))

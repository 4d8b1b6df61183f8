"""Convolves grids with symmetric kernels, with the same bits on every processor.

By Hartley transforms (R. N. Bracewell, The Fast Hartley Transform, Proceedings of the IEEE 72,
1984), which take real numbers to real numbers, undo themselves but for a factor, and turn the
convolution with a kernel that is even along both axes into a product. They are done in 32-bit
numbers with no more than sums and products in a fixed order, for many columns at a time, so that
a processor uses its vector registers, of whatever width, without changing the result.

Transforms stay in bit-reversed order, which the first half of a convolution leaves and the second
half takes: so nothing has to be reordered.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
from numba import prange

from gallery.jit import inner_kernel, parallel_kernel
from gallery.numerics.butterflies import LANES, divide, unite
from gallery.numerics.elementary import cos, sin

Grid = npt.NDArray[np.float32]


def spectrum(potential: Grid) -> Grid:
    """The transform of a kernel, for `convolve`: float32 (h, w).

    Args:
        potential: float32 (h, w), powers of two; even along both axes, so that row and column i
            are equal to row h - i and column w - i.
    """
    height, width = potential.shape
    rows, out = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
    _forward_rows(potential, _waves(width), rows)
    ones = np.full((height, width), np.float32(1 / (height * width)))
    _columns(rows, ones, _waves(height), out, False)
    return out


def filter_of(gain: npt.NDArray[np.float64]) -> Grid:
    """The transform of a kernel, for `convolve`, from how much it keeps of each frequency.

    Args:
        gain: float64 (h, w), powers of two; in the order of `numpy.fft.fftfreq`, and even.
    """
    rows, columns = (_bit_reversed(size) for size in gain.shape)
    return (gain[rows[:, None], columns[None, :]] / gain.size).astype(np.float32)


def convolve(grid: Grid, kernel: Grid) -> Grid:
    """A grid convolved with a kernel, cyclically on the kernel's grid: float32 (rows, columns).

    Args:
        grid: float32 (rows, columns), at most as large as the kernel; outside it are zeros.
        kernel: float32 (h, w), from `spectrum`.
    """
    height, width = kernel.shape
    rows = np.empty((len(grid), width), np.float32)
    _forward_rows(np.ascontiguousarray(grid), _waves(width), rows)
    _columns(rows, kernel, _waves(height), rows, True)
    out = np.empty(grid.shape, np.float32)
    _backward_rows(rows, _waves(width), out)
    return out


def _bit_reversed(size: int) -> npt.NDArray[np.int64]:
    order = np.zeros(1, np.int64)
    while len(order) < size:
        order = np.concatenate([2 * order, 2 * order + 1])
    return order


@functools.cache
def _waves(size: int) -> Grid:
    """Cosines and sines of pi k / h at h + k, for all powers h of two below a size: (2, size)."""
    place = np.arange(size)
    half = 2.0 ** np.floor(np.log2(np.maximum(place, 1)))
    turn = np.pi * (place - half) / half
    return np.stack([cos(turn), sin(turn)]).astype(np.float32)


@inner_kernel
def _rows_of(start, k, half):  # type: ignore[no-untyped-def]
    # Rows k and half - k of a block, each with the one half a block further.
    a, b = start + k, start + (half - k if k else 0)
    return (
        np.uint64(a * LANES),
        np.uint64((a + half) * LANES),
        np.uint64(b * LANES),
        np.uint64((b + half) * LANES),
    )


@inner_kernel
def _forward(panel, waves):  # type: ignore[no-untyped-def]
    """Transform columns, INOUT panel (n, lanes): to bit-reversed order."""
    half = len(panel) // 2
    while half:
        for start in range(0, len(panel), 2 * half):
            for k in range(half // 2 + 1):
                divide(panel, _rows_of(start, k, half), (waves[0, half + k], waves[1, half + k]))
        half //= 2


@inner_kernel
def _backward(panel, waves):  # type: ignore[no-untyped-def]
    """Transform columns, INOUT panel (n, lanes): from bit-reversed order."""
    half = 1
    while half < len(panel):
        for start in range(0, len(panel), 2 * half):
            for k in range(half // 2 + 1):
                unite(panel, _rows_of(start, k, half), (waves[0, half + k], waves[1, half + k]))
        half *= 2


@parallel_kernel
def _forward_rows(grid, waves, out):  # type: ignore[no-untyped-def]
    height, width = grid.shape
    for part in prange(-(-height // LANES)):
        panel = np.zeros((out.shape[1], LANES), np.float32)
        first = part * LANES
        lanes = min(LANES, height - first)
        for x in range(width):
            for lane in range(lanes):
                panel[x, lane] = grid[first + lane, x]
        _forward(panel, waves)
        for lane in range(lanes):
            for x in range(len(panel)):
                out[first + lane, x] = panel[x, lane]


@parallel_kernel
def _backward_rows(rows, waves, out):  # type: ignore[no-untyped-def]
    height, width = out.shape
    for part in prange(-(-height // LANES)):
        panel = np.zeros((rows.shape[1], LANES), np.float32)
        first = part * LANES
        lanes = min(LANES, height - first)
        for x in range(len(panel)):
            for lane in range(lanes):
                panel[x, lane] = rows[first + lane, x]
        _backward(panel, waves)
        for lane in range(lanes):
            for x in range(width):
                out[first + lane, x] = panel[x, lane]


@parallel_kernel
def _columns(rows, kernel, waves, out, back):  # type: ignore[no-untyped-def]
    """Transform all columns, multiply them by the kernel, and transform them back if wanted."""
    width = rows.shape[1]
    for part in prange(-(-width // LANES)):
        panel = np.zeros((len(kernel), LANES), np.float32)
        first = part * LANES
        lanes = min(LANES, width - first)
        for y in range(len(rows)):
            for lane in range(lanes):
                panel[y, lane] = rows[y, first + lane]
        _forward(panel, waves)
        for y in range(len(panel)):
            for lane in range(lanes):
                panel[y, lane] *= kernel[y, first + lane]
        if back:
            _backward(panel, waves)
        for y in range(len(out)):
            for lane in range(lanes):
                out[y, first + lane] = panel[y, lane]

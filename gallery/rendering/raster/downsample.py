"""Downsampling: each pixel gets the mean of the light in the area that it covers."""

from __future__ import annotations

import functools

import numba
import numpy as np
import numpy.typing as npt

from gallery.coloring.oklab import linear_from_srgb, srgb_from_linear
from gallery.jit import parallel_kernel

Light = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

_Across = tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]
"""The first column of pixels of each column of a smaller picture, and how wide it covers each."""

STEPS = 4096
"""Rows of `gamma`."""


@functools.cache
def gamma() -> Pixels:
    """8-bit sRGB at even steps of the square root of linear light 0..1: uint8 (STEPS,).

    Steps of the square root are fine enough for a table of this size: every level is preserved.
    """
    root = np.arange(STEPS) / (STEPS - 1)
    return np.rint(srgb_from_linear(root**2) * 255).astype(np.uint8)


@functools.cache
def _linear() -> Light:
    return linear_from_srgb(np.arange(256) / 255).astype(np.float32)


@parallel_kernel
def _blocks(linear: Light, factor: int, out: Light) -> None:
    # IN linear (h, w, c); OUT out.
    share = np.float32(1 / (factor * factor))
    for y in numba.prange(out.shape[0]):
        out[y] = 0
        for i in range(y * factor, (y + 1) * factor):
            for x in range(out.shape[1]):
                for j in range(x * factor, (x + 1) * factor):
                    for c in range(out.shape[2]):
                        out[y, x, c] += share * linear[i, j, c]


@parallel_kernel
def _means(
    pixels: Pixels, table: Light, ratios: tuple[float, float], across: _Across, out: Light
) -> None:
    # IN pixels (h, w, 3), table (256,), ratios (rows and columns per row and column of out); OUT
    # out (h', w', 3), linear.
    firsts, widths = across
    height = pixels.shape[0]
    down, wide = ratios
    share = np.float32(1 / (down * wide))
    for y in numba.prange(out.shape[0]):
        top, bottom = y * down, (y + 1) * down
        for x in range(out.shape[1]):
            red = green = blue = np.float32(0)
            for i in range(int(top), min(int(np.ceil(bottom)), height)):
                high = min(i + 1, bottom) - max(i, top)
                for k in range(widths.shape[1]):
                    cover = np.float32(high * widths[x, k]) * share
                    j = firsts[x] + k
                    red += cover * table[pixels[i, j, 0]]
                    green += cover * table[pixels[i, j, 1]]
                    blue += cover * table[pixels[i, j, 2]]
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = red, green, blue


@parallel_kernel
def _encode(linear: Light, table: Pixels, out: Pixels) -> None:
    # IN linear (h, w, 3), table (STEPS,); OUT out.
    for y in numba.prange(out.shape[0]):
        for x in range(out.shape[1]):
            for c in range(3):
                root = np.sqrt(min(linear[y, x, c], np.float32(1)))
                out[y, x, c] = table[int(root * (STEPS - 1) + 0.5)]


def shrink(linear: Light, factor: int) -> Light:
    """Means of factor×factor pixels; left-over columns and rows at the end are dropped.

    Args:
        linear: float32 (h, w, c), linear light.
        factor: 1 or more.

    Returns:
        float32 (h // factor, w // factor, c).
    """
    if factor <= 1:
        return linear
    height, width, channels = linear.shape
    out = np.empty((height // factor, width // factor, channels), np.float32)
    _blocks(linear, factor, out)
    return out


def reduced(pixels: Pixels, side: int) -> Pixels:
    """A picture scaled down to a longer side; averaged in linear sRGB (IEC 61966-2-1).

    Args:
        pixels: uint8 (h, w, 3), sRGB.
        side: New length of the longer side in pixels, at most the present one.

    Returns:
        uint8 (h', w', 3).

    >>> reduced(np.array([[[0], [255]], [[255], [0]]], np.uint8).repeat(3, axis=2), 1).tolist()
    [[[188, 188, 188]]]
    """
    longest = max(pixels.shape[:2])
    height, width = (max(round(one * side / longest), 1) for one in pixels.shape[:2])
    small = np.empty((height, width, 3), np.float32)
    ratios = pixels.shape[0] / height, pixels.shape[1] / width
    across = _across(pixels.shape[1], width)
    _means(np.ascontiguousarray(pixels), _linear(), ratios, across, small)
    out = np.empty(small.shape, np.uint8)
    _encode(small, gamma(), out)
    return out


def _across(columns: int, fewer: int) -> _Across:
    left, right = (np.arange(at, fewer + at) * (columns / fewer) for at in (0, 1))
    first = left.astype(np.intp)
    most = int((np.minimum(np.ceil(right), columns) - first).max())
    first = np.minimum(first, columns - most)
    places = first[:, None] + np.arange(most)
    widths = np.minimum(places + 1, right[:, None]) - np.maximum(places, left[:, None])
    return first, np.maximum(widths, 0.0)

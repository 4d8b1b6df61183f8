"""Downsampling: each pixel gets the mean of the light in the area that it covers."""

from __future__ import annotations

import functools

import numba
import numpy as np
import numpy.typing as npt

from gallery.coloring.oklab import linear_from_srgb, srgb_from_linear
from gallery.jit import inner_kernel, parallel_kernel

Light = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

_Across = tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]
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


@inner_kernel
def encode(lights: Light, table: Pixels, out: Pixels) -> None:
    """Encode linear light as 8-bit sRGB.

    Args:
        lights: float32 (k,), from 0 to 1.
        table: From `gamma`.
        out: uint8 (k,), filled.
    """
    # Roots in a loop of their own are several at a time.
    steps = np.empty(len(lights), np.uint32)
    most, half = np.float32(STEPS - 1), np.float32(0.5)
    for k in range(len(lights)):
        steps[k] = np.uint32(np.int32(np.sqrt(lights[k]) * most + half))
    for k in range(len(lights)):
        out[k] = table[steps[k]]


@inner_kernel
def _down(pixels: Pixels, table: Light, rows: tuple[float, float], sums: Light) -> None:
    # IN pixels (h, w * 3), rows (from, to); OUT sums (w * 3,): linear light times the height that
    # the range covers of each row.
    top, bottom = rows
    sums[:] = 0
    for i in range(int(top), min(int(np.ceil(bottom)), len(pixels))):
        high = np.float32(min(i + 1, bottom) - max(i, top))
        row = pixels[i]
        for k in range(len(row)):
            sums[k] += high * table[row[k]]


@parallel_kernel
def _means(
    pixels: Pixels,
    tables: tuple[Light, Pixels],
    ratios: tuple[float, float],
    across: _Across,
    out: Pixels,
) -> None:
    # IN pixels (h, w * 3), tables (256,) and (STEPS,), ratios (rows and columns per row and column
    # of out); OUT out (h', w' * 3).
    firsts, widths = across
    linear, encoded = tables
    down, wide = ratios
    share = np.float32(1 / (down * wide))
    for y in numba.prange(out.shape[0]):
        sums = np.empty(pixels.shape[1], np.float32)
        _down(pixels, linear, (y * down, (y + 1) * down), sums)
        lights = np.empty(out.shape[1], np.float32)
        for x in range(len(firsts)):
            red = green = blue = np.float32(0)
            for k in range(widths.shape[1]):
                at, cover = 3 * (firsts[x] + k), widths[x, k]
                red += cover * sums[at]
                green += cover * sums[at + 1]
                blue += cover * sums[at + 2]
            lights[3 * x], lights[3 * x + 1] = red * share, green * share
            lights[3 * x + 2] = blue * share
        encode(lights, encoded, out[y])


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
    out = np.empty((height, width, 3), np.uint8)
    ratios = pixels.shape[0] / height, pixels.shape[1] / width
    flat = np.ascontiguousarray(pixels).reshape(len(pixels), -1)
    across = _across(pixels.shape[1], width)
    _means(flat, (_linear(), gamma()), ratios, across, out.reshape(height, -1))
    return out


def _across(columns: int, fewer: int) -> _Across:
    left, right = (np.arange(at, fewer + at) * (columns / fewer) for at in (0, 1))
    first = left.astype(np.intp)
    most = int((np.minimum(np.ceil(right), columns) - first).max())
    first = np.minimum(first, columns - most)
    places = first[:, None] + np.arange(most)
    widths = np.minimum(places + 1, right[:, None]) - np.maximum(places, left[:, None])
    return first, np.maximum(widths, 0.0).astype(np.float32)

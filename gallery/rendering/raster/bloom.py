"""Bloom, the light around bright parts of a picture, and the encoding to 8-bit pixels."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from gallery.jit import kernel, parallel_kernel
from gallery.numerics.convolution import convolve, filter_of
from gallery.numerics.elementary import exp
from gallery.rendering.raster.downsample import encode, gamma, shrink

Light = npt.NDArray[np.float32]

_WIDTHS = ((0.0022, 0.30), (0.008, 0.16), (0.03, 0.09))
"""Standard deviations of the Gaussians as shares of the longer side, with their strengths."""
_SIDE = 456
"""Most cells along the longer side: with the reach of the widest Gaussian, they are still 512."""
_REACH = 4
"""Standard deviations after which a Gaussian is negligible."""


class Glow(NamedTuple):
    """The light to add to a picture for its glow, in cells of several pixels.

    Attributes:
        light: float32 (h, w, 3), linear light.
        rows: Height of the picture in cells, of which the last may be missing in part.
        columns: Its width in cells.
    """

    light: Light
    rows: float
    columns: float


def glow_of(toned: Light, strength: float) -> Glow:
    """The glow of a picture.

    Args:
        toned: float32 (h, w, 3), linear light.
        strength: 0 for none, 1 for a strong glow.
    """
    height, width = toned.shape[:2]
    side = max(1, -(-max(height, width) // _SIDE))
    if strength > 0:
        light = _blurred(shrink(toned, side), strength)
    else:
        light = np.zeros((height // side, width // side, 3), np.float32)
    return Glow(light, height / side, width / side)


def _blurred(small: Light, strength: float) -> Light:
    height, width = small.shape[:2]
    room = int(_REACH * max(share for share, _ in _WIDTHS) * max(height, width)) + 1
    padded = tuple(1 << (side + room - 1).bit_length() for side in (height, width))
    blur = _blur(padded, max(height, width))
    blurred = np.stack([convolve(small[..., c], blur) for c in range(3)], axis=2)
    return np.maximum(blurred, 0) * np.float32(strength)


@functools.lru_cache(maxsize=4)
def _blur(padded: tuple[int, ...], side: int) -> Light:
    """The sum of all Gaussians, for `convolve` on a grid (h, w) of powers of two."""
    down, across = (np.arange(size) / size for size in padded)
    squares = np.minimum(down, 1 - down)[:, None] ** 2 + np.minimum(across, 1 - across) ** 2
    falls = [(weight, 2 * np.square(np.pi * share * side)) for share, weight in _WIDTHS]
    return filter_of(sum(weight * exp(-fall * squares) for weight, fall in falls))


@kernel
def _row(glow: Light, place: float, row: Light) -> None:
    # OUT row (w', 3), the glow between its rows, at a place counted in rows.
    v = min(max(place, 0.0), len(glow) - 1.0)
    i = min(int(v), max(len(glow) - 2, 0))
    below = np.float32(v - i)
    near, far = glow[i], glow[min(i + 1, len(glow) - 1)]
    for x in range(len(row)):
        for c in range(3):
            row[x, c] = near[x, c] + (far[x, c] - near[x, c]) * below


@parallel_kernel
def _finish(
    linear: Light,
    glow: Light,
    down: tuple[int, float],
    across: tuple[npt.NDArray[np.int32], Light],
    gamma: npt.NDArray[np.uint8],
    out: npt.NDArray[np.uint8],
) -> None:
    # IN linear (rows, w, 3), glow (h', w', 3), down (first row, rows of the glow per row), across
    # (column of the glow before each column, and the share of the one after it), gamma; OUT out.
    top, cells = down
    columns, shares = across
    most, last = np.float32(0.985), glow.shape[1] - 1
    for y in numba.prange(linear.shape[0]):
        row = np.empty((glow.shape[1], 3), np.float32)
        _row(glow, (y + top + 0.5) * cells - 0.5, row)
        lights = np.empty((linear.shape[1], 3), np.float32)
        for x in range(linear.shape[1]):
            j = columns[x]
            k, share = min(j + 1, last), shares[x]
            r = linear[y, x, 0] + row[j, 0] + (row[k, 0] - row[j, 0]) * share
            g = linear[y, x, 1] + row[j, 1] + (row[k, 1] - row[j, 1]) * share
            b = linear[y, x, 2] + row[j, 2] + (row[k, 2] - row[j, 2]) * share
            # One factor for all three channels, so that pixels that are too bright keep their hue.
            bright = max(r, g, b)
            scale = most / bright if bright > most else np.float32(1)
            lights[x, 0], lights[x, 1], lights[x, 2] = r * scale, g * scale, b * scale
        encode(lights.reshape(-1), gamma, out[y].reshape(-1))


def finish(linear: Light, glow: Glow, top: int, height: int) -> npt.NDArray[np.uint8]:
    """Add the glow to some rows of a picture and encode them: uint8 (rows, w, 3), sRGB.

    Args:
        linear: float32 (rows, w, 3), linear light.
        glow: The picture's, from `glow_of`.
        top: Number of the first row.
        height: Height of the whole picture.
    """
    out = np.empty(linear.shape, np.uint8)
    width = linear.shape[1]
    last = glow.light.shape[1] - 1
    place = np.clip((np.arange(width) + 0.5) / width * glow.columns - 0.5, 0, last)
    before = np.minimum(place.astype(np.int32), max(last - 1, 0))
    across = before, (place - before).astype(np.float32)
    _finish(linear, glow.light, (top, glow.rows / height), across, gamma(), out)
    return out

"""Bloom, the light around bright parts of a picture, and the encoding to 8-bit pixels."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from gallery.convolution import convolve, filter_of
from gallery.elementary import exp
from gallery.jit import parallel_kernel
from gallery.rendering.raster.downsample import STEPS, gamma, shrink

Light = npt.NDArray[np.float32]

_WIDTHS = ((0.0022, 0.30), (0.008, 0.16), (0.03, 0.09))
"""Standard deviations of the Gaussians as shares of the longer side, with their strengths."""
_SIDE = 640
_REACH = 4
"""Standard deviations after which a Gaussian is negligible."""


def glow_of(toned: Light, strength: float) -> Light:
    """The light to add to a picture for its glow, at a reduced size.

    Args:
        toned: float32 (h, w, 3), linear light.
        strength: 0 for none, 1 for a strong glow.

    Returns:
        float32 (h', w', 3) with sides of at most 640, to be scaled up to the picture.
    """
    small = shrink(toned, max(1, -(-max(toned.shape[:2]) // _SIDE)))
    if strength <= 0:
        return np.zeros_like(small)
    height, width = small.shape[:2]
    room = int(_REACH * max(share for share, _ in _WIDTHS) * max(height, width)) + 1
    padded = tuple(1 << (side + room - 1).bit_length() for side in (height, width))
    blur = _blur(padded, max(height, width))
    blurred = np.stack([convolve(small[..., c], blur) for c in range(3)], axis=2)
    return np.maximum(blurred, 0) * np.float32(strength)


def _blur(padded: tuple[int, ...], side: int) -> Light:
    """The sum of all Gaussians, for `convolve` on a grid (h, w) of powers of two."""
    down, across = (np.arange(size) / size for size in padded)
    squares = np.minimum(down, 1 - down)[:, None] ** 2 + np.minimum(across, 1 - across) ** 2
    falls = [(weight, 2 * np.square(np.pi * share * side)) for share, weight in _WIDTHS]
    return filter_of(sum(weight * exp(-fall * squares) for weight, fall in falls))


@parallel_kernel
def _finish(
    linear: Light,
    glow: Light,
    window: tuple[int, int],
    gamma: npt.NDArray[np.uint8],
    out: npt.NDArray[np.uint8],
) -> None:
    # IN glow (h', w', 3), window (first row, height of the picture), gamma; INOUT linear
    # (rows, w, 3); OUT out.
    top, height = window
    rows, width = linear.shape[0], linear.shape[1]
    for y in numba.prange(rows):
        v = min(max((y + top + 0.5) / height * glow.shape[0] - 0.5, 0), glow.shape[0] - 1)
        i = min(int(v), max(glow.shape[0] - 2, 0))
        i1 = min(i + 1, glow.shape[0] - 1)
        fv = v - i
        for x in range(width):
            u = min(max((x + 0.5) / width * glow.shape[1] - 0.5, 0), glow.shape[1] - 1)
            j = min(int(u), max(glow.shape[1] - 2, 0))
            j1 = min(j + 1, glow.shape[1] - 1)
            fu = u - j
            most = 0.0
            for c in range(3):
                near = glow[i, j, c] * (1 - fu) + glow[i, j1, c] * fu
                far = glow[i1, j, c] * (1 - fu) + glow[i1, j1, c] * fu
                value = linear[y, x, c] + near * (1 - fv) + far * fv
                linear[y, x, c] = value
                most = max(most, value)
            # One factor for all three channels, so that pixels that are too bright keep their hue.
            scale = 0.985 / most if most > 0.985 else 1.0
            for c in range(3):
                root = np.sqrt(linear[y, x, c] * scale)
                out[y, x, c] = gamma[int(root * (STEPS - 1) + 0.5)]


def finish(linear: Light, glow: Light, top: int, height: int) -> npt.NDArray[np.uint8]:
    """Add the glow to some rows of a picture and encode them: uint8 (rows, w, 3), sRGB.

    Args:
        linear: float32 (rows, w, 3), linear light; overwritten.
        glow: From `glow_of`.
        top: Number of the first row.
        height: Height of the whole picture.
    """
    out = np.empty(linear.shape, np.uint8)
    _finish(linear, glow, (top, height), gamma(), out)
    return out

"""Frames as video encoders take them: planes of brightness and colour difference.

The matrix is that of Recommendation ITU-R BT.709, in limited range and whole numbers, so that the
planes are the same on every processor. Colour differences are of the mean of two by two pixels.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from gallery.jit import parallel_kernel

Plane = npt.NDArray[np.uint8]

# Shares of red, green and blue in 65,536ths: 219 / 255 of (0.2126, 0.7152, 0.0722) for the
# brightness, and 224 / 255 of half of (R - Y) / 0.7874 and (B - Y) / 0.9278 for the differences.
_Y = (11966, 40254, 4064)
_U = (-6596, -22188, 28784)
_V = (28784, -26145, -2639)


@parallel_kernel
def _convert(pixels: Plane, y: Plane, u: Plane, v: Plane) -> None:
    # IN pixels (h, w, 3), both sides even; OUT y (h, w), u and v (h / 2, w / 2).
    for row in numba.prange(u.shape[0]):
        for column in range(u.shape[1]):
            red, green, blue = 0, 0, 0
            for k in range(4):
                i, j = 2 * row + k // 2, 2 * column + k % 2
                r, g, b = int(pixels[i, j, 0]), int(pixels[i, j, 1]), int(pixels[i, j, 2])
                y[i, j] = 16 + ((_Y[0] * r + _Y[1] * g + _Y[2] * b + 32768) >> 16)
                red, green, blue = red + r, green + g, blue + b
            u[row, column] = 128 + ((_U[0] * red + _U[1] * green + _U[2] * blue + 131072) >> 18)
            v[row, column] = 128 + ((_V[0] * red + _V[1] * green + _V[2] * blue + 131072) >> 18)


def yuv420(pixels: npt.NDArray[np.uint8]) -> tuple[Plane, Plane, Plane]:
    """Brightness and the two colour differences of a picture.

    Args:
        pixels: uint8 (h, w, 3), sRGB, both sides even.

    Returns:
        uint8 (h, w), (h / 2, w / 2) and (h / 2, w / 2), in limited range.
    """
    height, width = pixels.shape[:2]
    y = np.empty((height, width), np.uint8)
    u, v = (np.empty((height // 2, width // 2), np.uint8) for _ in range(2))
    _convert(np.ascontiguousarray(pixels), y, u, v)
    return y, u, v

"""Sums of light, as kernels get them: rows of numbers that may be longer than the picture is wide.

The canvas that strokes are drawn on has a few columns more than the picture: rows a power of two
apart would share few places of the cache. To move all rows together would take as long as the tone
mapping, and arrays with gaps would have kernels compiled once more.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

Light = npt.NDArray[np.float32]


def rows_of(light: Light) -> Light:
    """The same sums as rows of numbers, of which the first 4 * width belong to the picture.

    Args:
        light: float32 (rows, width, 4), whose pixels and their sums follow one another in a row.

    Returns:
        float32 (rows, stride), contiguous: a view. Nothing beyond the picture may be read.
    """
    if light.strides[1:] != (16, 4):
        raise ValueError("pixels that do not follow one another")
    stride = light.strides[0] // light.itemsize
    return as_strided(light, (len(light), stride), (light.strides[0], light.itemsize))

"""A square scan in the middle of a picture of another size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gallery.rendering.raster.downsample import reduced
from gallery.rendering.types import Picture


def centred(scan: Picture, side: int, size: tuple[int, int]) -> Picture:
    """A square scan, reduced, in the middle of a picture on the same ground.

    Args:
        scan: A square picture that has the colour of its ground in its corner.
        side: Side to reduce it to, in pixels, at most the present one; what is beyond the picture
            is cut off.
        size: Width and height of the picture.
    """
    width, height = size
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:] = scan.pixels[0, 0]
    small = reduced(scan.pixels, side)
    cut_x, cut_y = (max(side - length, 0) // 2 for length in size)
    left, top = (max(length - side, 0) // 2 for length in size)
    shown = small[cut_y : cut_y + height, cut_x : cut_x + width]
    pixels[top : top + len(shown), left : left + shown.shape[1]] = shown
    return replace(scan, pixels=pixels)

"""From the points of a layout to the pixels of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from gallery.errors import RenderError
from gallery.settings.formats import LARGEST

Points = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """An affine map: x' = x * scale + left, y' = top - y * scale.

    Attributes:
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.
        scale: Pixels per point.
        left: Horizontal offset in pixels.
        top: Vertical offset in pixels.
        unit: Size in pixels of what is one pixel in a picture 1,600 wide; the unit of strokes. It
            grows with the square root of the size, so that large pictures show finer detail.
    """

    width: int
    height: int
    scale: float
    left: float
    top: float
    unit: float

    def place(self, positions: Points) -> Points:
        """Pixel coordinates of points: float32 (n, 2), x right and y down."""
        placed = np.empty_like(positions)
        np.multiply(positions[:, 0], np.float32(self.scale), out=placed[:, 0])
        placed[:, 0] += np.float32(self.left)
        np.multiply(positions[:, 1], np.float32(-self.scale), out=placed[:, 1])
        placed[:, 1] += np.float32(self.top)
        return placed


def frame(positions: Points, size: int | tuple[int, int], margin: float) -> Frame:
    """Fit points into a picture, centred, with a margin.

    Args:
        positions: float32 (n, 2), y up.
        size: Side, or width and height, in pixels.
        margin: Share of the shorter side to leave free all around.

    Raises:
        RenderError: A side is not between 1 and 32,768.
    """
    width, height = (size, size) if isinstance(size, int) else size
    if not (1 <= width <= LARGEST and 1 <= height <= LARGEST):
        found = f"a picture of {width}×{height} pixels is not possible"
        raise RenderError(found, hint=f"choose sides from 1 to {LARGEST:,} pixels")
    low, high = np.zeros(2), np.zeros(2)
    if len(positions):
        low, high = positions.min(axis=0).astype(float), positions.max(axis=0).astype(float)
    span = np.maximum(high - low, 1e-9)
    free = 1 - 2 * margin
    shorter = min(width, height)
    room = (width - 2 * margin * shorter, height - 2 * margin * shorter)
    scale = float(min(room[0] / span[0], room[1] / span[1]))
    if span.max() <= 1e-9:
        scale = free
    middle = (low + high) / 2
    side = max(width, height) / 1600
    return Frame(
        width=width,
        height=height,
        scale=scale,
        left=float(width / 2 - middle[0] * scale),
        top=float(height / 2 + middle[1] * scale),
        unit=float(sqrt(side) if side > 1 else max(side, 0.5)),
    )

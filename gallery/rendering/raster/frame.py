"""From the points of a layout to the pixels of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numba
import numpy as np
import numpy.typing as npt

from gallery.errors import RenderError
from gallery.jit import parallel_kernel, read_only
from gallery.settings.formats import LARGEST

Points = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

_PARTS = 8
"""Parts of the points that are looked at in parallel."""


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
        scale = np.float32(self.scale)
        _place(positions, (scale, np.float32(self.left), np.float32(self.top)), placed)
        return placed


@parallel_kernel
def _place(
    positions: Points, frame: tuple[np.float32, np.float32, np.float32], out: Points
) -> None:
    scale, left, top = frame
    for v in numba.prange(len(positions)):
        out[v, 0] = positions[v, 0] * scale + left
        out[v, 1] = positions[v, 1] * -scale + top


@parallel_kernel
def _bounds(points: Points, found: Points) -> None:
    # OUT found (parts, 4): least x and y, most x and y of each part.
    for part in numba.prange(len(found)):
        first, end = len(points) * part // len(found), len(points) * (part + 1) // len(found)
        x0, y0 = points[0, 0], points[0, 1]
        x1, y1 = x0, y0
        for v in range(first, end):
            x, y = points[v, 0], points[v, 1]
            x0, x1, y0, y1 = min(x0, x), max(x1, x), min(y0, y), max(y1, y)
        found[part, 0], found[part, 1], found[part, 2], found[part, 3] = x0, y0, x1, y1


def bounds(points: Points) -> tuple[Floats, Floats]:
    """The least and the most x and y of points (n, 2), n at least 1: float64 (2,) each."""
    found = np.empty((_PARTS, 4), np.float32)
    _bounds(read_only(points), found)
    return found[:, :2].min(axis=0).astype(float), found[:, 2:].max(axis=0).astype(float)


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
        low, high = bounds(positions)
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

"""Finds label positions: near what they name, over little of the picture and no other label."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from gallery.numerics.elementary import cos, exp, sin

Rectangle = tuple[int, int, int, int]
Point = tuple[float, float]
Boxes = npt.NDArray[np.int64]
"""int64 (k, 4): left, top, right, bottom in pixels."""
Floats = npt.NDArray[np.float64]

_CELLS = 160
_TURNS = 24
_RINGS = (0.0, 0.4, 0.9, 1.6, 2.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPosition:
    """A position for a label.

    Attributes:
        box: Left, top, right, bottom in pixels.
        lead: Ends of the line from the box to what it names, or None if the box is on it.
    """

    box: Rectangle
    lead: tuple[Point, Point] | None


def counts(
    points: npt.NDArray[np.float32], size: tuple[int, int], cells: int
) -> npt.NDArray[np.float64]:
    """Number of points in each cell of a picture: float64 (cells, cells), rows first.

    Args:
        points: float32 (k, 2), in pixels; those outside the picture are ignored.
        size: Width and height of the picture.
        cells: Number of cells along each side.
    """
    column, row = (points[:, axis] * np.float32(cells / size[axis]) for axis in (0, 1))
    inside = (column >= 0) & (column < cells) & (row >= 0) & (row < cells)
    places = row[inside].astype(np.int32) * cells + column[inside].astype(np.int32)
    found = np.bincount(places, minlength=cells * cells)
    return found.reshape(cells, cells).astype(np.float64)


def smoothed(grid: npt.NDArray[np.float64], width: float) -> npt.NDArray[np.float64]:
    """A grid blurred by a Gaussian whose standard deviation is `width`; outside it are zeros."""
    reach = int(4 * width + 0.5)
    steps = np.arange(-reach, reach + 1)
    weights = exp(-0.5 * np.square(steps / width))
    weights /= weights.sum()
    for _ in range(2):
        room = np.pad(grid, ((reach, reach), (0, 0)))
        blurred = np.zeros_like(grid)
        for start, weight in enumerate(weights.tolist()):
            blurred += weight * room[start : start + len(grid)]
        grid = np.ascontiguousarray(blurred.T)
    return grid


class LabelPositions:
    """The free space of a picture; each label that finds a position occupies it."""

    def __init__(
        self, points: npt.NDArray[np.float32], size: tuple[int, int], within: Rectangle
    ) -> None:
        """Start from what is drawn.

        Args:
            points: float32 (k, 2), points in pixels as dense as the drawing.
            size: Width and height of the picture.
            within: Left, top, right, bottom that no label or line may leave.
        """
        self.width, self.height = size
        self.side = min(size)
        self._within = within
        smooth = smoothed(counts(points, size, _CELLS), 1.0)
        level = float(np.quantile(smooth[smooth > 0], 0.8)) if (smooth > 0).any() else 1.0
        ink = np.minimum(smooth / level, 1.0)
        # A summed-area table: the ink under any box in four look-ups.
        self._sums = np.pad(ink, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
        middle = points.mean(axis=0) if len(points) else np.array([size[0] / 2, size[1] / 2])
        self._middle = (float(middle[0]), float(middle[1]))
        self._boxes: list[Rectangle] = []
        self._leads: list[tuple[Point, Point]] = []
        self._kept: list[Point] = []

    def keep(self, point: Point) -> None:
        """Keep this point free of all boxes except that of its own label."""
        self._kept.append(point)

    def occupy(self, box: Rectangle) -> None:
        """Keep a box free of all labels and lines."""
        self._boxes.append(box)

    def find(
        self,
        anchor: Point,
        radius: float,
        room: tuple[int, int],
        *,
        composite: bool,
        dearest: float,
    ) -> LabelPosition | None:
        """Find the best free position for a box near an anchor, or None, and occupy it.

        Args:
            anchor: Centre of what is named.
            radius: Radius of what is named.
            room: Width and height of the box.
            composite: Whether a part of the picture with several clusters is named; then the box
                goes over it, without a line.
            dearest: The cost that the position must stay below: 0 for one that is free and near,
                2.5 for one over bright clusters.
        """
        boxes, far = self._over(anchor, room) if composite else self._around(anchor, radius, room)
        # The first of those around an anchor is on what it names, if that is large enough.
        first = 0 if composite or radius > room[0] else 1
        over = np.full(len(far), composite)
        over[0] = True
        boxes, far, over = boxes[first:], far[first:], over[first:]
        inside = self._inside(boxes)
        boxes, far, over = boxes[inside], far[inside], over[inside]
        prices = self._prices(boxes, anchor, far)
        if not composite:
            prices = np.where(over, far, prices)
        for place in np.argsort(prices, kind="stable").tolist():
            if not prices[place] < dearest:
                break
            position = _position(boxes[place].tolist(), anchor, over=bool(over[place]))
            if self._free(position, anchor):
                self._boxes.append(position.box)
                if position.lead is not None:
                    self._leads.append(position.lead)
                return position
        return None

    def _over(self, anchor: Point, room: tuple[int, int]) -> tuple[Boxes, Floats]:
        """Boxes around an anchor, nearest first, and how far they are."""
        rings = np.concatenate([[0.0], np.repeat(np.arange(1.0, 8.0), _TURNS)])
        turns = np.concatenate([[[1.0, 0.0]], np.tile(_directions(), (7, 1))])
        middle = (rings * 0.025 * self.side)[:, None] * turns + anchor
        return _boxes(middle - np.array(room) / 2, room), rings / 4

    def _around(self, anchor: Point, radius: float, room: tuple[int, int]) -> tuple[Boxes, Floats]:
        """One box over an anchor, then boxes around it, and how far they are."""
        wide, tall = room
        near = min(radius, 0.1 * self.side) * 0.8 + 0.012 * self.side
        rings = np.repeat(_RINGS, _TURNS)
        turns = np.tile(_directions(), (len(_RINGS), 1))
        ends = anchor + (near + rings * max(0.04 * self.side, tall))[:, None] * turns
        # The side of the box that faces the anchor is at the end of the line.
        corners = ends - np.array(room) * (1 - turns) / 2
        first = np.array(anchor) - np.array(room) / 2
        far = 0.2 if radius > 1.6 * wide else 0.6
        return (
            _boxes(np.concatenate([first[None], corners]), room),
            np.concatenate([[far], rings]),
        )

    def _inside(self, boxes: Boxes) -> npt.NDArray[np.bool_]:
        low_x, low_y, high_x, high_y = self._within
        left, top, right, bottom = boxes.T
        found = (low_x <= left) & (low_y <= top) & (right <= high_x) & (bottom <= high_y)
        return np.asarray(found)

    def _free(self, position: LabelPosition, anchor: Point) -> bool:
        left, top, right, bottom = position.box
        if any(_meet(position.box, other) for other in self._boxes):
            return False
        if any(_crosses(*lead, position.box) for lead in self._leads):
            return False
        if any(left < x < right and top < y < bottom for x, y in self._kept if (x, y) != anchor):
            return False
        if position.lead is None:
            return True
        return not any(_crosses(*position.lead, other) for other in self._boxes) and not any(
            _intersect(position.lead, lead) for lead in self._leads
        )

    def _prices(self, boxes: Boxes, anchor: Point, far: Floats) -> Floats:
        left, top, right, bottom = boxes.T
        x0, x1 = ((x * _CELLS / self.width).astype(np.int64) for x in (left, right))
        y0, y1 = ((y * _CELLS / self.height).astype(np.int64) for y in (top, bottom))
        x1, y1 = np.minimum(x1 + 1, _CELLS), np.minimum(y1 + 1, _CELLS)
        total = self._sums[y1, x1] - self._sums[y0, x1] - self._sums[y1, x0] + self._sums[y0, x0]
        ink = total / np.maximum((x1 - x0) * (y1 - y0), 1)
        # Labels should be on the outer side of what they name, seen from the centre of the drawing.
        out_x, out_y = anchor[0] - self._middle[0], anchor[1] - self._middle[1]
        away_x, away_y = (left + right) / 2 - anchor[0], (top + bottom) / 2 - anchor[1]
        scale = sqrt(out_x * out_x + out_y * out_y) * np.sqrt(away_x * away_x + away_y * away_y)
        along = out_x * away_x + out_y * away_y
        inward = np.where(scale > 0, 1 - along / np.where(scale > 0, scale, 1), 0.0)
        return np.asarray(2.5 * ink + 0.3 * far + 0.15 * inward)


def _boxes(corners: Floats, room: tuple[int, int]) -> Boxes:
    """Boxes of a width and height from their left upper corners, float64 (k, 2)."""
    low = np.rint(corners).astype(np.int64)
    return np.concatenate([low, low + np.array(room)], axis=1)


def _position(box: Sequence[int], anchor: Point, *, over: bool) -> LabelPosition:
    """A box, with the line from it to an anchor unless it lies over what it names."""
    left, top, right, bottom = box
    end = (min(max(anchor[0], left), right), min(max(anchor[1], top), bottom))
    return LabelPosition(box=(left, top, right, bottom), lead=None if over else (end, anchor))


@functools.cache
def _directions() -> Floats:
    angles = 2 * np.pi * np.arange(_TURNS) / _TURNS
    return np.stack([cos(angles), sin(angles)], axis=1)


def _meet(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _crosses(start: Point, end: Point, box: Rectangle) -> bool:
    # Clip the segment to the box (Liang and Barsky, 1984): something is left if they cross.
    enter, leave = 0.0, 1.0
    for axis in (0, 1):
        step = end[axis] - start[axis]
        low, high = box[axis] - start[axis], box[axis + 2] - start[axis]
        if abs(step) < 1e-9:
            if low > 0 or high < 0:
                return False
            continue
        first, last = sorted((low / step, high / step))
        enter, leave = max(enter, first), min(leave, last)
    return enter < leave


def _intersect(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    def side(a: Point, b: Point, c: Point) -> float:
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    (a, b), (c, d) = one, other
    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0

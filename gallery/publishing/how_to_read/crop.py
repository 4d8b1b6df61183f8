"""Pictures of a part of a scan at any magnification, with some edges lit and the rest in grey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gallery.coloring.types import Coloring
from gallery.graph import ComputeGraph
from gallery.placement.types import Layout
from gallery.rendering.growth import grown
from gallery.rendering.scan import render_several
from gallery.rendering.types import Picture, RenderSettings

Indices = npt.NDArray[np.int32]

_GREY = np.array([[150, 158, 170]], np.uint8)
_DIM = 0.34
_PLAIN = RenderSettings(margin=0.0, dot_light=1.0)
_RIM = 12
"""Pixels drawn beyond the picture and cropped, because clipped edges end in a dot there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A square part of a scan.

    Attributes:
        left: Lowest x, in the layout's points.
        bottom: Lowest y.
        side: Side length.
    """

    left: float
    bottom: float
    side: float

    def place(self, point: npt.NDArray[np.float32]) -> tuple[float, float]:
        """Where a point is in a drawing of the window that is 1,000 wide, y down."""
        scale = 1000 / self.side
        x, y = float(point[0]) - self.left, self.bottom + self.side - float(point[1])
        return round(x * scale, 1), round(y * scale, 1)


def around(points: npt.NDArray[np.float32], margin: float) -> Window:
    """The smallest square around points with a margin on each side.

    Args:
        points: float32 (k, 2), at least one.
        margin: As a share of the square's side.
    """
    low, high = points.min(axis=0).astype(float), points.max(axis=0).astype(float)
    side = max(float((high - low).max()), 1e-3) / (1 - 2 * margin)
    left, bottom = ((low + high) / 2 - side / 2).tolist()
    return Window(left=left, bottom=bottom, side=side)


def looks(
    layout: Layout, colorings: Sequence[Coloring], window: Window, size: int
) -> tuple[Picture, ...]:
    """Draw a window of a scan in several colourings.

    Args:
        layout: The scan.
        colorings: Of its vertices.
        window: What to show.
        size: Side of the pictures, in pixels.
    """
    ends = layout.graph.sources, layout.graph.readers()
    return _draw(layout, colorings, ends, window, size)


def lit(
    layout: Layout, coloring: Coloring, edges: npt.NDArray[np.bool_], window: Window, size: int
) -> Picture:
    """Draw a window of a scan, with some edges in their colours and all others in grey.

    Args:
        layout: The scan.
        coloring: Of its vertices.
        edges: bool (m,), the edges in colour.
        window: What to show.
        size: Side of the picture, in pixels.
    """
    sources, readers = layout.graph.sources, layout.graph.readers()
    grey = replace(coloring, index=np.zeros_like(coloring.index), colors=_GREY)
    others = sources[~edges], readers[~edges]
    behind = _draw(layout, [grey], others, window, size, glow=0.0)[0]
    front = _draw(layout, [coloring], (sources[edges], readers[edges]), window, size)[0]
    pixels = np.maximum(front.pixels, (behind.pixels * _DIM).astype(np.uint8))
    return Picture(pixels=pixels)


def _draw(
    layout: Layout,
    colorings: Sequence[Coloring],
    ends: tuple[Indices, Indices],
    window: Window,
    size: int,
    glow: float = 0.6,
) -> tuple[Picture, ...]:
    """Draw edges clipped to the window; their ends become the vertices of a small graph."""
    more = window.side * _RIM / size
    window = Window(
        left=window.left - more, bottom=window.bottom - more, side=window.side + 2 * more
    )
    near = _near(layout.positions, ends, window)
    pairs = np.stack([ends[0][near], ends[1][near]], axis=1)
    points = layout.positions[pairs]
    low, high, inside = _cut(points, window)
    pairs, points = pairs[inside], points[inside]
    span = points[:, 1] - points[:, 0]
    cut = np.stack([points[:, 0] + span * low[inside], points[:, 0] + span * high[inside]], axis=1)
    # Two isolated vertices mark the window's corners, because a picture is fitted to its vertices.
    corner = np.array([window.left, window.bottom], np.float32)
    corners = np.stack([corner, corner + np.float32(window.side)])
    positions = np.concatenate([cut.reshape(-1, 2), corners]).astype(np.float32)
    part = Layout(
        graph=_pairs(len(pairs), layout.graph),
        positions=np.clip(positions, corners[0], corners[1]),
        skeleton=layout.skeleton,
        engine=layout.engine,
    )
    own = np.concatenate([pairs.reshape(-1), np.zeros(2, np.int32)])
    drawn = render_several(
        part,
        [replace(one, index=one.index[own]) for one in colorings],
        size=size + 2 * _RIM,
        # As for the whole scan, not for the few vertices of this part.
        settings=replace(grown(_PLAIN, layout.graph.vertices), glow=glow, grow=False),
    )
    return tuple(Picture(pixels=one.pixels[_RIM:-_RIM, _RIM:-_RIM].copy()) for one in drawn)


def _near(
    positions: npt.NDArray[np.float32], ends: tuple[Indices, Indices], window: Window
) -> npt.NDArray[np.int64]:
    """The edges that are not wholly on one side of the window, as most of them are."""
    sides = np.zeros(len(positions), np.uint8)
    for axis, least in enumerate((window.left, window.bottom)):
        sides |= np.uint8(1 << 2 * axis) * (positions[:, axis] < np.float32(least))
        sides |= np.uint8(2 << 2 * axis) * (positions[:, axis] > np.float32(least + window.side))
    return np.flatnonzero(sides[ends[0]] & sides[ends[1]] == 0)


def _cut(
    points: npt.NDArray[np.float32], window: Window
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Where lines enter and leave the window, as fractions of their length, and which meet it.

    Clipping by Liang and Barsky, A New Concept and Method for Line Clipping, 1984.

    Args:
        points: float32 (m, 2, 2), both ends of each line.
        window: The square.

    Returns:
        float32 (m, 1) twice, bool (m,).
    """
    low, high = np.zeros(len(points), np.float32), np.ones(len(points), np.float32)
    for axis, least in enumerate((window.left, window.bottom)):
        start = points[:, 0, axis] - np.float32(least)
        span = points[:, 1, axis] - points[:, 0, axis]
        span = np.where(np.abs(span) < 1e-6, np.float32(1e-6), span)
        first, second = -start / span, (np.float32(window.side) - start) / span
        low = np.maximum(low, np.minimum(first, second))
        high = np.minimum(high, np.maximum(first, second))
    return low.clip(0, 1)[:, None], high.clip(0, 1)[:, None], high > low


def _pairs(edges: int, graph: ComputeGraph) -> ComputeGraph:
    """A graph of separate edges, each with two vertices of its own, and two isolated vertices."""
    count = 2 * edges + 2
    degree = np.zeros(count, np.int64)
    degree[1 : 2 * edges : 2] = 1
    zeros = np.zeros(count, np.float32)
    return ComputeGraph(
        model=graph.model,
        vertex_operator=np.zeros(count, np.int32),
        vertex_kind=np.zeros(count, np.uint8),
        vertex_pass=np.zeros(count, np.uint8),
        vertex_flops=zeros,
        vertex_bytes=zeros.copy(),
        indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(degree)]),
        sources=np.arange(0, 2 * edges, 2, dtype=np.int32),
        operators=graph.operators[:1],
        layers=graph.layers[:1],
    )

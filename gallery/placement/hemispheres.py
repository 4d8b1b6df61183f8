"""Arranges a training graph as two hemispheres: forward on the left, backward on the right.

The left one is the layout of the forward pass alone, turned so that both together are round. The
right one is its mirror image: what differentiates a vertex lies opposite to it. The loss joins them
in the middle, at x = 0, where the fibres of the outputs gather, and updates lie at the rim of the
right one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from gallery.graph import ComputeGraph, Kind, Pass
from gallery.jit import kernel
from gallery.numerics.elementary import cos, sin
from gallery.placement.fibres import GATHER
from gallery.placement.graph_levels import FloatArray
from gallery.placement.rim import around

DoubleArray = npt.NDArray[np.float64]

_TURNS = 180
"""Turns of the forward pass to try."""

_SAMPLE = 4000
"""Vertices that are enough to measure a turn."""

_SIDES = 64
"""Corners of the polygon outside which points have to be to count for a turn."""

_GAP = 0.02
"""Half of the gap between the hemispheres, in widths of one."""

_ENDS = 0.25
"""How much it counts that the outputs are close to the loss; 1 for as much as roundness."""


def halves(graph: ComputeGraph) -> bool:
    """Whether a graph has the passes that hemispheres show."""
    return graph.gradient_of is not None and bool((graph.vertex_kind == Kind.LOSS).any())


def forward_half(graph: ComputeGraph) -> ComputeGraph:
    """The forward pass of a training graph, without the loss.

    Args:
        graph: A graph for which `halves` holds; its forward vertices come first, then the loss.
    """
    end = _loss(graph)
    levels = []
    vertices = end
    for parents in graph.levels:
        levels.append(parents[:vertices].copy())
        # The parent of the loss follows those of the forward vertices.
        vertices = int(parents[vertices])
    back = graph.back_edges
    if back is not None:
        back = back[(back < end).all(axis=1)]
    edges = int(graph.indptr[end])
    return replace(
        graph,
        vertex_operator=graph.vertex_operator[:end],
        vertex_kind=graph.vertex_kind[:end],
        vertex_pass=graph.vertex_pass[:end],
        vertex_flops=graph.vertex_flops[:end],
        vertex_bytes=graph.vertex_bytes[:end],
        indptr=graph.indptr[: end + 1],
        sources=graph.sources[:edges],
        levels=tuple(levels),
        back_edges=back,
        gradient_of=None,
    )


def hemispheres(graph: ComputeGraph, forward: FloatArray) -> FloatArray:
    """Positions of all vertices of a training graph: float32 (n, 2); the middle line is x = 0.

    Args:
        graph: A graph for which `halves` holds.
        forward: float32 (k, 2), the layout of its forward half.
    """
    assert graph.gradient_of is not None
    end = _loss(graph)
    outputs = graph.sources[graph.indptr[end] : graph.indptr[end + 1]]
    left = _turned(forward.astype(np.float64), outputs)
    positions = np.zeros((graph.vertices, 2))
    positions[:end] = left
    # There, a fibre that ends at the loss arrives at the height of its control points.
    gathered = GATHER / (2 - GATHER)
    positions[end] = 0, gathered * left[outputs, 1].mean() if len(outputs) else 0
    later = np.arange(graph.vertices) > end
    backward = later & (graph.vertex_pass == Pass.BACKWARD)
    positions[later] = left[graph.gradient_of[later]] * (-1, 1)
    _spread_sums(graph.indptr, graph.sources, graph.gradient_of, backward, positions)
    updates = np.flatnonzero(graph.vertex_pass == Pass.UPDATE)
    positions[updates] = around(positions[backward], positions[updates])
    return positions.astype(np.float32)


def _loss(graph: ComputeGraph) -> int:
    return int(np.argmax(graph.vertex_kind == Kind.LOSS))


def _turned(forward: DoubleArray, outputs: npt.NDArray[np.int32]) -> DoubleArray:
    """The forward pass left of the middle line, turned so that it and its mirror image are round.

    Of all turns, the best has the smallest circle around both, with the outputs close to the loss.
    """
    sample = forward[:: max(len(forward) // _SAMPLE, 1)]
    ends = forward[outputs].mean(axis=0) if len(outputs) else forward.mean(axis=0)
    best, least = 0, np.inf
    for number, cost in enumerate(_costs(_outer(sample), ends).tolist()):
        if cost < least * (1 - 1e-9):
            best, least = number, cost
    across, up = _rotated(forward, _angle(best))
    inner, middle = _beside(across, up)
    return np.stack([across - inner, up - middle], axis=1)


def _costs(points: DoubleArray, ends: DoubleArray) -> DoubleArray:
    """What each turn costs: float64 (turns,); `ends` is the middle of the outputs, (2,)."""
    turns = _angle(np.arange(_TURNS)[:, None])
    across, up = _rotated(points, turns)
    inner, middle = _beside(across, up)
    across, up = across - inner[:, None], up - middle[:, None]
    radius = np.sqrt(across * across + up * up).max(axis=1)
    (x, y), (first, above) = _rotated(ends[None], turns), _rotated(points[:1], turns)
    x, y = x + (across[:, :1] - first), y + (up[:, :1] - above)
    return np.asarray(radius + _ENDS * np.sqrt(x * x + y * y)[:, 0])


def _outer(points: DoubleArray) -> DoubleArray:
    """The first point, and those that some turn may bring to a border: float64 (k, 2).

    All others are within a polygon of some of these.
    """
    angle = 2 * np.pi * np.arange(_SIDES) / _SIDES
    x, y = points[:, :1], points[:, 1:]
    corners = points[(x * cos(angle) + y * sin(angle)).argmax(axis=0)]
    across, up = (np.roll(corners, -1, axis=0) - corners).T
    left = across * (y - corners[:, 1]) - up * (x - corners[:, 0]) > 0
    within = (left | ((across == 0) & (up == 0))).all(axis=1)
    within[0] = False
    return np.asarray(points[~within])


def _angle(number: int | npt.NDArray[np.int64]) -> DoubleArray:
    """The angles of turns in radians."""
    return np.asarray(2 * np.pi * number / _TURNS)


def _rotated(points: DoubleArray, angle: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """The x and the y of points, turned clockwise by angles with which they broadcast."""
    # By hand: products of matrices by a library are not the same on all processors.
    along, across = cos(angle), sin(angle)
    x, y = points[:, 0], points[:, 1]
    return np.asarray(along * x + across * y), np.asarray(along * y - across * x)


def _beside(across: DoubleArray, up: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """How far to move points left of the middle line, and down to centre them along it.

    By the smallest and the largest along the last axis.
    """
    right, top = across.max(axis=-1), up.max(axis=-1)
    inner = right + np.maximum(_GAP * (right - across.min(axis=-1)), 1e-3)
    return inner, np.asarray((up.min(axis=-1) + top) / 2)


@kernel
def _spread_sums(indptr, sources, gradient_of, backward, positions):  # type: ignore[no-untyped-def]
    """Move what only sums gradients, INOUT positions, between the gradients and their sum.

    The sums of a vertex come right before its gradient, and each reads earlier ones only.
    """
    for v in range(len(backward) - 1):
        if not backward[v] or not backward[v + 1] or gradient_of[v] != gradient_of[v + 1]:
            continue
        x, y, count = 0.0, 0.0, 0
        for e in range(indptr[v], indptr[v + 1]):
            if backward[sources[e]]:
                x += positions[sources[e], 0]
                y += positions[sources[e], 1]
                count += 1
        if count:
            positions[v, 0] = (positions[v, 0] + x / count) / 2
            positions[v, 1] = (positions[v, 1] + y / count) / 2

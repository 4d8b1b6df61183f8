"""How far each vertex reads: so that a search for long edges looks at few vertices."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numba
import numpy as np
import numpy.typing as npt

from gallery.jit import inner_kernel, parallel_kernel
from gallery.rendering.raster.tiles import CHUNKS

Points = npt.NDArray[np.float32]
Pointers = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int32]
Bounds = npt.NDArray[np.uint16]

_ROOM = np.float32(1.01)
"""What is rounded where points become pixels is far less than this."""
_HALF = np.uint32(16)
"""Bits of a float32 that are left out."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spans:
    """Bounds of the lengths of edges.

    Attributes:
        bounds: uint16 (n,), upper half of a float32: no edge that vertex v reads is longer.
        longest: Length of the longest edge; 0 if there are none.
        unit: Pixels of one unit of both.
    """

    bounds: Bounds
    longest: float
    unit: float = 1.0

    def scaled(self, unit: float) -> Spans:
        """For points that lie so many times as far apart."""
        return replace(self, unit=self.unit * unit)

    def least(self, length: float) -> np.uint16:
        """The least bound of a vertex that may read an edge longer than so many pixels."""
        return np.uint16(np.float32(length / self.unit).view(np.uint32) >> _HALF)


def spans_of(indptr: Pointers, sources: Indices, points: Points) -> Spans:
    """The bounds for points.

    Args:
        indptr: int64 (n + 1,), vertex v reads `sources[indptr[v]:indptr[v + 1]]`.
        sources: int32 (m,).
        points: float32 (n, 2).
    """
    shares = np.linspace(0, indptr[-1], CHUNKS + 1).astype(np.int64)
    parts = np.searchsorted(indptr, shares).astype(np.int64)
    parts[0], parts[-1] = 0, len(points)
    bounds, longest = np.empty(len(points), np.uint16), np.zeros(CHUNKS, np.float32)
    _measure(parts, indptr, sources, points, bounds, longest)
    return Spans(bounds=bounds, longest=float(np.sqrt(longest.max())))


@parallel_kernel
def _measure(
    parts: Pointers,
    indptr: Pointers,
    sources: Indices,
    points: Points,
    bounds: Bounds,
    longest: Points,
) -> None:
    # IN parts (c + 1,); OUT bounds (n,), longest (c,), squared.
    for part in numba.prange(len(parts) - 1):
        most = np.float32(0)
        for v in range(parts[part], parts[part + 1]):
            square = _farthest(indptr, sources, points, v)
            most = max(most, square)
            bits = np.float32(np.sqrt(square) * _ROOM).view(np.uint32)
            bounds[v] = np.uint16((bits >> _HALF) + np.uint32(1))
        longest[part] = most


@inner_kernel
def _farthest(indptr: Pointers, sources: Indices, points: Points, v: int) -> np.float32:
    # The square of the distance of the farthest source. (To count who holds a slice of an array
    # would take as long as the rest.)
    x, y = points[v, 0], points[v, 1]
    most = np.float32(0)
    for e in range(indptr[v], indptr[v + 1]):
        a = sources[e]
        dx, dy = points[a, 0] - x, points[a, 1] - y
        most = max(most, dx * dx + dy * dy)
    return most

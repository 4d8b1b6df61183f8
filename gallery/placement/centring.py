"""Moves a drawing so that the middle of its bounding box is the origin."""

from __future__ import annotations

import numpy as np
from numba import prange

from gallery.jit import parallel_kernel
from gallery.placement.graph_levels import FloatArray

_CHUNKS = 8


def centre(positions: FloatArray) -> None:
    """Centre positions, float32 (n, 2) of at least one vertex, in place."""
    boxes = np.empty((_CHUNKS, 4), np.float32)
    _boxes(positions, boxes)
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    _move(positions, (low + high) / 2)


@parallel_kernel
def _boxes(positions, out):  # type: ignore[no-untyped-def]
    """Smallest and largest coordinates of parts of the vertices, (chunks, 4) OUT."""
    n, chunks = len(positions), len(out)
    for chunk in prange(chunks):
        left = right = positions[0, 0]
        low = high = positions[0, 1]
        for v in range(n * chunk // chunks, n * (chunk + 1) // chunks):
            x, y = positions[v, 0], positions[v, 1]
            left, right = min(left, x), max(right, x)
            low, high = min(low, y), max(high, y)
        out[chunk, 0], out[chunk, 1], out[chunk, 2], out[chunk, 3] = left, low, right, high


@parallel_kernel
def _move(positions, middle):  # type: ignore[no-untyped-def]
    for v in prange(len(positions)):
        positions[v, 0] -= middle[0]
        positions[v, 1] -= middle[1]

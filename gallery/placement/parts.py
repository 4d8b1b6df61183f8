"""The unconnected parts of a graph."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def parts_of(vertices: int, edges: npt.NDArray[np.integer]) -> npt.NDArray[np.int32]:
    """The part of each vertex: int32 (vertices,), numbered in the order of their first vertices.

    Every part is a tree below its first vertex in the end: the root of a tree is put below that of
    each earlier tree to which an edge leads, until there is none.

    Args:
        vertices: Number of vertices.
        edges: Whole numbers (k, 2), in any order and direction.
    """
    root = np.arange(vertices)
    while True:
        ends = root[edges]
        low, high = ends.min(axis=1), ends.max(axis=1)
        if np.array_equal(low, high):
            return np.unique(root, return_inverse=True)[1].astype(np.int32)
        np.minimum.at(root, high, low)
        while not np.array_equal(root, above := root[root]):
            root = above

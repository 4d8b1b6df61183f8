"""Exchange: what the vertices of one tile send to other tiles."""

from __future__ import annotations

import numpy as np

from gallery.graph import ComputeGraph, FloatArray
from gallery.jit import kernel


def exchange_bytes(graph: ComputeGraph) -> FloatArray:
    """Bytes that each vertex sends to other tiles: float32 (n,).

    What a vertex writes is sent once to each other tile that has a reader of it. All zeros if the
    graph has no tiles.
    """
    if graph.tiles is None:
        return np.zeros(graph.vertices, np.float32)
    sent: FloatArray = graph.vertex_bytes * _tiles_reached(graph.indptr, graph.sources, graph.tiles)
    return sent


@kernel
def _tiles_reached(indptr, sources, tiles):  # type: ignore[no-untyped-def]
    """Number of other tiles that read each vertex: float32 (n,).

    Tiles are contiguous runs of vertices, so the readers of a vertex come tile by tile.

    Args:
        indptr: int64 (n + 1,), see `ComputeGraph`.
        sources: int32 (m,).
        tiles: int32 (n,), ascending.
    """
    reached = np.zeros(len(tiles), np.float32)
    last = tiles.copy()
    for reader in range(len(tiles)):
        tile = tiles[reader]
        for e in range(indptr[reader], indptr[reader + 1]):
            if tile != last[sources[e]]:
                last[sources[e]] = tile
                reached[sources[e]] += 1
    return reached

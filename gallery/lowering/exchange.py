"""Exchange: what the vertices of one tile send to other tiles."""

from __future__ import annotations

import numpy as np

from gallery.jit import kernel


@kernel
def tiles_reached(indptr, sources, tiles):  # type: ignore[no-untyped-def]
    """Tiles other than its own that read each vertex: float32 (n,).

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

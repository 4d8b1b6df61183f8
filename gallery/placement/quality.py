"""Measures of the quality of a drawing, from the literature on graph drawing.

All are invariant under translation and scaling, and all but `cover` under rotation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import prange
from scipy.spatial import cKDTree

from gallery.graph import ComputeGraph
from gallery.jit import kernel, parallel_kernel
from gallery.placement.distances import search
from gallery.placement.graph_levels import FloatArray, IntArray, undirected
from gallery.placement.types import Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Measures of one drawing.

    Attributes:
        stress: See `stress`; 0 is best.
        neighbourhood: See `neighbourhood_preservation`; 1 is best.
        edge_variation: See `edge_length_variation`; 0 is best.
        cover: See `cover`; 1 fills the square.
        separation: See `layer_separation`; 1 is best.
    """

    stress: float
    neighbourhood: float
    edge_variation: float
    cover: float
    separation: float


def quality(layout: Layout, *, samples: int = 32, seed: int = 1) -> Quality:
    """All measures of a layout.

    Args:
        layout: What to measure.
        samples: Number of sampled sources of shortest paths.
        seed: Seed of the samples.
    """
    graph, positions = layout.graph, layout.positions
    random = np.random.default_rng(seed)
    neighbours = undirected(graph.indptr, graph.sources)
    return Quality(
        stress=stress(*neighbours, positions, random, samples),
        neighbourhood=neighbourhood_preservation(*neighbours, positions, random),
        edge_variation=edge_length_variation(graph, positions),
        cover=cover(graph, positions),
        separation=layer_separation(positions, graph.vertex_layer(), random),
    )


def stress(
    indptr: npt.NDArray[np.int64],
    neighbours: IntArray,
    positions: FloatArray,
    random: np.random.Generator,
    samples: int = 32,
) -> float:
    """Normalised stress over the shortest paths from sampled sources, after the best scaling.

    The mean of ((s |p_i - p_j| - d_ij) / d_ij)² over connected pairs, where d_ij is the number of
    edges of the shortest path and s the scale that minimises it (Gansner, Koren, North, Graph
    drawing by stress majorization, 2004, https://doi.org/10.1007/978-3-540-31843-9_25; scaling as
    in Welch and Kobourov, 2017, https://doi.org/10.1111/cgf.13150).

    Args:
        indptr: int64 (n + 1,).
        neighbours: int32 (2 m,), both directions of each edge.
        positions: float32 (n, 2).
        random: Picks the sources.
        samples: Number of sources.
    """
    n = len(indptr) - 1
    if n < 2 or not len(neighbours):
        return 0.0
    sources = random.choice(n, min(samples, n), replace=False)
    sums = _stress_sums(indptr, neighbours, positions, sources.astype(np.int64)).sum(axis=0)
    ratio, square, count = sums
    if not square:
        return 1.0
    # With t = |p| / d, the mean of (s t - 1)² is smallest at s = sum t / sum t².
    return float(1 - ratio * ratio / square / count)


def neighbourhood_preservation(
    indptr: npt.NDArray[np.int64],
    neighbours: IntArray,
    positions: FloatArray,
    random: np.random.Generator,
    samples: int = 2000,
) -> float:
    """How well neighbours in the graph are nearest neighbours in the drawing, on average.

    The Jaccard index of the set of a vertex's neighbours and the set of as many nearest vertices,
    as in Kruiger et al., Graph layouts by t-SNE, 2017, https://doi.org/10.1111/cgf.13187, with
    neighbours at a distance of one edge.

    Args:
        indptr: int64 (n + 1,).
        neighbours: int32 (2 m,), both directions of each edge.
        positions: float32 (n, 2).
        random: Picks the vertices.
        samples: Number of vertices to sample.
    """
    joined = np.flatnonzero(np.diff(indptr))
    if not len(joined):
        return 1.0
    tree = cKDTree(positions)
    chosen = np.sort(random.choice(joined, min(samples, len(joined)), replace=False))
    total = 0.0
    for vertex in chosen:
        true = neighbours[indptr[vertex] : indptr[vertex + 1]]
        _, near = tree.query(positions[vertex], k=min(len(true) + 1, len(positions)))
        near = np.setdiff1d(near, [vertex])[: len(true)]
        common = len(np.intersect1d(true, near))
        total += common / (2 * len(true) - common)
    return total / len(chosen)


def edge_length_variation(graph: ComputeGraph, positions: FloatArray) -> float:
    """Standard deviation of the edge lengths over their mean.

    Taylor and Rodgers, Applying graphical design techniques to graph visualisation, 2005,
    https://doi.org/10.1109/IV.2005.19.
    """
    if not graph.edges:
        return 0.0
    count, total, square = _length_sums(graph.indptr, graph.sources, positions).sum(axis=0)
    mean = total / count
    return float(np.sqrt(max(square / count - mean * mean, 0)) / mean) if mean else 0.0


def cover(graph: ComputeGraph, positions: FloatArray, cells: int = 64) -> float:
    """The share of cells of the bounding square with a vertex or the middle of an edge.

    Args:
        graph: The graph.
        positions: float32 (n, 2).
        cells: Cells along a side of the square.
    """
    if not len(positions):
        return 0.0
    low, high = positions.min(axis=0), positions.max(axis=0)
    side = float((high - low).max()) or 1.0
    places = (positions - (low + high) / 2) / side + 0.5
    filled = np.zeros((cells, cells), np.bool_)
    _fill_cells(graph.indptr, graph.sources, places.astype(np.float32), filled)
    return float(filled.mean())


def layer_separation(
    positions: FloatArray, group: IntArray, random: np.random.Generator, samples: int = 20_000
) -> float:
    """How separate the layers are: the mean share of the 8 nearest vertices in the same layer.

    The k-nearest-neighbour hit of projections (Paulovich et al., Least square projection, 2008,
    https://doi.org/10.1109/TVCG.2007.70443).

    Args:
        positions: float32 (n, 2).
        group: int32 (n,), the layer of each vertex.
        random: Picks the vertices.
        samples: Number of vertices to sample.
    """
    n = len(positions)
    if n < 2:
        return 1.0
    chosen = np.sort(random.choice(n, min(samples, n), replace=False))
    _, near = cKDTree(positions).query(positions[chosen], k=min(9, n))
    other = near != chosen[:, None]
    same = (group[near] == group[chosen][:, None]) & other
    return float(same.sum() / other.sum())


@parallel_kernel
def _stress_sums(indptr, neighbours, positions, sources):  # type: ignore[no-untyped-def]
    sums = np.zeros((len(sources), 3), np.float64)
    n = len(indptr) - 1
    for number in prange(len(sources)):
        distance, queue = np.empty(n, np.int32), np.empty(n, np.int32)
        source = sources[number]
        found = search(indptr, neighbours, source, distance, queue)
        for k in range(1, found):
            v = queue[k]
            dx = np.float64(positions[v, 0]) - positions[source, 0]
            dy = np.float64(positions[v, 1]) - positions[source, 1]
            length = np.sqrt(dx * dx + dy * dy) / distance[v]
            sums[number, 0] += length
            sums[number, 1] += length * length
            sums[number, 2] += 1
    return sums


@parallel_kernel
def _length_sums(indptr, sources, positions):  # type: ignore[no-untyped-def]
    n = len(indptr) - 1
    parts = 64
    sums = np.zeros((parts, 3), np.float64)
    for part in prange(parts):
        for v in range(n * part // parts, n * (part + 1) // parts):
            for e in range(indptr[v], indptr[v + 1]):
                dx = np.float64(positions[sources[e], 0]) - positions[v, 0]
                dy = np.float64(positions[sources[e], 1]) - positions[v, 1]
                square = dx * dx + dy * dy
                sums[part, 0] += 1
                sums[part, 1] += np.sqrt(square)
                sums[part, 2] += square
    return sums


@kernel
def _fill_cells(indptr, sources, places, filled):  # type: ignore[no-untyped-def]
    cells = len(filled)
    for v in range(len(indptr) - 1):
        x, y = places[v, 0] * cells, places[v, 1] * cells
        filled[min(int(y), cells - 1), min(int(x), cells - 1)] = True
        for e in range(indptr[v], indptr[v + 1]):
            u = sources[e]
            mx = (x + places[u, 0] * cells) / 2
            my = (y + places[u, 1] * cells) / 2
            filled[min(int(my), cells - 1), min(int(mx), cells - 1)] = True

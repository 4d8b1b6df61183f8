"""Which vertices and edges the viewer shows where a graph is larger than its budget.

Vertices are taken evenly along their order, each from its own stretch of it (stratified sampling,
Cochran, Sampling Techniques, 1977, chapter 5), so that every layer keeps its share of the whole;
the first vertex of each run of one operator, pass and kind is always there. Each vertex that is
left out is stood for by the one before it in its run. Edges are taken in the same way and led to
the vertices that stand for their ends: the density of the light stays that of the whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.graph import ComputeGraph
from gallery.model import freeze

_SEED = 6
_MORE = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """The part of a graph that is shown.

    Attributes:
        vertices: int32 (k,), numbers in the graph, ascending.
        sources: int32 (e,), positions in `vertices`.
        readers: int32 (e,), positions in `vertices`, ascending; for equal readers the sources
            ascend, and no pair is there twice.
    """

    vertices: npt.NDArray[np.int32]
    sources: npt.NDArray[np.int32]
    readers: npt.NDArray[np.int32]

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for array in (self.vertices, self.sources, self.readers):
            freeze(array)


def sample(graph: ComputeGraph, *, vertices: int, edges: int) -> Sample:
    """The vertices and edges to show, at most so many of each; all of them where they are few."""
    rng = np.random.default_rng(_SEED)
    kept = _vertices(graph, vertices, rng)
    pairs = _pairs(graph, kept, edges, rng)
    if len(kept) < graph.vertices and len(pairs) < edges < graph.edges:
        # Edges within one stand-in's stretch are lost; as many more are taken in their place.
        wanted = min(graph.edges, edges * edges // max(1, len(pairs)), _MORE * edges)
        pairs = _pairs(graph, kept, wanted, rng)
    if len(pairs) > edges:
        pairs = pairs[_stratified(len(pairs), edges, rng)]
    return Sample(
        vertices=kept.astype(np.int32),
        sources=(pairs % max(1, len(kept))).astype(np.int32),
        readers=(pairs // max(1, len(kept))).astype(np.int32),
    )


def _pairs(
    graph: ComputeGraph, kept: npt.NDArray[np.int64], edges: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Of `edges` edges those between different kept vertices: reader * len(kept) + source."""
    picked = _stratified(graph.edges, edges, rng)
    readers = np.searchsorted(graph.indptr, picked, "right").astype(np.int64) - 1
    sources = graph.sources[picked].astype(np.int64)
    if graph.back_edges is not None and len(graph.back_edges):
        back = graph.back_edges[:edges].astype(np.int64)
        readers = np.concatenate([readers, back[:, 0]])
        sources = np.concatenate([sources, back[:, 1]])
    if len(kept) < graph.vertices:
        sources, same_source = _stand_in(graph, kept, sources)
        readers, same_reader = _stand_in(graph, kept, readers)
        true = same_source & same_reader & (sources != readers)
        sources, readers = sources[true], readers[true]
    return _distinct(readers * max(1, len(kept)) + sources)


def _distinct(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The values ascending, each once; numpy's own `unique` hashes and took six times as long."""
    ordered = np.sort(values)
    new = np.ones(len(ordered), bool)
    new[1:] = ordered[1:] != ordered[:-1]
    return ordered[new]


def _stratified(total: int, budget: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """`budget` of the numbers 0..total-1, one from each of as many stretches, ascending."""
    if total <= budget:
        return np.arange(total, dtype=np.int64)
    place = (np.arange(budget) + rng.random(budget)) * (total / budget)
    return _distinct(np.minimum(place.astype(np.int64), total - 1))


def _vertices(graph: ComputeGraph, budget: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Numbers of the vertices that are shown: int64, ascending."""
    if graph.vertices <= budget:
        return np.arange(graph.vertices, dtype=np.int64)
    change = np.ones(graph.vertices, bool)
    change[1:] = graph.vertex_operator[1:] != graph.vertex_operator[:-1]
    change[1:] |= graph.vertex_kind[1:] != graph.vertex_kind[:-1]
    change[1:] |= graph.vertex_pass[1:] != graph.vertex_pass[:-1]
    first = np.flatnonzero(change)
    if len(first) > budget // 2:
        return _stratified(graph.vertices, budget, rng)
    rest = _stratified(graph.vertices, budget - len(first), rng)
    return _distinct(np.concatenate([first, rest]))


def _stand_in(
    graph: ComputeGraph, kept: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Position in `kept` of what stands for each end, and whether it is of the same operator."""
    place = np.maximum(np.searchsorted(kept, ends, "right") - 1, 0)
    proxy = kept[place]
    same = graph.vertex_operator[proxy] == graph.vertex_operator[ends]
    return place.astype(np.int64), same & (graph.vertex_pass[proxy] == graph.vertex_pass[ends])

"""Which vertices and edges the viewer shows if a graph is larger than its budget.

Vertices are taken evenly along their order, one from each stratum (stratified sampling, Cochran,
Sampling Techniques, 1977, chapter 5), so that every layer keeps its share of the whole; the first
vertex of each run of one operator, pass and kind is always included. Each vertex that is left out
is represented by the nearest shown one of the same operator, pass and kind. Edges are also taken
evenly and redirected to the representatives of their ends, so that density and texture of the
light stay those of the whole graph. (With the previous vertex in the order as representative,
fibres turned into fur, as neighbours in the order may be far apart in the picture.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from gallery.graph import ComputeGraph, Kind, Pass
from gallery.model import freeze
from gallery.placement.types import Layout

_SEED = 6
_MORE = 4
_APART = 8
"""Distance between kinds of vertices in the nearest-neighbour search, in sides of the layout."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """The part of a graph that is shown.

    Attributes:
        vertices: int32 (k,), numbers in the graph, ascending.
        sources: int32 (e,), positions in `vertices`.
        readers: int32 (e,), positions in `vertices`, ascending; for equal readers the sources
            ascend, and no pair occurs twice.
    """

    vertices: npt.NDArray[np.int32]
    sources: npt.NDArray[np.int32]
    readers: npt.NDArray[np.int32]

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for array in (self.vertices, self.sources, self.readers):
            freeze(array)


def sample(layout: Layout, *, vertices: int, edges: int) -> Sample:
    """The vertices and edges to show, within a budget of each; all of them if they fit."""
    graph = layout.graph
    rng = np.random.default_rng(_SEED)
    kept = _vertices(graph, vertices, rng)
    ends = _Ends(layout, kept)
    pairs = _pairs(ends, edges, rng)
    if len(kept) < graph.vertices and len(pairs) < edges < graph.edges:
        # Edges between vertices with the same representative are lost: take as many others.
        wanted = min(graph.edges, edges * edges // max(1, len(pairs)), _MORE * edges)
        pairs = _pairs(ends, wanted, rng)
    if len(pairs) > edges:
        pairs = pairs[_stratified(len(pairs), edges, rng)]
    return Sample(
        vertices=kept.astype(np.int32),
        sources=(pairs % max(1, len(kept))).astype(np.int32),
        readers=(pairs // max(1, len(kept))).astype(np.int32),
    )


class _Ends:
    """The representative of each vertex among those that are kept."""

    def __init__(self, layout: Layout, kept: npt.NDArray[np.int64]) -> None:
        self.graph = layout.graph
        self.kept = kept
        self.whole = len(kept) == self.graph.vertices
        if not self.whole:
            self._places = _kinds_apart(layout)
            self._tree = cKDTree(self._places[kept])

    def __call__(self, vertices: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Position in `kept` of each vertex's representative, or -1 if its kind has none."""
        if self.whole:
            return vertices
        each, back = np.unique(vertices, return_inverse=True)
        far, nearest = self._tree.query(self._places[each], distance_upper_bound=_APART / 2)
        return np.where(np.isfinite(far), nearest, -1)[back].astype(np.int64)


def _kinds_apart(layout: Layout) -> npt.NDArray[np.float64]:
    """Positions with a third coordinate that separates operators, passes and kinds: (n, 3)."""
    graph, positions = layout.graph, layout.positions
    low = positions.min(axis=0)
    side = float((positions.max(axis=0) - low).max()) or 1.0
    work = graph.vertex_operator.astype(np.float64) * len(Pass) + graph.vertex_pass
    kind = work * len(Kind) + graph.vertex_kind
    return np.column_stack([(positions - low) / side, kind * _APART])


def _pairs(ends: _Ends, edges: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Of a sample of edges, those between different kept vertices: reader * len(kept) + source."""
    graph = ends.graph
    picked = _stratified(graph.edges, edges, rng)
    readers = np.searchsorted(graph.indptr, picked, "right").astype(np.int64) - 1
    sources = graph.sources[picked].astype(np.int64)
    if graph.back_edges is not None and len(graph.back_edges):
        back = graph.back_edges[:edges].astype(np.int64)
        readers = np.concatenate([readers, back[:, 0]])
        sources = np.concatenate([sources, back[:, 1]])
    readers, sources = ends(readers), ends(sources)
    if not ends.whole:
        true = (readers >= 0) & (sources >= 0) & (readers != sources)
        readers, sources = readers[true], sources[true]
    return _distinct(readers * max(1, len(ends.kept)) + sources)


def _distinct(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The distinct values, ascending; `np.unique` uses hashing and takes six times as long."""
    ordered = np.sort(values)
    new = np.ones(len(ordered), bool)
    new[1:] = ordered[1:] != ordered[:-1]
    return ordered[new]


def _stratified(total: int, budget: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """`budget` of the numbers 0..total-1, one from each of as many strata, ascending."""
    if total <= budget:
        return np.arange(total, dtype=np.int64)
    if 2 * budget > total:
        # Strata shorter than two would often give a number twice; sampling what to omit does not.
        kept = np.ones(total, bool)
        kept[_stratified(total, total - budget, rng)] = False
        return np.flatnonzero(kept)
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

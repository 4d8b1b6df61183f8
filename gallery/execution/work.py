"""How long vertices keep a tile busy, by the roofline model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gallery.execution.types import Times
from gallery.graph import ComputeGraph, Kind
from gallery.jit import kernel
from gallery.targets import Target


def reading(graph: ComputeGraph) -> npt.NDArray[np.float64]:
    """Which part of each block that it reads a vertex needs: float64 (n,), above 0 and at most 1.

    That of its set, and of a gradient, that of the vertex that it differentiates. A vertex without
    arithmetic only moves data, so it needs no more than it writes, however large the blocks that it
    reads, such as the tables of embeddings. The same holds for the loss, whose terms are summed
    where the outputs are.
    """
    part = np.ones(graph.vertices)
    for one in graph.sets:
        if one.reads != 1.0:
            part[one.index()] = one.reads
    if graph.gradient_of is not None:
        gradients = np.flatnonzero(graph.vertex_kind == Kind.GRADIENT)
        part[gradients] = part[graph.gradient_of[gradients]]
    moves = (graph.vertex_flops == 0) | (graph.vertex_kind == Kind.LOSS)
    _limit(graph.indptr, graph.sources, moves, graph.vertex_bytes, part)
    return part


def work_of(
    graph: ComputeGraph, target: Target, part: npt.NDArray[np.float64]
) -> tuple[Times, Times]:
    """Seconds that each vertex keeps a tile busy, and bytes that it reads and writes.

    A tile has its share of the processor's rates. A vertex takes as long as its arithmetic or as
    moving what it reads and writes, whichever takes longer (Williams, Waterman, Patterson:
    Roofline, CACM 52(4), 2009); the workers of a tile share its vertices.

    Args:
        graph: The graph.
        target: The processor.
        part: float64 (n,), from `reading`.

    Returns:
        float64 (n,) each; zeros for inputs and parameters.
    """
    matrix = np.array([operator.contracts for operator in graph.operators], bool)
    rates = np.where(matrix, target.flops, target.vector_flops) / target.tiles
    arrays = (graph.indptr, graph.sources, graph.vertex_operator, graph.vertex_kind)
    values = (graph.vertex_flops, graph.vertex_bytes)
    seconds, moved = _work(*arrays, *values, part, rates, target.bandwidth / target.tiles)
    return seconds, moved


@kernel
def _limit(indptr, sources, moves, size, part):  # type: ignore[no-untyped-def]
    """Let what only moves data read no more than it writes (IN, OUT: part)."""
    for v in range(len(moves)):
        if moves[v] and indptr[v + 1] > indptr[v]:
            read = 0.0
            for e in range(indptr[v], indptr[v + 1]):
                read += np.float64(size[sources[e]])
            part[v] = min(part[v], max(np.float64(size[v]), 1.0) / max(read, 1.0))


@kernel
def _work(indptr, sources, operator, kind, flops, size, part, rates, bandwidth):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    seconds, moved = np.zeros(len(flops)), np.zeros(len(flops))
    for v in range(len(flops)):
        if kind[v] <= 1:
            continue
        read = 0.0
        for e in range(indptr[v], indptr[v + 1]):
            read += np.float64(size[sources[e]])
        moved[v] = read * part[v] + size[v]
        seconds[v] = max(flops[v] / rates[operator[v]], moved[v] / bandwidth)
    return seconds, moved

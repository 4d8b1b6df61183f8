"""What is in memory in each step: a block lives from the step that makes it to its last reader."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gallery.execution.results import Held
from gallery.execution.types import Times
from gallery.graph import ComputeGraph, IntArray, Kind, Pass
from gallery.jit import kernel


def last_readers(graph: ComputeGraph, step: IntArray, steps: int) -> IntArray:
    """The last step that needs each vertex's result: int32 (n,).

    Parameters, and results that nothing reads, which are the model's outputs, are kept to the end.
    """
    kept = (graph.vertex_kind == Kind.PARAMETER) & (steps > 0)
    last: IntArray = _last(graph.indptr, graph.sources, step, kept, steps)
    updates = graph.vertex_kind == Kind.UPDATE
    last[updates] = step[updates]
    return last


def kinds_of(graph: ComputeGraph, step: IntArray, last: IntArray) -> npt.NDArray[np.uint8]:
    """Why each vertex's result is held: uint8 (n,), a `Held`.

    Results of the forward pass that a later pass reads are kept for it.
    """
    forward = graph.vertex_pass == Pass.FORWARD
    held = np.where(forward, Held.ACTIVATIONS, Held.GRADIENTS).astype(np.uint8)
    later = np.flatnonzero(~forward)
    if len(later):
        held[forward & (last >= step[later].min())] = Held.KEPT
    held[graph.vertex_kind == Kind.INPUT] = Held.INPUTS
    held[graph.vertex_kind == Kind.PARAMETER] = Held.PARAMETERS
    held[_gradients(graph)] = Held.PARAMETER_GRADIENTS
    return held


def over_time(
    size: Times, kind: npt.NDArray[np.uint8], step: IntArray, last: IntArray, steps: int
) -> Times:
    """Bytes of each kind in each step: float64 (steps, len(Held)).

    Parameters are there from the start.
    """
    memory: Times = _over_time(size, kind, step, last, steps, len(Held))
    return memory


def _gradients(graph: ComputeGraph) -> IntArray:
    """The vertices that make the gradients of parameters: int32 (k,)."""
    if graph.gradient_of is None:
        return np.zeros(0, np.int32)
    of = graph.gradient_of
    mine = (graph.vertex_kind == Kind.GRADIENT) & (of >= 0)
    mine &= graph.vertex_kind[np.maximum(of, 0)] == Kind.PARAMETER
    return np.flatnonzero(mine).astype(np.int32)


@kernel
def _last(indptr, sources, step, kept, steps):  # type: ignore[no-untyped-def]
    last = np.full(len(step), -1, np.int32)
    for v in range(len(step)):
        for e in range(indptr[v], indptr[v + 1]):
            u = sources[e]
            last[u] = max(last[u], step[v])
    for v in range(len(step)):
        if kept[v] or last[v] < 0:
            last[v] = steps - 1
    return last


@kernel
def _over_time(size, kind, step, last, steps, kinds):  # type: ignore[no-untyped-def]
    change = np.zeros((steps + 1, kinds))
    for v in range(len(step)):
        begin = 0 if kind[v] == 0 else step[v]
        change[begin, kind[v]] += size[v]
        change[last[v] + 1, kind[v]] -= size[v]
    for s in range(1, steps):
        for k in range(kinds):
            change[s, k] += change[s - 1, k]
    return np.maximum(change[:steps], 0.0)


@kernel
def most_by_tile(size, kind, step, last, tile, order, begins, arriving, extra, tiles):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    """Most bytes in each tile's memory at any step: float64 (tiles,).

    Args:
        size: float64 (n,), bytes of each block.
        kind: uint8 (n,), a `Held`.
        step: int32 (n,), step of each vertex.
        last: int32 (n,), last step that needs it.
        tile: int32 (n,).
        order: int32 (k,), the vertices that compute, by step and within it tile by tile.
        begins: int32 (steps + 1,), where each step begins in `order`.
        arriving: float64 (k,), bytes that the tile of a vertex receives before it starts.
        extra: Copies of each parameter that are held beside it, such as the optimiser's.
        tiles: Number of tiles.
    """
    steps = len(begins) - 1
    load, most = np.zeros(tiles), np.zeros(tiles)
    starts, ends = np.zeros(steps + 2, np.int64), np.zeros(steps + 2, np.int64)
    for v in range(len(step)):
        begin = 0 if kind[v] == 0 else step[v]
        starts[begin + 1] += 1
        ends[last[v] + 1] += 1
    for s in range(steps + 1):
        starts[s + 1] += starts[s]
        ends[s + 1] += ends[s]
    born, dead = np.empty(len(step), np.int32), np.empty(len(step), np.int32)
    next_born, next_dead = starts.copy(), ends.copy()
    for v in range(len(step)):
        begin = 0 if kind[v] == 0 else step[v]
        born[next_born[begin]] = v
        next_born[begin] += 1
        dead[next_dead[last[v]]] = v
        next_dead[last[v]] += 1
    for s in range(steps):
        for at in range(starts[s], starts[s + 1]):
            v = born[at]
            load[tile[v]] += size[v] * (1.0 + extra) if kind[v] == 0 else size[v]
            most[tile[v]] = max(most[tile[v]], load[tile[v]])
        for at in range(begins[s], begins[s + 1]):
            here = tile[order[at]]
            most[here] = max(most[here], load[here] + arriving[at])
        for at in range(ends[s], ends[s + 1]):
            v = dead[at]
            load[tile[v]] -= size[v] * (1.0 + extra) if kind[v] == 0 else size[v]
    return most

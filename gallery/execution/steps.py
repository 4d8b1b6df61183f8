"""Which vertices run together: the steps of a run."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gallery.graph import ComputeGraph, IntArray, Kind, Pass
from gallery.jit import kernel


def steps_of(graph: ComputeGraph) -> tuple[IntArray, int]:
    """The step of each vertex: int32 (n,), and the number of steps.

    Operators run one after another, in the order of the vertices; all updates run together. Those
    vertices of an operator that read others of it, such as sums of partial results, run in later
    steps. Inputs and parameters belong to the first step that reads them.
    """
    kind, passes = graph.vertex_kind, graph.vertex_pass
    held = (kind == Kind.INPUT) | (kind == Kind.PARAMETER)
    operator = np.where(passes == Pass.UPDATE, -1, graph.vertex_operator).astype(np.int32)
    run, depth, runs = _depths(graph.indptr, graph.sources, operator, passes, held)
    first = np.concatenate(([0], np.cumsum(_deepest(run, depth, held, runs) + 1)))
    step = (first[run] + depth).astype(np.int32)
    count = int(first[-1])
    _first_readers(graph.indptr, graph.sources, held, step, count)
    return step, max(count, int(bool(graph.vertices)))


def by_step(step: IntArray, count: int, keep: npt.NDArray[np.bool_]) -> tuple[IntArray, IntArray]:
    """The kept vertices ordered by step, then number, and where each step begins.

    Args:
        step: int32 (n,), step of each vertex.
        count: Number of steps.
        keep: bool (n,).

    Returns:
        int32 (k,) and int32 (count + 1,).
    """
    order, begins = _by_step(step, count, keep)
    return order, begins


@kernel
def _depths(indptr, sources, operator, passes, held):  # type: ignore[no-untyped-def]
    """Run of consecutive vertices of one operator and pass, and depth within it, of each vertex."""
    n = len(operator)
    run, depth = np.zeros(n, np.int32), np.zeros(n, np.int32)
    runs, last_operator, last_pass = 0, -2, 255
    for v in range(n):
        if held[v]:
            continue
        if operator[v] != last_operator or passes[v] != last_pass:
            runs += 1
            last_operator, last_pass = operator[v], passes[v]
        run[v] = runs - 1
        for e in range(indptr[v], indptr[v + 1]):
            u = sources[e]
            if not held[u] and run[u] == run[v]:
                depth[v] = max(depth[v], depth[u] + 1)
    return run, depth, runs


@kernel
def _deepest(run, depth, held, runs):  # type: ignore[no-untyped-def]
    deepest = np.zeros(runs, np.int64)
    for v in range(len(run)):
        if not held[v]:
            deepest[run[v]] = max(deepest[run[v]], depth[v])
    return deepest


@kernel
def _first_readers(indptr, sources, held, step, count):  # type: ignore[no-untyped-def]
    """Give what is there from the start the step of its first reader, or 0 (IN, OUT: step)."""
    for v in range(len(step)):
        if held[v]:
            step[v] = count
    for v in range(len(step)):
        if not held[v]:
            for e in range(indptr[v], indptr[v + 1]):
                if held[sources[e]]:
                    step[sources[e]] = min(step[sources[e]], step[v])
    for v in range(len(step)):
        if held[v] and step[v] == count:
            step[v] = 0


@kernel
def _by_step(step, count, keep):  # type: ignore[no-untyped-def]
    begins = np.zeros(count + 1, np.int32)
    for v in range(len(step)):
        if keep[v]:
            begins[step[v] + 1] += 1
    for s in range(count):
        begins[s + 1] += begins[s]
    order = np.empty(begins[count], np.int32)
    place = begins[:count].copy()
    for v in range(len(step)):
        if keep[v]:
            order[place[step[v]]] = v
            place[step[v]] += 1
    return order, begins

"""How much light vertices have: by their work or traffic, and more where many edges meet.

A vertex's place among all others of its pass is the mean of its rank and of the logarithm of its
value between robust bounds. Its gain rises with that place by a bounded power, so that few vertices
are bright and an outlier changes nothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gallery.elementary import LN2, interpolate, logarithm, raised
from gallery.graph import ComputeGraph, Pass
from gallery.jit import inner_kernel, kernel

Gains = npt.NDArray[np.float32]

BOUNDS = 0.3, 3.0
"""Gains of the vertices with the least and the most work."""
_STEEP = 1.5
"""Power of the place with which the logarithm of the gain rises."""
_TAIL = 0.02
"""Share of the vertices at either end whose logarithms count as one."""
_OCTAVES = 12.0
"""Most octaves between the bounds of the logarithm, counted from the upper one."""
_HUB = 8.0
"""Degree, in means of all vertices, from which on a vertex sparks."""
_SPARK = 6.0
"""Most times its light that the dot of a hub has."""
_BINS = 1024


def exposure(graph: ComputeGraph, kind: str) -> Gains:
    """Light of each vertex's dot and of the edges that it reads, relative to an even picture.

    Args:
        graph: The graph.
        kind: "work" for floating-point operations, "traffic" for bytes written, "even" for 1
            everywhere, or "auto" for work or traffic, whichever gives the larger standard
            deviation of gains; work if they are equal.

    Returns:
        float32 (n,), from 0.3 to 3.
    """
    if kind == "even" or not graph.vertices:
        return np.ones(graph.vertices, np.float32)
    if kind == "work":
        return _by_pass(graph.vertex_flops, graph.vertex_pass)
    traffic = _by_pass(graph.vertex_bytes, graph.vertex_pass)
    if kind == "traffic":
        return traffic
    work = _by_pass(graph.vertex_flops, graph.vertex_pass)
    return traffic if _spread(traffic) > _spread(work) else work


def _spread(gains: Gains) -> int:
    # The variance times the squared number of vertices, in whole numbers: sums of floats would
    # depend on the processor.
    total, squares = _whole_sums(gains)
    return len(gains) * squares - total * total


@kernel
def _whole_sums(gains: Gains) -> tuple[int, int]:
    total, squares = 0, 0
    for gain in gains:
        whole = int(np.rint(gain * np.float32(1000)))
        total += whole
        squares += whole * whole
    return total, squares


def _by_pass(values: npt.NDArray[np.float32], passes: npt.NDArray[np.uint8]) -> Gains:
    # So that the backward pass, whose vertices do other amounts of work, has a nucleus of its own.
    # Updates are quiet: they all do alike, and what they read comes from everywhere.
    gains = np.full(len(values), BOUNDS[0], np.float32)
    for one in (Pass.FORWARD, Pass.BACKWARD):
        inside = passes == one
        if inside.any():
            gains[inside] = _gains(values[inside])
    return gains


@inner_kernel
def _octave(value: np.float32) -> float:
    # The base-2 logarithm; 0 for values that are not positive.
    return logarithm(np.float64(value)) / LN2 if value > 0 else 0.0


@kernel
def _bounds(values: npt.NDArray[np.float32]) -> tuple[float, float, int]:
    # The least and the largest logarithm of positive values, and how many of them there are.
    low, high, many = np.inf, -np.inf, 0
    last, found = np.float32(1), 0.0
    for value in values:
        # Neighbours are often equal.
        if value != last:
            last, found = value, _octave(value)
        if value > 0:
            low, high, many = min(low, found), max(high, found), many + 1
    return low, high, many


@kernel
def _bins(
    values: npt.NDArray[np.float32],
    low: float,
    span: float,
    at: npt.NDArray[np.uint16],
    counts: npt.NDArray[np.int64],
) -> None:
    # OUT at (n,), the bin of each value, 0 if it is not positive; counts (_BINS + 1,).
    last, found = np.float32(1), 0.0
    for i, value in enumerate(values):
        if value != last:
            last, found = value, _octave(value)
        place = np.int64(min((found - low) / span * _BINS, _BINS - 1)) + 1 if value > 0 else 0
        at[i] = place
        counts[place] += 1


def _gains(values: npt.NDArray[np.float32]) -> Gains:
    # Values of zero are at the lower end; where all are equal, gains are 1.
    low, high, some = _bounds(values)
    if not some or (some == len(values) and high - low < 1e-6):
        return np.ones(len(values), np.float32)
    at, counts = np.empty(len(values), np.uint16), np.zeros(_BINS + 1, np.int64)
    _bins(values, low, max(high - low, 1e-6), at, counts)
    ends = np.cumsum(counts) / len(values)
    ranks = ends - counts / (2 * len(values))
    edges = low + np.arange(_BINS + 1) * (high - low) / _BINS
    upper = float(interpolate(1 - _TAIL, ends, edges))
    lower = max(float(interpolate(_TAIL, ends, edges)), upper - _OCTAVES)
    place = np.clip((edges - lower) / max(upper - lower, 1e-6), 0, 1)
    place[0] = 0.0
    table = BOUNDS[0] * raised(BOUNDS[1] / BOUNDS[0], raised((ranks + place) / 2, _STEEP))
    gains: Gains = np.asarray(table, np.float32)[at]
    return gains


def sparks(graph: ComputeGraph) -> Gains:
    """Light of each vertex's dot, relative to others of its exposure: 1, but more for hubs.

    Returns:
        float32 (n,), the degree over eight times its mean, from 1 to 6.
    """
    mean = 2 * graph.edges / max(graph.vertices, 1)
    return _sparks(graph.indptr, graph.sources, max(_HUB * mean, 1.0))


@kernel
def _sparks(
    indptr: npt.NDArray[np.int64], sources: npt.NDArray[np.int32], hub: float
) -> npt.NDArray[np.float32]:
    degree = np.zeros(len(indptr) - 1, np.int32)
    for a in sources:
        degree[a] += 1
    found = np.empty(len(degree), np.float32)
    for v in range(len(degree)):
        both = degree[v] + indptr[v + 1] - indptr[v]
        found[v] = min(max(both / hub, 1.0), _SPARK)
    return found

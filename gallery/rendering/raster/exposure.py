"""How much light vertices have: by their work or traffic, and more where many edges meet.

A vertex's place among all others of its pass is the mean of its rank and of the logarithm of its
value between robust bounds. Its gain rises with that place by a bounded power, so that few vertices
are bright and an outlier changes nothing. In the backward pass, many edges lead to sums, which do
little work, and what works most reads the forward pass: so its gains are raised until the edges
within both passes have equally much light.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from gallery.graph import ComputeGraph, Pass
from gallery.jit import kernel, parallel_kernel
from gallery.numerics.elementary import LN2, interpolate, logarithm, raised
from gallery.rendering.raster.tiles import CHUNKS

Gains = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int64]

_LEAST, _MOST = 0.3, 3.0
"""Gains of the vertices with the least and the most work."""
_RAISED = 3.0
"""Most times by which the gains of the backward pass are raised."""
BOUNDS = _LEAST, _MOST * _RAISED
"""The least and the largest gain that there may be."""
_SAMPLE = 200_000
"""Vertices that are enough to compare the light of two passes."""
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
_EQUAL = 1e-6
"""Octaves within which all values count as equal."""


class _Places(NamedTuple):
    """The places of vertices among those of their pass.

    Attributes:
        bins: uint16 (n,), from the least to the most; 0 for values that are not positive.
        counts: int64 (passes, _BINS + 1), vertices of each.
        gains: float32 (passes, _BINS + 1), gain of each.
    """

    bins: npt.NDArray[np.uint16]
    counts: Counts
    gains: Gains

    def spread(self) -> int:
        """The variance of the gains times the squared number of vertices.

        In whole thousandths: sums of floats would depend on the processor.
        """
        whole = np.rint(self.gains * np.float32(1000)).astype(np.int64)
        total, squares = int((self.counts * whole).sum()), int((self.counts * whole**2).sum())
        return len(self.bins) * squares - total * total


def exposure(graph: ComputeGraph, kind: str) -> Gains:
    """Light of each vertex's dot and of the edges that it reads, relative to an even picture.

    Args:
        graph: The graph.
        kind: "work" for floating-point operations, "traffic" for bytes written, "even" for 1
            everywhere, or "auto" for work or traffic, whichever gives the larger standard
            deviation of gains; work if they are equal.

    Returns:
        float32 (n,), from 0.3 to 3, and up to three times as much in the backward pass.
    """
    if kind == "even" or not graph.vertices:
        return np.ones(graph.vertices, np.float32)
    values = {"work": graph.vertex_flops, "traffic": graph.vertex_bytes}
    wanted = values if kind == "auto" else [kind]
    places = max((_places(values[one], graph.vertex_pass) for one in wanted), key=_Places.spread)
    gains = np.empty(graph.vertices, np.float32)
    _look_up(places.bins, graph.vertex_pass, _balanced(graph, places), gains)
    return gains


def _balanced(graph: ComputeGraph, places: _Places) -> Gains:
    # The gains of bins, with as much light on edges within the backward pass as the forward one.
    if not places.counts[Pass.BACKWARD].any():
        return places.gains
    step = max(graph.vertices // _SAMPLE, 1)
    whole = np.rint(places.gains * np.float32(1000)).astype(np.int64)
    light = _within((graph.indptr, graph.sources), graph.vertex_pass, places.bins, whole, step)
    forward, backward = int(light[Pass.FORWARD]), int(light[Pass.BACKWARD])
    factors = np.ones((len(Pass), 1), np.float32)
    if forward and backward:
        factors[Pass.BACKWARD] = min(max(forward / backward, 1.0), _RAISED)
    return np.asarray(places.gains * factors, np.float32)


@kernel
def _within(
    edges: tuple[Counts, npt.NDArray[np.int32]],
    passes: npt.NDArray[np.uint8],
    bins: npt.NDArray[np.uint16],
    gains: Counts,
    step: int,
) -> Counts:
    # Light within each pass of the edges that every `step`-th vertex reads, for gains in whole
    # thousandths.
    indptr, sources = edges
    light = np.zeros(len(gains), np.int64)
    for v in range(0, len(bins), step):
        own, many = passes[v], 0
        for e in range(indptr[v], indptr[v + 1]):
            many += passes[sources[e]] == own
        light[own] += many * gains[own, bins[v]]
    return light


def _places(values: npt.NDArray[np.float32], passes: npt.NDArray[np.uint8]) -> _Places:
    # So that the backward pass, whose vertices do other amounts of work, has a nucleus of its own.
    # Updates are quiet: they all do alike, and what they read comes from everywhere.
    parts = np.linspace(0, len(values), CHUNKS + 1).astype(np.int64)
    ends = np.empty((CHUNKS, len(Pass), 2), np.float32)
    many = np.zeros((CHUNKS, len(Pass), 2), np.int64)
    _ends(parts, values, passes, ends, many)
    least, most = ends[..., 0].min(axis=0), ends[..., 1].max(axis=0)
    some, every = many.sum(axis=0).T
    scale = np.zeros((len(Pass), 2))
    for one in np.flatnonzero(some):
        low, high = _octave(least[one]), _octave(most[one])
        scale[one] = low, max(high - low, _EQUAL)
    bins = np.empty(len(values), np.uint16)
    counts = np.zeros((CHUNKS, len(Pass), _BINS + 1), np.int64)
    _bins(parts, (values, passes), scale, bins, counts)
    found = counts.sum(axis=0)
    gains = np.ones((len(Pass), _BINS + 1), np.float32)
    gains[Pass.UPDATE] = _LEAST
    for own in (Pass.FORWARD, Pass.BACKWARD):
        # Values of zero are at the lower end; where all are equal, gains are 1.
        if some[own] and (some[own] < every[own] or scale[own, 1] > _EQUAL):
            gains[own] = _gains(found[own], scale[own, 0], scale[own, 1])
    return _Places(bins, found, gains)


@kernel
def _octave(value: np.float32) -> float:
    # The base-2 logarithm of a positive value.
    return logarithm(np.float64(value)) / LN2


@parallel_kernel
def _ends(
    parts: Counts,
    values: npt.NDArray[np.float32],
    passes: npt.NDArray[np.uint8],
    ends: Gains,
    many: Counts,
) -> None:
    # IN parts (c + 1,); OUT ends (c, passes, 2), the least and the most positive value, and many
    # (c, passes, 2), how many are positive and how many there are.
    for part in numba.prange(len(parts) - 1):
        ends[part, :, 0], ends[part, :, 1] = np.inf, 0
        i, end = parts[part], parts[part + 1]
        while i < end:
            # Those of one pass follow one another.
            first, own, some = i, passes[i], 0
            least, most = ends[part, own, 0], ends[part, own, 1]
            while i < end and passes[i] == own:
                value = values[i]
                if value > 0:
                    least, most, some = min(least, value), max(most, value), some + 1
                i += 1
            ends[part, own, 0], ends[part, own, 1] = least, most
            many[part, own, 0] += some
            many[part, own, 1] += i - first


@parallel_kernel
def _bins(
    parts: Counts,
    given: tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]],
    scale: npt.NDArray[np.float64],
    bins: npt.NDArray[np.uint16],
    counts: Counts,
) -> None:
    # IN parts (c + 1,), values and passes (n,), scale (passes, 2): the least logarithm and the span
    # of all; OUT bins (n,), counts (c, passes, _BINS + 1).
    values, passes = given
    for part in numba.prange(len(parts) - 1):
        i, end = parts[part], parts[part + 1]
        while i < end:
            first, value, own, found = i, values[i], passes[i], 0
            if value > 0:
                share = (_octave(value) - scale[own, 0]) / scale[own, 1]
                found = int(min(max(share * _BINS, 0.0), _BINS - 1.0)) + 1
            # Neighbours are often equal.
            while i == first or (i < end and values[i] == value and passes[i] == own):
                bins[i] = found
                i += 1
            counts[part, own, found] += i - first


@parallel_kernel
def _look_up(
    bins: npt.NDArray[np.uint16], passes: npt.NDArray[np.uint8], table: Gains, gains: Gains
) -> None:
    for i in numba.prange(len(bins)):
        gains[i] = table[passes[i], bins[i]]


def _gains(counts: Counts, low: float, span: float) -> Gains:
    # The gain of each bin, of which there are so many.
    total = counts.sum()
    ends = np.cumsum(counts) / total
    ranks = ends - counts / (2 * total)
    edges = low + np.arange(_BINS + 1) * span / _BINS
    upper = float(interpolate(1 - _TAIL, ends, edges))
    lower = max(float(interpolate(_TAIL, ends, edges)), upper - _OCTAVES)
    place = np.clip((edges - lower) / max(upper - lower, _EQUAL), 0, 1)
    place[0] = 0.0
    table = _LEAST * raised(_MOST / _LEAST, raised((ranks + place) / 2, _STEEP))
    return np.asarray(table, np.float32)


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

"""Graph distances between operators, counted on a finer level than the operators' own.

The stress of a drawing is a sum over pairs of vertices. Grouped by operator, all that it needs of
the graph is, for each pair of operators, the sums of 1/d and 1/d² over pairs of their vertices (d
being the length of the shortest path in edges) and the number of pairs. One vertex per operator
stands in for the others, like the pivots of the sparse stress model (Ortmann, Klimenta, Brandes, A
sparse stress model, 2016, https://doi.org/10.1007/978-3-319-50106-2_2).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from numba import prange

from gallery.jit import inner_kernel, kernel, parallel_kernel
from gallery.placement.graph_levels import FloatArray
from gallery.placement.hierarchy import Hierarchy

DoubleArray = npt.NDArray[np.float64]

_VISITS = 40_000_000
"""Largest number of edges to visit in all."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hops:
    """Sums over the pairs of vertices of each pair of bodies.

    Attributes:
        near: float64 (k, k), sums of 1/d.
        square: float64 (k, k), sums of 1/d².
        pairs: float64 (k, k), numbers of connected pairs.
        connected: How many pairs there are in all.
    """

    near: DoubleArray
    square: DoubleArray
    pairs: DoubleArray
    connected: float = field(init=False)

    def __post_init__(self) -> None:
        """Count the pairs."""
        object.__setattr__(self, "connected", float(self.pairs.sum()))

    def of(self, inside: npt.NDArray[np.int64]) -> Hops:
        """The sums for some of the bodies, in ascending order."""
        if len(inside) == len(self.pairs):
            return self
        near, square, pairs = (between(inside, one) for one in (self.near, self.square, self.pairs))
        return Hops(near=near, square=square, pairs=pairs)

    def distances(self) -> DoubleArray:
        """The distance of each two bodies that minimises the stress of their pairs: (k, k)."""
        return self.near / np.where(self.square > 0, self.square, 1)

    def stress(self, places: FloatArray, radius: FloatArray) -> float:
        """Approximate normalised stress, after the best scaling, of vertices spread over discs.

        Args:
            places: float32 (k, 2), the centres of the discs.
            radius: float32 (k,).
        """
        ratio, total = _sums_over_discs(places, radius, self.near, self.square)
        total *= self.connected
        return 1 - ratio * ratio / total if total > 0 else 1.0

    def scale(self, places: FloatArray, radius: FloatArray) -> float:
        """The factor by which the stress is taken; arguments as for `stress`."""
        ratio, total = _sums_over_discs(places, radius, self.near, self.square)
        return float(ratio / total) if total > 0 else 1.0


def between(inside: npt.NDArray[np.int64], pairs: DoubleArray) -> DoubleArray:
    """Numbers of pairs of some of the bodies: float64 (k, k); the same array if these are all.

    Args:
        inside: int64 (k,), the bodies in ascending order.
        pairs: float64 (n, n).
    """
    return pairs if len(inside) == len(pairs) else pairs[np.ix_(inside, inside)]


@inner_kernel
def between_discs(apart, own):  # type: ignore[no-untyped-def]
    """The mean square of the distance between points of two discs, its mean, and its slope.

    The mean square is the squared distance of the centres plus half of the squared radii. The
    variance is a quarter of the squared radii for discs far apart, and 0.18 of the mean square
    within one disc, where the mean distance is 128/(45 pi) radii.

    Args:
        apart: The squared distance of the centres.
        own: The sum of the squared radii.

    Returns:
        The two means, and the derivative of the square of the latter by `apart`.
    """
    mean = apart + own / 2
    far, near = own / 4, 0.18 * mean
    return mean, np.sqrt(mean - min(far, near)), 1.0 if far < near else 0.82


@kernel
def _sums_over_discs(places, radius, near, square):  # type: ignore[no-untyped-def]
    ratio, total = 0.0, 0.0
    x, y = places[:, 0].astype(np.float64), places[:, 1].astype(np.float64)
    own = radius.astype(np.float64) ** 2
    squares, lengths = np.empty(len(x)), np.empty(len(x))
    for i in range(len(x)):
        # By themselves, many at a time: sums have an order, and their loop does one at a time.
        for j in range(i + 1):
            dx, dy = x[i] - x[j], y[i] - y[j]
            mean, length, _ = between_discs(dx * dx + dy * dy, own[i] + own[j])
            squares[j] = mean * square[i, j]
            lengths[j] = length * near[i, j]
        # Pairs of two bodies count twice, once from either.
        for j in range(i):
            ratio += 2 * lengths[j]
            total += 2 * squares[j]
        ratio += lengths[i]
        total += squares[i]
    return ratio, total


def hops(sizes: Hierarchy) -> Hops:
    """Count the edges between bodies in the finest level that is not too large.

    Args:
        sizes: The levels.
    """
    bodies = sizes.levels[-1].vertices
    number = next(
        (number for number, level in enumerate(sizes.levels) if level.ends * bodies <= _VISITS),
        len(sizes.levels) - 1,
    )
    level, body = sizes.levels[number].whole(), sizes.body(number)
    members = np.bincount(body, minlength=bodies).astype(np.float64)
    sums = np.zeros((bodies, bodies, 3))
    _sum(level.indptr, level.neighbours, body, _middles(body, bodies), sums)
    sums *= members[:, None, None]
    sums += sums.transpose(1, 0, 2)
    return Hops(
        near=np.ascontiguousarray(sums[..., 0]),
        square=np.ascontiguousarray(sums[..., 1]),
        pairs=np.ascontiguousarray(sums[..., 2]),
    )


def _middles(body: npt.NDArray[np.int32], bodies: int) -> npt.NDArray[np.int64]:
    """The middle one of each body's vertices, in numerical order: int64 (bodies,)."""
    order = np.argsort(body, kind="stable")
    last = np.cumsum(np.bincount(body, minlength=bodies))
    first = np.concatenate([[0], last[:-1]])
    return np.asarray(order[(first + last) // 2], np.int64)


@parallel_kernel
def _sum(indptr, neighbours, body, sources, sums):  # type: ignore[no-untyped-def]
    n = len(indptr) - 1
    for number in prange(len(sources)):
        distance, queue = np.empty(n, np.int32), np.empty(n, np.int32)
        found = search(indptr, neighbours, sources[number], distance, queue)
        for k in range(1, found):
            v = queue[k]
            inverse = 1 / np.float64(distance[v])
            sums[number, body[v], 0] += inverse
            sums[number, body[v], 1] += inverse * inverse
            sums[number, body[v], 2] += 1


@kernel
def search(indptr, neighbours, source, distance, queue):  # type: ignore[no-untyped-def]
    """Find all vertices connected to a source, nearest first.

    Args:
        indptr: int64 (n + 1,).
        neighbours: int32 (2 m,).
        source: The vertex to start from.
        distance: int32 (n,), OUT: length of the shortest path in edges, or -1 if there is none.
        queue: int32 (n,), OUT: the vertices found, the source first.

    Returns:
        How many were found.
    """
    distance[:] = -1
    distance[source] = 0
    queue[0] = source
    head, tail = 0, 1
    while head < tail:
        v = queue[head]
        head += 1
        for e in range(indptr[v], indptr[v + 1]):
            u = neighbours[e]
            if distance[u] < 0:
                distance[u] = distance[v] + 1
                queue[tail] = u
                tail += 1
    return tail

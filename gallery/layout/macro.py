"""Draws the small graph of operators so that distances on paper are distances along the data.

Starting from the skeleton, pairs of vertices are moved towards their wanted distance, one pair
after the other, with steps that shrink (Zheng, Pawar, Goodman, Graph drawing by stochastic
gradient descent, 2018, https://doi.org/10.1109/TVCG.2018.2859997). The wanted distance is the
length of the shortest path to a power: below 1 it lets long ways curl up, so that a chain fills a
square instead of running off as a line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from gallery.layout.levels import FloatArray, IntArray, Level
from gallery.layout.pack import pack
from gallery.layout.settings import LayoutSettings

_LAST_STEP = 0.02

_CURLS = tuple(1 - 0.05 * step for step in range(13))

_SHARED = 8
"""Edges from which on a vertex counts as a hub."""

_TRIAL_ROUNDS = 8
"""Enough to tell how much of the square a drawing will cover."""

_SWELL = 2.2
"""How much farther bodies reach than discs of their area, pulled by their edges; measured."""


def draw(
    level: Level, start: FloatArray, *, keep: float, seed: int, settings: LayoutSettings
) -> FloatArray:
    """Places for the vertices of a small graph: float32 (n, 2); edges are about 1 long.

    Parts that nothing joins are drawn one by one and packed side by side.

    Args:
        level: The graph.
        start: float32 (n, 2), the skeleton.
        keep: Share of the skeleton's own distances in the wanted ones, 0 to 1.
        seed: Picks the order of the pairs.
        settings: How much of the square to fill, and how long to try.
    """
    graph = csr_array((_lengths(level), level.neighbours, level.indptr), (level.vertices,) * 2)
    parts, part = connected_components(graph, directed=False)
    radius = np.sqrt(settings.bodies * level.vertices / np.pi * level.charge)
    places = np.zeros((level.vertices, 2), np.float32)
    for number in range(parts):
        inside = np.flatnonzero(part == number)
        if len(inside) > 1:
            paths = dijkstra(graph[inside][:, inside], directed=False)
            wishes = Wishes(
                paths=paths, bones=_squarish(start[inside]), keep=keep, radius=radius[inside]
            )
            places[inside] = _filling(wishes, settings, seed)
    return pack(places, part.astype(np.int32), radius) if parts > 1 else places


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wishes:
    """What a drawing of one connected graph should be like.

    Attributes:
        paths: float64 (n, n), lengths of the shortest paths.
        bones: float32 (n, 2), the skeleton.
        keep: Share of the skeleton's own distances in the wanted ones.
        radius: float32 (n,), of each vertex's body.
    """

    paths: npt.NDArray[np.float64]
    bones: FloatArray
    keep: float
    radius: FloatArray


def _filling(wishes: Wishes, settings: LayoutSettings, seed: int) -> FloatArray:
    """The drawing with the straightest paths that fills its square."""
    low, high = 0, len(_CURLS) - 1
    while low < high:
        middle = (low + high) // 2
        drawn = _drawn(wishes, _CURLS[middle], _TRIAL_ROUNDS, seed)
        if _cover(drawn, wishes.radius) >= settings.fill:
            high = middle
        else:
            low = middle + 1
    return _drawn(wishes, _CURLS[low], settings.rounds, seed)


def _cover(places: FloatArray, radius: FloatArray) -> float:
    """The share of the bounding square that bodies cover, by a grid of 48 points a side."""
    low = (places - radius[:, None]).min(axis=0)
    high = (places + radius[:, None]).max(axis=0)
    ticks = (np.arange(48) + 0.5) / 48 * (high - low).max() - (high - low).max() / 2
    middle = (low + high) / 2
    across = (middle[0] + ticks[:, None] - places[None, :, 0]) ** 2
    up = (middle[1] + ticks[:, None] - places[None, :, 1]) ** 2
    slack = (_SWELL * radius[None, :]) ** 2
    return float(((across[:, None] + up[None, :]) <= slack[None]).any(axis=2).mean())


def _drawn(wishes: Wishes, curl: float, rounds: int, seed: int) -> FloatArray:
    paths = (wishes.paths**curl).astype(np.float32)
    bones = wishes.bones.astype(np.float64)
    wanted = _blend(paths, bones * _best_scale(bones, paths), wishes.keep)
    random = np.random.default_rng(seed)
    return _descend(bones * _best_scale(bones, wanted), wanted, rounds, random)


def _squarish(positions: FloatArray) -> FloatArray:
    """The positions, stretched where one side is more than twice the other."""
    centred = positions - positions.mean(axis=0)
    sides = np.ptp(centred, axis=0).astype(np.float64)
    if not sides.min() > 0:
        return np.asarray(centred, np.float32)
    factor = np.maximum(sides.max() / 2 / sides, 1)
    return np.asarray(centred * factor, np.float32)


def _lengths(level: Level) -> FloatArray:
    """How long each edge should be: half, and half as its ends' bodies are wide on average.

    Edges of a hub are longer, by the root of how many edges it has more than most.
    """
    radius = np.sqrt(level.charge.astype(np.float64))
    ends = np.repeat(np.arange(level.vertices), np.diff(level.indptr))
    both = radius[ends] + radius[level.neighbours]
    if not len(both):
        return both.astype(np.float32)
    length = 0.5 + 0.5 * both / both.mean()
    # What many share would draw all of them together, as a mask that every block reads does.
    degree = np.diff(level.indptr)
    shared = np.maximum(degree[ends], degree[level.neighbours])
    length *= np.sqrt(np.maximum(shared / _SHARED, 1))
    return np.asarray(length, np.float32)


def _blend(paths: FloatArray, bones: npt.NDArray[np.float64], keep: float) -> FloatArray:
    """Path lengths mixed with the distances of the skeleton: float32 (n, n)."""
    if not keep:
        return paths
    apart = np.sqrt(((bones[:, None] - bones[None, :]) ** 2).sum(axis=2))
    return np.asarray((1 - keep) * paths + keep * apart, np.float32)


def _best_scale(positions: npt.NDArray[np.float64], wanted: FloatArray) -> float:
    """The factor that brings the distances of positions nearest to the wanted ones."""
    index = np.linspace(0, len(positions) - 1, min(len(positions), 300)).astype(np.int64)
    some = positions[index]
    length = np.sqrt(((some[:, None] - some[None, :]) ** 2).sum(axis=2))
    goal = wanted[np.ix_(index, index)].astype(np.float64)
    apart = goal > 0
    ratio = length[apart] / goal[apart]
    total = float((ratio**2).sum())
    return float(ratio.sum()) / total if total > 0 else 1.0


def _descend(
    start: npt.NDArray[np.float64],
    wanted: FloatArray,
    rounds: int,
    random: np.random.Generator,
) -> FloatArray:
    n = len(start)
    positive = wanted[wanted > 0]
    near, far = float(positive.min()), float(positive.max())
    # Vertices that lie on each other or on a line need a push to leave it.
    positions = start + random.standard_normal(start.shape) * near * 1e-3
    players: IntArray = random.permutation(n).astype(np.int32)
    for number in range(rounds):
        share = number / max(rounds - 1, 1)
        rate = far**2 * (_LAST_STEP * near**2 / far**2) ** share
        days = random.permutation(n + n % 2 - 1)
        _round(positions, wanted, players, days, rate)
    positions -= (positions.min(axis=0) + positions.max(axis=0)) / 2
    return positions.astype(np.float32)


@njit(cache=True, nogil=True)
def _round(positions, wanted, players, days, rate):  # type: ignore[no-untyped-def]
    """Every pair meets once: the circle method of tournaments gives the order."""
    n = len(positions)
    size = n + n % 2
    for day in days:
        for table in range(size // 2):
            if table == 0:
                one, two = size - 1, day
            else:
                one, two = (day + table) % (size - 1), (day - table) % (size - 1)
            if one >= n or two >= n:
                continue
            a, b = players[one], players[two]
            goal = np.float64(wanted[a, b])
            if goal <= 0:
                continue
            dx = positions[a, 0] - positions[b, 0]
            dy = positions[a, 1] - positions[b, 1]
            length = np.sqrt(dx * dx + dy * dy) + 1e-12
            step = min(rate / (goal * goal), 1.0) * 0.5 * (length - goal) / length
            positions[a, 0] -= step * dx
            positions[a, 1] -= step * dy
            positions[b, 0] += step * dx
            positions[b, 1] += step * dy

"""Draws the small graph of operators so that distances on paper are distances along the data.

Starting from the skeleton, pairs of vertices are moved towards their wanted distance, one pair
after the other, with steps that shrink (Zheng, Pawar, Goodman, Graph drawing by stochastic
gradient descent, 2018, https://doi.org/10.1109/TVCG.2018.2859997). The wanted distance is the
number of edges between the operators' vertices, bent: as if the longest way were an arc, so that
near things keep their distance and only the far ones come together, or curled: to a power below 1.
A pair of operators counts as often as it has pairs of vertices: stress is theirs.
Of several such drawings the one is taken that has little stress and fills its square.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial.distance import cdist

from gallery.jit import kernel
from gallery.placement.distances import DoubleArray, Hops
from gallery.placement.graph_levels import FloatArray, IntArray, Level
from gallery.placement.packing import pack
from gallery.placement.settings import LayoutSettings

_LAST_STEP = 0.02

_TRIAL_ROUNDS = 8
"""Enough to tell how much of the square a drawing will cover."""

_SWELL = 0.35
"""How much farther than discs of their area bodies reach, pulled by their edges; set by eye."""

_STRAIGHT = (0.0, 1.0)

_BENDS = (
    _STRAIGHT,
    *((turn * np.pi, 1.0) for turn in (0.5, 0.8, 1.1, 1.4)),
    *((0.0, power) for power in (0.85, 0.7, 0.55, 0.4)),
)
"""Arcs and curls that are tried: the turn of the longest way, the power of all."""

_SAMPLE = 400
"""Bodies that are enough to tell the stress and the cover of a drawing."""

_USUAL_STRESS = 0.06

_SHARED = 8
_RARE = 0.02
"""Hubs have more edges than that, and than all but this share of the vertices."""

_AROUND, _CLOSER = 0.8, 0.15
"""How much of the wanted distances goes by paths around hubs, where there are any: for the order of
the blocks, and once that is found. Set by eye."""

_GENTLE = 0.1
"""The longest step of a drawing that has its order, against one that moves any pair wholly."""

_WORTH = 0.75
"""What is left of the cost when it is worth to draw blocks nearer to hubs: order reads better.
Set by eye."""

_SIZES = (0.15, 0.25, 0.4, 0.65, 1.0, 1.6)
"""Mean areas of bodies that are tried, in squares of the distance of neighbours."""

_EMPTINESS = 0.3
"""What an empty square costs, in stress: this, times the cubed logarithm of the lack of cover."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnBodies:
    """Places of bodies.

    Attributes:
        places: float32 (n, 2); neighbours are about 1 apart.
        area: Area of a body of all the charge.
    """

    places: FloatArray
    area: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Aims:
    """What a drawing of one connected graph should be like.

    Attributes:
        hops: What its stress is counted from.
        bones: float32 (n, 2), the skeleton.
        keep: Share of the skeleton's own distances in the wanted ones.
        charge: float32 (n,), to which the bodies' areas are in proportion.
        paths: float64 (n, n), wanted distances along the data, in distances of neighbours.
        closer: The same where hubs draw their neighbours nearer, or None where there are no hubs.
    """

    hops: Hops
    paths: DoubleArray
    closer: DoubleArray | None
    bones: FloatArray
    keep: float
    charge: FloatArray

    def of(self, inside: npt.NDArray[np.int64]) -> Aims:
        """The aims for some vertices alone, who take the room of all."""
        charge = self.charge[inside]
        total = self.charge.sum(dtype=np.float64) / max(charge.sum(dtype=np.float64), 1e-30)
        return Aims(
            hops=self.hops.of(inside),
            paths=self.paths[np.ix_(inside, inside)],
            closer=None if self.closer is None else self.closer[np.ix_(inside, inside)],
            bones=self.bones[inside],
            keep=self.keep,
            charge=charge * np.float32(total),
        )


def draw(
    level: Level,
    hops: Hops,
    start: FloatArray,
    *,
    keep: float,
    seed: int,
    settings: LayoutSettings,
) -> DrawnBodies:
    """Places for the vertices of a small graph, and the size of their bodies.

    Parts that nothing joins are drawn one by one and packed side by side.

    Args:
        level: The graph.
        hops: Numbers of edges between its vertices.
        start: float32 (n, 2), the skeleton.
        keep: Share of the skeleton's own distances in the wanted ones, 0 to 1.
        seed: Picks the order of the pairs.
        settings: How much of the square to fill, and how long to try.
    """
    ones = np.ones(len(level.neighbours), np.int8)
    graph = csr_array((ones, level.neighbours, level.indptr), (level.vertices,) * 2)
    parts, part = connected_components(graph, directed=False)
    places = np.zeros((level.vertices, 2), np.float32)
    paths, closer = _paths(level, hops)
    sizes = np.bincount(part, minlength=parts)
    areas = tuple(size * level.vertices for size in _SIZES)
    for number in np.argsort(-sizes, kind="stable").tolist():
        inside = np.flatnonzero(part == number)
        if len(inside) == 1:
            break
        aims = Aims(
            hops=hops.of(inside),
            bones=_squarish(start[inside]),
            keep=keep,
            charge=level.charge[inside],
            paths=paths[np.ix_(inside, inside)],
            closer=None if closer is None else closer[np.ix_(inside, inside)],
        )
        # The largest part chooses for all, so that equal vertices have equal room.
        bend, area = _best(aims, areas, settings, seed)
        areas = (area,)
        first = _drawn(aims, bend, settings.rounds, seed)
        places[inside] = _settled(aims, first, area, settings, seed)
    area = areas[len(areas) // 2] * settings.bodies
    if parts > 1:
        places = pack(places, part.astype(np.int32), _radius(level.charge, area))
    return DrawnBodies(places=places, area=area)


def _paths(level: Level, hops: Hops) -> tuple[DoubleArray, DoubleArray | None]:
    """Distances along the data, in distances of neighbours: each float64 (n, n).

    Where there are hubs, most of it is the length of a path whose edges at a hub are longer, as
    many times as it has more edges than most: what many share, as a mask that every block reads,
    would else draw all of them together and mix their order. The second ones are for a drawing
    that has found this order and keeps it when the hub draws its blocks nearer.
    """
    distances = hops.distances()
    degree = np.diff(level.indptr)
    ends = np.repeat(np.arange(level.vertices), degree)
    near = distances[ends, level.neighbours]
    if not len(near):
        return distances, None
    distances /= np.median(near)
    usual = max(_SHARED, float(np.quantile(degree, 1 - _RARE)))
    shared = np.maximum(degree[ends], degree[level.neighbours])
    if shared.max() <= usual:
        return distances, None
    lengths = near / np.median(near) * np.maximum(shared / usual, 1)
    graph = csr_array((lengths, level.neighbours, level.indptr), (level.vertices,) * 2)
    around = dijkstra(graph, directed=False)
    apart = ~np.isfinite(around)
    around[apart] = distances[apart]
    first, closer = ((1 - share) * distances + share * around for share in (_AROUND, _CLOSER))
    return first, closer


def _radius(charge: FloatArray, area: float) -> FloatArray:
    return np.asarray(np.sqrt(area / np.pi * charge), np.float32)


def _best(
    aims: Aims, areas: tuple[float, ...], settings: LayoutSettings, seed: int
) -> tuple[tuple[float, float], float]:
    """The bend and the area of bodies that cost least."""
    trial = aims.of(np.unique(np.linspace(0, len(aims.charge) - 1, _SAMPLE).astype(np.int64)))
    found = []
    for bend in _BENDS if settings.fill > 0 else (_STRAIGHT,):
        places = _drawn(trial, bend, _TRIAL_ROUNDS, seed)
        for area in areas:
            found.append((_cost(trial, places, area, settings.fill), bend, area))
    _, bend, area = min(found)
    return bend, area


def _cost(aims: Aims, places: FloatArray, area: float, fill: float) -> float:
    """What a drawing has of stress and of emptiness."""
    reach = _radius(aims.charge, area) + np.float32(_SWELL)
    # By its square, as who has much of it already cannot afford more.
    cost = aims.hops.stress(places, reach) ** 2 / _USUAL_STRESS
    if fill > 0:
        lack = np.log(fill / max(_cover(places, reach), 1e-3))
        cost += _EMPTINESS * max(lack, 0) ** 3
    return float(cost)


def _cover(places: FloatArray, reach: FloatArray) -> float:
    """The share of the bounding square that discs cover, by a grid of 32 points a side."""
    low = (places - reach[:, None]).min(axis=0)
    high = (places + reach[:, None]).max(axis=0)
    ticks = (np.arange(32) + 0.5) / 32 * (high - low).max() - (high - low).max() / 2
    middle = (low + high) / 2
    across = (middle[0] + ticks[:, None] - places[None, :, 0]) ** 2
    up = (middle[1] + ticks[:, None] - places[None, :, 1]) ** 2
    return float(((across[:, None] + up[None, :]) <= reach[None] ** 2).any(axis=2).mean())


def _drawn(aims: Aims, bend: tuple[float, float], rounds: int, seed: int) -> FloatArray:
    """Places whose distances are nearly the wanted ones."""
    bones = aims.bones.astype(np.float64)
    wanted = _wanted(aims, aims.paths, bend)
    random = np.random.default_rng(seed)
    weights = _weights(aims.hops)
    return _descend(bones * _best_scale(bones, wanted), wanted, weights, 1.0, rounds, random)


def _settled(
    aims: Aims, places: FloatArray, area: float, settings: LayoutSettings, seed: int
) -> FloatArray:
    """Places after hubs have drawn them nearer, if that spares much; else as they were."""
    if aims.closer is None:
        return places
    wanted = _wanted(aims, aims.closer, _STRAIGHT)
    start = places.astype(np.float64)
    start *= _best_scale(start, wanted)
    random = np.random.default_rng(seed)
    weights = _weights(aims.hops)
    closer = _descend(start, wanted, weights, _GENTLE, settings.rounds, random)
    before, after = (_cost(aims, one, area, settings.fill) for one in (places, closer))
    return closer if after < _WORTH * before else places


def _wanted(aims: Aims, paths: DoubleArray, bend: tuple[float, float]) -> FloatArray:
    bent = _bent(paths.copy(), *bend)
    bones = aims.bones.astype(np.float64)
    return _blend(bent, bones * _best_scale(bones, bent), aims.keep)


def _weights(hops: Hops) -> FloatArray:
    """How many pairs of vertices two bodies stand for, against most others: float32 (n, n)."""
    some = hops.pairs[hops.pairs > 0]
    usual = np.median(some) if len(some) else 1.0
    return np.asarray(hops.pairs / usual, np.float32)


def _bent(paths: DoubleArray, turn: float, power: float) -> FloatArray:
    """Chords of the arc that the longest path would be if it turned so far, to a power."""
    np.fill_diagonal(paths, 0)
    if turn:
        diameter = 2 * paths.max() / turn
        paths = diameter * np.sin(paths / diameter)
    return np.asarray(paths**power, np.float32)


def _squarish(positions: FloatArray) -> FloatArray:
    """The positions, stretched where one side is more than twice the other."""
    centred = positions - positions.mean(axis=0)
    sides = np.ptp(centred, axis=0).astype(np.float64)
    if not sides.min() > 0:
        return np.asarray(centred, np.float32)
    factor = np.maximum(sides.max() / 2 / sides, 1)
    return np.asarray(centred * factor, np.float32)


def _blend(paths: FloatArray, bones: npt.NDArray[np.float64], keep: float) -> FloatArray:
    """Path lengths mixed with the distances of the skeleton: float32 (n, n)."""
    if not keep:
        return paths
    return np.asarray((1 - keep) * paths + keep * cdist(bones, bones), np.float32)


def _best_scale(positions: npt.NDArray[np.float64], wanted: FloatArray) -> float:
    """The factor that brings the distances of positions nearest to the wanted ones."""
    index = np.linspace(0, len(positions) - 1, min(len(positions), 300)).astype(np.int64)
    some = positions[index]
    goal = wanted[np.ix_(index, index)].astype(np.float64)
    ratio = np.divide(cdist(some, some), goal, out=np.zeros_like(goal), where=goal > 0)
    total = float((ratio**2).sum())
    return float(ratio.sum()) / total if total > 0 else 1.0


def _descend(
    start: npt.NDArray[np.float64],
    wanted: FloatArray,
    weights: FloatArray,
    first: float,
    rounds: int,
    random: np.random.Generator,
) -> FloatArray:
    n = len(start)
    positive = wanted[wanted > 0]
    near, far = float(positive.min()), float(positive.max())
    # Vertices that lie on each other or on a line need a push to leave it.
    positions = start + random.standard_normal(start.shape) * near * 1e-3
    players: IntArray = random.permutation(n).astype(np.int32)
    goals, stiffness = _fixtures(wanted, weights, players)
    for number in range(rounds):
        share = number / max(rounds - 1, 1)
        # As for pairs that all weigh 1: rates from the weights' own extremes gave no less stress.
        rate = first * far**2 * (_LAST_STEP * near**2 / (first * far**2)) ** share
        days = random.permutation(len(goals))
        _round(positions, goals, stiffness, players, days, rate)
    positions -= (positions.min(axis=0) + positions.max(axis=0)) / 2
    return positions.astype(np.float32)


@kernel
def _fixtures(wanted, weights, players):  # type: ignore[no-untyped-def]
    """Wanted distances of all pairs and their weights over their squares, in the order of play.

    The circle method of tournaments: each of its days has every player once, at one of its tables.
    Two float32 (days, tables); a pair that does not play has stiffness 0.
    """
    n = len(players)
    days, tables = n + n % 2 - 1, (n + n % 2) // 2
    goals = np.zeros((days, tables), np.float32)
    stiffness = np.zeros((days, tables), np.float32)
    for day in range(days):
        for table in range(tables):
            one, two = _pair(day, table, days)
            if one < n and two < n:
                goal = wanted[players[one], players[two]]
                if goal > 0:
                    goals[day, table] = goal
                    stiffness[day, table] = weights[players[one], players[two]] / (goal * goal)
    return goals, stiffness


@kernel
def _pair(day, table, days):  # type: ignore[no-untyped-def]
    if table == 0:
        return days, day
    return (day + table) % days, (day - table) % days


@kernel
def _round(positions, goals, stiffness, players, days, rate):  # type: ignore[no-untyped-def]
    """Every pair meets once."""
    for day in days:
        for table in range(goals.shape[1]):
            if stiffness[day, table] <= 0:
                continue
            one, two = _pair(day, table, len(goals))
            a, b = players[one], players[two]
            dx = positions[a, 0] - positions[b, 0]
            dy = positions[a, 1] - positions[b, 1]
            length = np.sqrt(dx * dx + dy * dy) + 1e-12
            step = min(rate * stiffness[day, table], 1.0)
            step *= 0.5 * (length - goals[day, table]) / length
            positions[a, 0] -= step * dx
            positions[a, 1] -= step * dy
            positions[b, 0] += step * dx
            positions[b, 1] += step * dy

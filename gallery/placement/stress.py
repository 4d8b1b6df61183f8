"""Draws the small graph of bodies so that distances in the plane match distances along the data.

Pairs of bodies are moved towards their target distance. The target distance is the number of edges
between the bodies' vertices, folded along the longest path, so that short distances are kept and
only long ones shrink. Each pair of bodies is weighted by its number of vertex pairs, since stress
is defined on vertices. The fold is an arc, an S or a shell: what gives the best balance of low
stress and a well-filled circle. At last the bodies are moved closer to the true distances, as far
as the fold lets them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from gallery.jit import each
from gallery.placement.cost import cost, radius, reach
from gallery.placement.descent import descend
from gallery.placement.distances import DoubleArray, Hops, between
from gallery.placement.folding import Fold, Way, beside, guide, way
from gallery.placement.graph_levels import FloatArray, Level
from gallery.placement.majorisation import truer
from gallery.placement.orientation import unmirrored
from gallery.placement.packing import pack
from gallery.placement.parts import parts_of
from gallery.placement.paths import path_lengths
from gallery.placement.roundness import cover
from gallery.placement.settings import LayoutSettings
from gallery.placement.targets import blend, distances, squarish, weights
from gallery.placement.tournament import Tournament, tournament

_TRIAL_ROUNDS = 8
"""Enough to estimate how much of its circle a drawing will cover."""

_STRAIGHT = Fold()

_ARCS = (0.7, 1.0, 1.35)
"""Angles of arcs to try, in half turns."""

_MEANDER = Fold(bends=2.0, turn=0.8, taper=0.6)
"""An S to try, for chains too long to fill a circle. Its taper is set by eye."""

_COILS = (1.4, 2.0, 3.2)
"""Widths of shells to try, relative to the tightest one's: tight ones are full, at more stress."""

_USUAL_AREA = 0.4
"""Mean area of bodies, in squares of the distance of neighbours, for which folds are counted."""

_SAMPLE = 400
"""Number of bodies that is enough to estimate the stress and the cover of a drawing."""

_ALONE = 32
"""With fewer bodies, folds are tried in less time than it takes to start another thread."""

_SIDE = 0.05
"""Share of the skeleton in the places from which pairs are moved."""

_SHARED = 8
_RARE = 0.02
"""Hubs have more edges than `_SHARED`, and than all but the share `_RARE` of the bodies."""

_AROUND, _CLOSER = 0.8, 0.15
"""Weight of paths around hubs in the target distances, if there are hubs: first to find the order
of the blocks, then once it is found. Set by eye."""

_GENTLE = 0.1
"""The longest step once the order is found, relative to one that moves a pair all the way."""

_WORTH = 0.15
"""Blocks are drawn closer to hubs only if this lowers the cost by so much, as a clear order is
easier to read. Set by eye."""

_SWEEPS, _WIDTH = 5, 0.9
"""How often each body of a folded drawing moves closer to its true distances, and the width of the
circle in which they do so, relative to the fold's. Measured: with more sweeps arcs open."""

_SIZES = (0.15, 0.25, 0.4, 0.65, 1.0, 1.6, 2.5, 4.0, 6.4)
"""Mean areas of bodies to try, in squares of the distance of neighbours."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bodies:
    """What is drawn.

    Attributes:
        level: The graph of the bodies.
        hops: Sums over the distances between their vertices.
        resolution: float64 (n,), at which they work, NaN where they have none.
    """

    level: Level
    hops: Hops
    resolution: DoubleArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnBodies:
    """Places and sizes of the bodies.

    Attributes:
        places: float32 (n, 2); neighbours are about 1 apart.
        area: Area of a body that has all the charge.
    """

    places: FloatArray
    area: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Aims:
    """What a drawing of one connected graph should be like.

    Attributes:
        hops: The sums from which its stress is computed.
        skeleton: float32 (n, 2), the skeleton.
        keep: Share of the skeleton's own distances in the target distances.
        charge: float32 (n,), to which the bodies' areas are proportional.
        paths: float64 (n, n), target distances along the data, in distances of neighbours.
        closer: The same with hubs closer to their neighbours, or None if there are no hubs.
        way: The longest of the paths.
        pairs: The order in which pairs are moved.
        weights: float32 (days, tables), how much each of them counts.
        beside: float64 (days, tables), what their distances have beside the path, squared.
    """

    hops: Hops
    skeleton: FloatArray
    keep: float
    charge: FloatArray
    paths: DoubleArray
    closer: DoubleArray | None
    way: Way
    pairs: Tournament
    weights: FloatArray = field(init=False)
    beside: DoubleArray = field(init=False)

    def __post_init__(self) -> None:
        """Put what all folds share into the order of the pairs."""
        for name, value in (
            ("weights", self.pairs.of(weights(self.hops))),
            ("beside", self.pairs.of(beside(self.paths, self.way))),
        ):
            object.__setattr__(self, name, value)

    def of(self, inside: npt.NDArray[np.int64], pairs: Tournament) -> Aims:
        """The aims for some of the bodies, which take the space of all and meet in an order."""
        charge = self.charge[inside]
        total = self.charge.sum(dtype=np.float64) / max(charge.sum(dtype=np.float64), 1e-30)
        return Aims(
            hops=self.hops.of(inside),
            skeleton=self.skeleton[inside],
            keep=self.keep,
            charge=charge * np.float32(total),
            paths=between(inside, self.paths),
            closer=None if self.closer is None else between(inside, self.closer),
            way=self.way.of(inside),
            pairs=pairs,
        )

    def folded(self, path: DoubleArray) -> FloatArray:
        """Distances of bodies beside a folded path: float32 (days, tables).

        Args:
            path: float64 (n, 2), where the path is beside each body.
        """
        return self.pairs.distances(path, self.beside).astype(np.float32)

    def scaled(self, wanted: FloatArray) -> DoubleArray:
        """The skeleton as large as suits target distances: float64 (n, 2)."""
        return self.skeleton.astype(np.float64) * self.pairs.scale(self.skeleton, wanted)

    def blended(self, wanted: FloatArray, skeleton: DoubleArray) -> FloatArray:
        """Target distances with their share of those of a skeleton: float32 (days, tables)."""
        if not self.keep:
            return wanted
        return blend(wanted, self.pairs.distances(skeleton), self.keep)


def draw(
    bodies: Bodies, start: FloatArray, *, keep: float, seed: int, settings: LayoutSettings
) -> DrawnBodies:
    """Places and sizes for the bodies of a small graph.

    Unconnected parts are drawn one by one and packed side by side.

    Args:
        bodies: The graph.
        start: float32 (n, 2), the skeleton.
        keep: Share of the skeleton's own distances in the target distances, 0 to 1.
        seed: Seed of the order of the pairs.
        settings: How much of the circle to fill, and how long to try.
    """
    level, hops = bodies.level, bodies.hops
    ends = np.repeat(np.arange(level.vertices), np.diff(level.indptr))
    part = parts_of(level.vertices, np.stack((ends, level.neighbours), axis=1))
    places = np.zeros((level.vertices, 2), np.float32)
    paths, closer = _paths(level, hops)
    sizes = np.bincount(part)
    areas = tuple(size * level.vertices for size in _SIZES)
    for number in np.argsort(-sizes, kind="stable").tolist():
        inside = np.flatnonzero(part == number)
        if len(inside) == 1:
            break
        own = between(inside, paths)
        aims = Aims(
            hops=hops.of(inside),
            skeleton=squarish(start[inside]),
            keep=keep,
            charge=level.charge[inside],
            paths=own,
            closer=None if closer is None else between(inside, closer),
            way=way(own, level.charge[inside], bodies.resolution[inside]),
            pairs=_meetings(len(inside), settings, seed),
        )
        # The largest part decides for all, so that equal bodies get equal areas.
        fold, area = _best(aims, areas, settings, seed)
        areas = (area,)
        first = _drawn(aims, fold, settings.rounds)
        settled = _settled(aims, fold, first, area, settings)
        relaxed = _relaxed(aims, settled, area, settings)
        places[inside] = unmirrored(relaxed, guide(aims.way, fold), aims.charge)
    area = areas[len(areas) // 2] * settings.bodies
    if len(sizes) > 1:
        places = pack(places, part, radius(level.charge, area))
    return DrawnBodies(places=places, area=area)


def _meetings(bodies: int, settings: LayoutSettings, seed: int) -> Tournament:
    return tournament(bodies, max(settings.rounds, 2 * _TRIAL_ROUNDS), seed)


def _paths(level: Level, hops: Hops) -> tuple[DoubleArray, DoubleArray | None]:
    """Distances along the data, in distances of neighbours: each float64 (n, n).

    If there are hubs, most of a distance is the length of a path on which an edge at a hub counts
    as many times as the hub has more edges than usual. Otherwise something shared, such as a
    mask that every block reads, would pull all its readers together and mix up their order. The
    second distances are for a drawing that has found the order and keeps it while hubs pull blocks
    closer.
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
    around = path_lengths(level.indptr, level.neighbours, lengths)
    apart = ~np.isfinite(around)
    around[apart] = distances[apart]
    first, closer = ((1 - share) * distances + share * around for share in (_AROUND, _CLOSER))
    return first, closer


def _best(
    aims: Aims, areas: tuple[float, ...], settings: LayoutSettings, seed: int
) -> tuple[Fold, float]:
    """The fold with the lowest cost, and the area of bodies that suits it best.

    Folds are compared with bodies of one size, the median of those that suit them: the best size
    of a fold jumps at a small change of the model, and its cost with it.
    """
    some = np.unique(np.linspace(0, len(aims.charge) - 1, _SAMPLE).astype(np.int64))
    trial = aims
    if len(some) < len(aims.charge):
        trial = aims.of(some, _meetings(len(some), settings, seed))

    def tried(fold: Fold) -> tuple[FloatArray, float]:
        places = _drawn(trial, fold, _TRIAL_ROUNDS)
        return places, min((_cost(trial, places, area, settings), area) for area in areas)[1]

    folds = _folds(trial) if settings.fill > 0 else [_STRAIGHT]
    alone = len(folds) == 1 or len(aims.charge) < _ALONE
    found = each(tried, ((fold,) for fold in folds), alone=alone)
    usual = sorted(area for _, area in found)[len(found) // 2]
    costs = [_cost(trial, places, usual, settings, power=1) for places, _ in found]
    best = costs.index(min(costs))
    return folds[best], found[best][1]


def _cost(
    aims: Aims, places: FloatArray, area: float, settings: LayoutSettings, power: int = 2
) -> float:
    return cost(aims.hops, aims.charge, places, area, settings.fill, power=power)


def _folds(aims: Aims) -> list[Fold]:
    """Folds to try.

    A band that is folded k times fills a square if its length is k² times its width. A straight
    one covers 4 / pi times width over length of its circle.
    """
    straight = _drawn(aims, _STRAIGHT, 2 * _TRIAL_ROUNDS)
    covered = cover(straight, reach(aims.charge, _USUAL_AREA * len(aims.charge)))
    bends = float(np.sqrt(4 / np.pi / max(covered.whole, 1e-3)))
    arcs = [Fold(bends=1.0, turn=turn) for turn in _ARCS]
    return [*arcs, _MEANDER, *(Fold(bends=bends, coil=coil) for coil in _COILS)]


def _drawn(aims: Aims, fold: Fold, rounds: int) -> FloatArray:
    """Places whose distances are close to the target distances."""
    path = guide(aims.way, fold)
    wanted = aims.folded(path)
    scaled = aims.scaled(wanted)
    # Engines that aim at distances only tell on which side of the path bodies are.
    start = scaled if aims.keep else path + _SIDE * scaled
    aim = aims.blended(wanted, scaled)
    return descend(aims.pairs, start, aim, aims.weights, 1.0, rounds)


def _settled(
    aims: Aims, fold: Fold, places: FloatArray, area: float, settings: LayoutSettings
) -> FloatArray:
    """Places after hubs have pulled them closer, if that lowers the cost enough, else unchanged."""
    if aims.closer is None:
        return places
    # As much shorter as the fold makes the distances of the first drawing.
    shorter = aims.folded(guide(aims.way, fold)) / np.maximum(aims.pairs.of(aims.paths), 1e-9)
    wanted = (aims.pairs.of(aims.closer) * shorter).astype(np.float32)
    wanted = aims.blended(wanted, aims.scaled(wanted))
    start = places.astype(np.float64) * aims.pairs.scale(places, wanted)
    nearer = descend(aims.pairs, start, wanted, aims.weights, _GENTLE, settings.rounds)
    before, after = (_cost(aims, one, area, settings) for one in (places, nearer))
    return nearer if after < before - _WORTH else places


def _relaxed(aims: Aims, places: FloatArray, area: float, settings: LayoutSettings) -> FloatArray:
    """Places closer to the true distances, in a circle if there is one to fill."""
    true = (aims.paths if aims.closer is None else aims.closer).astype(np.float32)
    if aims.keep:
        scaled = aims.scaled(aims.pairs.of(true))
        true = blend(true, distances(scaled), aims.keep)
    hops = replace(aims.hops, near=aims.hops.square * true)
    width = _WIDTH if settings.fill > 0 else None
    return truer(hops, places, reach(aims.charge, area), _SWEEPS, width=width)

"""The order in which the pairs of bodies are moved: a round-robin tournament by the circle method.

On each day, every body meets one other at one of the tables; after all days, each two have met
once. What is known of pairs is kept in that order, day by day and table by table, so that it is
read in one go however often the pairs are moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from gallery.jit import inner_kernel, kernel
from gallery.placement.graph_levels import FloatArray
from gallery.placement.noise import scattered
from gallery.placement.targets import best_scale, distances

DoubleArray = npt.NDArray[np.float64]

_SCALED = 300
"""Most bodies by whose pairs drawings are scaled."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tournament:
    """Who meets whom, and when.

    Attributes:
        seats: int64 (n,), the body in each seat.
        order: int64 (rounds, days), the order of the days in each round.
        nudges: float64 (n, 2), a random vector for each body, normal with variance 1.
        meetings: int64 (days, tables), the pairs' places in a flat (n, n), first the body in the
            seat that comes first at the table; n² at a table where nobody meets.
        some: int64 (k,), bodies by whose pairs drawings are scaled.
        places: int64 (k, k), where their pairs are in a flat (days, tables), with one more for a
            body and itself.
    """

    seats: npt.NDArray[np.int64]
    order: npt.NDArray[np.int64]
    nudges: DoubleArray
    meetings: npt.NDArray[np.int64]
    some: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]

    def of(self, pairs: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """Numbers of pairs in the order in which they meet: (days, tables); 0 where nobody does.

        Args:
            pairs: (n, n).
        """
        return np.append(pairs.ravel(), pairs.dtype.type(0))[self.meetings]

    def seated(self, places: npt.NDArray[np.floating]) -> DoubleArray:
        """Places by seats: float64 (2 tables, 2); the last seat is empty if n is odd."""
        found = np.zeros((2 * self.meetings.shape[1], 2))
        found[: len(self.seats)] = places[self.seats]
        return found

    def distances(
        self, places: npt.NDArray[np.floating], beside: DoubleArray | None = None
    ) -> DoubleArray:
        """Distances of the pairs that meet: float64 (days, tables).

        Args:
            places: (n, 2).
            beside: float64 (days, tables), squared distances in a third direction, or None.
        """
        found = np.empty(self.meetings.shape)
        if beside is None:
            beside = np.zeros(self.meetings.shape)
        _distances(self.seated(places).reshape(-1), beside, found)
        if len(self.seats) % 2:
            found[:, 0] = 0
        return found

    def scale(self, places: npt.NDArray[np.floating], wanted: FloatArray) -> float:
        """The factor that brings distances closest to their targets, each relative to its own.

        Args:
            places: (n, 2).
            wanted: float32 (days, tables), target distances; 0 for pairs that do not matter.
        """
        goals = np.append(wanted.ravel(), np.float32(0))[self.places]
        return best_scale(distances(places[self.some]), goals)


@lru_cache(maxsize=4)  # All skeletons of a model have the same.
def tournament(bodies: int, rounds: int, seed: int) -> Tournament:
    """A tournament of all bodies, in a random order.

    Args:
        bodies: How many there are.
        rounds: How often each two are to meet.
        seed: Seed of the order.
    """
    random = np.random.default_rng(seed)
    nudges = scattered(bodies, random)
    seats = random.permutation(bodies)
    tables = (bodies + 1) // 2
    days = max(2 * tables - 1, 0)
    order = np.array([random.permutation(days) for _ in range(rounds)]).reshape(rounds, days)
    day, table = np.arange(days)[:, None], np.arange(tables)
    one, two = (day + table) % max(days, 1), (day - table) % max(days, 1)
    # At the first table, the body in the last seat meets the one whose day it is.
    one[:, :1] = days
    body = np.append(seats, bodies)
    meetings = body[one] * bodies + body[two]
    if bodies % 2:
        meetings[:, 0] = bodies * bodies
    some = np.linspace(0, bodies - 1, min(bodies, _SCALED)).astype(np.int64)
    return Tournament(
        seats=seats,
        order=order,
        nudges=nudges,
        meetings=meetings,
        some=some,
        places=_places(meetings, bodies)[np.ix_(some, some)],
    )


def _places(meetings: npt.NDArray[np.int64], bodies: int) -> npt.NDArray[np.int64]:
    """Where pairs are in a flat (days, tables): int64 (n, n); its length on the diagonal."""
    found = np.full(bodies * bodies + 1, meetings.size)
    found[meetings.ravel()] = np.arange(meetings.size)
    one_way = found[:-1].reshape(bodies, bodies)
    return np.asarray(np.minimum(one_way, one_way.T))


@inner_kernel
def apart(seated, day, across, up):  # type: ignore[no-untyped-def]
    """How far the two bodies at each table of a day are apart along the axes, OUT across and up.

    Args:
        seated: float64 (4 tables,), x and y of each seat in turn.
        day: Number of the day.
        across: float64 (tables,).
        up: float64 (tables,).
    """
    days = len(seated) // 2 - 1
    for table in range(len(across)):
        one, two = pair(day, table, days)
        a, b, y = np.uint64(2 * one), np.uint64(2 * two), np.uint64(1)
        across[table] = seated[a] - seated[b]
        up[table] = seated[a + y] - seated[b + y]


@inner_kernel
def pair(day, table, days):  # type: ignore[no-untyped-def]
    """The two seats at a table of a day."""
    if table == 0:
        return days, day
    # Without division, which would take as long as to move a pair.
    one, two = day + table, day - table
    return (one if one < days else one - days), (two if two >= 0 else two + days)


@kernel
def _distances(seated, beside, out):  # type: ignore[no-untyped-def]
    across, up = np.empty(out.shape[1]), np.empty(out.shape[1])
    for day in range(len(out)):
        apart(seated, day, across, up)
        for table in range(len(across)):
            square = across[table] * across[table] + up[table] * up[table]
            out[day, table] = np.sqrt(square + beside[day, table])

"""Sums over pairs of vertices against plain searches, and the stress that they foretell."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gallery.graph import ComputeGraph
from gallery.placement.distances import Hops, hops
from gallery.placement.graph_levels import IntArray, Level
from gallery.placement.hierarchy import Hierarchy, reads_of
from gallery.placement.quality import stress
from gallery.placement.quotients import quotient
from gallery.placement.settings import LayoutSettings
from gallery.placement.stress import Bodies, DrawnBodies, draw
from tests.strategies import compute_graph, compute_graphs, mesh, path


def single(level: Level) -> Hierarchy:
    return Hierarchy(levels=(level,), parents=())


def grouped(level: Level, body: IntArray) -> Hierarchy:
    coarse = quotient(level, body, int(body.max()) + 1)
    return Hierarchy(levels=(level, coarse), parents=(body,))


def true_distances(level: Level) -> np.ndarray:
    ones = np.ones(len(level.neighbours))
    return dijkstra(csr_array((ones, level.neighbours, level.indptr), (level.vertices,) * 2))


@settings(max_examples=40, deadline=None)
@given(graph=compute_graphs())
def test_sums_of_single_vertices_are_exact(graph: ComputeGraph) -> None:
    if not graph.vertices:
        return
    level = reads_of(graph).whole()
    counted = hops(single(level))
    distance = true_distances(level)
    joined = np.isfinite(distance) & (distance > 0)
    assert ((counted.pairs > 0) == joined).all()
    np.testing.assert_allclose(counted.distances()[joined], distance[joined])


def test_sums_of_bodies_are_those_of_their_vertices() -> None:
    """One vertex stands for its body: on a chain of bodies that is the same but for the ends."""
    level = reads_of(path(240)).whole()
    body = (np.arange(240) // 12).astype(np.int32)
    counted, distance = hops(grouped(level, body)), true_distances(level)
    np.fill_diagonal(distance, np.inf)
    slow = np.array(
        [[(1 / distance[np.ix_(body == a, body == b)]).sum() for a in range(20)] for b in range(20)]
    )
    # Each pair of bodies is counted from both sides.
    apart = ~np.eye(20, dtype=bool) & (slow < 10)
    np.testing.assert_allclose(counted.near[apart] / 2, slow[apart], rtol=0.05)
    assert counted.pairs.sum() / 2 == 240 * 239


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_stress_of_points_is_the_measured_stress(seed: int) -> None:
    level = reads_of(mesh(5, 6)).whole()
    places = np.random.default_rng(seed).random((30, 2), np.float32)
    random = np.random.default_rng(1)
    measured = stress(level.indptr, level.neighbours, places, random, 30)
    foretold = hops(single(level)).stress(places, np.zeros(30, np.float32))
    assert foretold == pytest.approx(measured, rel=1e-4)


@pytest.mark.parametrize("gap", [0.0, 1.0, 4.0])
def test_stress_of_discs_is_that_of_points_spread_over_them(gap: float) -> None:
    random = np.random.default_rng(1)
    middles = np.array([[0, 0], [gap, 0], [gap, gap + 0.5]], np.float32)
    radius = np.array([1, 0.5, 1.5], np.float32)
    turn, far = random.random((2, 3, 400))
    spread = np.sqrt(far)[..., None] * np.stack(
        [np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)], axis=-1
    )
    points = (middles[:, None] + radius[:, None, None] * spread).reshape(-1, 2)
    body = np.repeat(np.arange(3), 400)
    wanted = np.array([[1, 2, 4], [2, 1, 2], [4, 2, 1]], np.float64)
    ratio = (
        np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2)) / wanted[np.ix_(body, body)]
    )
    slow = 1 - ratio.mean() ** 2 / (ratio**2).mean()
    sums = Hops(near=1 / wanted, square=1 / wanted**2, pairs=np.ones((3, 3)))
    assert sums.stress(middles, radius) == pytest.approx(slow, abs=0.03)


def drawn(level: Level, start: np.ndarray, fill: float = 0.45) -> DrawnBodies:
    keep, aims = 0.0, LayoutSettings(fill=fill)
    nowhere = np.full(level.vertices, np.nan)
    bodies = Bodies(level=level, hops=hops(single(level)), resolution=nowhere)
    return draw(bodies, start, keep=keep, seed=1, settings=aims)


def test_a_bend_is_chosen_for_the_square_and_none_without() -> None:
    level = reads_of(path(60)).whole()
    start = np.stack([np.arange(60), np.zeros(60)], axis=1).astype(np.float32)
    straight = np.ptp(drawn(level, start, fill=0).places, axis=0)
    bent = np.ptp(drawn(level, start).places, axis=0)
    assert straight.min() / straight.max() < 0.2
    assert bent.min() / bent.max() > 0.25


def test_longer_chains_turn_more_often() -> None:
    def turned(count: int) -> float:
        start = np.stack([np.arange(count), np.zeros(count)], axis=1).astype(np.float32)
        chain = drawn(reads_of(path(count)).whole(), start, fill=1).places
        # Steps of four bodies, as single ones jitter.
        steps = np.diff(chain[::4], axis=0)
        across = steps[:-1, 0] * steps[1:, 1] - steps[1:, 0] * steps[:-1, 1]
        angles = np.arctan2(across, (steps[:-1] * steps[1:]).sum(axis=1))
        return float(np.abs(angles).sum() / (2 * np.pi))

    few, many = turned(40), turned(160)
    assert 0.6 <= few <= 1.5
    assert 2 * few < many < 6 * few


def test_a_hub_does_not_mix_the_order_of_what_it_joins() -> None:
    """A chain whose every member reads one mask: far ones stay farther than neighbours."""
    chain = [(k, k + 1) for k in range(1, 60)]
    level = reads_of(compute_graph(61, [*chain, *((0, k) for k in range(1, 61))])).whole()
    start = np.random.default_rng(3).random((61, 2), np.float32)
    places = drawn(level, start, fill=0).places[1:].astype(np.float64)
    beside = np.linalg.norm(places[1:] - places[:-1], axis=1).mean()
    across = np.linalg.norm(places[20:] - places[:-20], axis=1).mean()
    assert beside < 0.35 * across

"""Moves towards the true distances: never away from them, within the circle, and as published."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.graph import ComputeGraph
from gallery.jit import kernel
from gallery.placement import stress as bodies
from gallery.placement.distances import Hops, between_discs, hops
from gallery.placement.hierarchy import Hierarchy, reads_of
from gallery.placement.majorisation import truer
from gallery.placement.roundness import circle
from gallery.placement.settings import LayoutSettings
from gallery.placement.stress import Bodies, draw
from tests.strategies import compute_graph, compute_graphs, mesh, path


def counted(graph: ComputeGraph) -> Hops:
    return hops(Hierarchy(levels=(reads_of(graph).whole(),), parents=()))


def scattered(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of discs, and their radii."""
    random = np.random.default_rng(seed)
    return 5 * random.random((count, 2), np.float32), random.random(count, np.float32)


@settings(max_examples=60, deadline=None)
@given(graph=compute_graphs(), seed=st.integers(0, 1000))
def test_a_sweep_never_raises_the_stress(graph: ComputeGraph, seed: int) -> None:
    if not graph.edges:
        return
    sums = counted(graph)
    places, reach = scattered(graph.vertices, seed)
    found = [sums.stress(truer(sums, places, reach, sweeps), reach) for sweeps in range(5)]
    assert (np.diff(found) <= 1e-6).all()


def test_many_sweeps_find_the_drawing_without_stress() -> None:
    sums = counted(path(12))
    line = np.stack([np.arange(12), np.zeros(12)], axis=1).astype(np.float32)
    points = np.zeros(12, np.float32)
    bent = line + 0.5 * np.random.default_rng(1).random((12, 2), np.float32)
    assert sums.stress(bent, points) > 0.005
    assert sums.stress(truer(sums, bent, points, 500), points) < 1e-4
    np.testing.assert_allclose(truer(sums, line, points, 5), line, atol=1e-5)


def test_a_sweep_is_that_of_the_paper() -> None:
    """Of points, one after another by the formula of Gansner, Koren and North, there and back."""
    sums = counted(compute_graph(7, [(0, 1), (1, 2), (2, 3), (0, 3), (3, 4), (4, 5), (4, 6)]))
    places, _ = scattered(7, 3)
    points = np.zeros(7, np.float32)
    distances, weights = sums.distances(), sums.square
    slow = places.astype(np.float64)
    for order in (range(7), reversed(range(7))):
        apart = np.hypot(*(slow[:, None] - slow[None]).transpose(2, 0, 1))
        joined = weights > 0
        scale = (weights * distances * apart)[joined].sum() / (weights * apart**2)[joined].sum()
        for i in order:
            others = [j for j in range(7) if j != i]
            wanted = [
                slow[j]
                + distances[i, j] / scale * (slow[i] - slow[j]) / np.linalg.norm(slow[i] - slow[j])
                for j in others
            ]
            slow[i] = np.average(wanted, axis=0, weights=weights[i, others])
    np.testing.assert_allclose(truer(sums, places, points, 2), slow, rtol=1e-4)


@kernel
def _between(apart, own):  # type: ignore[no-untyped-def]
    return between_discs(apart, own)


@pytest.mark.parametrize("apart", [0.1, 0.5, 2.0, 9.0])
def test_the_slope_is_that_of_the_mean_distance(apart: float) -> None:
    def square(at: float) -> float:
        return float(_between(at, 1.5)[1] ** 2)

    slope = _between(apart, 1.5)[2]
    assert slope == pytest.approx((square(apart + 1e-5) - square(apart - 1e-5)) / 2e-5, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), width=st.sampled_from([0.5, 0.8, 0.95]))
def test_bodies_stay_in_the_circle_that_closes_in(seed: int, width: float) -> None:
    places, reach = scattered(20, seed)
    centre, radius = circle(places, reach)
    found = truer(counted(path(20)), places, reach, 3, width=width)
    away = np.hypot(*(found - centre).T)
    assert (away <= np.maximum(width * radius - reach, 0) + 1e-4).all()


def test_a_folded_drawing_has_less_stress_in_a_smaller_circle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    level = reads_of(mesh(4, 30)).whole()
    sums = counted(mesh(4, 30))
    graph = Bodies(level=level, hops=sums, resolution=np.full(120, np.nan))
    start = np.random.default_rng(1).random((120, 2), np.float32)

    def drawn(sweeps: int) -> tuple[float, float]:
        monkeypatch.setattr(bodies, "_SWEEPS", sweeps)
        found = draw(graph, start, keep=0, seed=1, settings=LayoutSettings())
        reach = bodies.reach(level.charge, found.area)
        return sums.stress(found.places, reach), circle(found.places, reach)[1]

    usual = bodies._SWEEPS
    (stress, radius), (less, smaller) = drawn(0), drawn(usual)
    assert less < 0.97 * stress
    assert smaller < 0.92 * radius


def test_a_drawing_that_keeps_its_skeleton_is_moved_towards_that() -> None:
    level = reads_of(mesh(4, 5)).whole()
    graph = Bodies(level=level, hops=counted(mesh(4, 5)), resolution=np.full(20, np.nan))
    skeleton = np.random.default_rng(1).random((20, 2), np.float32)
    straight = LayoutSettings(fill=0)
    places = draw(graph, skeleton, keep=1.0, seed=1, settings=straight).places
    own, kept = (
        np.hypot(*(one[:, None] - one[None]).transpose(2, 0, 1)).ravel()
        for one in (places, skeleton)
    )
    assert np.corrcoef(own, kept)[0, 1] > 0.98

"""How much of their circle discs fill."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.placement.roundness import circle, cover


def test_the_circle_touches_the_outermost_discs() -> None:
    places = np.array([[3, 1], [-1, 1], [1, 1.5]], np.float32)
    centre, radius = circle(places, np.array([0.5, 0.5, 0.1], np.float32))
    assert centre == pytest.approx([1, 1], abs=0.1)
    assert radius == pytest.approx(2.5, abs=0.1)


@given(st.integers(1, 40), st.floats(0, 30), st.integers(0, 2**32 - 1))
def test_all_discs_are_in_the_circle_and_one_touches_it(n: int, spread: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    places = (random.normal(size=(n, 2)) * spread).astype(np.float32)
    reach = (0.1 + random.random(n)).astype(np.float32)
    centre, radius = circle(places, reach)
    ends = np.sqrt(((places - centre) ** 2).sum(axis=1)) + reach
    assert radius == pytest.approx(ends.max(), rel=1e-12)


@given(st.integers(1, 60), st.floats(0, 20), st.floats(0.05, 4), st.integers(0, 2**32 - 1))
def test_what_is_covered_is_what_a_look_at_each_disc_and_point_finds(
    n: int, spread: float, size: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    places = (random.normal(size=(n, 2)) * spread).astype(np.float32)
    reach = (size * (0.1 + random.random(n))).astype(np.float32)
    centre, radius = circle(places, reach)
    number = np.arange(512)
    distance, turn = np.sqrt((number + 0.5) / 512), np.pi * (3 - np.sqrt(5)) * number
    points = np.stack([distance * np.cos(turn), distance * np.sin(turn)], axis=1) * radius + centre
    apart = np.sqrt(((places[:, None] - points) ** 2).sum(axis=2))
    # Points on a border may count or not.
    for slack, holds in ((1e-6, np.less_equal), (-1e-6, np.greater_equal)):
        inside = (apart < reach[:, None] * (1 - slack)).any(axis=0)
        found = cover(places, reach)
        assert holds(inside.mean(), found.whole)
        assert holds(inside[:32].mean(), found.middle)
    assert cover(places, reach).radius == radius


def test_one_disc_fills_its_circle_and_a_ring_leaves_the_middle_empty() -> None:
    alone = cover(np.zeros((1, 2), np.float32), np.ones(1, np.float32))
    assert (alone.whole, alone.middle) == (1.0, 1.0)
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1).astype(np.float32)
    covered = cover(ring, np.full(60, 1 / 3, np.float32))
    # The band between radii 2/3 and 4/3 takes 3/4 of the circle.
    assert covered.whole == pytest.approx(0.75, abs=0.03)
    assert covered.middle == 0

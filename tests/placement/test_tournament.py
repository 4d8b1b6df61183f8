"""Every two bodies meet once a round, and what is known of them is found where they meet."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.placement import tournament as module
from gallery.placement.tournament import pair, tournament


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 15), seed=st.integers(0, 99))
def test_every_two_meet_once_and_nobody_twice_a_day(n: int, seed: int) -> None:
    pairs = tournament(n, 3, seed)
    met = []
    for day in pairs.meetings:
        there = [sorted(divmod(int(place), n)) for place in day if place < n * n]
        bodies = [body for two in there for body in two]
        assert len(set(bodies)) == len(bodies)
        met += [tuple(two) for two in there]
    assert sorted(met) == list(combinations(range(n), 2))
    assert all(sorted(order) == list(range(len(pairs.meetings))) for order in pairs.order.tolist())


@settings(max_examples=30, deadline=None)
@given(n=st.integers(2, 15), seed=st.integers(0, 99))
def test_pairs_are_in_the_order_in_which_they_are_moved(n: int, seed: int) -> None:
    pairs, random = tournament(n, 1, seed), np.random.default_rng(seed)
    places, beside = random.normal(size=(n, 2)), random.random((n, n))
    numbers, days = pairs.of(beside), len(pairs.meetings)
    found = pairs.distances(places, numbers)
    for day in range(days):
        for table in range(days // 2 + 1):
            seats = pair.py_func(day, table, days)  # type: ignore[attr-defined]
            if max(seats) == n:
                assert (numbers[day, table], found[day, table]) == (0, 0)
                continue
            one, two = (int(pairs.seats[seat]) for seat in seats)
            assert numbers[day, table] == beside[one, two]
            apart = np.hypot(*(places[one] - places[two]))
            assert found[day, table] == pytest.approx(np.hypot(apart, np.sqrt(beside[one, two])))


@settings(max_examples=30, deadline=None)
@given(n=st.integers(2, 15), some=st.integers(2, 9), factor=st.floats(0.1, 9))
def test_a_drawing_of_other_size_is_scaled_back(n: int, some: int, factor: float) -> None:
    places = np.random.default_rng(n).normal(size=(n, 2))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "_SCALED", some)
        pairs = tournament.__wrapped__(n, 1, 1)
    assert len(pairs.some) == min(n, some)
    wanted = pairs.distances(places).astype(np.float32)
    assert pairs.scale(places * factor, wanted) == pytest.approx(1 / factor, rel=1e-5)

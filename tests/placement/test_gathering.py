"""Bodies around an empty middle are drawn towards it, and others are left alone."""

import numpy as np
import pytest

from gallery.placement.gathering import gathered
from gallery.placement.roundness import circle, roundness


def arc(bodies: int = 60) -> np.ndarray:
    """Three rows of bodies along most of a ring."""
    angle = np.repeat(np.linspace(0.2, 1.8 * np.pi, bodies // 3), 3)
    away = np.tile([7.0, 8.5, 10.0], bodies // 3)
    return np.stack([away * np.cos(angle), away * np.sin(angle)], axis=1).astype(np.float32)


def test_an_empty_middle_is_filled_by_spokes() -> None:
    places = arc()
    charge, radius = np.full(60, 1 / 60, np.float32), np.full(60, 1.3, np.float32)
    found = gathered(places, charge, radius)
    assert roundness(places, radius)[1] == 0
    assert roundness(found, radius)[1] > 0.2
    centre, _ = circle(places, radius)
    before, after = places - centre, found - centre
    away = np.hypot(*before.T), np.hypot(*after.T)
    np.testing.assert_allclose(before / away[0][:, None], after / away[1][:, None], atol=1e-3)
    assert (away[1] <= away[0] + 1e-4).all()
    assert away[1].max() == pytest.approx(away[0].max(), rel=0.05)
    assert (np.diff(away[1].reshape(-1, 3), axis=1) > 0).all()


def test_a_full_disc_stays_as_it_is() -> None:
    grid = np.stack(np.meshgrid(np.arange(-5, 6), np.arange(-5, 6)), axis=-1).reshape(-1, 2)
    places = grid[np.hypot(*grid.T) <= 5].astype(np.float32)
    ones = np.full(len(places), 1 / len(places), np.float32)
    np.testing.assert_array_equal(gathered(places, ones, ones * 0 + np.float32(0.5)), places)


def test_bodies_in_one_place_stay_there() -> None:
    same = np.ones((4, 2), np.float32)
    np.testing.assert_array_equal(gathered(same, np.full(4, 0.25, np.float32), same[:, 0]), same)

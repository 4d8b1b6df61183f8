"""How much of their circle discs fill."""

import numpy as np
import pytest

from gallery.placement.roundness import circle, roundness


def test_the_circle_touches_the_outermost_discs() -> None:
    places = np.array([[3, 1], [-1, 1], [1, 1.5]], np.float32)
    centre, radius = circle(places, np.array([0.5, 0.5, 0.1], np.float32))
    assert centre == pytest.approx([1, 1], abs=0.1)
    assert radius == pytest.approx(2.5, abs=0.1)


def test_one_disc_fills_its_circle_and_a_ring_leaves_the_middle_empty() -> None:
    alone = roundness(np.zeros((1, 2), np.float32), np.ones(1, np.float32))
    assert alone == (1.0, 1.0)
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1).astype(np.float32)
    covered, middle = roundness(ring, np.full(60, 1 / 3, np.float32))
    # The band between radii 2/3 and 4/3 takes 3/4 of the circle.
    assert covered == pytest.approx(0.75, abs=0.03)
    assert middle == 0

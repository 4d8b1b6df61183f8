"""Paths are folded as told, and what lies beside them keeps its distance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.placement.folding import Fold, Way, beside, guide, way
from gallery.placement.targets import distances

BODIES = 80
CHAIN = np.abs(np.subtract.outer(np.arange(BODIES), np.arange(BODIES))).astype(np.float64)
EVEN = np.full(BODIES, 1 / BODIES, np.float32)
NONE = np.full(BODIES, np.nan)


def senses(fold: Fold, charge: np.ndarray = EVEN, resolution: np.ndarray = NONE) -> np.ndarray:
    """Angles by which a folded chain turns from body to body; negative is clockwise."""
    steps = np.diff(guide(way(CHAIN, charge, resolution), fold), axis=0)
    across = steps[:-1, 0] * steps[1:, 1] - steps[1:, 0] * steps[:-1, 1]
    along = (steps[:-1] * steps[1:]).sum(axis=1)
    return np.asarray(np.arctan2(across, along))


def folded(paths: np.ndarray, line: Way, fold: Fold) -> np.ndarray:
    """Distances of bodies beside a folded path."""
    return np.asarray(np.sqrt(distances(guide(line, fold)) ** 2 + beside(paths, line)))


def test_a_path_without_a_turn_is_straight() -> None:
    found = folded(CHAIN, way(CHAIN, EVEN, NONE), Fold())
    np.testing.assert_allclose(found, CHAIN, atol=1e-4)


@pytest.mark.parametrize("bends", [1, 2, 3])
def test_a_path_bends_as_often_as_told_and_clockwise_first(bends: int) -> None:
    turned = np.array_split(senses(Fold(bends=bends, turn=1.2)), bends)
    for number, part in enumerate(turned):
        assert part.sum() == pytest.approx((-1) ** (number + 1) * 1.2 * np.pi, rel=0.1)


def test_the_thin_part_bends_most() -> None:
    charge = np.where(np.arange(BODIES) < BODIES // 2, 8, 1).astype(np.float32)
    thick, thin = (
        np.abs(part).sum()
        for part in np.array_split(senses(Fold(bends=1, turn=1, taper=0.8), charge), 2)
    )
    assert thin > 2 * thick


@pytest.mark.parametrize("coil", [1.0, 1.6, 2.5])
def test_a_shell_winds_inwards_clockwise(coil: float) -> None:
    turned = senses(Fold(bends=4, coil=coil))
    assert (turned < 0).all()
    first, *_, last = np.array_split(turned, 4)
    assert last.sum() < 1.3 * first.sum()
    assert turned.sum() * coil == pytest.approx(-5.1 * np.pi, rel=0.2)


def test_stages_lie_apart_and_bend_at_their_ends() -> None:
    stage = np.arange(BODIES) * 4 // BODIES
    fold = Fold(bends=2, coil=2.0)
    gaps, usual = (
        np.hypot(*np.diff(guide(way(CHAIN, EVEN, one), fold), axis=0).T)
        for one in (-2.0 * stage, NONE)
    )
    ends = np.diff(stage) > 0
    assert (gaps[ends] > 3 * usual[ends]).all()
    assert (gaps[~ends] < 0.8 * usual[~ends]).all()
    bends = senses(fold, resolution=-2.0 * stage)
    near = ends[1:] | ends[:-1]
    assert bends[near].sum() / bends.sum() > 0.6
    assert bends.sum() == pytest.approx(senses(fold).sum(), rel=0.1)


def test_bends_go_to_the_nearest_gap() -> None:
    river = Fold(bends=2, turn=1)
    stage = np.arange(BODIES) * 5 // BODIES
    for found, usual in zip(
        np.array_split(senses(river, resolution=-2.0 * stage), 2),
        np.array_split(senses(river), 2),
        strict=True,
    ):
        assert found.sum() == pytest.approx(usual.sum(), rel=0.1)


def test_a_thin_part_of_a_shell_is_not_wound_into_a_knot() -> None:
    charge = np.where(np.arange(BODIES) < BODIES // 2, 1, 1e-6).astype(np.float32)
    quarters = [part.sum() for part in np.array_split(senses(Fold(bends=4, coil=1), charge), 4)]
    assert quarters[2] > 2 * quarters[1]


@given(bends=st.floats(0.5, 6), turn=st.floats(0, 2), seed=st.integers(0, 99))
def test_folding_lengthens_nothing_and_leaves_what_is_beside(
    bends: float, turn: float, seed: int
) -> None:
    """Bodies on twigs of a path: those of one twig keep their distances."""
    random = np.random.default_rng(seed)
    # Twigs are shorter than the way from their feet to the ends of the path.
    foot, height = np.sort(random.integers(6, 34, BODIES)), random.integers(0, 6, BODIES)
    foot[[0, -1]], height[[0, -1]] = (0, 39), 0
    same = foot[:, None] == foot[None, :]
    apart = np.abs(np.subtract.outer(foot, foot)) + np.where(
        same, np.abs(np.subtract.outer(height, height)), np.add.outer(height, height)
    )
    paths = apart.astype(np.float64)
    line = way(paths, EVEN, NONE)
    found = folded(paths, line, Fold(bends=bends, turn=turn))
    assert (found <= paths + 1e-3).all()
    np.testing.assert_allclose(found[same], paths[same], atol=1e-3)

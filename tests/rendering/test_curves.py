"""Fibres in pictures: where they run, and how they give way to bodies."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.coloring import color
from gallery.placement.fibres import crosses, fibres
from gallery.rendering.raster import curves
from gallery.rendering.raster.curves import draw_all
from gallery.rendering.raster.raster import plan_of
from gallery.rendering.raster.strokes import Light, draw
from gallery.rendering.types import RenderSettings
from tests.rendering.scans import facing, layered, ring

SIZE = 1280


@pytest.fixture(scope="module")
def plan():  # type: ignore[no-untyped-def]
    """The plan of a picture with fibres."""
    layout = facing()
    return plan_of(layout, color(layout.graph, "pass"), SIZE, RenderSettings())


def fibre_light(plan) -> Light:  # type: ignore[no-untyped-def]
    """What the fibres alone add."""
    bare = replace(plan.strokes, sources=plan.strokes.sources[:0], dot=0.0)
    bare = replace(bare, indptr=np.zeros_like(bare.indptr))
    return draw_all(bare, plan.curves, (SIZE, 0, SIZE))


def test_fibres_run_along_their_curves(plan) -> None:  # type: ignore[no-untyped-def]
    layout = facing()
    light = fibre_light(plan)[..., 3]
    places = fibres(layout).curves(layout, np.linspace(0, 1, 33, dtype=np.float32))
    x, y = plan.frame.place(places.reshape(-1, 2)).T.astype(int)
    near = np.max([light[y + down, x + right] for down in (-1, 0, 1) for right in (-1, 0, 1)], 0)
    assert (near > 0).mean() > 0.99
    assert (light[:, round(plan.frame.left)] > 0).sum() < 0.6 * (light > 0).any(axis=1).sum()


def test_their_light_falls_from_the_middle(plan) -> None:  # type: ignore[no-untyped-def]
    own = draw(plan.curves.strokes, (SIZE, 0, SIZE))[..., 3].sum(axis=0)
    seen = fibre_light(plan)[..., 3].sum(axis=0)
    middle = round(plan.frame.left)
    reach = round(plan.curves.reach)
    at = seen[middle] / own[middle], seen[middle - reach] / own[middle - reach]
    assert at[1] == pytest.approx(at[0] / 2, rel=0.05)


@given(st.integers(0, 500), st.integers(50, 100))
def test_fibres_that_follow_one_another_blend_at_places_that_are_even(
    first: int, many: int
) -> None:
    places = curves._places(first + many)[first:]
    assert (places[:, 0] == 0).all()
    assert (places[:, -1] == 1).all()
    assert (np.diff(places, axis=1) > 0).all()
    blend = places[:, curves._PIECES : curves._PIECES + 2]
    np.testing.assert_allclose(np.diff(blend, axis=1), curves._BLEND, rtol=1e-5)
    middles = np.sort(blend.mean(axis=1))
    ends = 0.5 - curves._SHIFT / 2, 0.5 + curves._SHIFT / 2
    assert np.diff([ends[0], *middles, ends[1]]).max() < 3 * curves._SHIFT / many


def test_each_half_of_a_fibre_has_the_colour_of_its_end(plan) -> None:  # type: ignore[no-untyped-def]
    light = fibre_light(plan)
    colors = plan.strokes.colors
    left = light[:, : round(plan.frame.left - 1.6 * plan.curves.reach)].reshape(-1, 4)
    left = left[left[:, 3] > 0]
    np.testing.assert_allclose(
        left[:, :3] / left[:, 3:], np.tile(colors[0], (len(left), 1)), rtol=1e-3
    )


def test_fibres_lie_behind_bodies(plan) -> None:  # type: ignore[no-untyped-def]
    window = (SIZE, 0, SIZE)
    bodies, alone = draw(plan.strokes, window)[..., 3], fibre_light(plan)[..., 3]
    added = draw_all(plan.strokes, plan.curves, window)[..., 3] - bodies
    dense = bodies > 2 * plan.curves.veil
    assert 100 < dense.sum() < 0.5 * (bodies > 0).sum()
    assert (added[dense] <= alone[dense] / 2.9 + 1e-4).all()


def test_a_sample_has_the_light_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    layout = facing()
    coloring = color(layout.graph, "pass")
    every = fibre_light(plan_of(layout, coloring, SIZE, RenderSettings()))[..., 3].sum()
    monkeypatch.setattr(curves, "_MOST", 200)
    some = fibre_light(plan_of(layout, coloring, SIZE, RenderSettings()))[..., 3].sum()
    assert crosses(layout).sum() > 400
    assert some == pytest.approx(every, rel=0.1)


def test_free_scans_have_none() -> None:
    layout = ring(layered())
    found = plan_of(layout, color(layout.graph), SIZE, RenderSettings())
    assert found.curves is None
    assert len(found.strokes.sources) == layout.graph.edges

"""Light between bodies is lifted, and that of bodies is not."""

from __future__ import annotations

import numpy as np
import pytest

from gallery.coloring import color
from gallery.graph import Pass
from gallery.rendering.raster.gaps import LIFTS, gaps_of, lift
from gallery.rendering.raster.raster import plan_of
from gallery.rendering.types import RenderSettings
from tests.rendering.scans import facing

SIZE = 400


def _bodies(scale: float = 1.0) -> np.ndarray:
    """Two bodies of 2,000 vertices at either side."""
    rng = np.random.default_rng(3)
    centres = np.repeat([[100, 200], [300, 200]], 2000, axis=0)
    return (scale * (centres + rng.normal(size=centres.shape) * 20)).astype(np.float32)


def test_gaps_are_lifted_and_bodies_are_not() -> None:
    light = np.full((SIZE, SIZE, 4), (0.5, 0.25, 0, 1), np.float32)
    light[:50] = 0
    lift(light, gaps_of(_bodies(), (SIZE, SIZE), 10.0), 0)
    amount = light[..., 3]
    assert amount[200, 100] == pytest.approx(1, abs=0.1)
    assert amount[200, 300] == pytest.approx(1, abs=0.1)
    assert amount[200, 200] > 8
    assert not light[:50].any()
    hue = light[50:, :, 1] / light[50:, :, 0]
    np.testing.assert_allclose(hue, np.full_like(hue, 0.5), rtol=1e-5)


@pytest.mark.parametrize("ground", LIFTS)
def test_bright_light_gains_less_but_stays_brighter(ground: str) -> None:
    light = np.repeat(np.geomspace(0.01, 300, SIZE, dtype=np.float32), 4).reshape(1, SIZE, 4)
    before = light[0, :, 3].copy()
    gaps = gaps_of(_bodies() * np.float32(0.1) + 350, (SIZE, SIZE), 10.0)
    lift(light, gaps._replace(lift=LIFTS[ground]), 20)
    assert (np.diff(light[0, :, 3]) > 0).all()
    assert (np.diff(light[0, :, 3] / before) < 0).all()


def test_gaps_are_the_same_at_all_sizes_and_in_strips() -> None:
    one, two = (gaps_of(_bodies(scale), (int(SIZE * scale),) * 2, 10.0) for scale in (1, 2))
    np.testing.assert_allclose(one.shares, two.shares, atol=1e-6)
    whole = np.ones((SIZE, SIZE, 4), np.float32)
    strips = whole.copy()
    lift(whole, one, 0)
    for top in range(0, SIZE, 100):
        lift(strips[top : top + 100], one, top)
    np.testing.assert_array_equal(strips, whole)


def test_what_updates_read_does_not_lie_in_gaps() -> None:
    layout = facing(3000)
    plan = plan_of(layout, color(layout.graph, "pass"), SIZE, RenderSettings())
    gaps, graph = plan.strokes.gaps, layout.graph
    assert gaps is not None
    updates = np.flatnonzero(graph.vertex_pass == Pass.UPDATE)
    # Of what they read, the strokes hold the gradients; parameters are read across the middle.
    updates = updates[np.diff(plan.strokes.indptr)[updates] > 0]
    sources = plan.strokes.sources[plan.strokes.indptr[updates]]
    middles = (plan.strokes.points[updates] + plan.strokes.points[sources]) / 2
    column, row = (middles / gaps.cell).astype(int).T
    assert gaps.shares[row, column].mean() < gaps.shares.mean() / 100
    assert gaps.shares.mean() > 0.4

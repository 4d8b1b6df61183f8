"""Pictures of sample models keep the limits that `tests.rendering.measures` measures on all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gallery.coloring import color
from gallery.coloring.types import Coloring
from gallery.placement.types import Layout
from gallery.rendering.scan import render
from gallery.rendering.types import Picture
from tests.rendering.measures import BURNT, FAINTEST, HUE, measure, sample


@pytest.mark.parametrize("name", ["resnet18", "unet"])
def test_nothing_is_burnt_or_lost_and_hues_are_the_palettes(name: str) -> None:
    placed = sample(name, 3000)
    for ground in ("dark", "light"):
        one = measure(placed, color(placed.graph, "layer", ground=ground), 1280)
        assert one.burnt < BURNT
        assert one.faintest >= FAINTEST
        assert one.hue < HUE


def test_hues_that_are_not_the_palettes_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    placed = sample("pointnet", 1000)
    found = color(placed.graph, "layer")

    def turned(placed: Layout, found: Coloring, **kwargs: Any) -> Picture:
        return Picture(pixels=np.roll(render(placed, found, **kwargs).pixels, 1, axis=2).copy())

    monkeypatch.setattr("tests.rendering.measures.render", turned)
    assert measure(placed, found, 1280).hue > HUE

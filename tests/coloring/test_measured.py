"""Colours by measurements of operators."""

from __future__ import annotations

import numpy as np
import pytest

from gallery.coloring import color_measured
from gallery.coloring.palettes import from_hex
from gallery.errors import RenderError
from gallery.measuring.types import Measurement
from gallery.settings.color_rules import ColorRule
from tests.rendering.scans import layered


def measured(values: tuple[float | None, ...], attribute: str = "measured") -> Measurement:
    """A measurement with these values."""
    unit = "s" if attribute.startswith("measured") else ""
    return Measurement(
        attribute=attribute, title="", unit=unit, source="", device="", values=values
    )


@pytest.mark.parametrize("ground", ["dark", "light"])
def test_operators_have_a_place_on_the_scale_and_others_are_grey(ground: str) -> None:
    graph = layered()
    known = sorted({one.operator for one in graph.operators if one.operator >= 0})
    values = [None, 1e-6, 1e-3, 1.0][: len(known)]
    found = color_measured(graph, measured(tuple(values)), ground=ground)
    rows = np.array([graph.operators[n].operator for n in graph.vertex_operator])
    grey = from_hex({"dark": "#55565c", "light": "#b9bac0"}[ground])
    shown = found.colors[found.index]
    unknown = np.array([row < 0 or row >= len(values) or values[row] is None for row in rows])
    assert unknown.any()
    assert not unknown.all()
    assert (shown[unknown] == grey).all()
    places = [found.index[rows == n][0] for n, value in enumerate(values) if value is not None]
    assert places == sorted(places)
    assert len(set(places)) == len(places)
    assert found.legend[-1].label == "1 s"
    assert {entry.share for entry in found.legend} <= {0.0, 0.25, 0.5, 0.75, 1.0}


def test_a_metric_may_be_negative_and_nothing_may_be_known() -> None:
    found = color_measured(layered(), measured((-5.0, 5.0), "metric:sqnr"))
    assert [found.legend[0].label, found.legend[-1].label] == ["-5", "5"]
    nothing = color_measured(layered(), measured(()))
    assert nothing.legend == ()
    assert len(set(nothing.index.tolist())) == 1


def test_rules_override_and_wrong_arguments_are_named() -> None:
    rule = ColorRule(pattern="*", color="#ff0000", on="operator")
    found = color_measured(layered(), measured((1.0,)), rules=(rule,))
    assert (found.colors[found.index] == from_hex("#ff0000")).all()
    with pytest.raises(RenderError, match="no attribute 'metric:'"):
        color_measured(layered(), measured((1.0,), "metric:"))
    with pytest.raises(RenderError, match="has no order"):
        color_measured(layered(), measured((1.0,)), palette="glasbey")

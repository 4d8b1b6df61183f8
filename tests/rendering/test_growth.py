"""Small graphs: their strokes can be seen, grow without a step, and leave larger graphs alone."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from gallery.coloring import color
from gallery.graph import ComputeGraph
from gallery.placement.types import Layout
from gallery.rendering.growth import ENOUGH, FEW, LARGEST, OWN, WIDEST, grown, stroke_pixels
from gallery.rendering.labels.labels import place_labels
from gallery.rendering.raster import tone
from gallery.rendering.raster.frame import frame
from gallery.rendering.scan import render
from gallery.rendering.svg import render_svg
from gallery.rendering.types import DOT, LINE, RenderSettings
from tests.rendering.scans import layered, placed, ring
from tests.strategies import compute_graph

PLAIN = RenderSettings()
GREY = np.array([0.2126, 0.7152, 0.0722])


def tree(vertices: int) -> ComputeGraph:
    """A binary tree whose root reads last."""
    return compute_graph(vertices, [(v, v // 2) for v in range(1, vertices)])


def spiral(graph: ComputeGraph) -> Layout:
    """Vertices at even distances, so that edges are as long as n vertices let them be."""
    at = np.arange(graph.vertices) + 0.5
    turn = at * (np.pi * (3 - np.sqrt(5)))
    return placed(graph, np.stack([np.cos(turn), np.sin(turn)], axis=1) * np.sqrt(at)[:, None])


def seen(layout: Layout, ground: str, size: int, look: RenderSettings = PLAIN) -> float:
    """The share of a picture that differs clearly from its ground."""
    pixels = render(layout, color(layout.graph, ground=ground), size=size, settings=look).pixels
    grey = pixels @ GREY
    return float((np.abs(grey - np.median(grey)) > 40).mean())


@pytest.mark.parametrize("ground", ["dark", "light"])
@pytest.mark.parametrize("vertices", [1, 2, 5, 20, 60, 100])
def test_a_small_graph_is_a_picture(vertices: int, ground: str) -> None:
    layout = spiral(tree(vertices))
    small, large = (seen(layout, ground, size) for size in (320, 1280))
    # One vertex is one dot.
    least = 0.004 if vertices > 1 else 0.0019
    assert small > least
    assert large > least
    assert small > 1.5 * seen(layout, ground, 320, replace(PLAIN, grow=False))


def test_large_pictures_of_few_vertices_keep_the_share_of_their_strokes() -> None:
    layout = spiral(tree(5))
    assert seen(layout, "dark", 4096) > 0.8 * seen(layout, "dark", 1280)


def test_enough_vertices_are_drawn_as_the_settings_say() -> None:
    assert grown(PLAIN, ENOUGH) is PLAIN
    assert grown(PLAIN, 10**7) is PLAIN
    layout = ring(layered(bodies=5, size=ENOUGH // 5))
    assert layout.graph.vertices == ENOUGH
    found = color(layout.graph)
    pixels = [
        render(layout, found, size=320, settings=replace(PLAIN, grow=grow)).pixels
        for grow in (True, False)
    ]
    np.testing.assert_array_equal(*pixels)


def test_strokes_grow_steadily() -> None:
    looks = [grown(PLAIN, vertices) for vertices in range(ENOUGH, 0, -1)]
    for name, step in (("line", 1.5), ("dot", 1.6), ("reach", 1.5), ("middle", 1.1)):
        values = np.array([getattr(look, name) for look in looks])
        ratio = values[1:] / values[:-1]
        assert ratio.min() >= 1, name
        assert ratio.max() < step, name
        assert ratio[: ENOUGH - FEW].max() < 1.01, name
    assert looks[-1].line == WIDEST
    assert looks[-1].dot == LARGEST
    assert looks[-1].middle < OWN


def test_what_somebody_chose_is_not_made_smaller() -> None:
    chosen = RenderSettings(line=90, dot=200, reach=1000, middle=0.9)
    look = grown(chosen, 1)
    assert (look.line, look.dot, look.reach, look.middle) == (90, 200, 1000, 0.9)
    assert grown(replace(chosen, grow=False), 1).line == 90
    twice = grown(grown(PLAIN, 20), 20)
    assert twice == grown(PLAIN, 20)


def test_one_edge_has_its_own_colour_where_the_curve_says_so() -> None:
    assert OWN == tone.BODY


def test_only_what_is_usual_gets_finer_in_large_pictures() -> None:
    unit, side = 2.0, 4.0
    assert stroke_pixels(LINE, LINE, unit, side) == LINE * unit
    assert stroke_pixels(DOT / 2, DOT, unit, side) == DOT / 2 * unit
    assert stroke_pixels(5.0, 1.0, unit, side) == 2 + 16
    assert stroke_pixels(5.0, 1.0, 0.5, 0.2) == 2.5


def test_svg_has_the_same_sizes() -> None:
    layout = spiral(tree(20))
    texts = [
        render_svg(layout, color(layout.graph), size=1600, settings=replace(PLAIN, grow=grow))
        for grow in (True, False)
    ]
    widths = {float(found) for found in re.findall(r'stroke-width="([\d.]+)"', texts[0])}
    look = grown(PLAIN, 20)
    assert widths == {round(look.line, 2), round(1.3 * look.dot, 2)}
    strong, faint = (
        np.array(re.findall(r'stroke-opacity="([\d.]+)"', text), float) for text in texts
    )
    assert (strong > 2 * faint).all()


@pytest.mark.parametrize(("vertices", "named"), [(FEW - 1, True), (FEW, False)])
def test_operators_of_small_graphs_are_named(vertices: int, named: bool) -> None:
    edges = [(v, v // 2) for v in range(1, vertices)]
    operators = [v * 8 // vertices for v in range(vertices)]
    layout = spiral(compute_graph(vertices, edges, operators))
    inside = frame(layout.positions, 1280, PLAIN.margin)
    labels = place_labels(layout, color(layout.graph), inside)
    names = {operator.name for operator in layout.graph.operators}
    assert {label.text for label in labels} == (names if named else set())


def test_lines_to_names_of_small_graphs_lead_to_a_vertex() -> None:
    layout = ring(layered(bodies=4, size=6))
    inside = frame(layout.positions, 1280, PLAIN.margin)
    points = inside.place(layout.positions)
    leads = [one.lead for one in place_labels(layout, color(layout.graph), inside) if one.lead]
    assert leads
    for _, end in leads:
        assert np.abs(points - np.array(end)).max(axis=1).min() < 1

"""Names on scans: at their bodies, apart from each other, readable on whatever is under them."""

from __future__ import annotations

import dataclasses
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.coloring import color
from gallery.graph import ComputeGraph
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.model import Layer
from gallery.placement import layout as layout_of
from gallery.placement.types import Layout
from gallery.rendering.labels.labels import (
    CONTRAST,
    SMALLEST,
    Label,
    draw_labels,
    label_color,
    luminance,
    named,
    place_labels,
    shade_labels,
)
from gallery.rendering.labels.placement import counts
from gallery.rendering.labels.regions import main_layer_heads, mean_colors, regions_of
from gallery.rendering.raster.frame import frame
from gallery.rendering.scan import render
from gallery.rendering.sheet.fonts import mask, text_width
from gallery.rendering.sheet.sheet import Stroke
from gallery.settings.values import ScanSettings
from tests.rendering.scans import facing, layered, placed, ring

MODELS = Path(__file__).parents[2] / "models"
NAMES = sorted(path.stem for path in MODELS.glob("*.onnx"))


def contrasts(pixels: np.ndarray, label: Label, ground: str) -> np.ndarray:
    """Contrast of a label's ink to each pixel of a shaded picture at and next to its letters."""
    letters = mask(label.text, label.size, label.face) > 0.1
    rows, columns = np.nonzero(letters)
    around = [
        (rows + label.at[1] + dy, columns + label.at[0] + dx)
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
    ]
    under = luminance(np.concatenate([pixels[y, x] for y, x in around]))
    ink = float(luminance(np.array(label_color(label, ground))))
    return (np.maximum(under, ink) + 0.05) / (np.minimum(under, ink) + 0.05)


def assert_apart(labels: tuple[Label, ...]) -> None:
    for one, other in combinations(labels, 2):
        a, b = one.box, other.box
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, f"{one.text} at {a} and {other.text} at {b}"


def assert_text_is_in_its_box(label: Label) -> None:
    left, top = label.at
    assert left >= label.box[0]
    assert left + text_width(label.text, label.size, label.face) <= label.box[2]
    assert top + label.size <= label.box[3]


@pytest.mark.parametrize("size", [320, 800, 1600])
@pytest.mark.parametrize("ground", ["dark", "light"])
def test_labels_are_apart_and_on_the_picture(size: int, ground: str) -> None:
    graph = layered(bodies=9, size=200)
    layout = ring(graph, spread=60.0)
    labels = place_labels(layout, color(graph, ground=ground), frame(layout.positions, size, 0.045))
    assert len(labels) >= 5
    assert_apart(labels)
    for one in labels:
        assert min(one.box[:2]) >= 0
        assert max(one.box[2:]) <= size
        assert one.size >= SMALLEST
        assert_text_is_in_its_box(one)


@pytest.mark.parametrize("ground", ["dark", "light"])
def test_labels_read_well_over_the_brightest_picture(ground: str) -> None:
    graph = layered(bodies=9, size=200)
    layout, found = ring(graph, spread=60.0), color(graph, ground=ground)
    labels = place_labels(layout, found, frame(layout.positions, 800, 0.045))
    assert len(labels) >= 5
    rng = np.random.default_rng(3)
    for pixels in (
        render(layout, found, size=800).pixels,
        np.full((800, 800, 3), 255 if ground == "dark" else 0, np.uint8),
        rng.integers(0, 256, (800, 800, 3)).astype(np.uint8),
    ):
        under = shade_labels(pixels, labels, ground)
        for label in labels:
            assert contrasts(under, label, ground).min() >= CONTRAST


def test_shading_leaves_the_rest_of_the_picture_alone() -> None:
    graph = layered(bodies=5, size=200)
    layout = ring(graph)
    labels = place_labels(layout, color(graph), frame(layout.positions, 800, 0.045))
    pixels = np.full((800, 800, 3), 200, np.uint8)
    changed = (shade_labels(pixels, labels, "dark") != pixels).any(axis=2)
    far = np.ones((800, 800), bool)
    for label in labels:
        left, top, right, bottom = label.box
        room = 2 * label.size
        far[max(top - room, 0) : bottom + room, max(left - room, 0) : right + room] = False
    assert far.any()
    assert not changed[far].any()
    assert changed.any()
    assert (pixels == 200).all()


def test_letters_and_lines_are_drawn() -> None:
    graph = layered(bodies=5, size=200)
    layout = ring(graph, spread=15.0)
    labels = place_labels(layout, color(graph), frame(layout.positions, 800, 0.045))
    led = [label for label in labels if label.lead is not None]
    assert led
    black = np.zeros((800, 800, 3), np.uint8)
    drawn = draw_labels(black, labels, "dark")
    for label in labels:
        rows, columns = np.nonzero(mask(label.text, label.size, label.face) > 0.9)
        ink = np.array(label_color(label, "dark"), int)
        shown = drawn[rows + label.at[1], columns + label.at[0]].astype(int)
        assert np.abs(shown - ink).max() < 40
    for label in led:
        assert label.lead is not None
        (x, y), (to_x, to_y) = label.lead
        assert drawn[int((y + to_y) / 2), int((x + to_x) / 2)].max() > 60
        assert drawn[int(to_y), int(to_x)].max() > 100


def test_a_label_stands_at_its_body_or_leads_there() -> None:
    graph = layered(bodies=5, size=200)
    layout, found = ring(graph, spread=30.0), color(graph)
    inside = frame(layout.positions, 1000, 0.045)
    points = inside.place(layout.positions)
    labels = place_labels(layout, found, inside)
    assert {label.text for label in labels} == {f"stage{body}" for body in range(5)}
    for label in labels:
        middle = points[graph.vertex_operator == int(label.text[5])].mean(axis=0)
        centre = np.array([label.box[0] + label.box[2], label.box[1] + label.box[3]]) / 2
        assert np.hypot(*(middle - centre)) < 160
        if label.lead is not None:
            assert np.hypot(*(middle - np.array(label.lead[1]))) < 40


def test_a_body_that_is_large_bears_its_name() -> None:
    graph = layered(bodies=2, size=2000)
    layout = ring(graph, spread=250.0)
    labels = place_labels(layout, color(graph), frame(layout.positions, 1600, 0.045))
    assert labels
    assert all(label.lead is None for label in labels)
    assert max(label.size for label in labels) > SMALLEST


def test_names_grow_with_their_bodies_and_the_picture() -> None:
    graph = layered(bodies=5, size=200)
    small, large = ring(graph, spread=8.0), ring(graph, spread=120.0)

    def sizes(layout: Layout, side: int) -> set[int]:
        inside = frame(layout.positions, side, 0.045)
        return {label.size for label in place_labels(layout, color(graph), inside)}

    assert max(sizes(small, 1600)) < max(sizes(large, 1600))
    assert max(sizes(large, 800)) < max(sizes(large, 1600))


def test_no_line_crosses_a_name_or_another_line() -> None:
    graph = layered(bodies=12, size=150)
    layout = ring(graph, spread=45.0)
    labels = place_labels(layout, color(graph), frame(layout.positions, 1000, 0.045))
    leads = [label for label in labels if label.lead is not None]
    assert len(leads) >= 3
    for one in leads:
        assert one.lead is not None
        start, end = (np.array(point) for point in one.lead)
        for share in np.linspace(0, 1, 400):
            x, y = start + share * (end - start)
            for other in labels:
                left, top, right, bottom = other.box
                assert other is one or not (left < x < right and top < y < bottom)


def test_parts_stand_for_a_layer_that_is_nearly_everything() -> None:
    layers = [Layer(name="", path="", parent=-1), Layer(name="head", path="head", parent=0)]
    layers.append(Layer(name="encoder", path="encoder", parent=0))
    layers.append(Layer(name="layer", path="encoder/layer", parent=2))
    layers += [Layer(name=str(k), path=f"encoder/layer/{k}", parent=3) for k in range(4)]
    graph = layered(bodies=5, size=100)
    operators = tuple(
        dataclasses.replace(operator, layer=layer)
        for operator, layer in zip(graph.operators, (4, 5, 6, 7, 1), strict=True)
    )
    deep = dataclasses.replace(graph, layers=tuple(layers), operators=operators)
    layout = ring(deep)
    names = {region.name for region in regions_of(layout, frame(layout.positions, 900, 0))}
    assert names == {"layer.0", "layer.1", "layer.2", "layer.3", "head"}
    assert sorted(main_layer_heads(deep)) == [1, 4, 5, 6, 7]
    found = color(deep)
    assert {entry.label for entry in found.legend} == names
    assert sum(entry.share for entry in found.legend) == pytest.approx(1)
    assert len({entry.color for entry in found.legend}) == 5


@given(
    points=st.lists(st.tuples(st.integers(-9, 59), st.integers(-9, 39)), max_size=40),
    cells=st.sampled_from([1, 5, 10]),
)
def test_points_are_counted_in_their_cells(points: list[tuple[int, int]], cells: int) -> None:
    """Against NumPy's histogram; half pixels lie on no edge of a cell."""
    places = np.array(points, np.float32).reshape(-1, 2) + np.float32(0.5)
    expected, _, _ = np.histogram2d(
        places[:, 1], places[:, 0], bins=cells, range=((0, 30), (0, 50))
    )
    np.testing.assert_array_equal(counts(places, (50, 30), cells), expected)


@given(
    seed=st.integers(0, 1000),
    size=st.tuples(st.integers(200, 900), st.integers(200, 900)),
    edges=st.tuples(*[st.integers(0, 60)] * 4),
    spread=st.sampled_from([1.0, 60.0, 400.0]),
)
@settings(max_examples=40, deadline=None)
def test_labels_and_their_lines_stay_within(
    seed: int, size: tuple[int, int], edges: tuple[int, int, int, int], spread: float
) -> None:
    graph = layered(bodies=6, size=40)
    layout = ring(graph, spread=spread, seed=seed)
    left, top, right, bottom = edges
    within = (left, top, size[0] - right, size[1] - bottom)
    inside = frame(layout.positions, size, 0.0)
    for label in place_labels(layout, color(graph), inside, (18, 14, 11), within):
        elements = named([label], "dark")
        for one in elements:
            if isinstance(one, Stroke):
                for x, y in ((one.x, one.y), (one.to_x, one.to_y)):
                    # Of a line, the middle counts: its ends are covered by the name and the dot.
                    reach = one.width / 2 if (one.x, one.y) == (one.to_x, one.to_y) else 0
                    assert within[0] <= x - reach + 1e-6
                    assert within[1] <= y - reach + 1e-6
                    assert x + reach <= within[2] + 1e-6
                    assert y + reach <= within[3] + 1e-6
        assert within[0] <= label.box[0] < label.box[2] <= within[2]
        assert within[1] <= label.box[1] < label.box[3] <= within[3]


def test_labels_keep_off_what_is_taken() -> None:
    graph = layered(bodies=9, size=200)
    layout = ring(graph, spread=60.0)
    inside = frame(layout.positions, 800, 0.1)
    free = place_labels(layout, color(graph), inside)
    taken = free[0].box
    for label in place_labels(layout, color(graph), inside, taken=[taken]):
        box = label.box
        apart = box[0] >= taken[2] or taken[0] >= box[2] or box[1] >= taken[3] or taken[1] >= box[3]
        assert apart


def test_of_hemispheres_only_the_forward_one_is_named() -> None:
    layout = facing()
    labels = place_labels(layout, color(layout.graph), frame(layout.positions, 1600, 0.045))
    assert len(labels) >= 5
    assert len({label.text for label in labels}) == len(labels)
    for label in labels:
        assert (label.lead[1][0] if label.lead else label.box[0]) < 800


def spiral(graph: ComputeGraph) -> Layout:
    """Operators as a sunflower has its seeds, their vertices around them: crowded everywhere."""
    angle = graph.vertex_operator * 2.39996
    centre = np.sqrt(graph.vertex_operator + 0.5)[:, None] * np.stack(
        [np.cos(angle), np.sin(angle)], axis=1
    )
    spread = np.random.default_rng(5).normal(size=(graph.vertices, 2)) * 0.4
    return placed(graph, centre + spread)


@pytest.mark.parametrize("name", NAMES)
def test_labels_of_sample_models_read_well_and_do_not_overlap(name: str) -> None:
    graph = lower(load(MODELS / f"{name}.onnx"), vertices=ScanSettings().vertices)
    for scan, ground in product((layout_of(graph), spiral(graph)), ("dark", "light")):
        labels = place_labels(scan, color(graph, ground=ground), frame(scan.positions, 1600, 0.045))
        assert len(labels) >= 3
        assert_apart(labels)
        worst = np.full((1600, 1600, 3), 255 if ground == "dark" else 0, np.uint8)
        under = shade_labels(worst, labels, ground)
        for label in labels:
            assert min(label.box[:2]) >= 0
            assert max(label.box[2:]) <= 1600
            assert_text_is_in_its_box(label)
            assert contrasts(under, label, ground).min() >= CONTRAST


@pytest.mark.parametrize("vertices", [40, 3000])
@pytest.mark.parametrize("passes", ["forward", "training"])
def test_a_region_has_the_mean_colour_of_its_vertices(passes: str, vertices: int) -> None:
    graph = lower(load(MODELS / "lstm.onnx"), vertices=vertices, passes=passes)
    layout, coloring = layout_of(graph), color(graph, "depth")
    regions = regions_of(layout, frame(layout.positions, 900, 0.045))
    assert regions
    forward = graph.vertex_pass == 0
    for region, found in zip(
        regions, mean_colors(layout, coloring, [one.part for one in regions]), strict=True
    ):
        own = []
        for vertex in np.flatnonzero(forward).tolist():
            operator = int(graph.vertex_operator[vertex])
            layer = graph.operators[operator].layer
            above = {layer}
            while (layer := graph.layers[layer].parent) >= 0:
                above.add(layer)
            if region.part in above or ~region.part == operator:
                own.append(coloring.colors[coloring.index[vertex]])
        assert found == tuple(np.mean(own, axis=0).astype(int).tolist()), region.name

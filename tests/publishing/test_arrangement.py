"""Bars, colour keys, the layer tree, likeness and the scatter plot."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.coloring import color
from gallery.coloring.types import LegendEntry
from gallery.costs.facts import LayerFact
from gallery.publishing.assets.files import Placed, picture
from gallery.publishing.parts.bars import REST, bars
from gallery.publishing.parts.legend import legend
from gallery.publishing.parts.scatter import HEIGHT, WIDTH, scatter
from gallery.publishing.parts.similar import similar
from gallery.publishing.parts.tree import Branch, layer_tree
from gallery.settings.attributes import TABLE, is_measured
from tests.publishing.sample_exhibits import make_facts, make_layers
from tests.rendering.scans import layered, ring


@given(st.dictionaries(st.text(max_size=5), st.integers(0, 10**12), max_size=40))
def test_bars_keep_the_sum(values: dict[str, int]) -> None:
    rows = bars(values, {})
    assert sum(row.value for row in rows) == sum(values.values())
    assert sum(row.merged for row in rows) == len(values)
    assert len(rows) <= 14
    assert all(0 <= row.length <= 100 for row in rows)


def test_bars_are_ordered_and_the_rest_is_last() -> None:
    rows = bars({"a": 1, "b": 3, "c": 2, "d": 1}, {"b": "#112233"}, limit=3)
    assert [(row.label, row.value) for row in rows] == [("b", 3), ("c", 2), (REST, 2)]
    assert (rows[0].color, rows[0].length, rows[1].color) == ("#112233", 100, "")


def test_the_strip_shows_shares_as_they_are() -> None:
    entries = [LegendEntry(label=str(i), color="#AABBCC", share=0.1) for i in range(3)]
    key = legend(entries, "layer")
    assert key is not None
    assert [one.at for one in key.entries] == [0, 10, 20]
    assert [one.length for one in key.entries] == [10, 10, 10]
    assert key.entries[0].color == "#aabbcc"


def test_places_on_a_scale_stay() -> None:
    entries = [LegendEntry(label=str(s), color="#000000", share=s) for s in (0.0, 0.25, 1.0)]
    key = legend(entries, "flops")
    assert key is not None
    assert [one.at for one in key.entries] == [0, 25, 100]
    assert key.scale == key.entries


@pytest.mark.parametrize("attribute", [one for one in TABLE if not is_measured(one)])
def test_a_key_has_a_scale_where_the_colours_have_one(attribute: str) -> None:
    graph = layered()
    found = color(graph, attribute, positions=ring(graph).positions)
    key = legend(found.legend, attribute)
    assert key is not None
    assert key.categorical == found.categorical


def test_what_is_no_colour_is_grey() -> None:
    key = legend([LegendEntry(label="x", color="red;}", share=1.0)], "layer")
    assert key is not None
    assert key.entries[0].color == "#888888"
    assert legend([], "layer") is None


def _paths(branch: Branch, above: str = "") -> list[str]:
    path = f"{above}/{branch.name}".strip("/")
    return [path, *(one for below in branch.below for one in _paths(below, path))]


def test_tree_nests_by_path() -> None:
    tree, left_out = layer_tree(make_layers(100, 100))
    assert tree is not None
    assert _paths(tree) == ["", "stage", "stage/0", "stage/0/conv", "fc"]
    assert left_out == 0
    assert (tree.share, tree.below[0].share) == (100, 50)


@given(st.lists(st.integers(0, 30), max_size=60), st.integers(5, 40))
def test_tree_shows_or_counts_every_layer(parents: list[int], rows: int) -> None:
    layers = [LayerFact(name="", path="", depth=0, type="", operators=0, parameters=0, flops=0)]
    for i, choice in enumerate(parents):
        above = layers[choice % len(layers)]
        path = f"{above.path}/{i}".lstrip("/")
        layers.append(
            LayerFact(
                name=str(i),
                path=path,
                depth=above.depth + 1,
                type="",
                operators=1,
                parameters=i,
                flops=i,
            )
        )
    tree, left_out = layer_tree(layers, rows)
    assert tree is not None
    assert len(_paths(tree)) + left_out == len(layers)
    assert len(_paths(tree)) <= rows
    assert set(_paths(tree)) <= {layer.path for layer in layers}


def test_a_path_that_holds_itself_ends() -> None:
    row = LayerFact(name="", path="", depth=0, type="", operators=0, parameters=0, flops=0)
    twin = LayerFact(name="", path="", depth=1, type="", operators=0, parameters=0, flops=0)
    tree, _ = layer_tree([row, twin])
    assert tree is not None
    assert layer_tree([]) == (None, 0)


def test_similar_prefers_operators_then_size() -> None:
    facts = [
        make_facts("a", histogram={"Conv": 50, "Relu": 49}, parameters=20_000_000),
        make_facts("b", histogram={"MatMul": 96, "Softmax": 12}, parameters=20_000_000),
        make_facts("c", histogram={"Conv": 48, "Relu": 40}, parameters=25_000_000),
        None,
        make_facts("d", histogram={"Conv": 48, "Relu": 40}, parameters=900_000_000),
    ]
    found = similar(facts)
    assert found[0] == (2, 4)
    assert found[3] == ()
    assert found[1] == ()
    assert similar([None]) == [()]


@given(st.lists(st.tuples(st.integers(1, 10**12), st.integers(1, 10**15)), min_size=2, max_size=40))
def test_scatter_keeps_order_and_bounds(models: list[tuple[int | None, int | None]]) -> None:
    plot = scatter(models)
    assert plot is not None
    assert len(plot.points) == len(models)
    for one in plot.points:
        assert 0 <= one.home_x <= WIDTH
        assert 0 <= one.home_y <= HEIGHT
        assert plot.side / 2 - 0.1 <= one.x <= WIDTH - plot.side / 2 + 0.1
    ordered = sorted(plot.points, key=lambda one: models[one.index][0] or 0)
    homes = [one.home_x for one in ordered]
    assert homes == sorted(homes)


def test_scatter_says_who_is_missing() -> None:
    plot = scatter([(1000, 10), (None, 10), (10, None), (10_000, 10), (0, 0)])
    assert plot is not None
    assert (plot.missing, len(plot.points)) == (3, 2)
    assert scatter([(10, 10)]) is None


def test_scatter_parts_pictures_that_lie_on_one_another() -> None:
    plot = scatter([(1000, 10)] * 3 + [(10**6, 10**6)])
    assert plot is not None
    first, second, third = plot.points[:3]
    for one, other in ((first, second), (second, third), (first, third)):
        assert math.hypot(one.x - other.x, one.y - other.y) > 0.7 * plot.side
    assert len({(one.home_x, one.home_y) for one in plot.points[:3]}) == 1


def _placed(kind: str, width: int) -> Placed:
    name = f"assets/x-{width}.{kind}"
    return Placed(href=name, bytes=width, sha256="", format=kind, width=width, height=width)


def test_picture_offers_modern_formats_first() -> None:
    files = [_placed(kind, width) for kind in ("png", "webp", "avif") for width in (1280, 320, 640)]
    shown = picture(files)
    assert shown is not None
    assert [source.mime for source in shown.sources] == ["image/avif", "image/webp"]
    assert [one.width for one in shown.sources[0].candidates] == [320, 640, 1280]
    assert shown.fallback.width == 640
    assert shown.fallback.format != "avif"
    assert (shown.largest.width, shown.largest.format) == (1280, "png")
    assert picture([]) is None


@pytest.mark.parametrize("kind", ["avif", "pdf"])
def test_a_picture_falls_back_to_what_every_browser_shows(kind: str) -> None:
    """Whatever else is nearer in size."""
    shown = picture([_placed(kind, 640), _placed("png", 1920)])
    assert shown is not None
    assert shown.fallback.format == "png"

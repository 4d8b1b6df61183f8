"""Colourings: each attribute against its plain definition, legends, rules, errors."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from gallery.coloring import ATTRIBUTES, PALETTES, attributes_of, color
from gallery.coloring.attributes import VALUES, Given
from gallery.coloring.coloring import CATEGORIES
from gallery.coloring.oklab import oklch_from_srgb8
from gallery.coloring.operator_types import FAMILIES, family, type_color
from gallery.coloring.palettes import from_hex, is_categorical
from gallery.errors import RenderError
from gallery.execution.run import run
from gallery.graph import ComputeGraph, Kind
from gallery.model import Layer
from gallery.settings.attributes import TABLE, Attribute, Source, is_measured
from gallery.settings.values import ColorRule
from gallery.text import amount
from tests.rendering.scans import layered, ring
from tests.strategies import compute_graphs, path


def _needs(attribute: str, graph: ComputeGraph) -> dict[str, object]:
    wanted = "positions" in TABLE[attribute].needs
    return {"positions": ring(graph).positions} if wanted else {}


README = Path(__file__).parents[2] / "README.md"


MEASURED = [name for name in ATTRIBUTES if is_measured(name)]
COMPUTED = [name for name in ATTRIBUTES if name not in MEASURED]


def test_every_attribute_has_a_function_and_texts() -> None:
    assert {name for name, one in TABLE.items() if one.categorical} == set(CATEGORIES)
    assert {name for name, one in TABLE.items() if not one.categorical} == {*VALUES, *MEASURED}
    for name, one in TABLE.items():
        assert name == one.name
        assert one.palette in (*PALETTES, "own")
        assert one.categorical or not is_categorical(one.palette)
        assert "graph" in one.needs
        assert one.title
        assert one.caption
        assert one.sentence.startswith("The colour shows ")
        assert one.sentence.endswith(".")
    for words in ("title", "caption", "sentence"):
        said = [getattr(one, words) for one in TABLE.values()]
        assert len(said) == len(set(said))


def test_the_readme_names_every_attribute() -> None:
    (row,) = (x for x in README.read_text("utf-8").splitlines() if x.startswith("| `--color "))
    for name in ATTRIBUTES:
        assert re.search(rf"[ ,]{name}\b", row), name


def test_the_table_needs_neither_numpy_nor_numba() -> None:
    """Settings and `--help` read it."""
    code = "import sys, gallery.settings.values; print({'numpy', 'numba'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("source", ["facts", "measurements"])
def test_an_attribute_of_a_source_that_is_not_there_is_not_offered(
    monkeypatch: pytest.MonkeyPatch, source: Source
) -> None:
    row = Attribute(
        name="new", title="new", caption="new", sentence="", needs=frozenset({"graph", source})
    )
    table = {**TABLE, "new": row}
    monkeypatch.setattr("gallery.coloring.coloring.TABLE", table)
    monkeypatch.setattr("gallery.coloring.attributes.TABLE", table)
    assert "new" not in attributes_of(layered())
    with pytest.raises(RenderError, match=f"colours by new need .*{source}"):
        color(layered(), "new")


@pytest.mark.parametrize("ground", ["dark", "light"])
@pytest.mark.parametrize("attribute", COMPUTED)
def test_every_attribute_colours_every_vertex(attribute: str, ground: str) -> None:
    graph = layered()
    found = color(graph, attribute, ground=ground, **_needs(attribute, graph))
    assert found.attribute == attribute
    assert len(found.index) == graph.vertices
    assert found.legend
    if found.categorical:
        assert sum(entry.share for entry in found.legend) == pytest.approx(1)
        shown = {tuple(from_hex(entry.color).tolist()) for entry in found.legend}
        assert len(shown) == len(found.legend)
    else:
        assert [entry.share for entry in found.legend] == sorted(e.share for e in found.legend)


@pytest.mark.parametrize("palette", PALETTES)
def test_every_palette_fits_layers_and_operators(palette: str) -> None:
    for attribute in ("layer", "operator", "pass", "kind"):
        assert color(layered(), attribute, palette=palette).palette == palette


@given(compute_graphs())
def test_any_graph_can_be_coloured(graph: ComputeGraph) -> None:
    for attribute in COMPUTED:
        if TABLE[attribute].needs == {"graph"}:
            assert len(color(graph, attribute).index) == graph.vertices


@given(compute_graphs())
def test_depth_is_the_longest_path(graph: ComputeGraph) -> None:
    depth = [0] * graph.vertices
    for v in range(graph.vertices):
        for e in range(graph.indptr[v], graph.indptr[v + 1]):
            depth[v] = max(depth[v], depth[graph.sources[e]] + 1)
    assert VALUES["depth"](Given(graph=graph)).tolist() == depth


@given(compute_graphs())
def test_bytes_are_those_read_and_written(graph: ComputeGraph) -> None:
    own = graph.vertex_bytes.astype(float)
    expected = [
        own[v] + own[graph.sources[graph.indptr[v] : graph.indptr[v + 1]]].sum()
        for v in range(graph.vertices)
    ]
    assert VALUES["bytes"](Given(graph=graph)) == pytest.approx(expected)


def test_lengths_and_parameters() -> None:
    graph = dataclasses.replace(path(4), vertex_kind=np.array([Kind.PARAMETER, 2, 2, 2], np.uint8))
    positions = np.array([[0, 0], [3, 4], [3, 4], [3, 14]], np.float32)
    assert VALUES["length"](Given(graph=graph, positions=positions)).tolist() == [0, 5, 0, 10]
    assert VALUES["parameters"](Given(graph=graph)).tolist() == [1, 1, 0, 0]


def test_more_work_is_further_on_the_scale() -> None:
    graph = layered()
    index = color(graph, "flops").index.astype(int)
    order = np.argsort(graph.vertex_flops)
    assert (np.diff(index[order]) >= 0).all()
    assert index.max() == 511


def test_layers_of_a_body_share_a_colour_and_bodies_differ() -> None:
    graph = layered()
    found = color(graph, "layer")
    tones = [np.unique(found.index[graph.vertex_operator == k]) for k in range(5)]
    assert all(len(tone) == 1 for tone in tones)
    lch = oklch_from_srgb8(found.colors[np.concatenate(tones)])
    turns = np.abs((np.diff(lch[:, 2]) + 180) % 360 - 180)
    assert turns.min() > 25
    assert [entry.label for entry in found.legend] == [f"stage{k}" for k in range(5)]


def test_a_model_without_scopes_is_coloured_along_its_operators() -> None:
    graph = path(20)
    found = color(graph, "layer")
    assert (np.diff(found.index.astype(int)) > 0).all()


def test_passes_have_hues_of_their_own() -> None:
    graph = dataclasses.replace(path(3), vertex_pass=np.array([0, 1, 2], np.uint8))
    found = color(graph, "pass")
    hue = oklch_from_srgb8(found.colors[found.index])[:, 2]
    apart = np.abs((hue[:, None] - hue[None] + 180) % 360 - 180) + 360 * np.eye(3)
    assert apart.min() > 50
    assert [entry.label for entry in found.legend] == ["forward", "backward", "update"]


def test_rules_stand_above_the_attribute_and_later_ones_above_earlier() -> None:
    graph = layered()
    rules = (
        ColorRule(pattern="stage*", color="#010203"),
        ColorRule(pattern="Relu", color="#fefdfc", on="operator"),
        ColorRule(pattern="nothing", color="#000000"),
    )
    found = color(graph, "flops", rules=rules)
    tones = found.colors[found.index]
    relu = graph.vertex_operator == 1
    assert (tones[relu] == [0xFE, 0xFD, 0xFC]).all()
    assert (tones[~relu] == [1, 2, 3]).all()
    assert [entry.label for entry in found.legend[-2:]] == ["stage*", "Relu"]


def test_names_in_the_legend_are_short_and_printable() -> None:
    graph = dataclasses.replace(
        layered(4),
        layers=tuple(
            Layer(name=f"{k}\n\x00" + "x" * 10_000, path=str(k), parent=0 if k else -1)
            for k in range(9)
        ),
    )
    legend = color(graph, "layer").legend
    assert legend
    for entry in legend:
        assert len(entry.label) <= 48
        assert entry.label.isprintable()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"attribute": "beauty"},
            "there is no attribute 'beauty' to colour by; choose one of layer",
        ),
        ({"palette": "grey"}, "there is no palette 'grey'"),
        ({"ground": "grey"}, "there is no ground 'grey'"),
        ({"attribute": "length"}, "colours by length need a layout; pass positions"),
        ({"attribute": "flops", "palette": "glasbey"}, "has no order"),
        ({"rules": (ColorRule(pattern="*", color="blue"),)}, "'blue' is not a colour"),
        ({"rules": (ColorRule(pattern="*", color="#fff", on="tensor"),)}, "applies to 'tensor'"),
    ],
)
def test_invalid_arguments_are_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(RenderError, match=message):
        color(layered(), **options)


@pytest.mark.parametrize("attribute", ["tile", "exchange", "start", "time", "live"])
def test_a_run_needs_a_target(attribute: str) -> None:
    assert attribute not in attributes_of(path(3))
    with pytest.raises(RenderError, match=f"colours by {attribute} need a target, which"):
        color(path(3), attribute)
    assert set(attributes_of(layered())) == set(COMPUTED)


def test_a_run_is_shown_as_it_is_given() -> None:
    execution = run(layered(), "ipu1")
    shown = Given(graph=layered(), execution=execution)
    for name, values in (
        ("tile", execution.vertex_tile),
        ("exchange", execution.vertex_sent),
        ("start", execution.vertex_start),
        ("time", execution.vertex_time),
    ):
        assert VALUES[name](shown).tolist() == values.tolist()
    alive = color(layered(), "live", execution=execution)
    assert [one.label for one in alive.legend] == ["activations", "not in memory"]
    assert alive.legend[0].share == pytest.approx(execution.alive().mean())


def test_an_operator_type_has_one_colour_in_all_models() -> None:
    for ground in ("dark", "light"):
        found = color(layered(), "operator", ground=ground)
        conv = next(entry for entry in found.legend if entry.label == "Conv")
        assert from_hex(conv.color).tolist() == type_color("Conv", ground).tolist()
    assert family("Conv") == "contraction"
    assert family("Fancy") == "other"


def test_families_differ_and_no_type_is_in_two() -> None:
    heads = np.array([type_color(types[0]) for _, types in FAMILIES.values()])
    apart = np.linalg.norm(heads[:, None].astype(float) - heads[None], axis=2)
    assert (apart + 1000 * np.eye(len(heads))).min() > 40
    types = [name for _, members in FAMILIES.values() for name in members]
    assert len(types) == len(set(types))


def test_amounts_are_three_digits() -> None:
    assert [amount(n) for n in (0, 999, 1000, 999_999, 25_557_032)] == [
        "0", "999", "1 k", "1 M", "25.6 M",
    ]  # fmt: skip
    assert amount(4.1e9, "FLOP") == "4.1 GFLOP"


def test_categorical_palettes_are_known() -> None:
    assert [name for name in PALETTES if is_categorical(name)] == ["okabe-ito", "glasbey"]

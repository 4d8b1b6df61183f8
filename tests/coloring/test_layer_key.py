"""What the legend of layers names, and how its colours differ."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.coloring import Coloring, color
from gallery.coloring.layer_key import apart, joined, run_label
from gallery.coloring.oklab import linear_from_srgb, oklab_from_linear
from gallery.coloring.palettes import distances, from_hex
from gallery.graph import ComputeGraph, GraphOperator
from gallery.model import Layer
from tests.rendering.scans import layered


def with_layers(parents: list[int], owners: list[int], sizes: list[int]) -> ComputeGraph:
    """A graph with one operator for each owner, of so many vertices."""
    layers = [Layer(name="", path="", parent=-1)]
    for number, parent in enumerate(parents, 1):
        path = f"{layers[parent].path}/l{number}".strip("/")
        layers.append(Layer(name=f"l{number}", path=path, parent=parent))
    operators = tuple(
        GraphOperator(name=f"o{k}", type="Conv", layer=owner, operator=k)
        for k, owner in enumerate(owners)
    )
    base = layered(1, sum(sizes))
    vertex_operator = np.repeat(np.arange(len(sizes)), sizes).astype(np.int32)
    return dataclasses.replace(
        base, layers=tuple(layers), operators=operators, vertex_operator=vertex_operator
    )


@st.composite
def graphs(draw: st.DrawFn) -> ComputeGraph:
    parents = [draw(st.integers(0, k)) for k in range(draw(st.integers(0, 60)))]
    owners = draw(st.lists(st.integers(0, len(parents)), min_size=1, max_size=80))
    size = st.integers(1, 3) | st.integers(1, 400)
    return with_layers(parents, owners, [draw(size) for _ in owners])


def gaps(found: Coloring) -> np.ndarray:
    """Distances in OKLab of neighbours in a legend."""
    colors = np.array([from_hex(entry.color) for entry in found.legend])
    lab = oklab_from_linear(linear_from_srgb(colors / 255.0))
    return np.linalg.norm(np.diff(lab, axis=0), axis=1)


@given(graphs(), st.sampled_from(["", "ember", "glasbey"]), st.sampled_from(["dark", "light"]))
def test_a_legend_names_what_is_seen(graph: ComputeGraph, palette: str, ground: str) -> None:
    found = color(graph, palette=palette, ground=ground)
    shares = [entry.share for entry in found.legend]
    assert 0.9 <= sum(shares) <= 1 + 1e-9
    assert 1 <= len(shares) <= 24
    assert found.entry is not None
    for number, share in enumerate(shares):
        assert (found.entry == number).sum() == pytest.approx(share * graph.vertices)


@given(graphs(), st.sampled_from(["dark", "light"]))
def test_colours_of_neighbours_differ(graph: ComputeGraph, ground: str) -> None:
    found = color(graph, ground=ground)
    length = distances("aurora", ground)[-1]
    wanted = min(0.04, length / max(len(found.legend) - 1, 1))
    assert gaps(found).min(initial=1) > 0.7 * wanted


@given(graphs())
def test_entries_of_layers_are_whole_layers(graph: ComputeGraph) -> None:
    found = color(graph)
    assert found.entry is not None
    for operator in range(len(graph.operators)):
        assert len(set(found.entry[graph.vertex_operator == operator].tolist())) == 1


def test_operators_of_a_layer_that_is_shown_by_its_layers_have_an_entry() -> None:
    graph = with_layers([0, 1, 1, 1, 0], [1, 2, 3, 4, 5, 0], [20, 30, 30, 30, 5, 10])
    found = color(graph)
    assert {entry.label: round(entry.share * 125) for entry in found.legend} == {
        "l1 (own operators)": 20,
        "l2": 30,
        "l3": 30,
        "l4": 30,
        "l5": 5,
        "outside all layers": 10,
    }


def test_operators_around_many_layers_are_others() -> None:
    chain = [0, 1, 2, 3, 4, 5, 6, 6]
    graph = with_layers(chain, [0, 1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 7, 90, 90])
    labels = {entry.label: round(entry.share * 208) for entry in color(graph).legend}
    assert labels["other"] == 1 + 2 + 3 + 4
    assert labels["l4 (own operators)"] == 5
    assert sum(labels.values()) == 208


def test_layers_beyond_what_fits_are_groups_of_neighbours() -> None:
    graph = with_layers([0] * 100, list(range(1, 101)), [5] * 100)
    labels = [entry.label for entry in color(graph).legend]
    assert len(labels) == 24
    assert labels[0].startswith("l1–")
    assert labels[-1].endswith("–100")


def test_names_of_operators_are_grouped_where_there_are_no_layers() -> None:
    graph = with_layers([], [0] * 100, [5] * 100)
    found = color(graph)
    assert len(found.legend) == 24
    assert sum(entry.share for entry in found.legend) == pytest.approx(1)
    assert "–" in found.legend[0].label


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(-1, 3)), max_size=40), st.integers(1, 12))
def test_neighbours_are_joined_until_they_fit(rows: list[tuple[int, int]], most: int) -> None:
    counts, parents = [one[0] for one in rows], [one[1] for one in rows]
    ranges = joined(counts, parents, most)
    assert len(ranges) == min(most, len(rows))
    assert [k for start, stop in ranges for k in range(start, stop)] == list(range(len(rows)))


def test_the_smallest_are_joined_first_and_strangers_last() -> None:
    assert joined([9, 2, 1, 9], [0, 0, 0, 0], 3) == [(0, 1), (1, 3), (3, 4)]
    assert joined([9, 2, 1, 9], [0, 0, 1, 1], 3) == [(0, 1), (1, 3), (3, 4)]
    assert joined([2, 1, 1, 2], [0, 0, 1, 1], 3) == [(0, 2), (2, 3), (3, 4)]


@given(st.lists(st.floats(0, 1), max_size=30), st.floats(0, 0.2))
def test_places_are_moved_apart_and_no_more_than_needed(places: list[float], least: float) -> None:
    place = np.sort(np.array(places, np.float64))
    moved = apart(place, least, 1.0)
    wanted = min(least, 1 / max(len(place) - 1, 1))
    assert (np.diff(moved) >= wanted - 1e-9).all()
    assert ((moved >= -1e-9) & (moved <= 1 + 1e-9)).all()
    if np.diff(place).min(initial=1) >= least:
        assert moved is place


@given(st.lists(st.integers(0, 12), min_size=2, max_size=4), st.integers(0, 4))
def test_places_are_moved_as_little_as_possible(ticks: list[int], least: int) -> None:
    place = np.sort(np.array(ticks, np.float64))
    least = min(least, 12 // (len(ticks) - 1))
    best = min(
        sum((a - b) ** 2 for a, b in zip(one, place, strict=True))
        for one in itertools.combinations_with_replacement(range(13), len(ticks))
        if all(b - a >= least for a, b in itertools.pairwise(one))
    )
    assert ((apart(place, float(least), 12.0) - place) ** 2).sum() <= best + 1e-9


def test_a_run_is_named_by_its_ends() -> None:
    assert run_label("stage 2, block 1", "stage 2, block 4") == "stage 2, block 1–4"
    assert run_label("conv1", "pool") == "conv1 – pool"
    assert run_label("a1", "b2") == "a1 – b2"

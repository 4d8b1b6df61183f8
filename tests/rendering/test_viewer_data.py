"""The viewer's data say what the graph says, and a sample of it looks like the whole."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.coloring.types import NO_ENTRY, Coloring
from gallery.errors import PublishError
from gallery.graph import ComputeGraph, GraphOperator
from gallery.model import Layer, Model
from gallery.placement.types import Layout
from gallery.rendering.raster.exposure import exposure
from gallery.rendering.viewer.color_data import inks
from gallery.rendering.viewer.container import unpack
from gallery.rendering.viewer.data import viewer_data
from gallery.rendering.viewer.sample import sample
from tests.rendering.viewer_net import colorings, net, ring

_STEPS = 65_535


def _numbers(data: bytes) -> list[int]:
    numbers, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(value)
            value = shift = 0
    return numbers


def _signed(number: int) -> int:
    return (number >> 1) ^ -(number & 1)


def _edges(sections: dict[str, bytes]) -> list[tuple[int, int]]:
    """(reader, source) pairs, read slowly."""
    numbers = iter(_numbers(sections["edges"]))
    pairs = []
    down: dict[int, int] = {}
    for reader, count in enumerate(_numbers(sections["degree"])):
        for k in range(count):
            down[k] = down.get(k, 0) + _signed(next(numbers))
            pairs.append((reader, reader - down[k]))
    return pairs


def _places(sections: dict[str, bytes], axis: str) -> np.ndarray:
    words = np.frombuffer(sections[axis], np.uint8).astype(np.int64).reshape(2, -1)
    word = words[0] | words[1] << 8
    return np.cumsum((word >> 1) ^ -(word & 1)) & 0xFFFF


def _chain(length: int, fan: int) -> ComputeGraph:
    """Each vertex reads the `fan` ones before it; ten operators in a row."""
    pairs = [(v, u) for v in range(length) for u in range(max(0, v - fan), v)]
    count = np.bincount([v for v, _ in pairs], minlength=length)
    return ComputeGraph(
        model="chain",
        vertex_operator=(np.arange(length) * 10 // length).astype(np.int32),
        vertex_kind=np.full(length, 2, np.uint8),
        vertex_pass=np.zeros(length, np.uint8),
        vertex_flops=np.ones(length, np.float32),
        vertex_bytes=np.ones(length, np.float32),
        indptr=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        sources=np.array([u for _, u in pairs], np.int32),
        operators=tuple(
            GraphOperator(name=f"o{i}", type="Add", layer=0, operator=-1) for i in range(10)
        ),
        layers=(Layer(name="", path="", parent=-1),),
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Layout]:
    return net(tmp_path_factory.mktemp("net"))


def test_every_edge_is_there_once(whole: tuple[Model, Layout]) -> None:
    model, layout = whole
    graph = layout.graph
    head, sections = unpack(viewer_data(layout, colorings(layout), model))
    assert head["shown"] == head["whole"] == [graph.vertices, graph.edges]
    true = list(zip(graph.readers().tolist(), graph.sources.tolist(), strict=True))
    assert _edges(sections) == true


def test_positions_are_within_a_step(whole: tuple[Model, Layout]) -> None:
    _, layout = whole
    head, sections = unpack(viewer_data(layout, colorings(layout)))
    low = layout.positions.min(axis=0)
    side = (layout.positions.max(axis=0) - low).max()
    for axis, name in enumerate("xy"):
        true = (layout.positions[:, axis] - low[axis]) / side * _STEPS
        assert np.abs(head["step"] * _places(sections, name) - true).max() <= 1.51
    assert max(head["frame"]) == 1


def test_amounts_keep_four_digits(whole: tuple[Model, Layout]) -> None:
    _, layout = whole
    _, sections = unpack(viewer_data(layout, colorings(layout)))
    table = np.frombuffer(sections["flops_table"], "<f4")
    rows = np.frombuffer(sections["flops"], np.uint8).astype(int).reshape(2, -1)
    np.testing.assert_allclose(table[rows[0] | rows[1] << 8], layout.graph.vertex_flops, rtol=5e-4)


def test_colours_and_names_are_there(whole: tuple[Model, Layout]) -> None:
    model, layout = whole
    chosen = colorings(layout)
    head, sections = unpack(viewer_data(layout, chosen, model))
    assert len(chosen) > 5
    for number, coloring in enumerate(chosen):
        assert coloring.legend
        assert head["colorings"][number]["attribute"] == coloring.attribute
        assert sections[f"colors{number}"] == coloring.colors.tobytes()
        rows = np.frombuffer(sections[f"rows{number}"], np.uint8).astype(int).reshape(2, -1)
        step = 1 if coloring.categorical else len(coloring.colors) // 128 or 1
        assert (rows[0] | rows[1] << 8).tolist() == (coloring.index // step * step).tolist()
        for (_, color, _, row), entry in zip(
            head["colorings"][number]["legend"], coloring.legend, strict=True
        ):
            assert color == entry.color
            assert "#" + bytes(coloring.colors[row]).hex() == color
        entries = head["colorings"][number]["entries"]
        if coloring.attribute in ("layer", "operator"):
            owner = layout.graph.vertex_operator
            assert coloring.entry is not None
            shown = np.where(coloring.entry == NO_ENTRY, -1, coloring.entry.astype(int))
            assert np.array_equal(np.array(entries)[owner], shown)
        elif not coloring.categorical:
            assert entries == []
    operators = head["operators"]
    conv = operators["type"].index("Conv")
    names = [head["tensors"][t][0] for t in operators["reads"][conv]]
    assert names == ["image", "w1"]
    assert head["tensors"][operators["writes"][conv][0]] == ["a", "float", "1 × 8 × 16 × 16"]
    assert len(head["palettes"]) > 5
    for stops in head["palettes"].values():
        assert list(stops) == ["dark", "light"]
        assert all(re.fullmatch("([0-9a-f]{6})+", one) for one in stops.values())


def test_inks_are_the_colours_on_paper_of_each_row(whole: tuple[Model, Layout]) -> None:
    _, layout = whole
    on_black, on_paper = colorings(layout), colorings(layout, "light")
    _, sections = unpack(viewer_data(layout, on_black, on_paper=on_paper))
    for number, (dark, light) in enumerate(zip(on_black, on_paper, strict=True)):
        inks = np.frombuffer(sections[f"inks{number}"], np.uint8).reshape(-1, 3)
        assert inks.shape == dark.colors.shape
        np.testing.assert_array_equal(inks[dark.index], light.colors[light.index])


@given(
    shift=st.lists(st.integers(0, 40), min_size=2, max_size=8),
    seed=st.integers(0, 1000),
)
def test_rows_that_were_moved_apart_keep_their_ink(shift: list[int], seed: int) -> None:
    """Where a legend's neighbours lie elsewhere on paper, each vertex has its ink all the same."""
    layers = np.arange(len(shift))
    black = (100 * layers).astype(np.uint16)
    paper = np.maximum.accumulate(100 * layers + np.array(shift)).astype(np.uint16)
    vertices = np.concatenate([layers, np.random.default_rng(seed).choice(layers, 50)])
    colors = np.repeat(np.arange(800, dtype=np.uint32)[:, None], 3, axis=1)
    tones = (colors // np.array([1, 4, 16])).astype(np.uint8)
    common = {"attribute": "layer", "palette": "aurora", "categorical": True, "legend": ()}
    dark = Coloring(**common, ground="dark", index=black[vertices], colors=tones[::-1].copy())
    light = Coloring(**common, ground="light", index=paper[vertices], colors=tones)
    found = inks(dark, light)
    np.testing.assert_array_equal(found[dark.index], light.colors[light.index])
    # Rows of no vertex lie between those of their neighbours.
    if not np.array_equal(black, paper):
        slow = np.interp(np.arange(800), black, paper)
        # Halves are rounded up or down, as the last digit of the interpolation has it.
        low, high = (tones[np.rint(slow + tiny).astype(int)] for tiny in (-1e-9, 1e-9))
        assert ((found == low).all(axis=1) | (found == high).all(axis=1)).all()


def test_without_colours_on_paper_they_are_the_same(whole: tuple[Model, Layout]) -> None:
    _, layout = whole
    _, sections = unpack(viewer_data(layout, colorings(layout)))
    assert sections["inks0"] == sections["colors0"]


def test_colourings_on_paper_are_by_the_same_attributes(whole: tuple[Model, Layout]) -> None:
    _, layout = whole
    with pytest.raises(PublishError, match="other attributes"):
        viewer_data(layout, colorings(layout), on_paper=colorings(layout, "light")[::-1])


def test_same_input_same_bytes(whole: tuple[Model, Layout]) -> None:
    model, layout = whole
    one = viewer_data(layout, colorings(layout), model, budget=(200, 300))
    assert one == viewer_data(layout, colorings(layout), model, budget=(200, 300))


def test_no_colouring_and_a_strange_one_are_refused(whole: tuple[Model, Layout]) -> None:
    _, layout = whole
    with pytest.raises(PublishError, match="no colouring"):
        viewer_data(layout, [])
    other = ring(_chain(30, 1))
    with pytest.raises(PublishError, match="30 vertices"):
        viewer_data(layout, colorings(other))


def test_sample_is_within_its_budget_and_true(whole: tuple[Model, Layout]) -> None:
    graph = whole[1].graph
    shown = sample(graph, vertices=200, edges=300)
    assert 50 < len(shown.vertices) <= 200
    assert 50 < len(shown.sources) <= 300
    work = np.stack([graph.vertex_operator, graph.vertex_pass, graph.vertex_kind], axis=1)
    assert (work == work[shown.vertices][shown.member]).all()
    true = set(
        zip(
            shown.member[graph.readers()].tolist(),
            shown.member[graph.sources].tolist(),
            strict=True,
        )
    )
    assert set(zip(shown.readers.tolist(), shown.sources.tolist(), strict=True)) <= true


@pytest.mark.parametrize("passes", ["forward", "training"])
def test_sample_is_the_graph_in_larger_blocks(tmp_path: Path, passes: str) -> None:
    graph = net(tmp_path, vertices=2000, passes=passes)[1].graph
    shown = sample(graph, vertices=graph.vertices // 3, edges=10_000)
    assert shown.complete
    assert graph.vertices / 8 < len(shown.vertices) <= graph.vertices / 3
    read = zip(shown.member[graph.readers()], shown.member[graph.sources], strict=True)
    pairs = zip(shown.readers, shown.sources, strict=True)
    assert {pair for pair in read if pair[0] != pair[1]} == set(pairs)
    assert len(shown.sets) == len(graph.sets)
    for fine, coarse in zip(graph.sets, shown.sets, strict=True):
        lows, highs = coarse.boxes(0, coarse.size)
        small_lows, small_highs = fine.boxes(0, fine.size)
        number = {int(v): at for at, v in enumerate(coarse.vertices())}
        at = np.array([number[shown.member[v]] for v in fine.vertices()])
        for axis in range(len(fine.shape)):
            low, high = np.full(coarse.size, 1 << 40), np.zeros(coarse.size, np.int64)
            np.minimum.at(low, at, small_lows[:, axis])
            np.maximum.at(high, at, small_highs[:, axis])
            assert low.tolist() == lows[:, axis].tolist()
            assert high.tolist() == highs[:, axis].tolist()
    assert any(one.period for one in shown.sets)


def test_what_is_shown_costs_what_the_whole_costs(whole: tuple[Model, Layout]) -> None:
    layout = whole[1]
    _, sections = unpack(viewer_data(layout, colorings(layout), budget=(200, 10_000)))
    table = np.frombuffer(sections["flops_table"], "<f4")
    rows = np.frombuffer(sections["flops"], np.uint8).astype(int).reshape(2, -1)
    found = table[rows[0] | rows[1] << 8].sum()
    assert found == pytest.approx(layout.graph.vertex_flops.sum(), rel=1e-3)


def test_sample_keeps_the_shares_of_the_operators() -> None:
    graph = _chain(5000, 3)
    shown = sample(graph, vertices=500, edges=2000)
    count = np.bincount(graph.vertex_operator[shown.vertices], minlength=10)
    assert count.min() >= 30
    assert count.max() <= 65
    readers = np.bincount(graph.vertex_operator[shown.vertices[shown.readers]], minlength=10)
    assert readers.max() <= 2.1 * readers.min()


@pytest.mark.parametrize("budget", [300, 500, 930, 999])
def test_sample_uses_its_budget(budget: int) -> None:
    shown = sample(_chain(1000, 2), vertices=budget, edges=10_000)
    assert budget / 2 < len(shown.vertices) <= budget


def test_sample_of_fewer_vertices_than_operators_shows_some_of_them() -> None:
    graph = _chain(1000, 300)
    shown = sample(graph, vertices=5, edges=10_000)
    assert graph.vertex_operator[shown.vertices].tolist() == [0, 2, 4, 6, 8]
    read = list(zip(shown.readers.tolist(), shown.sources.tolist(), strict=True))
    assert read == [(reader, reader - 1) for reader in range(1, 5)]


def test_sample_gives_up_vertices_before_edges() -> None:
    """A quarter of the budget at least; of its edges, those that fit are evenly many."""
    shown = sample(_chain(4000, 40), vertices=2000, edges=20_000)
    assert 500 <= len(shown.vertices) < 2000
    assert 9_000 < len(shown.sources) <= 20_000
    few = sample(_chain(4000, 40), vertices=2000, edges=1000)
    assert len(few.vertices) == 500
    assert len(few.sources) == 1000


def test_back_edges_are_shown() -> None:
    plain = _chain(40, 1)
    fields = {name: getattr(plain, name) for name in plain.__dataclass_fields__}
    graph = ComputeGraph(**{**fields, "back_edges": np.array([[3, 30]], np.int32)})
    layout = ring(graph)
    _, sections = unpack(viewer_data(layout, colorings(layout)))
    assert (3, 30) in _edges(sections)


def test_an_empty_graph_has_data_too() -> None:
    empty = _chain(0, 1)
    layout = ring(empty)
    head, sections = unpack(viewer_data(layout, colorings(layout)[:1]))
    assert head["shown"] == [0, 0]
    assert sections["x"] == b""


@pytest.mark.slow
def test_a_million_vertices_are_under_eight_megabytes() -> None:
    size = 1_000_000
    count = np.full(size, 2, np.int64)
    count[:2] = 0
    index = np.arange(2, size)
    graph = ComputeGraph(
        model="million",
        vertex_operator=(np.arange(size) // 4000).astype(np.int32),
        vertex_kind=np.full(size, 2, np.uint8),
        vertex_pass=np.zeros(size, np.uint8),
        vertex_flops=np.ones(size, np.float32),
        vertex_bytes=np.ones(size, np.float32),
        indptr=np.concatenate([[0], np.cumsum(count)]),
        sources=np.stack([index // 2, index - 1], 1)
        .clip(0, index[:, None] - 1)
        .astype(np.int32)
        .reshape(-1),
        operators=tuple(
            GraphOperator(name=f"o{i}", type="Add", layer=0, operator=-1) for i in range(250)
        ),
        layers=(Layer(name="", path="", parent=-1),),
    )
    spread = np.random.default_rng(1).normal(size=(size, 2)).astype(np.float32)
    layout = Layout(graph=graph, positions=spread, skeleton="sfdp", engine="sfdp")
    assert len(viewer_data(layout, colorings(layout))) * 4 / 3 < 8e6


def test_names_lose_what_could_harm(tmp_path: Path) -> None:
    graph = _chain(20, 1)
    fields = {name: getattr(graph, name) for name in graph.__dataclass_fields__}
    nasty = "</script>\x00\u202e\ud800" + "x" * 900
    operators = tuple(
        GraphOperator(name=nasty, type=nasty, layer=0, operator=-1) for _ in range(10)
    )
    layers = (Layer(name=nasty, path=nasty, parent=-1),)
    hostile = ComputeGraph(**{**fields, "operators": operators, "layers": layers, "model": nasty})
    layout = ring(hostile)
    head, _ = unpack(viewer_data(layout, colorings(layout)))
    for name in (head["model"], *head["operators"]["name"], *head["layers"]["path"]):
        assert len(name) <= 320
        assert not re.search("[\x00\u202e\ud800]", name)


@pytest.mark.parametrize("kind", ["work", "even"])
def test_gains_are_those_of_the_pictures(whole: tuple[Model, Layout], kind: str) -> None:
    layout = whole[1]
    head, sections = unpack(viewer_data(layout, colorings(layout), exposed=kind))
    least, most = head["look"]["least"], head["look"]["most"]
    steps = np.frombuffer(sections["gains"], np.uint8) / 255
    found = exposure(layout.graph, kind)
    np.testing.assert_allclose(least * (most / least) ** steps, found, rtol=0.007)
    assert (found.max() > 2) == (kind == "work")

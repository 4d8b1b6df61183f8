"""The viewer's data say what the graph says, and a sample of it looks like the whole."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gallery.coloring.types import NO_ENTRY
from gallery.errors import PublishError
from gallery.graph import ComputeGraph, GraphOperator
from gallery.model import Layer, Model
from gallery.placement.types import Layout
from gallery.rendering.raster.exposure import exposure
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
        assert np.abs(_places(sections, name) - true).max() <= 1.51
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
    assert all(re.fullmatch("([0-9a-f]{6})+", stops) for stops in head["palettes"].values())


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
    shown = sample(whole[1], vertices=200, edges=300)
    assert 100 < len(shown.vertices) <= 200
    assert 50 < len(shown.sources) <= 300
    assert (np.diff(shown.vertices) > 0).all()
    operator = graph.vertex_operator
    true = {
        (operator[r], operator[s])
        for r, s in zip(graph.readers().tolist(), graph.sources.tolist(), strict=True)
    }
    for reader, source in zip(shown.readers, shown.sources, strict=True):
        pair = (operator[shown.vertices[reader]], operator[shown.vertices[source]])
        assert pair in true
    assert set(operator[shown.vertices].tolist()) == set(operator.tolist())


def test_sample_keeps_the_shares_of_the_operators() -> None:
    graph = _chain(5000, 3)
    shown = sample(ring(graph), vertices=500, edges=1000)
    count = np.bincount(graph.vertex_operator[shown.vertices], minlength=10)
    assert count.min() >= 45
    assert count.max() <= 55
    readers = np.bincount(graph.vertex_operator[shown.vertices[shown.readers]], minlength=10)
    assert readers.max() < 1.3 * readers.min()


def test_sample_stands_where_the_whole_stands() -> None:
    """Also where neighbours in the order are far apart in the picture."""
    graph = _chain(5000, 1)
    rng = np.random.default_rng(3)
    places = rng.uniform(size=(5000, 2)).astype(np.float32)
    # Each vertex reads its neighbour in the picture, which is twenty steps away in the order.
    for v in range(20, 5000):
        places[v] = places[v - 20] + rng.normal(0, 0.01, 2)
    graph = replace(graph, sources=np.maximum(graph.sources - 19, 0).astype(np.int32))
    shown = sample(
        Layout(graph=graph, positions=places, skeleton="sfdp", engine="sfdp"),
        vertices=1500,
        edges=3000,
    )
    at = places[shown.vertices]
    few, _ = np.histogramdd((at[shown.sources] + at[shown.readers]) / 2, bins=12)
    all_, _ = np.histogramdd((places[graph.sources] + places[graph.readers()]) / 2, bins=12)
    assert np.corrcoef(few.ravel(), all_.ravel())[0, 1] > 0.95


@pytest.mark.parametrize("budget", [300, 500, 930, 999])
def test_sample_uses_its_budget(budget: int) -> None:
    shown = sample(ring(_chain(1000, 2)), vertices=budget, edges=10_000)
    assert 0.9 * budget < len(shown.vertices) <= budget


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
    np.testing.assert_allclose(least * (most / least) ** steps, found, rtol=0.006)
    assert (found.max() > 2) == (kind == "work")

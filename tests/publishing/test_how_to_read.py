"""The page that teaches to read a scan shows parts of a real one, and what it says is so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.cache import Cache
from gallery.coloring import color
from gallery.graph import Kind, Pass
from gallery.model import Model
from gallery.placement.types import Layout
from gallery.publishing import ImageFile, Site, SiteSettings, publish
from gallery.publishing.how_to_read import figures as drawing
from gallery.publishing.how_to_read import page as room
from gallery.publishing.how_to_read.crop import Window, _cut, _near, around, lit, looks
from gallery.publishing.how_to_read.figures import FigurePlan, draw, planned, shown, subject
from gallery.publishing.how_to_read.scan_data import ScanData, read_scan
from gallery.rendering.provenance import Provenance
from gallery.rendering.types import Picture
from gallery.rendering.viewer.container import pack
from gallery.rendering.viewer.data import viewer_data
from tests.publishing.sample_exhibits import make_exhibit, make_file
from tests.rendering.viewer_net import colorings, net


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Layout]:
    return net(tmp_path_factory.mktemp("net"))


@pytest.fixture(scope="module")
def scan(whole: tuple[Model, Layout]) -> ScanData:
    model, layout = whole
    return read_scan(viewer_data(layout, colorings(layout), model))


@pytest.fixture(scope="module")
def figures(scan: ScanData) -> dict[str, FigurePlan]:
    return planned(scan)


def test_a_scan_is_read_back(whole: tuple[Model, Layout], scan: ScanData) -> None:
    _, layout = whole
    graph, read = layout.graph, scan.layout.graph
    assert scan.whole
    for name in ("vertex_operator", "vertex_kind", "vertex_pass", "indptr", "sources"):
        np.testing.assert_array_equal(getattr(read, name), getattr(graph, name), name)
    assert [one.name for one in read.operators] == [one.name for one in graph.operators]
    forward = np.flatnonzero(graph.vertex_pass == Pass.FORWARD)
    assert len(forward) > 100
    for vertex in forward[::7].tolist():
        assert read.box(vertex) == graph.box(vertex)
    low = layout.positions.min(axis=0)
    scale = 1000 / (layout.positions.max(axis=0) - low).max()
    np.testing.assert_allclose(scan.layout.positions, (layout.positions - low) * scale, atol=0.02)
    for one in colorings(layout):
        step = 1 if one.categorical else max(len(one.colors) // 128, 1)
        np.testing.assert_array_equal(
            scan.colorings[one.attribute].colors[scan.colorings[one.attribute].index],
            one.colors[one.index - one.index % step],
        )


def test_a_scan_in_larger_blocks_is_whole_unless_edges_are_left_out(
    whole: tuple[Model, Layout],
) -> None:
    model, layout = whole
    every, few = (
        read_scan(viewer_data(layout, colorings(layout), model, budget=(300, edges)))
        for edges in (1_000_000, 50)
    )
    assert every.whole
    assert every.layout.graph.vertices <= 300
    assert set(planned(every)) == {"vertex", "edge", "near", "light", "tilt"}
    assert not few.whole


@pytest.mark.parametrize("data", [b"not it", pack({"version": 1}, {})])
def test_other_data_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"viewer('s)? data"):
        read_scan(data)


@given(
    ends=st.lists(st.floats(-3, 4, width=32), min_size=4, max_size=4),
    share=st.floats(0, 1, width=32),
)
def test_lines_are_cut_where_they_leave_the_window(ends: list[float], share: float) -> None:
    points = np.array(ends, np.float32).reshape(1, 2, 2)
    low, high, meets = _cut(points, Window(left=0, bottom=0, side=1))
    x, y = points[0, 0] + (points[0, 1] - points[0, 0]) * np.float32(share)
    near = 1e-4
    if near < x < 1 - near and near < y < 1 - near:
        assert low[0, 0] - near <= share <= high[0, 0] + near
    if meets[0] and low[0, 0] + near < share < high[0, 0] - near:
        assert -near * 10 < x < 1 + near * 10
        assert -near * 10 < y < 1 + near * 10
    if meets[0] and high[0, 0] - low[0, 0] > near:
        ends_of = np.array([0], np.int32), np.array([1], np.int32)
        # Lines along a rim that are shorter than `_cut` can tell may lie a rounding beside it.
        around = Window(left=-near, bottom=-near, side=1 + 2 * near)
        assert len(_near(points[0], ends_of, around)) == 1


def test_edges_on_one_side_of_the_window_are_left_out() -> None:
    points = np.array([[-2, 0.5], [-1, 5], [2, 0.5], [0.5, 0.5]], np.float32)
    ends = np.array([0, 0, 2, 3], np.int32), np.array([1, 2, 3, 3], np.int32)
    assert _near(points, ends, Window(left=0, bottom=0, side=1)).tolist() == [1, 2, 3]


def test_a_window_shows_its_part_alone(scan: ScanData) -> None:
    coloring = scan.colorings["layer"]
    empty = Window(left=5000, bottom=5000, side=100)
    assert looks(scan.layout, [coloring], empty, 64)[0].pixels.max() == 0
    all_of_it = around(scan.layout.positions, 0.1)
    assert looks(scan.layout, [coloring], all_of_it, 64)[0].pixels.max() > 60


def test_only_what_is_meant_is_in_colour(scan: ScanData) -> None:
    coloring = scan.colorings["layer"]
    window = around(scan.layout.positions, 0.1)
    edges = np.zeros(scan.layout.graph.edges, bool)
    grey = lit(scan.layout, coloring, edges, window, 96).pixels.astype(int)
    edges[: len(edges) // 3] = True
    some = lit(scan.layout, coloring, edges, window, 96).pixels.astype(int)
    assert np.ptp(grey, axis=2).max() <= 20
    assert np.ptp(some, axis=2).max() > 60


def test_the_marked_vertex_reads_what_is_marked(
    scan: ScanData, figures: dict[str, FigurePlan]
) -> None:
    graph = scan.layout.graph
    figure = figures["edge"]
    marks = np.array([[x, y] for x, y, _ in figure.marks])
    kinds = [kind for _, _, kind in figure.marks]
    assert kinds[-1] == "reader"
    assert figure.values["data"] == str(kinds.count("data"))
    assert figure.values["weights"] == str(kinds.count("weight"))
    # The drawing keeps proportions: of the right type one vertex alone has its sources there.
    fitting = []
    for vertex in range(graph.vertices):
        sources = graph.sources[graph.indptr[vertex] : graph.indptr[vertex + 1]]
        if len(sources) != len(marks) - 1:
            continue
        data = sources[graph.vertex_kind[sources] != Kind.PARAMETER]
        if not len(data):
            continue
        window = around(scan.layout.positions[[vertex, *data]], 0.24)
        placed = [window.place(scan.layout.positions[one]) for one in (*sources, vertex)]
        if np.abs(np.array(placed) - marks).max() < 0.2:
            fitting.append(vertex)
    assert len(fitting) == 1
    assert graph.operators[graph.vertex_operator[fitting[0]]].type == "Conv"
    made, read = figure.grids
    lows, highs = graph.box(fitting[0])
    assert len(made.lit) == 1
    assert (made.rows, made.columns) != (1, 1)
    assert len(read.lit) <= kinds.count("data")
    assert len(lows) > 0
    assert all(low < high for low, high in zip(lows, highs, strict=True))


def test_the_operator_that_is_shown_has_as_many_vertices_as_is_said(
    scan: ScanData, figures: dict[str, FigurePlan]
) -> None:
    operator = subject(scan)
    assert operator is not None
    graph = scan.layout.graph
    values = figures["vertex"].values
    own = np.flatnonzero(graph.vertex_operator == operator)
    assert values["vertices"] == f"{len(own):,}"
    assert values["edges"] == f"{sum(np.diff(graph.indptr)[own].tolist()):,}"


def test_the_page_shows_the_figures_and_draws_them_once(
    tmp_path: Path,
    whole: tuple[Model, Layout],
    pictures: tuple[ImageFile, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, layout = whole
    data = tmp_path / "data.bin"
    data.write_bytes(viewer_data(layout, colorings(layout), model))
    exhibits = [
        make_exhibit("a", pictures, files={"viewer": (make_file(data),)}),
        make_exhibit("b", pictures),
    ]
    cache = Cache(tmp_path / "cache")

    def page(name: str, kept: Cache | None) -> tuple[str, Site]:
        site = publish(exhibits, tmp_path / name, settings=SiteSettings(), cache=kept)
        return (site.root / "how-to-read/index.html").read_text(encoding="utf-8"), site

    first, site = page("first", cache)
    for name in ("vertex", "edge", "near", "light", "tilt"):
        assert f"a-lesson-{name}-" in first, name
        files = list((site.root / "assets").glob(f"a-lesson-{name}-*.avif"))
        assert files, name
        assert all(file.name in first for file in files)
    assert "The a net" in first
    assert page("without", None)[0] == first
    monkeypatch.setattr(drawing, "planned", lambda _: pytest.fail("made again"))
    assert page("again", cache)[0] == first


def test_what_is_drawn_beside_a_picture_does_not_change_it(
    scan: ScanData, figures: dict[str, FigurePlan]
) -> None:
    light = figures["light"]
    assert len(light.attributes) > 2
    several = draw(scan, light, light.attributes)
    for name, picture in zip(light.attributes[1:], several[1:], strict=True):
        (alone,) = draw(scan, light, [name])
        np.testing.assert_array_equal(alone.pixels, picture.pixels, name)
        assert alone.metadata == picture.metadata


def test_another_palette_leaves_the_pictures_by_other_attributes(
    tmp_path: Path, whole: tuple[Model, Layout], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, layout = whole

    def data(palette: str) -> bytes:
        chosen = [
            color(layout.graph, "layer", palette=palette) if one.attribute == "layer" else one
            for one in colorings(layout)
        ]
        told = Provenance(software="x 1", settings={"seed": 1, "palettes": {"layer": palette}})
        return viewer_data(layout, chosen, model, provenance=told)

    drew: list[str] = []

    def noted(scan: ScanData, figure: FigurePlan, names: Sequence[str]) -> tuple[Picture, ...]:
        drew.extend(names)
        return draw(scan, figure, names)

    monkeypatch.setattr(drawing, "draw", noted)
    cache, anew = Cache(tmp_path / "cache"), Cache(tmp_path / "anew")
    room._figures(data("ember"), cache)
    assert {"operator", "depth"} < set(drew)
    drew.clear()
    kept = room._figures(data("fire"), cache)
    assert set(drew) == {"layer"}
    assert len(drew) == 5
    value, files = room._figures(data("fire"), anew)
    assert kept[0] == value
    assert {name: one.sha256 for name, one in kept[1].items()} == {
        name: one.sha256 for name, one in files.items()
    }


def test_a_picture_is_known_by_all_that_it_shows(
    scan: ScanData, figures: dict[str, FigurePlan]
) -> None:
    layout, near = scan.layout, figures["near"]
    assert near.edges is not None
    assert near.window is not None
    layer = scan.colorings["layer"]
    other_edges = replace(near, edges=~near.edges)
    changed = [
        replace(scan, layout=replace(layout, positions=layout.positions * 2)),
        replace(scan, layout=replace(layout, graph=replace(layout.graph, model="another"))),
        replace(scan, colorings={"layer": replace(layer, colors=255 - layer.colors)}),
        replace(scan, colorings={"layer": replace(layer, index=layer.index[::-1].copy())}),
    ]
    wider = replace(near.window, side=2 * near.window.side)
    keys = [
        shown(scan, near, "layer"),
        *(shown(one, near, "layer") for one in changed),
        *(
            shown(scan, one, "layer")
            for one in (other_edges, replace(near, window=wider), replace(near, size=99))
        ),
    ]
    assert len(set(keys)) == len(keys)
    assert shown(replace(scan, whole=False), near, "layer") == keys[0]


def test_without_a_viewer_the_page_has_its_texts(
    tmp_path: Path, pictures: tuple[ImageFile, ...]
) -> None:
    site = publish([make_exhibit("a", pictures)], tmp_path / "site", settings=SiteSettings())
    text = (site.root / "how-to-read/index.html").read_text(encoding="utf-8")
    assert "A point is a piece of work" in text
    assert "lesson-" not in text


def test_networks_that_people_know_come_first() -> None:
    names = ["pointnet", "vision/ResNet50", "mine", "u-net", "resnet18"]
    models = [SimpleNamespace(slug=name, facts=None, viewer=True, hero=True) for name in names]
    found = [one.slug for one in room._by_fitness(models)]
    assert found == ["resnet18", "vision/ResNet50", "u-net", "mine", "pointnet"]

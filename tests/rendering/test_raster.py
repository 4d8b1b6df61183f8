"""Whole scans: the empty one, one edge, large and small ones, words on them, errors."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gallery.coloring import color
from gallery.coloring.oklab import oklab_from_linear, oklch_from_srgb8
from gallery.errors import RenderError
from gallery.model import Layer
from gallery.placement.types import Layout
from gallery.rendering.files.formats import save
from gallery.rendering.labels.labels import place_labels
from gallery.rendering.labels.legend import caption
from gallery.rendering.raster.frame import Frame, frame
from gallery.rendering.raster.raster import strips
from gallery.rendering.raster.strokes import draw
from gallery.rendering.scan import render, render_several, save_scan
from gallery.rendering.types import Picture, RenderSettings
from tests.rendering.scans import facing, layered, placed, ring
from tests.strategies import compute_graph, compute_graphs, path

GREY = np.array([0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("ground", ["dark", "light"])
def test_an_empty_graph_is_its_ground(ground: str) -> None:
    graph = compute_graph(0, [])
    picture = render(placed(graph, []), color(graph, ground=ground), size=100)
    assert len(np.unique(picture.pixels.reshape(-1, 3), axis=0)) == 1
    assert (picture.pixels.max() < 1) == (ground == "dark")


@settings(deadline=None, max_examples=25)
@given(compute_graphs(), st.sampled_from(["dark", "light"]))
def test_any_graph_can_be_drawn(graph: object, ground: str) -> None:
    layout = ring(graph, spread=0.0)
    picture = render(layout, color(graph, ground=ground), size=(64, 48))
    assert (picture.width, picture.height) == (64, 48)


def test_all_vertices_in_one_point() -> None:
    graph = path(5)
    picture = render(placed(graph, np.zeros((5, 2))), color(graph), size=64)
    assert picture.pixels[30:34, 30:34].max() > 60


@pytest.mark.parametrize("size", [320, 1600])
def test_a_single_long_edge_is_seen(size: int) -> None:
    # Beside a dense body, whose tones the curve must leave room for.
    rng = np.random.default_rng(1)
    positions = np.concatenate([[[-900, -700], [900, 900]], rng.normal(size=(300, 2)) * 40])
    edges = [(0, 1)] + [(int(a), int(b)) for a, b in rng.integers(2, 302, (9000, 2))]
    graph = compute_graph(302, edges)
    picture = render(placed(graph, positions), color(graph), size=size)
    inside = frame(placed(graph, positions).positions, size, RenderSettings().margin)
    a, b = inside.place(np.array(positions[:2], np.float32))
    seen = []
    for t in np.linspace(0.6, 0.9, 9):
        x, y = (a + (b - a) * t).astype(int)
        seen.append((picture.pixels[y - 1 : y + 2, x - 1 : x + 2] @ GREY).max())
    assert min(seen) >= 4


def test_nothing_burns_out_and_hues_hold_in_the_densest_parts() -> None:
    graph = layered(bodies=6, size=900)
    layout = ring(graph, spread=25.0)
    found = color(graph, "layer")
    chosen = RenderSettings()
    picture = render(layout, found, size=1600)
    drawn = picture.pixels[picture.pixels.max(axis=2) > 8].astype(int)
    assert ((drawn.max(axis=1) >= 255) | (drawn.min(axis=1) > 225)).mean() < 0.005
    strokes = (
        sys.modules["gallery.rendering.raster.raster"].plan_of(layout, found, 1600, chosen).strokes
    )
    light = draw(strokes, (1600, 0, 1600))
    amount = light[..., 3]
    dense = amount >= np.quantile(amount[amount > 0], 0.99)
    lab = oklab_from_linear(light[dense][:, :3] / amount[dense][:, None])
    wanted = np.degrees(np.arctan2(lab[:, 2], lab[:, 1]))
    hue = oklch_from_srgb8(picture.pixels[dense])[:, 2]
    error = np.abs((hue - wanted + 180) % 360 - 180)
    assert error.mean() < 5


def test_recolouring_moves_no_light() -> None:
    graph = layered()
    layout = ring(graph)
    lit = [
        render(layout, color(graph, attribute), size=400).pixels.max(axis=2) > 20
        for attribute in ("layer", "flops")
    ]
    assert (lit[0] != lit[1]).mean() < 0.02


def test_large_pictures_come_in_strips_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = layered(bodies=4, size=60)
    layout, found = ring(graph), color(graph)
    room = sys.modules["gallery.rendering.raster.raster"]
    monkeypatch.setattr(room, "_WHOLE", 256)
    monkeypatch.setattr(room, "_DETAIL", 1)
    monkeypatch.setattr(room, "_STRIP_BYTES", 1)
    parts = list(strips(layout, found, 512, RenderSettings()))
    assert [len(part) for part in parts] == [128, 128, 128, 128]
    monkeypatch.setattr(room, "_STRIP_BYTES", 1 << 30)
    whole = next(strips(layout, found, 512, RenderSettings()))
    gap = np.abs(np.concatenate(parts).astype(int) - whole)
    assert gap.max() <= 2
    assert (whole.max(axis=2) > 30).mean() > 0.02


@pytest.mark.parametrize("words", [False, True])
def test_a_file_drawn_in_bands_holds_the_picture(
    words: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = layered(bodies=9, size=60)
    layout, found = ring(graph), color(graph)
    chosen = RenderSettings(labels=words, legend=words)
    room = sys.modules["gallery.rendering.raster.raster"]
    monkeypatch.setattr(room, "_WHOLE", 128)
    monkeypatch.setattr(room, "_DETAIL", 1)
    monkeypatch.setattr(room, "_STRIP_BYTES", 1)
    save_scan(layout, found, tmp_path / "bands.png", size=640, settings=chosen)
    picture = render(layout, found, size=640, settings=chosen)
    if words:
        rows = {label.box[1] // 128 for label in place_labels(layout, found, _inside(layout))}
        assert len(rows) > 2
    with Image.open(tmp_path / "bands.png") as image:
        assert np.array_equal(np.asarray(image), picture.pixels)
        assert image.text["Vertices"] == str(graph.vertices)
    monkeypatch.setattr(room, "_STRIP_BYTES", 1 << 30)
    whole = render(layout, found, size=640, settings=chosen)
    assert np.abs(whole.pixels.astype(int) - picture.pixels).max() <= 2


def _inside(layout: Layout) -> Frame:
    return frame(layout.positions, 640, RenderSettings().margin)


def test_the_same_input_gives_the_same_bytes() -> None:
    graph = layered()
    first, second = (render(ring(graph), color(graph), size=300).pixels for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_several_colourings_are_those_of_one_each() -> None:
    layout = facing()
    colorings = [color(layout.graph, "pass"), color(layout.graph, "flops", ground="light")]
    look = RenderSettings(labels=True)
    together = render_several(layout, colorings, size=300, settings=look)
    for coloring, found in zip(colorings, together, strict=True):
        alone = render(layout, coloring, size=300, settings=look)
        assert found.metadata == alone.metadata
        assert found.pixels.tobytes() == alone.pixels.tobytes()


def test_metadata_say_how_it_was_made() -> None:
    graph = layered(name="a net")
    chosen = RenderSettings(title="A Net", digest="12ab")
    metadata = render(ring(graph), color(graph, "flops"), size=64, settings=chosen).metadata
    assert metadata["Title"] == "A Net"
    assert metadata["Source"] == "sha256:12ab"
    assert metadata["Attribute"] == "flops"
    assert metadata["Vertices"] == str(graph.vertices)
    assert list(metadata) == sorted(metadata)


@pytest.mark.parametrize("attribute", ["layer", "flops"])
def test_the_legend_is_a_strip_below(attribute: str) -> None:
    graph = layered()
    layout, found = ring(graph), color(graph, attribute)
    bare = render(layout, found, size=600)
    told = render(layout, found, size=600, settings=RenderSettings(legend=True, labels=True))
    assert told.pixels.shape == bare.pixels.shape
    assert (told.pixels[-60:] != bare.pixels[-60:]).any()
    tiny = render(layout, found, size=100, settings=RenderSettings(legend=True))
    assert tiny.pixels.shape == (100, 100, 3)


def test_the_caption_tells_the_numbers() -> None:
    graph = layered()
    words = caption(ring(graph))
    assert f"{graph.vertices:,} vertices" in words
    assert f"{graph.edges:,} edges" in words
    assert "forward pass" in words
    both = dataclasses.replace(graph, vertex_pass=np.ones(graph.vertices, np.uint8))
    assert "forward and backward passes" in caption(ring(both))


def test_hostile_names_are_drawn_as_letters() -> None:
    graph = layered()
    layers = tuple(
        Layer(name="\n\x00<b>\u202e日本" * 999, path=layer.path, parent=layer.parent)
        for layer in graph.layers
    )
    hostile = dataclasses.replace(graph, layers=layers, model="\x1b[0m" * 99)
    chosen = RenderSettings(labels=True, legend=True)
    picture = render(ring(hostile), color(hostile), size=500, settings=chosen)
    assert picture.width == 500


def test_what_is_wrong_is_named(tmp_path: object) -> None:
    graph = layered()
    other = color(path(3))
    with pytest.raises(RenderError, match="3 colours for 600 vertices"):
        render(ring(graph), other)
    for size in (0, 32_769):
        with pytest.raises(RenderError, match="choose sides from 1 to 32,768"):
            render(ring(graph), color(graph), size=size)
    with pytest.raises(RenderError, match="line is -1"):
        RenderSettings(line=-1)
    with pytest.raises(RenderError, match="pixels are float64"):
        Picture(pixels=np.zeros((2, 2, 3)))
    assert callable(save)

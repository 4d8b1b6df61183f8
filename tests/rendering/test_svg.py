"""Scans as SVG: every vertex and edge is there, and no name breaks out."""

from __future__ import annotations

import dataclasses
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from gallery.coloring import color
from gallery.coloring.palettes import from_hex, hex_of
from gallery.errors import RenderError
from gallery.placement.fibres import crosses
from gallery.rendering.labels.labels import CONTRAST, luminance, place_labels
from gallery.rendering.labels.legend import legend_under
from gallery.rendering.raster.frame import frame
from gallery.rendering.sheet.sheet import TextLine
from gallery.rendering.svg import render_svg
from gallery.rendering.types import RenderSettings
from tests.rendering.scans import facing, layered, placed, ring
from tests.strategies import compute_graph, path

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("ground", ["dark", "light"])
def test_every_vertex_and_edge_is_drawn_once(ground: str) -> None:
    graph = layered()
    root = ET.fromstring(render_svg(ring(graph), color(graph, ground=ground), size=800))
    paths = [path.get("d", "") for path in root.iter(f"{SVG}path")]
    assert sum(text.count("L") for text in paths) == graph.edges
    assert sum(text.count("h0") for text in paths) == graph.vertices
    assert root.get("width") == "800"


@pytest.mark.parametrize("ground", ["dark", "light"])
def test_fibres_are_curves_that_blend_from_half_to_half(ground: str) -> None:
    layout = facing()
    coloring = color(layout.graph, "pass", ground=ground)
    root = ET.fromstring(render_svg(layout, coloring, size=800))
    curves = [path for path in root.iter(f"{SVG}path") if "C" in path.get("d", "")]
    crossing = crosses(layout)
    assert len(curves) == crossing.sum() > 0
    lines = sum(path.get("d", "").count("L") for path in root.iter(f"{SVG}path"))
    assert lines == layout.graph.edges - crossing.sum()
    ends = set()
    for gradient in root.iter(f"{SVG}linearGradient"):
        tones = [stop.get("stop-color") for stop in gradient]
        assert tones[0] == hex_of(coloring.colors[0])
        ends.add(tones[-1])
    # Those to the loss, which is of the forward pass, have one colour.
    assert ends == {hex_of(tone) for tone in coloring.colors[: len(ends)]}
    assert len(ends) > 1


def test_places_are_those_of_the_pixels() -> None:
    graph = path(2)
    text = render_svg(placed(graph, [[0, 0], [10, 10]]), color(graph), size=100)
    assert "M4.5 95.5L95.5 4.5" in text


def test_hostile_names_stay_text() -> None:
    graph = dataclasses.replace(layered(), model='</title><script>alert("\x00")</script>')
    chosen = RenderSettings(title="]]><!--&\ufffe", legend=True)
    for settings in (chosen, RenderSettings(labels=True, legend=True)):
        root = ET.fromstring(render_svg(ring(graph), color(graph), settings=settings))
        assert not list(root.iter(f"{SVG}script"))


@pytest.mark.parametrize("attribute", ["layer", "degree"])
def test_names_and_legend_are_text_that_is_as_wide_as_in_pixels(attribute: str) -> None:
    layout = ring(layered())
    coloring = color(layout.graph, attribute, positions=layout.positions)
    chosen = RenderSettings(labels=True, legend=True, title="Rings & <more>")
    root = ET.fromstring(render_svg(layout, coloring, size=800, settings=chosen))
    strip = legend_under((800, 800), layout, coloring, chosen)
    assert strip is not None
    inside = frame(layout.positions, (800, 800 - round(strip.height)), chosen.margin)
    labels = place_labels(layout, coloring, inside)
    assert labels
    known = [element for element in strip.elements if isinstance(element, TextLine)]
    found = list(root.iter(f"{SVG}text"))
    assert [one.text for one in found] == [one.text for one in (*labels, *known)]
    for one, label in zip(found, labels, strict=False):
        left, top, right, bottom = label.box
        assert left < float(one.get("x", "")) < right
        assert top < float(one.get("y", "")) < bottom
        assert float(one.get("textLength", "")) < right - left
    assert "Rings & <more>" in [one.text for one in found]
    moved = [one.get("transform") for one in root.iter(f"{SVG}g") if one.get("transform")]
    assert moved == [f"translate(0 {800 - round(strip.height)})"]
    bare = ET.fromstring(render_svg(layout, coloring, size=800))
    assert not list(bare.iter(f"{SVG}text"))


@pytest.mark.parametrize("ground", ["dark", "light"])
def test_names_read_well_on_whatever_is_under_them(ground: str) -> None:
    layout = ring(layered())
    coloring = color(layout.graph, ground=ground)
    text = render_svg(layout, coloring, size=800, settings=RenderSettings(labels=True))
    root = ET.fromstring(text)
    (group,) = (one for one in root.iter(f"{SVG}g") if one.get("paint-order") == "stroke")
    halo, cover = from_hex(group.get("stroke", "")), float(group.get("stroke-opacity", ""))
    # The worst that can be under a name is what is least like its halo.
    worst = halo * cover + (255 - 255 * (ground == "light")) * (1 - cover)
    names = list(group.iter(f"{SVG}text"))
    assert names
    for name in names:
        both = luminance(from_hex(name.get("fill", ""))), luminance(worst)
        assert (max(both) + 0.05) / (min(both) + 0.05) >= CONTRAST
        assert float(name.get("stroke-width", "")) > 0.4 * float(name.get("font-size", ""))


def test_an_empty_graph_is_its_ground() -> None:
    graph = compute_graph(0, [])
    root = ET.fromstring(render_svg(placed(graph, np.empty((0, 2))), color(graph)))
    assert not list(root.iter(f"{SVG}path"))


def test_too_many_edges_are_refused() -> None:
    graph = layered()
    with pytest.raises(RenderError, match=r"edges are too many for SVG \(at most 10\)"):
        render_svg(ring(graph), color(graph), edges=10)
    with pytest.raises(RenderError, match="3 colours for 600 vertices"):
        render_svg(ring(graph), color(path(3)))


def test_edges_across_gaps_are_lifted(monkeypatch: pytest.MonkeyPatch) -> None:
    apart = ring(layered(bodies=6, size=500), spread=10.0)
    found = color(apart.graph, "layer")
    lifted = _opacities(render_svg(apart, found))
    monkeypatch.setattr("gallery.rendering.svg._LIFT", 0.0)
    assert lifted.mean() > 1.5 * _opacities(render_svg(apart, found)).mean()


def _opacities(text: str) -> np.ndarray:
    return np.array([float(one) for one in re.findall(r'stroke-opacity="([\d.]+)"', text)])


def test_hubs_have_larger_dots() -> None:
    star = dataclasses.replace(
        layered(bodies=2, size=201),
        indptr=np.concatenate([np.zeros(2, np.int64), np.arange(402 - 1)]),
        sources=np.zeros(400, np.int32),
    )
    drawn = render_svg(ring(star), color(star, "pass"))
    widths = [float(one) for one in re.findall(r'h0" stroke-width="([\d.]+)"', drawn)]
    assert len(widths) == 2
    assert widths[1] > 2 * widths[0]

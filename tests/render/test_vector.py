"""Scans as SVG: every vertex and edge is there, and no name breaks out."""

from __future__ import annotations

import dataclasses
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from gallery.color import color
from gallery.errors import RenderError
from gallery.render import RenderSettings, render_svg
from tests.render.scans import layered, placed, ring
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


def test_places_are_those_of_the_pixels() -> None:
    graph = path(2)
    text = render_svg(placed(graph, [[0, 0], [10, 10]]), color(graph), size=100)
    assert "M4.5 95.5L95.5 4.5" in text


def test_hostile_names_stay_text() -> None:
    graph = dataclasses.replace(layered(), model='</title><script>alert("\x00")</script>')
    chosen = RenderSettings(title="]]><!--&\ufffe")
    for settings in (chosen, RenderSettings()):
        root = ET.fromstring(render_svg(ring(graph), color(graph), settings=settings))
        assert not list(root.iter(f"{SVG}script"))


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

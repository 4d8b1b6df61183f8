"""Tilt stacks operators in the order of execution and leaves the rest of a layout alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gallery.graph import Pass
from gallery.placement.fibres import crosses
from gallery.placement.types import Layout
from gallery.rendering.tilt import RISE, heights, tilted
from tests.rendering.viewer_net import net


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return replace(net(tmp_path_factory.mktemp("net"))[1], arrangement="hemispheres")


def test_operators_stand_in_the_order_of_execution(layout: Layout) -> None:
    height = heights(layout.graph)
    place = {one.type: number for number, one in enumerate(layout.graph.operators)}
    forward, backward = height[:, Pass.FORWARD], height[:, Pass.BACKWARD]
    chain = [place[name] for name in ("Conv", "Relu", "Add") if name in place]
    assert len(chain) == 3
    relu, add = place["Relu"], place["Add"]
    assert 0 < forward[relu] < forward[add] < backward[add] < backward[relu] <= 1
    assert height.max() == 1


def test_what_waits_for_nothing_does_not_pull_its_operator_down(layout: Layout) -> None:
    """Parameters could be read at once, and would hang far below the operator that reads them."""
    graph = layout.graph
    add = next(number for number, one in enumerate(graph.operators) if one.type == "Add")
    leaf = np.flatnonzero(np.diff(graph.indptr) == 0)[-1]
    owner = graph.vertex_operator.copy()
    owner[leaf] = add
    moved = replace(graph, vertex_operator=owner)
    row = int(graph.vertex_pass[leaf])
    assert heights(moved)[add, row] == heights(graph)[add, row]


def test_by_pass_there_is_one_sheet_for_each(layout: Layout) -> None:
    graph = layout.graph
    height = heights(graph, "pass")
    assert [set(height[:, one].tolist()) for one in Pass] == [{0.0}, {0.5}, {1.0}]
    two = replace(
        graph, vertex_pass=np.minimum(graph.vertex_pass, np.uint8(Pass.BACKWARD)), gradient_of=None
    )
    assert heights(two, "pass")[0, :2].tolist() == [0.0, 1.0]
    one = replace(graph, vertex_pass=np.zeros_like(graph.vertex_pass), gradient_of=None)
    flat = tilted(replace(layout, graph=one), 90.0, "pass").positions[:, 1]
    np.testing.assert_allclose(flat, 0, atol=1e-4 * np.ptp(layout.positions))


def test_from_above_it_is_the_same_layout(layout: Layout) -> None:
    assert tilted(layout, 0.0) is tilted(layout, 0.0, "pass") is layout


@pytest.mark.parametrize("degrees", [30.0, 90.0])
def test_tilt_is_a_turn_about_the_horizontal_axis(layout: Layout, degrees: float) -> None:
    graph, leaning = layout.graph, tilted(layout, degrees)
    side = np.ptp(layout.positions, axis=0).max()
    z = heights(graph)[graph.vertex_operator, graph.vertex_pass] - 0.5
    flat, steep = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    y = layout.positions[:, 1] * flat + z * RISE * side * steep
    np.testing.assert_allclose(leaning.positions[:, 1], y, atol=1e-4 * side)
    assert np.array_equal(leaning.positions[:, 0], layout.positions[:, 0])
    assert crosses(leaning).any()
    assert np.array_equal(crosses(leaning), crosses(layout))


def test_an_empty_graph_can_be_tilted(layout: Layout, tmp_path: Path) -> None:
    graph = layout.graph
    empty = replace(
        graph,
        vertex_operator=graph.vertex_operator[:0],
        vertex_kind=graph.vertex_kind[:0],
        vertex_pass=graph.vertex_pass[:0],
        vertex_flops=graph.vertex_flops[:0],
        vertex_bytes=graph.vertex_bytes[:0],
        indptr=np.zeros(1, np.int64),
        sources=graph.sources[:0],
        sets=(),
        gradient_of=None,
    )
    nothing = replace(layout, graph=empty, positions=layout.positions[:0])
    assert len(tilted(nothing, 45.0).positions) == 0

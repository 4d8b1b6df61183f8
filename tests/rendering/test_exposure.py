"""Exposure by work or traffic, and strands that lie over one another with a dark rim."""

from __future__ import annotations

import dataclasses

import numba
import numpy as np
import pytest

from gallery.errors import RenderError
from gallery.graph import ComputeGraph, Pass
from gallery.rendering.raster.exposure import BOUNDS, exposure, sparks
from gallery.rendering.raster.spans import spans_of
from gallery.rendering.raster.strands import lay_strands, strands_of
from gallery.rendering.raster.tiles import TILE
from gallery.rendering.types import RenderSettings
from tests.rendering.scans import facing, layered
from tests.strategies import compute_graph


def test_gains_rise_with_work_and_are_bounded() -> None:
    graph = layered()
    gains = exposure(graph, "work")
    order = np.argsort(graph.vertex_flops)
    assert (np.diff(gains[order]) >= 0).all()
    assert 0.29 < gains.min() < 0.5
    assert 2 < gains.max() < 3.01
    wild = graph.vertex_flops.copy()
    wild[order[-1]] *= 1e6
    assert exposure(dataclasses.replace(graph, vertex_flops=wild), "work") == pytest.approx(
        gains, abs=0.5
    )


def test_each_pass_has_bright_vertices_of_its_own() -> None:
    graph = layered()
    backward = np.arange(graph.vertices) >= graph.vertices // 2
    flops = np.where(backward, graph.vertex_flops / 1000, graph.vertex_flops)
    both = dataclasses.replace(
        graph, vertex_pass=backward.astype(np.uint8), vertex_flops=flops.astype(np.float32)
    )
    gains = exposure(both, "work")
    assert min(gains[backward].max(), gains[~backward].max()) > 2


def test_edges_within_both_passes_have_equally_much_light() -> None:
    graph = facing(3000).graph
    # What works least in the backward pass reads most of it, as sums do.
    inside = graph.vertex_pass[graph.sources] == graph.vertex_pass[graph.readers()]
    many = np.bincount(graph.readers()[inside], minlength=graph.vertices)
    backward = graph.vertex_pass == Pass.BACKWARD
    flops = np.where(backward, 10.0 - many, graph.vertex_flops).astype(np.float32)
    graph = dataclasses.replace(graph, vertex_flops=flops)
    gains = exposure(graph, "work")
    light = [(gains * many)[graph.vertex_pass == one].sum() for one in (0, 1)]
    assert light[1] == pytest.approx(light[0], rel=1e-3)
    assert gains[backward].max() > 3.1
    assert gains.max() <= BOUNDS[1]


def test_auto_takes_what_varies_more() -> None:
    graph = layered()
    flat = np.ones(graph.vertices, np.float32)
    for name, other in (("vertex_flops", "traffic"), ("vertex_bytes", "work")):
        one = dataclasses.replace(graph, **{name: flat.copy()})
        assert np.array_equal(exposure(one, "auto"), exposure(one, other))
    assert (exposure(graph, "even") == 1).all()
    with pytest.raises(RenderError, match="exposure is bright"):
        RenderSettings(exposure="bright")


def _strands(graph: ComputeGraph, points: np.ndarray, owner: np.ndarray) -> np.ndarray:
    edges = graph.indptr, graph.sources, points
    return strands_of(*edges, owner, 24.0, spans_of(*edges))


def test_hubs_spark() -> None:
    graph = compute_graph(202, [(0, v) for v in range(1, 202)])
    found = sparks(graph)
    assert found[0] > 3
    assert (found[1:] == 1).all()


@pytest.mark.parametrize("cores", [1, 2])
def test_a_later_strand_lies_over_an_earlier_one_with_a_dark_rim(cores: int) -> None:
    middle = float(TILE)
    ends = [[20, middle], [236, middle], [middle, 20], [middle, 236]]
    points = np.array(ends, np.float32) + 0.5
    graph = compute_graph(4, [(0, 1), (2, 3)])
    owner = np.arange(4, dtype=np.int32)
    found = _strands(graph, points, owner)
    assert found.tolist() == [[0, 1], [2, 3]]
    colors = np.ones((1, 1, 4), np.float32)
    light = np.zeros((256, 256, 4), np.float32)
    before = min(numba.get_num_threads(), cores)
    numba.set_num_threads(before)
    scene = (points, np.zeros((4, 1), np.uint16), colors)
    lay_strands(light.reshape(1, -1), found, scene, (2.0, True), (256, 256))
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    along = light[TILE, :, 3]
    assert along[TILE - 2] < 0.9 * along[60]
    assert light[60, TILE, 3] == pytest.approx(along[60])
    assert light[TILE, TILE, 3] > 0.9 * along[60]
    assert light[60, 60, 3] == 0


def test_edges_within_an_operator_and_short_ones_are_no_strands() -> None:
    points = np.array([[0, 0], [200, 0], [203, 0], [0, 100]], np.float32)
    graph = compute_graph(4, [(0, 1), (1, 2), (0, 3)])
    owner = np.array([0, 0, 1, 2], np.int32)
    found = _strands(graph, points, owner)
    assert found.tolist() == [[0, 3]]


def test_of_many_strands_an_even_sample_in_the_order_of_edges_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(5)
    points = rng.uniform(0, 400, (90, 2)).astype(np.float32)
    graph = compute_graph(90, [tuple(pair) for pair in rng.integers(0, 90, (900, 2)).tolist()])
    owner = (np.arange(90) % 7).astype(np.int32)
    readers = graph.readers()
    apart = np.hypot(*(points[graph.sources] - points[readers]).T)
    long = np.flatnonzero((apart > 60) & (owner[graph.sources] != owner[readers]))
    for most in (5_000, 100, 7):
        monkeypatch.setattr("gallery.rendering.raster.strands._MOST", most)
        step = max(-(-len(long) // most), 1)
        kept = long[step // 2 :: step]
        expected = np.stack([graph.sources[kept], readers[kept]], axis=1)
        assert _strands(graph, points, owner).tolist() == expected.tolist()

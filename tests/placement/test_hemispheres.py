"""Laws of training graphs as two hemispheres."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from gallery.errors import LayoutError
from gallery.graph import ComputeGraph, Kind, Pass
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.placement import Layout, layout
from gallery.placement.fibres import GATHER, crosses, fibres, straight
from gallery.placement.hemispheres import _costs, _outer, forward_half
from tests.invariants import assert_layout_finite
from tests.onnx_text import loaded
from tests.strategies import path

MODELS = Path(__file__).parents[2] / "models"
NAMES = ("resnet18", "lstm", "gpt2")
UNTRAINED = """<ir_version: 8, opset_import: ["" : 17]>
net (float[64, 64] x) => (float[64, 64] y) { y = Relu (x) }"""


@pytest.fixture(scope="module", params=NAMES)
def placed(request: pytest.FixtureRequest) -> Layout:
    """A training graph of a sample, laid out."""
    model = load(MODELS / f"{request.param}.onnx")
    return layout(lower(model, vertices=3000, passes="training"))


def gradients(graph: ComputeGraph) -> np.ndarray:
    """The backward vertices that are not sums on the way to another one."""
    assert graph.gradient_of is not None
    backward = np.flatnonzero(graph.vertex_pass == Pass.BACKWARD)
    after = np.append(graph.gradient_of, -2)[backward + 1]
    return backward[graph.gradient_of[backward] != after]


def test_the_left_half_is_the_layout_of_the_forward_pass(placed: Layout) -> None:
    half = forward_half(placed.graph)
    assert_layout_finite(placed)
    forward = layout(half)
    both = pdist(placed.positions[: half.vertices]), pdist(forward.positions)
    np.testing.assert_allclose(*both, atol=1e-4 * both[1].max())
    # Turned, not mirrored: a triangle keeps its sense.
    corners = np.argsort(forward.positions[:, 0])[[0, len(half.indptr) // 3, -1]]
    sense = [
        float(np.linalg.det(np.diff(one[corners].astype(float), axis=0)))
        for one in (placed.positions, forward.positions)
    ]
    assert sense[0] == pytest.approx(sense[1], rel=1e-2)


def test_the_right_half_is_its_mirror_image(placed: Layout) -> None:
    graph, positions = placed.graph, placed.positions
    assert graph.gradient_of is not None
    found = gradients(graph)
    np.testing.assert_allclose(
        positions[found], positions[graph.gradient_of[found]] * (-1, 1), atol=1e-5
    )
    end = int(np.argmax(graph.vertex_kind == Kind.LOSS))
    assert (positions[:end, 0] < 0).all()
    assert positions[end, 0] == 0
    assert (positions[end + 1 :, 0] > 0).all()


def test_updates_lie_at_the_rim(placed: Layout) -> None:
    graph, positions = placed.graph, placed.positions
    backward = positions[graph.vertex_pass == Pass.BACKWARD]
    centre = (backward.min(axis=0) + backward.max(axis=0)) / 2
    updates = positions[graph.vertex_pass == Pass.UPDATE] - centre
    updates = updates[updates[:, 0] > 0]
    assert len(updates)
    inside = np.hypot(*(backward - centre).T)
    angle, own = (np.arctan2(one[:, 1], one[:, 0]) for one in (updates, backward - centre))
    for place, direction in zip(updates[::7], angle[::7], strict=True):
        near = np.abs((own - direction + np.pi) % (2 * np.pi) - np.pi) < 0.01
        assert np.hypot(*place) > inside[near].max(initial=0)


def test_fibres_are_the_edges_from_one_half_to_the_other_and_those_of_the_loss(
    placed: Layout,
) -> None:
    graph = placed.graph
    readers = graph.readers()
    forward = graph.vertex_pass[graph.sources] == Pass.FORWARD
    loss = (graph.vertex_kind[graph.sources] == Kind.LOSS) | (
        graph.vertex_kind[readers] == Kind.LOSS
    )
    crossing = forward & (graph.vertex_pass[readers] != Pass.FORWARD) | loss
    np.testing.assert_array_equal(crosses(placed), crossing)
    found = fibres(placed)
    np.testing.assert_array_equal(found.edges, np.flatnonzero(crossing))
    np.testing.assert_array_equal(found.readers, readers[crossing])
    indptr, sources = straight(placed)
    np.testing.assert_array_equal(sources, graph.sources[~crossing])
    kept = np.bincount(readers[~crossing], minlength=graph.vertices)
    np.testing.assert_array_equal(np.diff(indptr), kept)
    curves = found.curves(placed, np.linspace(0, 1, 9, dtype=np.float32))
    np.testing.assert_allclose(curves[:, 0], placed.positions[graph.sources[found.edges]])
    np.testing.assert_allclose(curves[:, -1], placed.positions[readers[found.edges]])
    # At the middle of its parameter, a cubic is a quarter of its straight line's middle and three
    # quarters of its control points' middle.
    middle = (curves[:, 0] + curves[:, -1]) / 2
    wanted = middle[:, 1] * (0.25 + 0.75 * GATHER)
    np.testing.assert_allclose(curves[:, 4, 1], wanted, atol=1e-4)


def test_fibres_of_the_loss_meet_across_and_not_from_above(placed: Layout) -> None:
    graph = placed.graph
    end = int(np.argmax(graph.vertex_kind == Kind.LOSS))
    outputs = graph.sources[graph.indptr[end] : graph.indptr[end + 1]]
    found = fibres(placed)
    last = found.curves(placed, np.array([0.9, 1], np.float32))[found.readers == end]
    assert len(last) == len(outputs)
    away = placed.positions[outputs].astype(float)
    fall = np.abs(np.diff(last[..., 1], axis=1)[:, 0])
    spread = np.abs(away[:, 1] - away[:, 1].mean())
    assert (fall <= 0.03 * np.abs(away[:, 1]) + 0.1 * spread + 1e-4).all()


def test_a_sample_of_fibres_stands_for_all(placed: Layout) -> None:
    every, some = fibres(placed), fibres(placed, 300)
    assert len(some.edges) == pytest.approx(300, rel=0.05)
    assert some.stands_for * len(some.edges) == pytest.approx(len(every.edges))
    assert np.isin(some.edges, every.edges).all()
    gaps = np.diff(np.searchsorted(every.edges, some.edges))
    assert gaps.max() <= 3 * gaps.mean()


def test_free_arrangements_have_no_fibres(placed: Layout) -> None:
    free = layout(placed.graph, arrangement="free")
    assert (free.arrangement, placed.arrangement) == ("free", "hemispheres")
    assert not crosses(free).any()
    assert not len(fibres(free).edges)


def test_graphs_without_a_backward_pass_are_free() -> None:
    assert layout(path(5)).arrangement == "free"
    with pytest.raises(LayoutError, match="there is no arrangement 'lobes'"):
        layout(path(5), arrangement="lobes")


def test_a_network_without_parameters_has_a_left_half_only(tmp_path: Path) -> None:
    graph = lower(loaded(tmp_path, UNTRAINED), vertices=200, passes="training")
    assert_layout_finite(layout(graph))


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 300), flat=st.sampled_from([0.0, 0.1, 1.0]), seed=st.integers(0, 999))
def test_what_no_turn_brings_to_a_border_counts_for_none(n: int, flat: float, seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(n, 2)) * (1, flat)
    outer = _outer(points)
    assert len(outer) < 100 or not flat  # of points on a line, all may be kept
    np.testing.assert_allclose(
        _costs(outer, points[-1]), _costs(points, points[-1]), rtol=1e-12, atol=1e-12
    )

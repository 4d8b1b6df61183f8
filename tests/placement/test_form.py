"""The form is a function of the model: it changes little with what does not matter."""

from pathlib import Path

import numpy as np
import pytest

from gallery.graph import ComputeGraph
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.lowering.lowering import PASSES
from gallery.model import Model
from gallery.placement import layout
from gallery.placement.form import form_of
from gallery.placement.hemispheres import forward_half, halves
from gallery.placement.hierarchy import hierarchy
from tests.benchmarks.synthetic import resnet

MODELS = Path(__file__).parents[2] / "models"


def operators(graph: ComputeGraph, seed: int = 1) -> np.ndarray:
    """The middle of each operator's forward vertices, relative to the width of their drawing."""
    placed = layout(graph, seed=seed).positions
    if halves(graph):
        half = forward_half(graph)
        return middles(half, placed[: half.vertices])
    return middles(graph, placed)


def middles(graph: ComputeGraph, placed: np.ndarray) -> np.ndarray:
    """The middle of each operator's vertices, relative to the width of the drawing."""
    placed = placed / np.ptp(placed, axis=0).max()
    number = np.bincount(graph.vertex_operator)
    sums = [np.bincount(graph.vertex_operator, column) for column in placed.T]
    return np.asarray(np.stack(sums, axis=1)[number > 0] / number[number > 0, None])


def away(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far apart the operators of two drawings are."""
    return np.asarray(np.hypot(*(one - other).T))


def test_another_seed_leaves_the_form() -> None:
    usual, other = (operators(resnet(per_operator=64), seed) for seed in (1, 2))
    assert np.median(away(usual, other)) < 0.1
    assert np.median(away(usual, other[:, ::-1])) > 0.2


@pytest.mark.parametrize("name", ["alexnet", "pointnet", "resnet18"])
def test_a_model_has_the_same_form_at_every_budget(name: str) -> None:
    model = load(MODELS / f"{name}.onnx")
    usual, *others = (operators(lower(model, vertices=n)) for n in (160_000, 20_000, 100_000))
    for other in others:
        assert away(usual, other).max() < 0.12
        assert np.median(away(usual, other)) < 0.04


@pytest.mark.parametrize("vertices", [3_000, 60_000, 300_000])
def test_the_form_is_that_of_the_graph_s_own_level(vertices: int) -> None:
    """Whatever level it is made from: that from the compute graph itself is the reference."""
    graph = lower(load(MODELS / "resnet18.onnx"), vertices=vertices)
    form = form_of(graph, hierarchy(graph, 1600))
    deciding = form.sizes.levels[0].whole()
    up = np.arange(graph.vertices, dtype=np.int32)
    for above in graph.levels:
        if int(up.max()) + 1 == deciding.vertices:
            break
        up = above[up]
    assert up[form.member].tolist() == list(range(deciding.vertices))
    ends = np.stack([up[graph.sources], up[graph.readers()]])
    ends = ends[:, ends[0] != ends[1]]
    true = np.unique(np.concatenate([ends, ends[::-1]], axis=1), axis=1)
    owners = np.repeat(np.arange(deciding.vertices), np.diff(deciding.indptr))
    np.testing.assert_array_equal(np.stack([owners, deciding.neighbours]), true)
    assert len(form.body()) == deciding.vertices
    body = hierarchy(graph, 1600).ancestors()[0]
    np.testing.assert_array_equal(form.body(), body[form.member])


@pytest.mark.parametrize("name", ["resnet34", "vgg16", "whisper-tiny"])
def test_the_left_half_of_training_has_the_form_of_the_forward_pass(name: str) -> None:
    model = load(MODELS / f"{name}.onnx")
    forward, half = (operators(lower(model, vertices=100_000, passes=passes)) for passes in PASSES)
    alone, both = (places @ (1, 1j) for places in (forward, half))
    alone, both = alone - alone.mean(), both - both.mean()
    # Turned and scaled, but not mirrored.
    turned = both * np.vdot(both, alone) / np.vdot(both, both)
    assert np.abs(turned - alone).max() < 0.08
    assert np.median(np.abs(turned - alone)) < 0.03


def test_relatives_have_the_same_form() -> None:
    one, other = (stages(load(MODELS / f"{name}.onnx")) for name in ("resnet18", "resnet34"))
    assert len(one) > 8
    assert max(np.hypot(*(one[name] - other[name])) for name in one) < 0.35


def stages(model: Model) -> dict[str, np.ndarray]:
    """The middle of each part of a network, relative to the width of the drawing."""
    graph = lower(model, vertices=30_000)
    placed = layout(graph).positions
    placed = placed / np.ptp(placed, axis=0).max()
    part = np.array([layer.path.split("/")[0] for layer in graph.layers])[graph.vertex_layer()]
    return {name: placed[part == name].mean(axis=0) for name in np.unique(part)}

"""The form is a function of the model: it changes little with what does not matter."""

from pathlib import Path

import numpy as np
import pytest

from gallery.graph import ComputeGraph
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.placement import layout
from tests.benchmarks.synthetic import resnet

MODELS = Path(__file__).parents[2] / "models"


def silhouette(graph: ComputeGraph, seed: int = 1, cells: int = 24) -> np.ndarray:
    positions = layout(graph, seed=seed).positions
    side = float(np.ptp(positions, axis=0).max())
    place = np.clip(((positions / side + 0.5) * cells).astype(int), 0, cells - 1)
    filled = np.zeros((cells, cells), bool)
    filled[place[:, 1], place[:, 0]] = True
    return filled


# A budget makes bodies thicker or thinner; a mirror image has less in common.
@pytest.mark.parametrize(
    ("graph", "seed", "common"),
    [(resnet(per_operator=64), 2, 0.85), (resnet(per_operator=128), 1, 0.75)],
    ids=["another seed", "another budget"],
)
def test_what_does_not_matter_leaves_the_form(
    graph: ComputeGraph, seed: int, common: float
) -> None:
    usual, other = silhouette(resnet(per_operator=64)), silhouette(graph, seed)
    assert (usual & other).sum() > common * (usual | other).sum()
    assert (usual & other.T).sum() < 0.9 * common * (usual | other.T).sum()


def operators(name: str, vertices: int) -> np.ndarray:
    """The middle of each operator's vertices, relative to the width of the drawing."""
    graph = lower(load(MODELS / f"{name}.onnx"), vertices=vertices)
    placed = layout(graph).positions
    placed = placed / np.ptp(placed, axis=0).max()
    number = np.bincount(graph.vertex_operator)
    middles = [np.bincount(graph.vertex_operator, column) for column in placed.T]
    return np.asarray(np.stack(middles, axis=1)[number > 0] / number[number > 0, None])


@pytest.mark.parametrize("name", ["alexnet", "pointnet", "resnet18"])
def test_a_model_has_the_same_form_at_every_budget(name: str) -> None:
    form = operators(name, 160_000)
    for vertices in (20_000, 100_000):
        away = np.hypot(*(operators(name, vertices) - form).T)
        assert away.max() < 0.12
        assert np.median(away) < 0.04

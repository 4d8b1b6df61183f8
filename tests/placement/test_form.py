"""The form is a function of the model: it changes little with what does not matter."""

import numpy as np
import pytest

from gallery.graph import ComputeGraph
from gallery.placement import layout
from tests.benchmarks.synthetic import resnet


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

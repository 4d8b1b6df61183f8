"""All drawings begin at the lower left and first bend clockwise."""

import numpy as np
import pytest

from gallery.graph import ComputeGraph
from gallery.placement import layout
from gallery.placement.orientation import oriented, unmirrored
from tests.benchmarks.synthetic import resnet
from tests.strategies import path


def stages(graph: ComputeGraph, positions: np.ndarray, count: int = 12) -> np.ndarray:
    """Mean places of equal parts of the order of execution, around the middle of the picture."""
    centred = positions - (positions.min(axis=0) + positions.max(axis=0)) / 2
    return np.array([part.mean(axis=0) for part in np.array_split(centred, count)])


def clockwise(way: np.ndarray) -> bool:
    way = way - way.mean(axis=0)
    return bool((way[:-1, 0] * way[1:, 1] - way[1:, 0] * way[:-1, 1]).sum() < 0)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("graph", [path(24), resnet(per_operator=32)], ids=["chain", "resnet"])
def test_drawings_begin_at_the_lower_left_and_bend_clockwise(
    graph: ComputeGraph, seed: int
) -> None:
    way = stages(graph, layout(graph, seed=seed).positions)
    assert way[0] @ [-1, -1] > 0.7 * np.sqrt(2) * np.hypot(*way[0])
    # Both bend three or four times.
    assert clockwise(way[:3])


@pytest.mark.parametrize("mirrored", [1, -1])
@pytest.mark.parametrize("turn", [0.0, 1.0, 2.5, 4.0])
def test_turned_and_mirrored_drawings_come_out_the_same(turn: float, mirrored: int) -> None:
    angle = np.linspace(0, 4, 50)
    arc = np.stack([np.cos(angle), -np.sin(angle)], axis=1)
    away = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    other = (arc * [1, mirrored]) @ away.T + [5, 3]
    charge, reach = np.full(50, 0.02, np.float32), np.full(50, 0.1, np.float32)
    one, two = (
        oriented(
            unmirrored(places.astype(np.float32), arc * [3, 2], charge),
            np.arange(50.0),
            charge,
            reach,
        )
        for places in (arc, other)
    )
    np.testing.assert_allclose(one, two, atol=0.02)
    assert one[0] @ [-1, -1] > 0
    assert clockwise(one)


def test_what_bends_one_way_bends_clockwise_whatever_its_guide() -> None:
    """Bodies pull a shallow S into an arc, of either sense."""
    angle = np.linspace(0, 4, 50)
    arc = np.stack([np.cos(angle), -np.sin(angle)], axis=1).astype(np.float32)
    charge = np.full(50, 0.02, np.float32)
    for guide in (arc, arc * [1, -1]):
        assert unmirrored(arc, guide, charge) is arc
        assert np.array_equal(unmirrored(arc * np.float32([1, -1]), guide, charge), arc)
    double = np.stack([np.linspace(-2, 2, 50), np.sin(np.linspace(-4, 4, 50))], axis=1)
    assert unmirrored(double.astype(np.float32), double * [1, -1], charge)[1, 1] < 0
    assert len(unmirrored(arc[:1], arc[:1], charge[:1])) == 1

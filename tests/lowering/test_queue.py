"""The sequence of doublings against a queue of Python's own."""

from __future__ import annotations

import heapq
from pathlib import Path

import numpy as np
import pytest

from gallery.jit import kernel
from gallery.loading.load import load
from gallery.lowering.forward import number
from gallery.lowering.tiling.splits import Splitter
from gallery.lowering.tiling.traffic import counted, double
from gallery.lowering.unsplit import unsplit
from gallery.targets import target_named

MODELS = Path(__file__).parents[2] / "models"


@kernel
def _doubled(tables, splits, part):  # type: ignore[no-untyped-def]
    return double(tables, splits, part)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("budget", [3000, 60_000])
def test_the_part_with_the_most_work_per_forward_vertex_is_doubled_next(
    training: bool, budget: int
) -> None:
    program = unsplit(load(MODELS / "swin-t.onnx")).program
    splitter = Splitter(program, target_named("ipu2"), training)
    splits, counts = splitter.splits.copy(), splitter.counts.tolist()
    work = splitter.weights.tolist()
    splitter.advance(budget)
    queue = [(-work[i] / counts[i][0], i) for i in range(len(counts))]
    heapq.heapify(queue)
    while sum(whole for _, whole in counts) < budget:
        _, i = heapq.heappop(queue)
        place, _ = _doubled(splitter.tables, splits, i)
        if place >= 0:
            counts[i] = list(counted(splitter.tables, splits, i))
            heapq.heappush(queue, (-work[i] / counts[i][0], i))
    assert np.array_equal(splits, splitter.splits)
    assert counts == splitter.counts.tolist()
    assert np.array_equal(splitter.totals, np.sum(counts, axis=0))


@pytest.mark.parametrize("name", ["lstm", "swin-t"])
def test_training_is_split_as_the_forward_pass_alone(name: str) -> None:
    program = unsplit(load(MODELS / f"{name}.onnx")).program
    both = Splitter(program, target_named("ipu2"), True)
    alone = Splitter(program, target_named("ipu2"), False)
    for budget in (2000, 20_000, 90_000):
        trained = both.advance(budget)
        assert number(program, trained).vertices == trained.vertices < budget / 2
        assert alone.advance(trained.vertices) == trained

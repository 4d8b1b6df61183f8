"""The sequence of doublings against a queue of Python's own."""

from __future__ import annotations

import heapq
from pathlib import Path

import numpy as np
import pytest

from gallery.loading.load import load
from gallery.lowering.lowering import program_for
from gallery.lowering.tiling.splits import Splitter
from gallery.lowering.tiling.targets import target_named
from gallery.lowering.tiling.traffic import double

MODELS = Path(__file__).parents[2] / "models"


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("budget", [3000, 60_000])
def test_the_part_with_the_most_work_per_vertex_is_doubled_next(
    training: bool, budget: int
) -> None:
    program = program_for(load(MODELS / "swin-t.onnx"), fold=True)
    splitter = Splitter(program, target_named("ipu2"), training)
    splits, counts = splitter.splits.copy(), splitter.counts.tolist()
    work = splitter.weights.tolist()
    splitter.advance(budget)
    queue = [(-work[i] / counts[i], i) for i in range(len(counts))]
    heapq.heapify(queue)
    while sum(counts) < budget:
        _, i = heapq.heappop(queue)
        place, _, count = double(splitter.tables, splits, i, training)
        if place >= 0:
            counts[i] = int(count)
            heapq.heappush(queue, (-work[i] / counts[i], i))
    assert np.array_equal(splits, splitter.splits)
    assert counts == splitter.counts.tolist()

"""The backward pass follows from the forward pass, edge by edge."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from gallery.graph import Kind, Pass
from gallery.lowering import lower
from gallery.lowering.tiling.traffic import FAN_IN
from tests.lowering.samples import model_of
from tests.onnx_text import loaded


@pytest.mark.parametrize("name", ["alexnet", "unet"])
def test_the_backward_pass_turns_every_edge_round(name: str) -> None:
    """The gradients that meet in a vertex's, through its sums, are those of its readers."""
    graph = lower(model_of(name), vertices=3_000, passes="training")
    of = graph.gradient_of
    assert of is not None
    gradient = {int(of[v]): v for v in np.flatnonzero(graph.vertex_kind == Kind.GRADIENT)}
    loss = int(np.flatnonzero(graph.vertex_kind == Kind.LOSS)[0])
    rows = [graph.sources[a:b].tolist() for a, b in pairwise(graph.indptr.tolist())]
    sums = (graph.vertex_kind == Kind.REDUCE) & (graph.vertex_pass == Pass.BACKWARD)
    assert sums.any()
    assert len(gradient) > 100
    expected: dict[int, set[int]] = {u: set() for u in gradient}
    for v, own in gradient.items():
        for u in rows[v]:
            if u in gradient:
                expected[u].add(own)
    for v in rows[loss]:
        expected[v].add(loss)
    for u, own in gradient.items():
        met: list[int] = []
        front = [s for s in rows[own] if s >= loss]
        while front:
            met += [s for s in front if not sums[s]]
            below = [s for s in front if sums[s]]
            assert all(of[s] == u and 1 <= len(rows[s]) <= FAN_IN for s in below)
            front = [source for s in below for source in rows[s]]
        assert len(met) == len(set(met))
        assert set(met) == expected[u]


@pytest.mark.parametrize("learned", [False, True])
def test_a_training_step_of_nothing_to_train_is_the_forward_pass(
    tmp_path: Path, learned: bool
) -> None:
    body = "(float[64,2] x) => (float[64,2] y) <float[2,2] w = {1, 2, 3, 4}> { y = MatMul(x, w) }"
    if not learned:
        body = "(float[64,2] x) => (bool[64,2] y) <float c = {0.5}> { y = Less(x, c) }"
    model = loaded(tmp_path, f"g {body}")
    whole, alone = (lower(model, vertices=500, passes=passes) for passes in ("training", "forward"))
    assert (whole.gradient_of is not None) == learned
    assert bool((whole.vertex_kind == Kind.LOSS).any()) == learned
    if not learned:
        assert np.array_equal(whole.sources, alone.sources)
        assert np.array_equal(whole.vertex_kind, alone.vertex_kind)
        assert [level.tolist() for level in whole.levels] == [x.tolist() for x in alone.levels]

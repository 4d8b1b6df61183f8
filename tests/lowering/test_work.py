"""Work and bytes are kept: the same at every budget, spread by the sizes of blocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.costs.facts import facts
from gallery.graph import Kind
from gallery.lowering import lower
from tests.lowering.samples import NAMES, SMALL, model_of


@given(
    name=st.sampled_from(SMALL),
    budgets=st.tuples(st.integers(1, 9_000), st.integers(9_000, 60_000)),
)
@settings(max_examples=12, deadline=None)
def test_work_and_bytes_are_the_same_at_every_budget(name: str, budgets: tuple[int, int]) -> None:
    small, large = (lower(model_of(name), vertices=budget) for budget in budgets)
    assert small.vertex_flops.sum(dtype=np.float64) == pytest.approx(
        large.vertex_flops.sum(dtype=np.float64), rel=1e-5
    )
    leaves = [
        g.vertex_bytes[g.vertex_kind == Kind.PARAMETER].sum(dtype=np.float64)
        for g in (small, large)
    ]
    assert leaves[0] == pytest.approx(leaves[1], rel=1e-5)


@pytest.mark.parametrize(("name", "budget"), [("alexnet", 20_000), ("lstm", 12_000)])
def test_work_and_bytes_are_spread_by_the_sizes_of_blocks(name: str, budget: int) -> None:
    graph = lower(model_of(name), vertices=budget)
    uneven = 0
    for grid in graph.sets:
        lows, highs = grid.boxes(0, grid.size)
        share = np.prod((highs - lows) / np.array(grid.shape), axis=1)
        uneven += np.ptp(share) > 0
        for column in (graph.vertex_flops, graph.vertex_bytes):
            found = column[grid.vertices()].astype(np.float64)
            assert found == pytest.approx(share * found.sum(), rel=1e-5)
    assert uneven


@pytest.mark.parametrize("name", NAMES)
def test_flops_are_the_facts_flops(name: str) -> None:
    model = model_of(name)
    graph = lower(model, vertices=5_000)
    assert graph.vertex_flops.sum(dtype=np.float64) == pytest.approx(
        facts(model, 0).flops, rel=1e-3
    )

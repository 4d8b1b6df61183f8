"""Coarser graphs are quotients of finer ones: blocks nest, and edges are those between them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gallery.lowering import lower
from gallery.lowering.forward import number
from gallery.lowering.parents import forward_parents
from gallery.placement.hemispheres import forward_half
from tests.lowering.samples import SMALL, forward, model_of, split


@given(
    name=st.sampled_from(SMALL),
    budgets=st.lists(st.integers(500, 20_000), min_size=2, max_size=2, unique=True),
)
@settings(max_examples=15, deadline=None)
def test_a_coarse_edge_exists_exactly_where_a_fine_one_runs(name: str, budgets: list[int]) -> None:
    program, steps = split(name, *sorted(budgets))
    (coarse, coarse_edges), (fine, fine_edges) = forward(program, steps)
    parents = forward_parents(program, steps)[0].astype(np.int64)
    assert set(parents.tolist()) == set(range(coarse.vertices))
    reader = parents[np.repeat(np.arange(fine.vertices), np.diff(fine_edges.indptr))]
    source = parents[fine_edges.sources]
    between = reader != source
    quotient = np.unique(reader[between] * coarse.vertices + source[between])
    own = np.repeat(np.arange(coarse.vertices), np.diff(coarse_edges.indptr))
    direct = np.unique(own * coarse.vertices + coarse_edges.sources)
    assert np.array_equal(quotient, direct)


@given(
    name=st.sampled_from(SMALL),
    budgets=st.lists(st.integers(200, 20_000), min_size=2, max_size=2, unique=True),
)
@example(name="lstm", budgets=[300, 2_000])
@example(name="lstm", budgets=[2_000, 12_000])
@settings(max_examples=15, deadline=None)
def test_the_block_of_a_parent_contains_the_block(name: str, budgets: list[int]) -> None:
    program, steps = split(name, *sorted(budgets))
    coarse, fine = (number(program, splits) for splits in steps)
    parents = forward_parents(program, steps)[0]
    set_of = np.empty(coarse.vertices, np.int64)
    for place, piece in enumerate(coarse.pieces):
        set_of[piece.grid.vertices()] = place
    for piece in fine.pieces:
        if piece.level:  # the ranges of a sum are numbers of partials, which differ by level
            continue
        mine = parents[piece.grid.vertices()]
        (place,) = set(set_of[mine].tolist())
        parent = coarse.pieces[place]
        assert (parent.operator, parent.leaf, parent.level) == (piece.operator, piece.leaf, 0)
        boxes = parent.grid.boxes(0, parent.grid.size)
        at = np.searchsorted(parent.grid.vertices(), mine)
        own = piece.grid.boxes(0, piece.grid.size)
        shared = len(parent.grid.shape)  # a collapsed recurrence has time alone
        assert (own[0][:, :shared] >= boxes[0][at]).all()
        assert (own[1][:, :shared] <= boxes[1][at]).all()


@pytest.mark.parametrize("name", ["alexnet", "lstm", "resnet34"])
def test_a_training_graph_has_the_coarser_levels_of_the_forward_graph(name: str) -> None:
    forward = lower(model_of(name), vertices=40_000)
    half = forward_half(lower(model_of(name), vertices=100_000, passes="training"))
    assert len(half.levels) == len(forward.levels) > 2
    for ours, theirs in zip(half.levels[1:], forward.levels[1:], strict=True):
        assert ours.tobytes() == theirs.tobytes()

"""What straight relations read, looked up axis by axis, is what their boxes meet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.graph import ComputeSet, Kind
from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.relations import AxisRule, fixed, per_axis, same, window
from gallery.lowering.edges import Producer, meeting, merged
from gallery.lowering.shares import share_read
from gallery.lowering.straight import Lines, are_straight, rows_of

SPACE, SPLITS = (1, 7, 12), (1, 4, 3)
RULES: st.SearchStrategy[AxisRule] = st.one_of(
    st.builds(fixed, st.integers(-2, 9), st.integers(-2, 20)),
    st.builds(same, st.integers(-3, 2), st.integers(-3, 3)),
    st.builds(window, st.integers(0, 2), st.integers(0, 4), st.integers(0, 3), st.integers(1, 5)),
)
AXES = st.lists(st.tuples(RULES, st.integers(1, 20), st.integers(1, 8)), max_size=3)


@given(both=st.tuples(AXES, AXES), sort=st.booleans(), start=st.integers(0, 8))
@settings(max_examples=100, deadline=None)
def test_looking_up_agrees_with_boxes(
    both: tuple[list[tuple[AxisRule, int, int]], ...], sort: bool, start: int
) -> None:
    grid = ComputeSet(first=50, shape=SPACE, splits=SPLITS, rank=3, tensors=(), kind=Kind.COMPUTE)
    reads, makers = [], []
    for number, axes in enumerate(both):
        shape = tuple(size for _, size, _ in axes)
        splits = tuple(min(size, split) for _, size, split in axes)
        relation = per_axis(shape, [rule for rule, _, _ in axes])
        reads.append(Read(tensor=number, relation=relation))
        makers.append(Producer(first=20 * number, shape=shape, splits=splits))
    assert are_straight(grid, reads, makers)
    found = rows_of(Lines(grid, reads, makers, [1, 2]), start, grid.size, sort)

    lows, highs = grid.boxes(start, grid.size)
    rows = [
        meeting(read.relation(lows, highs), maker, len(lows), flag)
        for read, maker, flag in zip(reads, makers, (1, 2), strict=True)
    ]
    expected = merged(rows, len(lows), sort)
    for name in ("counts", "sources", "flags"):
        one, other = getattr(found, name), getattr(expected, name)
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)

    part = Part(shape=SPACE, rank=3, makes=(), reads=tuple(reads))
    boxed = tuple([replace(read, relation=read.relation.__call__) for read in reads])
    by_boxes = share_read(replace(part, reads=boxed), grid, makers, [4.0, 2.0])
    assert share_read(part, grid, makers, [4.0, 2.0]) == by_boxes

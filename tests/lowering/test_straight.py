"""What straight relations read, looked up axis by axis, is what their boxes meet."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.graph import ComputeSet, Kind
from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.relations import AxisRule, fixed, per_axis, same, table, window
from gallery.lowering.edges import Producer, meeting, merged
from gallery.lowering.lines import lines_of, straight_reads
from gallery.lowering.shares import SAMPLE, share_read
from gallery.lowering.straight import rows_of, shares

SPACE, SPLITS = (1, 7, 12), (1, 4, 3)
GRID = ComputeSet(first=50, shape=SPACE, splits=SPLITS, rank=3, tensors=(), kind=Kind.COMPUTE)
RULES: st.SearchStrategy[AxisRule] = st.one_of(
    st.builds(fixed, st.integers(-2, 9), st.integers(-2, 20)),
    st.builds(same, st.integers(-3, 2), st.integers(-3, 3)),
    st.builds(window, st.integers(0, 2), st.integers(0, 4), st.integers(0, 3), st.integers(1, 5)),
)
AXES = st.lists(st.tuples(RULES, st.integers(1, 20), st.integers(1, 8)), max_size=3)


@given(both=st.tuples(AXES, AXES), sort=st.booleans(), period=st.sampled_from([0, 100]))
@settings(max_examples=100, deadline=None)
def test_looking_up_agrees_with_boxes(
    both: tuple[list[tuple[AxisRule, int, int]], ...], sort: bool, period: int
) -> None:
    reads, makers = [], []
    for number, axes in enumerate(both):
        shape = tuple(size for _, size, _ in axes)
        splits = tuple(min(size, split) for _, size, split in axes)
        relation = per_axis(shape, [rule for rule, _, _ in axes])
        reads.append(Read(tensor=number, relation=relation))
        repeats = period if shape else 0
        made = Producer(first=1000 * number, shape=shape, splits=splits, period=repeats)
        makers.append(made)
    straight = straight_reads(GRID, reads, makers, [1, 2])
    assert straight
    # A set before it, so that nothing begins at 0.
    lines = lines_of([(GRID, straight[1:]), (GRID, straight)])
    found = rows_of(lines, 1, sort)

    lows, highs = GRID.boxes(0, GRID.size)
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
    sizes = np.array([1.0, 4.0, 2.0])
    assert shares(lines, sizes, SAMPLE)[1] == share_read(part, GRID, makers, [4.0, 2.0])


def test_other_relations_are_not_straight() -> None:
    made = Producer(first=0, shape=(12,), splits=(3,))
    own = per_axis((12,), [same(2)])
    assert straight_reads(GRID, [Read(tensor=0, relation=own)], [made], [0])
    by_table = per_axis((12,), [table(2, np.arange(12)[::-1].copy())])
    assert straight_reads(GRID, [Read(tensor=0, relation=by_table)], [made], [0]) is None
    beyond = per_axis((12,), [same(3)])
    assert straight_reads(GRID, [Read(tensor=0, relation=beyond)], [made], [0]) is None
    flat = Producer(first=0, shape=(3, 4), splits=(3, 1))
    assert straight_reads(GRID, [Read(tensor=0, relation=own)], [flat], [0]) is None

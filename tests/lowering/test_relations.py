"""Access relations against the obvious: one element at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.lowering.access.constant_indices import cells, inverse, listed, single
from gallery.lowering.access.part import Boxes, Ints
from gallery.lowering.access.relations import (
    AxisRule,
    Straight,
    backwards,
    composed,
    divided,
    fixed,
    identity,
    per_axis,
    repeated,
    same,
    scattered,
    spans,
    transposed,
    where,
    window,
)  # fmt: skip
from gallery.lowering.access.reshape import reshaped

Ranges = tuple[Ints, Ints]

RULES = st.one_of(
    st.builds(same, st.integers(0, 1), st.integers(-3, 3)),
    st.builds(window, st.integers(0, 1), st.integers(1, 3), st.integers(0, 3), st.integers(1, 4)),
    st.builds(fixed, st.integers(0, 3), st.integers(3, 9)),
)


def ranges(size: int) -> Ranges:
    """All ranges of a dimension as blocks of rank 1."""
    pairs = [(i, j) for i in range(size) for j in range(i + 1, size + 1)]
    both = np.array(pairs, np.int64)
    return both[:, :1], both[:, 1:]


def elements(boxes: Boxes, block: int) -> set[tuple[int, ...]]:
    """All places that a block reads."""
    owner = np.arange(len(boxes.lows)) if boxes.owner is None else boxes.owner
    mine = owner == block
    _, places = cells(boxes.lows[mine], boxes.highs[mine])
    return {tuple(row) for row in places.tolist()}


@given(st.lists(st.integers(0, 9), min_size=1, max_size=9))
def test_spans_are_hulls(values: list[int]) -> None:
    table = np.array(values, np.int64)
    lows, highs = ranges(len(values))
    first, last = spans(0, table, table + 2)(lows, highs)
    for low, high, a, b in zip(lows[:, 0], highs[:, 0], first, last, strict=True):
        assert (a, b) == (min(values[low:high]), max(values[low:high]) + 2)


@given(st.lists(RULES, min_size=1, max_size=3), st.lists(st.integers(0, 9), min_size=3, max_size=3))
def test_straight_rules_read_together_what_each_reads_alone(
    rules: list[AxisRule], sizes: list[int]
) -> None:
    lows = np.array([[0, 0], [2, 1], [4, 5]], np.int64, order="F")
    highs = lows + np.array([3, 2], np.int64)
    boxes = per_axis(sizes[: len(rules)], rules)(lows, highs)
    for axis, (rule, size) in enumerate(zip(rules, sizes, strict=False)):
        low, high = rule(lows, highs)
        assert boxes.lows[:, axis].tolist() == low.clip(0, size).tolist()
        assert boxes.highs[:, axis].tolist() == high.clip(0, size).tolist()


def test_relations_are_equal_if_they_read_the_same() -> None:
    assert identity((4, 6)) == identity((4, 6))
    assert identity((4, 6)) != identity((4, 5))
    assert reshaped((4, 6), (24,)) == reshaped((4, 6), (24,))


def test_a_straight_rule_needs_the_dimension_that_it_follows() -> None:
    blocks = np.zeros((1, 2), np.int64, order="F")
    with pytest.raises(IndexError):
        per_axis((4,), [same(2)])(blocks, blocks)


@given(
    st.integers(1, 12), st.integers(1, 4), st.integers(0, 3), st.integers(1, 4), st.integers(1, 12)
)
def test_scattered_is_the_inverse_of_window(
    size: int, stride: int, pad: int, extent: int, made: int
) -> None:
    lows, highs = ranges(made)
    relation = per_axis((size,), [scattered(0, stride, pad, extent)])
    boxes = relation(lows, highs)
    for block in range(len(lows)):
        low, high = int(lows[block, 0]), int(highs[block, 0])
        reads = {
            i for i in range(size) if any(low <= i * stride - pad + k < high for k in range(extent))
        }
        found = {place[0] for place in elements(boxes, block)}
        assert reads <= found
        assert not reads or found <= set(range(min(reads), max(reads) + 1))


@given(st.integers(1, 6), st.integers(1, 3), st.integers(0, 2), st.integers(1, 3))
def test_window_reads_what_its_outputs_read(made: int, stride: int, pad: int, extent: int) -> None:
    lows, highs = ranges(made)
    size = made * stride + extent
    boxes = per_axis((size,), [window(0, stride, pad, extent)])(lows, highs)
    for block in range(len(lows)):
        reads = {
            i * stride - pad + k
            for i in range(int(lows[block, 0]), int(highs[block, 0]))
            for k in range(extent)
        }
        assert {r for r in reads if 0 <= r < size} <= {p[0] for p in elements(boxes, block)}


RESHAPES = [
    *(((6, 4), (4, 6)), ((2, 3, 4), (4, 6)), ((5, 3), (15,)), ((8,), (2, 2, 2))),
    *(((1, 6, 4), (6, 4)), ((6, 4), (6, 1, 4, 1)), ((2, 3, 1, 4), (6, 1, 4)), ((1, 1), ())),
]


def test_a_reshape_that_only_adds_or_drops_dimensions_of_size_1_is_straight() -> None:
    straight = [isinstance(reshaped(*shapes), Straight) for shapes in RESHAPES]
    assert straight == [False, False, False, False, True, True, False, True]


@pytest.mark.parametrize("shapes", RESHAPES)
def test_reshape_reads_the_same_elements(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    source, target = shapes
    flat = np.arange(int(np.prod(source))).reshape(source)
    made = flat.reshape(target)
    relation = reshaped(source, target)
    rng = np.random.default_rng(1)
    for _ in range(20):
        low = np.array([rng.integers(0, size) for size in target])
        ends = zip(low, target, strict=True)
        high = np.array([rng.integers(a + 1, size + 1) for a, size in ends])
        boxes = relation(low[None], high[None])
        found = {int(flat[place]) for place in elements(boxes, 0)}
        box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        assert found == set(made[box].ravel().tolist())


def test_composed_follows_both() -> None:
    relation = composed(transposed((3, 4), [1, 0]), reshaped((12,), (3, 4)))
    boxes = relation(np.array([[1, 0]]), np.array([[2, 3]]))
    assert elements(boxes, 0) == {(1,), (5,), (9,)}


def test_where_leaves_blocks_out() -> None:
    relation = where(identity((4,)), lambda lows, highs: lows[:, 0] >= 2)
    lows, highs = ranges(4)
    boxes = relation(lows, highs)
    for block, low in enumerate(lows[:, 0]):
        assert bool(elements(boxes, block)) == (low >= 2)


@given(st.integers(1, 9), st.integers(1, 4))
def test_rules_by_place(size: int, by: int) -> None:
    lows, highs = ranges(size)
    for low, high, block in zip(lows[:, 0], highs[:, 0], range(len(lows)), strict=True):
        own = range(low, high)
        first, last = (ends[block] for ends in backwards(0, size)(lows, highs))
        assert set(range(first, last)) == {size - 1 - i for i in own}
        first, last = (ends[block] for ends in divided(0, by)(lows, highs))
        assert set(range(first, last)) == {i // by for i in own}
        first, last = (ends[block] for ends in repeated(0, by)(lows, highs))
        assert {i % by for i in own} <= set(range(first, last)) <= set(range(by))


@given(st.lists(st.integers(0, 4), max_size=8))
def test_inverse_names_every_writer(targets: list[int]) -> None:
    tables = inverse(np.array(targets, np.int64), 5)
    written = {(place, int(t[place])) for t in tables for place in range(5) if t[place] >= 0}
    assert written == {(place, k) for k, place in enumerate(targets)}


def test_listed_reads_what_the_table_says() -> None:
    table = np.array([2, -1, 0], np.int64)
    relation = listed((3, 4), [0], {0: single(table)}, {1: same(1)})
    boxes = relation(np.array([[0, 1]]), np.array([[3, 3]]))
    assert elements(boxes, 0) == {(2, 1), (2, 2), (0, 1), (0, 2)}

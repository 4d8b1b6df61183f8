"""Repeated sequences against their definition."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gallery.loading.repeats import repeats

few = st.lists(st.integers(0, 3), max_size=40)


def found_in(kinds: list[int], unlike: bool = False) -> list[tuple[int, int, int]]:
    flags = np.ones(len(kinds), bool)
    return repeats(np.array(kinds, np.int64), flags.astype(np.int64), flags, flags & unlike)


@given(few)
def test_copies_follow_each_other_and_overlap_no_others(kinds: list[int]) -> None:
    free = 0
    for start, length, copies in found_in(kinds):
        assert start >= free
        assert length >= 2
        assert copies >= 2
        free = start + length * copies
        assert kinds[start:free] == kinds[start : start + length] * copies
    assert free <= len(kinds)


@given(st.lists(st.integers(0, 5), min_size=2, max_size=8, unique=True), st.integers(2, 9))
def test_what_is_nothing_but_repeats_is_found_whole(part: list[int], copies: int) -> None:
    assert found_in(part * copies) == [(0, len(part), copies)]


@given(few)
def test_no_sequence_holds_two_alike_that_must_differ(kinds: list[int]) -> None:
    for start, length, _ in found_in(kinds, unlike=True):
        assert len(set(kinds[start : start + length])) == length


def test_the_copy_begins_at_the_largest_item() -> None:
    kinds, sizes = np.array([1, 0, 1, 0, 1]), np.array([1, 9, 1, 9, 1])
    flags = np.ones(5, bool)
    assert repeats(kinds, sizes, flags, ~flags) == [(1, 2, 2)]


def test_a_single_item_again_and_again_is_no_sequence() -> None:
    assert found_in([3] * 20) == []

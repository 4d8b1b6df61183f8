"""Bytes of the viewer's data: what is packed can be read again, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.rendering.viewer.container import (
    joined,
    pack,
    part_of,
    planes,
    smooth,
    steps,
    unpack,
    varints,
    zigzag,
)


def _read_varints(data: bytes) -> list[int]:
    """Slow and obvious."""
    numbers, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(value)
            value = shift = 0
    return numbers


@given(st.lists(st.integers(0, 2**63 - 1)))
def test_varints_come_back(numbers: list[int]) -> None:
    assert _read_varints(varints(np.array(numbers, np.int64))) == numbers


@pytest.mark.parametrize(("number", "size"), [(0, 1), (127, 1), (128, 2), (16383, 2), (16384, 3)])
def test_small_numbers_take_few_bytes(number: int, size: int) -> None:
    assert len(varints([number])) == size


@given(st.lists(st.integers(-(2**40), 2**40)))
def test_zigzag_keeps_small_numbers_small(numbers: list[int]) -> None:
    mapped = zigzag(np.array(numbers, np.int64)).tolist()
    assert mapped == [2 * n if n >= 0 else -2 * n - 1 for n in numbers]


@given(st.lists(st.integers(0, 2**31 - 1)))
def test_steps_add_up(numbers: list[int]) -> None:
    assert np.cumsum(steps(np.array(numbers, np.int64))).tolist() == numbers


@given(st.lists(st.integers(0, 65535)))
def test_planes_hold_low_bytes_then_high_ones(numbers: list[int]) -> None:
    data = planes(np.array(numbers, np.uint16))
    half = len(numbers)
    assert [data[i] | data[half + i] << 8 for i in range(half)] == numbers


@given(st.lists(st.integers(0, 65535)))
def test_smooth_is_planes_of_steps_modulo_two_to_the_sixteen(numbers: list[int]) -> None:
    data = smooth(np.array(numbers, np.uint16))
    half, value, found = len(numbers), 0, []
    for i in range(half):
        word = data[i] | data[half + i] << 8
        value = (value + ((word >> 1) ^ -(word & 1))) & 0xFFFF
        found.append(value)
    assert found == numbers


def test_container_comes_back_whatever_the_names() -> None:
    head = {"name": "a\x00</script>\u202e", "n": 3}
    sections = {"one": b"\x00\xff" * 9, "empty": b"", "two": b"x"}
    found, parts = unpack(pack(head, sections))
    assert parts == sections
    assert {key: found[key] for key in head} == head


_texts = st.lists(st.text(st.characters(codec="utf-8"), max_size=40), max_size=3)
_bytes = st.binary(max_size=3000) | st.binary(max_size=3).map(lambda some: some * 9999)


@given(st.lists(st.tuples(_texts, st.lists(_bytes, max_size=3)), max_size=4))
def test_parts_that_were_deflated_apart_are_one_container(
    parts: list[tuple[list[str], list[bytes]]],
) -> None:
    """`unpack` has zlib check the sum of all bytes."""
    heads, sections = dict[str, str](), dict[str, bytes]()
    made = []
    for number, (texts, data) in enumerate(parts):
        head = {f"{number}.{place}": text for place, text in enumerate(texts)}
        some = {f"{number}.{place}": one for place, one in enumerate(data)}
        made.append(part_of(head, some))
        heads |= head
        sections |= some
    found, read = unpack(joined(made))
    assert read == sections
    assert found == {**heads, "sections": {name: len(one) for name, one in sections.items()}}


def test_same_values_make_the_same_bytes() -> None:
    assert pack({"a": 1}, {"s": b"12"}) == pack({"a": 1}, {"s": b"12"})


def test_other_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="viewer data starts with"):
        unpack(b"PNG?????")

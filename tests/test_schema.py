"""Schemas accept what we write and name what differs; none raises anything but `MismatchError`."""

from __future__ import annotations

import json
import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.schema import (
    MismatchError,
    Schema,
    anything,
    each,
    either,
    mapping,
    nothing,
    number,
    one_of,
    record,
    row,
    switch,
    text,
    whole,
)

CASES: list[tuple[Schema, object, list[object]]] = [
    (text(3), "abc", ["abcd", 1, None, b"a", "\ud800"]),
    (text(9, "[a-z]+"), "abc", ["", "abc\n", "A"]),
    (whole(0, 9), 9, [10, -1, True, 1.0, "1", None]),
    (whole(), -(10**300), [10**301, math.inf]),
    (number(0, 1), 0.5, [1.5, math.nan, math.inf, True, "0", None, 10**400]),
    (one_of("a", 1), 1, [True, 1.0, "b", None]),
    (switch, False, [0, None, "false"]),
    (nothing, None, [0, "", False]),
    (either(text(1), nothing), None, ["ab", 0]),
    (each(whole(0, 1), 2, 1), [0, 1], [[], [0, 1, 0], [2], (0,), {"0": 0}]),
    (row(whole(), text()), [1, ""], [[1], [1, "", 1], ["", 1], None]),
    (record({"a": switch}, {"b": nothing}), {"a": True}, [{}, {"b": None}, {"a": True, "c": 1}, 1]),
    (
        mapping(text(1), switch, 1),
        {"a": True},
        [{"ab": True}, {"a": 1}, {"a": True, "b": True}, []],
    ),
]


@pytest.mark.parametrize(("schema", "good", "bad"), CASES)
def test_a_schema_accepts_and_refuses(schema: Schema, good: object, bad: list[object]) -> None:
    schema(good)
    for one in bad:
        with pytest.raises(MismatchError):
            schema(one)


def test_the_way_to_a_wrong_value_is_named() -> None:
    schema = record({"models": each(record({"bytes": whole(0, 9)}))})
    with pytest.raises(MismatchError) as caught:
        schema({"models": [{"bytes": 1}, {"bytes": -1}]})
    assert str(caught.value) == "models[1].bytes is not a whole number from 0 to 9"


def test_a_key_is_not_quoted() -> None:
    with pytest.raises(MismatchError) as caught:
        mapping(text(3), anything)({"error: all is well\n": 1})
    assert "well" not in str(caught.value)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(ANY)
def test_no_value_makes_a_schema_fail(value: object) -> None:
    value = json.loads(json.dumps(value))
    for schema, _, _ in CASES:
        with suppress(MismatchError):
            schema(value)

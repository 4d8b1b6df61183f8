"""Schemas accept what we write and name what differs; none raises anything but `MismatchError`."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
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


def plainly(schema: Schema) -> Schema:
    """The same schema, which cannot tell of many values at once."""

    def check(value: object) -> None:
        schema(value)

    return check


def told(schema: Schema, value: object) -> str:
    """What a schema says of a value; nothing if it fits."""
    try:
        schema(value)
    except MismatchError as error:
        return str(error)
    return ""


MANY: list[tuple[Callable[[Schema], Schema], Callable[[list[object]], object]]] = [
    (each, list),
    (lambda one: each(row(one)), lambda values: [[one] for one in values]),
    (lambda one: each(record({"a": one})), lambda values: [{"a": one} for one in values]),
    (lambda one: each(either(one)), list),
    (lambda one: each(either(nothing, one)), lambda values: [*values, None]),
    (lambda one: each(each(one)), lambda values: [values, [], values]),
    (
        lambda one: mapping(text(2), one),
        lambda values: {str(place): one for place, one in enumerate(values)},
    ),
]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("many", MANY)
def test_many_values_are_checked_as_one_by_one(
    case: tuple[Schema, object, list[object]],
    many: tuple[Callable[[Schema], Schema], Callable[[list[object]], object]],
) -> None:
    schema, good, bad = case
    whole_schema, value_of = many
    assert told(whole_schema(schema), value_of([good] * 9)) == ""
    for one in bad:
        for place in (0, 5, 9):
            value = value_of([*[good] * place, one, *[good] * (9 - place)])
            assert told(whole_schema(schema), value) == told(whole_schema(plainly(schema)), value)


def test_a_key_is_checked_among_many() -> None:
    schema = mapping(text(2), whole())
    schema({str(place): place for place in range(9)})
    with pytest.raises(MismatchError):
        schema({"long": 0, **{str(place): place for place in range(9)}})


def test_records_may_have_different_keys() -> None:
    schema = each(record({"a": whole()}, {"b": switch}))
    schema([*[{"a": 1}] * 9, {"a": 1, "b": True}])
    for bad in ({"a": 1, "b": 1}, {"b": True}, {"a": 1, "c": 1}):
        with pytest.raises(MismatchError):
            schema([*[{"a": 1}] * 9, bad])

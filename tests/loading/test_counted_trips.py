"""Loops that end by counting run as often as ONNX Runtime runs them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from gallery.costs.facts import facts
from tests.onnx_text import loaded, parse, shape_of, the

COUNTS = """net (float[2] x) => (last, float[t,2] all)
    <int64 start = {START}, int64 by = {BY}, int64 end = {END}, bool go = {1},
     int64 most = {MOST}> {
    k, last, all = Loop (LIMIT, go, start, x) <
        body = b (int64 trip, bool c, int64 i, float[2] v) => (d, j, w, o) {
            j = Add(i, by) w = Mul(v, x) o = Identity(w) BODY }>
}"""
UNKNOWN = "the number of trips of the loop 'Loop' is not known"


def counting(**words: object) -> str:
    given = {"START": 0, "BY": 1, "END": 5, "MOST": 9, "LIMIT": "", "BODY": "d = Less(j, end)"}
    text = COUNTS
    for word, value in (given | words).items():
        text = text.replace(word, str(value))
    return text


CASES = {
    "up": counting(),
    "down by three": counting(START=20, BY=-3, BODY="d = Greater(j, end)"),
    "once, since the condition comes after the trip": counting(START=7),
    "by the number of the trip": counting(BODY="d = LessOrEqual(trip, end)"),
    "the limit is less": counting(MOST=3, LIMIT="most"),
    "the limit is more": counting(LIMIT="most"),
    "not yet there, in steps": counting(BODY="n = Less(end, j) m = Not(n) d = Identity(m)"),
    "two counts": counting(BODY="a = Less(j, end) e = Less(trip, by) d = And(e, a)"),
    "by halves": counting(START=64, BODY="h = Div(i, end) d = Greater(h, by)").replace(
        "(d, j,", "(d, h,"
    ),
    "by the size of what stays": counting(BODY="s = Shape(x) z = ReduceMax(s) d = Less(j, z)"),
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_trips(tmp_path: Path, text: str) -> None:
    model = loaded(tmp_path, text)
    session = onnxruntime.InferenceSession(parse(text).SerializeToString())
    _, made = session.run(None, {"x": np.ones(2, np.float32)})
    assert shape_of(model, "all") == made.shape
    assert model.warnings == ()


def test_work_counts_once_for_each_trip(tmp_path: Path) -> None:
    text = counting(BODY="d = Less(j, end)").replace("float[2] x", "float[2,2] x")
    text = text.replace("float[t,2]", "float[t,2,2]").replace("float[2] v", "float[2,2] v")
    assert facts(loaded(tmp_path, text.replace("Mul(v, x)", "MatMul(v, x)")), 0).macs == 5 * 8


def test_data_may_end_what_counts(tmp_path: Path) -> None:
    """As in a decoder that stops at an end token; the count is then the most."""
    body = "m = ReduceMax<keepdims = 0>(w) p = Cast<to = 9>(m) a = Less(j, end) d = And(p, a)"
    model = loaded(tmp_path, counting(BODY=body))
    assert shape_of(model, "all") == (5, 2)
    assert model.warnings == ()


@pytest.mark.parametrize(
    "body",
    [
        "m = ReduceMax<keepdims = 0>(w) p = Cast<to = 7>(m) d = Less(p, end)",
        "d = Greater(end, start)",
        "d = LessOrEqual(end, j)",
        "a = Less(j, end) e = Less(end, j) d = Or(a, c)",
    ],
    ids=["data end it", "nothing ends it", "it would count on and on", "nothing ends one of two"],
)
def test_trips_that_are_not_known(tmp_path: Path, body: str) -> None:
    model = loaded(tmp_path, counting(START=5, BODY=body))
    assert shape_of(model, "all") == (None, 2)
    assert UNKNOWN in model.warnings


def test_sizes_of_what_grows_are_no_constants(tmp_path: Path) -> None:
    """By the size after the first trip alone, the second trip would be the last."""
    text = """net (float[1] x) => (y)
        <bool go = {1}, int64 start = {0}, int64 by = {1}, int64 most = {3}> {
        k, y = Loop (most, go, start, x) <
            body = b (int64 i, bool c, int64 j, float[n] v) => (d, m, w) {
                w = Concat<axis = 0>(v, x) s = Shape(w) z = ReduceMax<keepdims = 0>(s)
                m = Add(j, by) d = Less(m, z) }>
    }"""
    model = loaded(tmp_path, text)
    assert the(model, "Loop").bodies[0].trips is None
    assert shape_of(model, "y") == (4,)


def test_little_is_computed_to_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two operators on each of five trips."""
    monkeypatch.setattr("gallery.loading.shapes._MOST_COMPUTED", 9)
    assert UNKNOWN in loaded(tmp_path, counting()).warnings
    monkeypatch.setattr("gallery.loading.shapes._MOST_COMPUTED", 10)
    assert loaded(tmp_path, counting()).warnings == ()

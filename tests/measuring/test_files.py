"""Tables of measurements as files hold them, good and bad."""

from __future__ import annotations

import json

import pytest

from gallery.measuring.files import attributes_in, read
from gallery.measuring.types import MeasurementError


def event(name: str, start: float, length: object, cat: str = "Node") -> dict[str, object]:
    """An event of ONNX Runtime's profile."""
    kind = {"op_name": "Conv", "provider": "CPUExecutionProvider"}
    return {"cat": cat, "name": name, "ts": start, "dur": length, "tid": 1, "args": kind}


def run(start: float, *nodes: tuple[str, float], length: float = 100) -> list[dict[str, object]]:
    """The events of a run."""
    found = [event("model_run", start, length, "Session")]
    at = start + 1
    for name, took in nodes:
        found.append(event(f"{name}_kernel_time", at, took))
        at += took
    return found


def times(content: object, name: str = "x.profile.json") -> dict[str, float]:
    """Microseconds by name."""
    table = read(json.dumps(content).encode(), name)
    return {row.name: round(1e6 * (row.numbers[0] or 0), 6) for row in table.rows}


def test_the_first_run_warms_up_and_the_others_have_a_median() -> None:
    events = [
        *run(0, ("a", 90)),
        *run(100, ("a", 10), ("b", 20)),
        *run(200, ("a", 30), ("b", 20)),
        *run(300, ("a", 20), ("b", 20)),
        *run(400, ("a", 20), ("b", 20)),
    ]
    # The first complete run is left out too; the last one has only some of its events.
    assert times([*events, *run(500, ("a", 50))]) == {"a": 20, "b": 20}
    assert read(json.dumps(events).encode(), "x.json").device == "CPU"


def test_medians_are_scaled_to_the_median_run() -> None:
    runs = [(1, 1), (10, 20), (20, 10), (10, 10), (20, 20), (10, 10)]
    events = [one for n, (a, b) in enumerate(runs) for one in run(100 * n, ("a", a), ("b", b))]
    found = times(events)
    assert found["a"] == found["b"] == 15


def test_an_event_contains_those_of_its_bodies() -> None:
    events = run(0, length=100)
    events += [
        event("body_kernel_time", 2, 10),
        event("body_kernel_time", 20, 10),
        event("loop_kernel_time", 1, 50),
        event("next_kernel_time", 60, 5),
    ]
    assert times(events) == {"body": 20, "loop": 30, "next": 5}


@pytest.mark.parametrize("length", [-1, float("nan"), 1e300, 10**400, "5", None, True])
def test_absurd_times_are_left_out_and_counted(length: object) -> None:
    events = [*run(0, ("a", 5)), event("b_kernel_time", 50, length)]
    assert times(events) == {"a": 5}
    (note,) = read(json.dumps(events).encode(), "x.json").notes
    assert note.startswith("1 events without a sensible time")


def test_tensorrt_tells_milliseconds() -> None:
    rows = [{"count": 9}, {"name": "a + b", "averageMs": 2, "medianMs": 1}]
    rows += [{"name": "c", "averageMs": 3}, {"name": "d", "averageMs": -3}]
    assert times(rows) == {"a + b": 1000, "c": 3000}


@pytest.mark.parametrize(
    ("head", "unit", "value"),
    [("name,seconds", "s", 2), ("Node;time (ms)", "s", 0.002), ("op\terror", "", 2)],
)
def test_csv_of_several_kinds(head: str, unit: str, value: float) -> None:
    sign = next(one for one in ",;\t" if one in head)
    table = read(f"\ufeff{head}\nconv{sign}2\nrelu{sign}\n".encode(), "x.csv")
    assert [column.unit for column in table.columns] == [unit]
    assert [(row.name, row.numbers[0]) for row in table.rows] == [("conv", value), ("relu", None)]


def test_rows_of_one_name_add_up_or_have_a_mean() -> None:
    table = read(b"name,ms,error\na,1,2\na,3,4\na,-5,nan\na,1e20,\n", "x.csv")
    (row,) = table.rows
    assert row.numbers == (0.004, 3)
    assert table.notes == ("2 rows without a sensible time were left out",)
    assert read(b"name,ms\na,-5\nb,1\n", "x.csv").notes == (
        "1 row without a sensible time was left out",
    )


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "x.csv", "first line names no column"),
        (b"a,b\n1,2\n", "x.csv", "first line names no column"),
        (b"name,type\na,b\n", "x.csv", "no column of numbers"),
        (b'name,x\n"' + b"a" * 200_000, "x.csv", "not CSV"),
        (b"[{", "x.json", "not JSON"),
        (b"[" * 100_000, "x.json", "not JSON"),
        (b'{"a": 1}', "x.json", "not a profile"),
        (b"[1, null, {}]", "x.json", "no times of nodes"),
        (b'{"format": "gallery-profile-1", "operators": 5}', "x.json", "no times of operators"),
        (b'[{"averageMs": 1}]', "x.json", "no times of layers"),
        (b'[{"name": "a", "averageMs": -1}]', "x.json", "are negative"),
        (b"\xff\xfe\x00", "x.json", "not JSON"),
    ],
)
def test_what_is_no_table_is_told(content: bytes, name: str, said: str) -> None:
    with pytest.raises(MeasurementError, match=said):
        read(content, name)


def test_columns_become_attributes() -> None:
    head = b"name,seconds,SQNR (dB),ms\na,1,2,3\n"
    assert attributes_in(head, "x.metrics.csv", "") == ("measured", "metric:sqnr-db", "metric:ms")
    assert attributes_in(b"", "x.t4.profile.json", "T4 x") == ("measured:t4-x",)

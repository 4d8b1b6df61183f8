"""Measurements as files hold them: profiles of ONNX Runtime, TensorRT and this program, and CSV.

TensorRT's is what `trtexec --exportProfile` writes: {"count": runs}, then for each layer its name,
`averageMs` and `medianMs`,
https://docs.nvidia.com/deeplearning/tensorrt/latest/performance/best-practices.html.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from gallery.measuring.events import times
from gallery.measuring.types import Column, MeasurementError, Row, Table
from gallery.settings.attributes import MEASURED, METRIC
from gallery.text import counted, slugify

FORMAT = "gallery-profile-1"
"""Marks what `gallery profile` writes."""

MOST_COLUMNS = 12
"""How many columns of a table are read."""

_MOST_ROWS = 1_000_000
_LONGEST_NAME = 4096
_LARGEST = 1e30
_LONGEST_TIME = 1e6
"""In seconds: eleven days."""

_NAMES = ("name", "node", "operator", "layer", "tensor", "op", "module", "node_name", "layer_name")
_UNITS = {"s": 1.0, "sec": 1.0, "seconds": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_UNITS |= {"milliseconds": 1e-3, "microseconds": 1e-6, "nanoseconds": 1e-9}
_TIMES = ("time", "duration", "latency", "dur", "elapsed", "")


def read(content: bytes, name: str) -> Table:
    """The table in a file.

    Args:
        content: The file's, not trusted.
        name: Its name; the suffix tells JSON from CSV.

    Raises:
        MeasurementError: It is in none of the formats.
    """
    text = content.decode("utf-8-sig", errors="replace")
    if name.lower().endswith(".csv"):
        return _from_csv(text)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MeasurementError("it is not JSON, or cut short") from error
    if isinstance(value, Mapping) and value.get("format") == FORMAT:
        return _own(value)
    events = value.get("traceEvents") if isinstance(value, Mapping) else value
    if not isinstance(events, list):
        raise MeasurementError("it is not a profile of ONNX Runtime, TensorRT or `gallery profile`")
    if any(isinstance(one, Mapping) and "averageMs" in one for one in events):
        return _of_tensorrt(events)
    return times(events)


def _own(value: Mapping[str, Any]) -> Table:
    """What `gallery profile` wrote."""
    rows, wrong = [], 0
    listed = value.get("operators")
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, Mapping) or not isinstance(one.get("name"), str):
            wrong += 1
            continue
        seconds, index = _time(one.get("seconds")), one.get("index")
        known = isinstance(index, int) and not isinstance(index, bool) and index >= 0
        if seconds is None:
            wrong += 1
        else:
            at = (int(index),) if known and index is not None else ()
            rows.append(Row(name=one["name"], numbers=(seconds,), operators=at))
    if not rows:
        raise MeasurementError(_none("operators", wrong))
    device, run, digest = value.get("device"), _time(value.get("run")), value.get("digest")
    return Table(
        columns=(Column(name="", unit="s"),),
        rows=tuple(rows),
        device=device[:200] if isinstance(device, str) else "",
        run=run or 0.0,
        digest=digest if isinstance(digest, str) else "",
        notes=_left_out(wrong),
    )


def _of_tensorrt(events: Sequence[Any]) -> Table:
    sums: dict[str, float] = defaultdict(float)
    wrong = 0
    for one in events:
        name = one.get("name") if isinstance(one, Mapping) else None
        if not isinstance(name, str):
            continue
        milliseconds = _time(one.get("medianMs", one.get("averageMs")))
        if milliseconds is None:
            wrong += 1
        else:
            sums[name] += milliseconds / 1e3
    if not sums:
        raise MeasurementError(_none("layers", wrong))
    return Table(
        columns=(Column(name="", unit="s"),),
        rows=tuple(Row(name=name, numbers=(seconds,)) for name, seconds in sums.items()),
        device="TensorRT",
        whole=True,
        notes=_left_out(wrong),
    )


def _from_csv(text: str) -> Table:
    """Rows of a name and numbers, under a line that names the columns."""
    try:
        head = text.split("\n", 1)[0]
        sign = max(",;\t", key=head.count)
        rows = list(csv.reader(io.StringIO(text), delimiter=sign))[: _MOST_ROWS + 1]
    except csv.Error as error:
        raise MeasurementError(f"it is not CSV ({error})") from error
    titles = [title.strip() for title in rows[0]] if rows else []
    place = next((n for n, title in enumerate(titles) if title.lower() in _NAMES), None)
    if place is None:
        raise MeasurementError(
            "its first line names no column of names, such as name,seconds or name,error"
        )
    chosen = _numeric(titles, rows[1:], place)
    if not chosen:
        raise MeasurementError("it has no column of numbers beside the names")
    found: dict[str, list[list[float]]] = {}
    wrong = 0
    for row in rows[1:]:
        name = row[place].strip() if len(row) > place else ""
        if not name or len(name) > _LONGEST_NAME:
            continue
        kept = found.setdefault(name, [[] for _ in chosen])
        for number, (column, scale) in enumerate(chosen.values()):
            value = _number(row[list(chosen)[number]]) if len(row) > list(chosen)[number] else None
            absurd = bool(column.unit) and value is not None and _time(value * scale) is None
            wrong += absurd
            if value is not None and not absurd:
                kept[number].append(value * scale)
    columns = tuple(column for column, _ in chosen.values())
    return Table(
        columns=columns,
        rows=tuple(
            Row(name=name, numbers=tuple(map(_one, columns, numbers)))
            for name, numbers in found.items()
        ),
        notes=_left_out(wrong),
    )


def _one(column: Column, numbers: Sequence[float]) -> float | None:
    """Of several rows with one name: the sum of times, the mean of other numbers."""
    if not numbers:
        return None
    total = math.fsum(numbers)
    return total if column.unit else total / len(numbers)


def _numeric(
    titles: Sequence[str], rows: Sequence[Sequence[str]], place: int
) -> dict[int, tuple[Column, float]]:
    """Columns that hold a number anywhere, by position, with the factor that makes seconds."""
    chosen: dict[int, tuple[Column, float]] = {}
    for number, title in enumerate(titles):
        holds = any(len(row) > number and _number(row[number]) is not None for row in rows)
        if number == place or not title or not holds or len(chosen) >= MOST_COLUMNS:
            continue
        scale = _seconds(title)
        first = scale is not None and all(not column.unit for column, _ in chosen.values())
        if scale is not None and first:
            chosen[number] = (Column(name="", unit="s"), scale)
        else:
            chosen[number] = (Column(name=title[:80]), 1.0)
    return chosen


def _seconds(title: str) -> float | None:
    """The factor that turns a column's numbers into seconds; None if they are not times.

    >>> _seconds("time (ms)"), _seconds("seconds"), _seconds("error")
    (0.001, 1.0, None)
    """
    words = [word for word in re.split(r"[^\w]+|_", title.lower()) if word]
    units = [_UNITS[word] for word in words if word in _UNITS]
    rest = [word for word in words if word not in _UNITS]
    return units[0] if len(units) == 1 and all(word in _TIMES for word in rest) else None


def _number(text: str) -> float | None:
    try:
        value = float(text.strip())
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) <= _LARGEST else None


def _time(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= _LONGEST_TIME else None


def _none(what: str, wrong: int) -> str:
    """Why no time can be used."""
    if not wrong:
        return f"it lists no times of {what}"
    return f"its times of {what} are negative, absurdly long or no numbers"


def _left_out(wrong: int) -> tuple[str, ...]:
    were = "was" if wrong == 1 else "were"
    return (f"{counted(wrong, 'row')} without a sensible time {were} left out",) if wrong else ()


def attributes_in(content: bytes, name: str, device: str) -> tuple[str, ...]:
    """What a file lets its model be coloured by; a profile is not read for that.

    Args:
        content: The file's, not trusted.
        name: Its name.
        device: The word in its name that tells devices apart, or "".

    Raises:
        MeasurementError: It is CSV without columns of names and numbers.
    """
    if not name.lower().endswith(".csv"):
        return (attribute_of(Column(name="", unit="s"), device),)
    return tuple(dict.fromkeys(attribute_of(one, device) for one in read(content, name).columns))


def attribute_of(column: Column, device: str) -> str:
    """The attribute that a column becomes.

    >>> attribute_of(Column(name="SQNR (dB)"), ""), attribute_of(Column(name="", unit="s"), "T4")
    ('metric:sqnr-db', 'measured:t4')
    """
    word = slugify(device, "device")[:30].strip("-") if device else ""
    if column.unit:
        return f"{MEASURED}:{word}" if word else MEASURED
    own = slugify(column.name, "number")[:40].strip("-")
    return f"{METRIC}:{own}-{word}" if word else f"{METRIC}:{own}"

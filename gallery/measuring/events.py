"""The profile of ONNX Runtime: from its events to the time of each node in a run.

The format is that of Chrome's trace viewer: a list of events with `ts` and `dur` in microseconds,
https://onnxruntime.ai/docs/performance/tune-performance/profiling-tools.html. An event of a node
contains those of its bodies; "model_run" contains all events of a run.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from gallery.measuring.types import Column, MeasurementError, Row, Table

MOST_EVENTS = 1_000_000
"""ONNX Runtime ends a profile after this many events."""

_SUFFIX = "_kernel_time"
_LONGEST = 1e12
"""Longest event in microseconds: eleven days."""


@dataclass(frozen=True, slots=True)
class _Event:
    name: str
    type: str
    thread: object
    start: float
    length: float


def times(events: Sequence[Any]) -> Table:
    """Seconds of each node in a run, without those of its bodies: the median of all runs.

    The first run warms up and does not count if there are others. As disturbances lengthen a few
    events of each run, medians of events add up to less than a run; all are scaled by one factor
    so that they add up to the median of the runs' sums.

    Args:
        events: As the profile lists them.

    Raises:
        MeasurementError: None of them is the time of a node.
    """
    nodes, wrong = _nodes(events)
    if not nodes:
        raise MeasurementError("it holds no times of nodes")
    runs = sorted((e["ts"], e["dur"]) for e in events if _is_run(e))
    sums = _by_run(nodes, [start for start, _ in runs])
    whole = [numbers for numbers in sums.values() if numbers]
    notes = [f"{wrong:,} events without a sensible time were left out"] if wrong else []
    sizes = Counter(len(numbers) for numbers in whole)
    usual = max(sizes, key=lambda size: (sizes[size], size))
    kept = [run for run, numbers in sums.items() if len(numbers) == usual]
    kept = kept[1:] if len(kept) > 1 else kept
    if len(events) >= MOST_EVENTS:
        notes.append(f"the profile ends after {len(events):,} events")
    types = {event.name: event.type for event in nodes}
    middle = {
        name: median(sums[run].get(name, 0.0) for run in kept)
        for name in dict.fromkeys(name for run in kept for name in sums[run])
    }
    total = math.fsum(middle.values())
    scale = median(math.fsum(sums[run].values()) for run in kept) / total if total else 1.0
    rows = tuple(
        Row(name=name, type=types[name], numbers=(seconds * scale,))
        for name, seconds in middle.items()
    )
    length = [runs[run][1] / 1e6 for run in kept if 0 <= run < len(runs)]
    return Table(
        columns=(Column(name="", unit="s"),),
        rows=rows,
        device=_device(events),
        run=median(length) if length else 0.0,
        whole=True,
        notes=tuple(notes),
    )


def _nodes(events: Sequence[Any]) -> tuple[list[_Event], int]:
    """The times of nodes, and how many of them make no sense."""
    found: list[_Event] = []
    wrong = 0
    for event in events:
        if not isinstance(event, Mapping) or event.get("cat") != "Node":
            continue
        name, more = event.get("name"), event.get("args")
        if not isinstance(name, str) or not name.endswith(_SUFFIX):
            continue
        if not (_is_time(event.get("ts")) and _is_time(event.get("dur"))):
            wrong += 1
            continue
        kind = more.get("op_name") if isinstance(more, Mapping) else ""
        found.append(
            _Event(
                name.removesuffix(_SUFFIX),
                kind if isinstance(kind, str) else "",
                str(event.get("tid")),
                event["ts"],
                event["dur"],
            )
        )
    return found, wrong


def _is_time(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= _LONGEST


def _is_run(event: object) -> bool:
    if not isinstance(event, Mapping) or event.get("name") != "model_run":
        return False
    return _is_time(event.get("ts")) and _is_time(event.get("dur"))


def _by_run(nodes: Sequence[_Event], starts: Sequence[float]) -> dict[int, dict[str, float]]:
    """Seconds of each node itself, by run and name; -1 is what comes before the first run."""
    sums: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    threads: dict[object, list[_Event]] = defaultdict(list)
    for event in nodes:
        threads[event.thread].append(event)
    for rows in threads.values():
        around: list[_Event] = []
        for event in sorted(rows, key=lambda one: (one.start, -one.length)):
            while around and event.start >= around[-1].start + around[-1].length:
                around.pop()
            run = bisect_right(starts, event.start) - 1
            sums[run][event.name] += event.length / 1e6
            if around:
                sums[run][around[-1].name] -= min(event.length, around[-1].length) / 1e6
            around.append(event)
    return {
        run: {name: max(0.0, seconds) for name, seconds in numbers.items()}
        for run, numbers in sorted(sums.items())
    }


def _device(events: Sequence[Any]) -> str:
    """The execution providers, most frequent first."""
    found: Counter[str] = Counter()
    for event in events:
        more = event.get("args") if isinstance(event, Mapping) else None
        name = more.get("provider") if isinstance(more, Mapping) else None
        if isinstance(name, str):
            found[name.removesuffix("ExecutionProvider")[:40]] += 1
    return ", ".join(name for name, _ in found.most_common(3) if name)

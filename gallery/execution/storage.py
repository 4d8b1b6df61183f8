"""Summaries and charts of runs as JSON, for the cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from gallery.execution.curves import RunCurves
from gallery.execution.summary import RunOperator, RunSummary

_DICTIONARIES = ("passes", "peak_kinds", "peak_layers")


def run_value(
    numbers: RunSummary, charts: RunCurves, forward: Sequence[float] = ()
) -> dict[str, Any]:
    """A run as JSON; dicts become lists of pairs, so that their order is kept.

    Args:
        numbers: What is told of the run.
        charts: Its charts.
        forward: Seconds of each operator of the model in the forward pass.
    """
    known = asdict(numbers)
    for name in _DICTIONARIES:
        known[name] = list(known[name].items())
    return {"numbers": known, "charts": asdict(charts), "forward": list(forward)}


def run_of(value: dict[str, Any]) -> tuple[RunSummary, RunCurves]:
    """A run from what `run_value` returned, even after a round trip through JSON."""
    known = dict(value["numbers"])
    for name in _DICTIONARIES:
        known[name] = dict(known[name])
    known["operators"] = tuple(RunOperator(**row) for row in known["operators"])
    charts: dict[str, Any] = {
        name: _tuples(one) if isinstance(one, list) else one
        for name, one in value["charts"].items()
    }
    return RunSummary(**known), RunCurves(**charts)


def _tuples(rows: list[Any]) -> tuple[Any, ...]:
    return tuple(tuple(row) if isinstance(row, list | tuple) else row for row in rows)

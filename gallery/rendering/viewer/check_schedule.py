"""Checks the schedule in a viewer's data that another machine may have made."""

from __future__ import annotations

from typing import Any

import numpy as np

from gallery.execution.results import Held
from gallery.rendering.viewer.decode import count_varints, from_varints, signed
from gallery.rendering.viewer.schedule import LARGEST, MOST_STEPS, TICKS
from gallery.schema import MismatchError, each, number, one_of, record, row, switch, text, whole

SECTIONS = frozenset({"clock", "memory", "runs", "run_pass", "step", "last", "begin", "end"})
"""The sections that a schedule has."""

TABLE = record(
    {
        "seconds": number(0, 1e30),
        "steps": whole(1, MOST_STEPS),
        "ticks": one_of(TICKS),
        "peak": whole(0, MOST_STEPS - 1),
        "unit": whole(1, 1 << 40),
        "processor": text(400),
        "shared": switch,
        "held": each(row(whole(0, len(Held) - 1), text(400)), len(Held)),
    }
)
"""The form of a schedule in the head."""


def check_schedule(head: dict[str, Any], sections: dict[str, bytes]) -> None:
    """Check that the sections fit the head's "run", whose form has been checked.

    Raises:
        MismatchError: One does not.
    """
    table, vertices = head["run"], head["shown"][0]
    count, kinds = table["steps"], len(table["held"])
    _require(table["peak"] < count, "a step", "run", "peak")
    lengths = {"clock": 3 * count, "memory": kinds * count, "runs": count}
    for name, length in {**lengths, "step": vertices, "last": vertices}.items():
        fits = count_varints(sections[name]) == length
        _require(fits, f"{length} numbers", "sections", name)
    for name, length in {"run_pass": count, "begin": vertices, "end": vertices}.items():
        _require(len(sections[name]) == length, f"{length} bytes", "sections", name)
    ticks = from_varints(sections["clock"])
    fits = int(ticks.max()) <= TICKS and int(ticks.sum()) == TICKS
    _require(fits, f"{TICKS} ticks", "sections", "clock")
    operators = from_varints(sections["runs"])
    _require(int(operators.max()) < len(head["operators"]["name"]), "operators", "sections", "runs")
    passes = np.frombuffer(sections["run_pass"], np.uint8)
    _require(int(passes.max()) < len(head["passes"]), "passes", "sections", "run_pass")
    begin, end = (np.frombuffer(sections[name], np.uint8) for name in ("begin", "end"))
    _require(bool((begin <= end).all()), "after the beginning", "sections", "end")
    _check_walks(table, sections)


def _check_walks(table: dict[str, Any], sections: dict[str, bytes]) -> None:
    """Check sums of signed differences, in floating point, so that none overflows."""
    count = table["steps"]
    step = np.cumsum(signed(from_varints(sections["step"])).astype(np.float64))
    last = step + from_varints(sections["last"])
    fits = step.min(initial=0) >= 0 and step.max(initial=0) < count
    _require(bool(fits), "steps", "sections", "step")
    _require(bool(last.max(initial=0) < count), "steps", "sections", "last")
    changes = signed(from_varints(sections["memory"])).astype(np.float64).reshape(-1, count)
    memory = np.cumsum(changes, axis=1)
    fits = memory.min(initial=0) >= 0 and memory.max(initial=0) <= LARGEST
    _require(bool(fits), "amounts of memory", "sections", "memory")


def _require(fits: bool, wanted: str, *where: str) -> None:
    if not fits:
        raise MismatchError(wanted, *where)

"""The schedule in the viewer's data: the steps of the run, and when each shown vertex runs.

Times are in ticks, of which the whole run has `TICKS`. What a step does is told once: the ticks of
its synchronisation, exchange and computing, and its bytes in memory. A vertex then only needs its
step, which part of the step's computing it takes, and the last step that needs its result. Reading
a vertex in a later step never starts before that one has ended, however its times are rounded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gallery.execution.results import TITLES, Held
from gallery.execution.types import Execution
from gallery.rendering.viewer.container import steps, varints, zigzag
from gallery.rendering.viewer.sample import Sample

TICKS = 1 << 24
"""Ticks of a whole run: enough for a three-digit clock in its shortest step."""
PARTS = 255
"""Parts of a step's computing that are told apart."""
MOST_STEPS = 1 << 22
"""Most steps; a run of more is not told."""
LARGEST = 1 << 30
"""Amounts of memory are at most so many units."""


def schedule_table(execution: Execution) -> dict[str, Any]:
    """What the head says of a run; {} if it cannot be told, as it takes no time.

    `held` has the number and title of each kind of bytes that are ever in memory, see `Held`, and
    `unit` the bytes in which they are told.
    """
    if not _told(execution):
        return {}
    return {
        "run": {
            "seconds": float(f"{execution.seconds:.6g}"),
            "steps": execution.steps,
            "ticks": TICKS,
            "peak": execution.peak_step,
            "unit": _unit(execution),
            "processor": execution.target.title,
            "shared": execution.target.shared,
            "held": [[int(kind), TITLES[kind]] for kind in _kinds(execution)],
        }
    }


def schedule_sections(execution: Execution, shown: Sample) -> dict[str, bytes]:
    """The steps of a run and the times of the shown vertices; {} if the run cannot be told.

    - "clock": ticks of synchronisation of each step, then of exchange, then of computing
    - "memory": units of bytes in each step, one kind after another
    - "runs", "run_pass": operator and pass of each step
    - "step": step of each vertex
    - "last": how many steps its result is needed for after that
    - "begin", "end": where in its step's computing it starts and ends, of `PARTS` parts
    """
    if not _told(execution):
        return {}
    at = shown.vertices
    step, last = execution.vertex_step[at], execution.vertex_last[at]
    begin, end = _parts(execution, at)
    units = np.rint(execution.memory / _unit(execution)).astype(np.int64)
    return {
        "clock": varints(_ticks(execution)),
        "memory": b"".join(varints(zigzag(steps(units[:, kind]))) for kind in _kinds(execution)),
        "runs": varints(execution.step_operator),
        "run_pass": execution.step_pass.tobytes(),
        "step": varints(zigzag(steps(step))),
        "last": varints(np.maximum(last - step, 0)),
        "begin": begin.tobytes(),
        "end": end.tobytes(),
    }


def _told(execution: Execution) -> bool:
    return execution.seconds > 0 and execution.steps <= MOST_STEPS


def _unit(execution: Execution) -> int:
    """Bytes in which memory is told: one, or the least power of two that keeps amounts small."""
    unit = 1
    while execution.memory.max(initial=0.0) > unit * LARGEST:
        unit *= 2
    return unit


def _kinds(execution: Execution) -> list[Held]:
    """The kinds of bytes that are ever in memory."""
    return [kind for kind in Held if (execution.memory[:, kind] > 0).any()]


def _ticks(execution: Execution) -> npt.NDArray[np.int64]:
    """Ticks of synchronisation, exchange and computing: int64 (3 * steps,), `TICKS` in all.

    The ends of the parts are rounded, not their lengths, so that errors do not add up.
    """
    parts = np.stack(
        [execution.step_sync, execution.step_exchange, execution.step_compute], axis=1
    ).reshape(-1)
    ends = np.cumsum(parts)
    ticks = np.rint(ends / ends[-1] * TICKS).astype(np.int64)
    return steps(ticks).reshape(-1, 3).T.reshape(-1)


def _parts(
    execution: Execution, at: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Where in its step's computing each vertex starts and ends: uint8 (k,) each."""
    step = execution.vertex_step[at]
    compute = execution.step_compute[step]
    since = (
        execution.vertex_start[at]
        - (execution.step_start + execution.step_sync + execution.step_exchange)[step]
    )
    scale = PARTS / np.where(compute > 0, compute, 1.0)
    begin = np.floor(since * scale).clip(0, PARTS)
    end = np.ceil((since + execution.vertex_time[at]) * scale).clip(begin, PARTS)
    return begin.astype(np.uint8), end.astype(np.uint8)

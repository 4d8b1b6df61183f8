"""What workers are given to do, and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gallery.pipeline.workers.started import WORKER
from gallery.settings.values import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A piece of work for a worker process.

    Attributes:
        name: Unique among the jobs.
        order: What the worker gets; pickled.
        limits: Enforced by killing the worker and its descendants.
        module: Module that the worker runs.
    """

    name: str
    order: Any
    limits: Limits
    module: str = WORKER


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a job ended.

    Attributes:
        job: The job.
        events: What the worker reported, in order.
        ending: "done", "failed" (the worker reported why), "time", "memory" or "crash".
        stage: The stage that was running when it ended.
        detail: For a crash the exit status and the end of the log; otherwise what was found.
        hint: What to do, or "".
        lasting: Whether the job would end so every time: the worker said so, or it exceeded a limit
            and not because the machine was busy with something else.
        seconds: Wall-clock time.
        peak_bytes: Peak resident memory of the process and its descendants, as polled.
        log: What the worker wrote to standard error during the job, at most the last 64 KiB.
    """

    job: Job
    events: tuple[dict[str, Any], ...]
    ending: str
    stage: str
    detail: str
    hint: str
    seconds: float
    peak_bytes: int
    log: str
    lasting: bool = False


Listener = Callable[[Job, dict[str, Any]], None]

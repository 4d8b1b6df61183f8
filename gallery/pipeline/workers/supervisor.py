"""Runs jobs in worker processes and stops those that take too much time or memory.

A worker runs one job after another, because importing numba and loading compiled kernels takes
1.3 s, as long as drawing a large scan. A crash, a kill or a hang affects one job only: it ends the
worker too, and earlier results are in the cache. A job that crashes or takes too much memory in a
worker that has run others is run again in a new worker, so how a job ends never depends on those
before it. Results name their job and arrive in the order in which the jobs end.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from gallery.pipeline.workers.jobs import Job, Listener, Result
from gallery.pipeline.workers.pool import Pool, Running
from gallery.pipeline.workers.started import Ahead

UNSCALED = ("start", "load", "facts")
"""Stages whose cost does not depend on the number of vertices."""


def supervise(
    jobs: deque[Job],
    workers: int,
    listen: Listener,
    environment: Mapping[str, str] | None = None,
    ahead: Ahead | None = None,
) -> Generator[Result, None, None]:
    """Run jobs until none are left; the caller may append more while it takes results.

    Args:
        jobs: Taken from the left.
        workers: Number of processes at once.
        listen: Called with each event of a worker as it arrives.
        environment: Added to this process's environment.
        ahead: A worker that was started in the same environment, or None.

    Yields:
        One result per job, in the order in which the jobs end.
    """
    pool = Pool(environment or {}, listen, ahead)
    try:
        while jobs or pool.running:
            while jobs and len(pool.running) < workers:
                pool.begin(jobs.popleft())
            for one in pool.ended():
                result = _result(one)
                pool.release(one)
                if result.ending in ("crash", "memory") and not one.fresh:
                    pool.begin(one.job, fresh=True)
                else:
                    yield result
    finally:
        pool.close()


def _size(amount: int) -> str:
    """A limit of memory: whoever forgot the unit of "3" has to see that it is three bytes."""
    return f"{amount / 2**20:.0f} MiB" if amount >= 1 << 20 else f"{amount} bytes"


def _result(one: Running) -> Result:
    file, limits = one.worker.log, one.job.limits
    file.seek(max(one.log_start, file.seek(0, os.SEEK_END) - (1 << 16)))
    log = file.read().decode(errors="replace")
    last = one.events[-1] if one.events else {"event": ""}
    stage, ending, detail, hint = _stage(one.events), "done", "", ""
    if one.stopped == "time":
        ending, detail = "time", f"took more than {limits.seconds:g} s"
        hint = _hint(stage, "seconds")
    elif one.stopped == "memory":
        ending, detail = "memory", f"used more than {_size(limits.memory)} of memory"
        hint = _hint(stage, "memory")
    elif last["event"] == "failed":
        ending, stage, detail, hint = "failed", last["stage"], last["found"], last["hint"]
    elif last["event"] != "done":
        tail = " ".join(log.split())[-200:]
        status = _status(one.worker.process)
        ending, detail = "crash", f"the worker ended with {status} {tail}".strip()
        hint = "report this with the model; the other models are not affected"
    return Result(
        job=one.job,
        events=tuple(one.events),
        ending=ending,
        stage=stage,
        detail=detail,
        hint=hint,
        seconds=one.seconds,
        peak_bytes=one.peak,
        log=log,
        lasting=bool(last.get("lasting")) if ending == "failed" else one.busy,
    )


def _hint(stage: str, limit: str) -> str:
    other = "lower `vertices` or " if stage not in UNSCALED else ""
    return f"{other}raise limits.{limit}"


def _stage(events: Sequence[Mapping[str, Any]]) -> str:
    """The innermost stage that has begun and not ended."""
    running = ["start"]
    for event in events:
        if event["event"] == "step" and event["seconds"] is None:
            running.append(event["stage"])
        elif event["event"] == "step":
            running.pop()
    return running[-1]


def _status(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    if code < 0:
        with suppress(ValueError):
            return signal.Signals(-code).name
    return f"status {code}"

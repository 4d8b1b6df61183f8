"""Runs jobs in worker processes and stops those that take too much time or memory.

A worker runs one job after another, because importing numba and loading compiled kernels takes
1.3 s, as long as drawing a large scan. A crash, a kill or a hang affects one job only: it ends the
worker too, and earlier results are in the cache. A job that crashes or takes too much memory in a
worker that has run others is run again in a new worker, so how a job ends never depends on those
before it. Results name their job and arrive in the order in which the jobs end.
"""

from __future__ import annotations

import json
import os
import pickle
import queue
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from gallery.pipeline.workers.processes import processor_seconds, resident
from gallery.pipeline.workers.started import WORKER, Ahead, Output, Worker, start
from gallery.settings.values import Limits

UNSCALED = ("start", "load", "facts")
"""Stages whose cost does not depend on the number of vertices."""

_POLL = 0.1
"""Seconds between two checks of the workers' memory."""

_BUSY = 0.5
"""Share of the time limit that a job has had the processor for if it is really too slow."""

_KEPT = 0.25
"""Share of the memory limit that a worker may still hold when its next job begins."""


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


@dataclass(slots=True, kw_only=True, eq=False)
class _Running:
    """A job in a worker, with the events so far."""

    job: Job
    worker: Worker
    fresh: bool
    started: float
    processor: float
    log_start: int
    events: list[dict[str, Any]] = field(default_factory=list)
    peak: int = 0
    stopped: str = ""
    busy: bool = True

    @property
    def over(self) -> bool:
        """Whether the worker reported how the job ended."""
        return bool(self.events) and self.events[-1]["event"] in ("done", "failed")


Listener = Callable[[Job, dict[str, Any]], None]


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
    pool = _Workers(environment or {}, listen, ahead)
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


class _Workers:
    """The workers: those that run a job, and those that wait for one."""

    def __init__(
        self, environment: Mapping[str, str], listen: Listener, ahead: Ahead | None
    ) -> None:
        self.running: list[_Running] = []
        self._idle: list[Worker] = ahead.take() if ahead else []
        self._environment = environment
        self._listen = listen
        self._output: Output = ahead.output if ahead else queue.SimpleQueue()

    def begin(self, job: Job, *, fresh: bool = False) -> None:
        """Give a job to an idle worker, or to a new one."""
        idle = [] if fresh else [one for one in self._idle if one.module == job.module]
        if idle:
            self._idle.remove(idle[0])
        worker = idle[0] if idle else start(job.module, self._environment, self._output)
        self.running.append(_begun(job, worker, fresh=not idle))
        self._listen(job, {"event": "start"})

    def ended(self) -> list[_Running]:
        """Jobs that have ended: as reported, with their worker, or because of the limits."""
        self._receive(_POLL)
        held = resident([one.worker.process.pid for one in self.running])
        for one in self.running:
            if not one.over:
                _enforce(one, held[one.worker.process.pid])
        dead = [one for one in self.running if not one.worker.alive]
        for one in dead:
            one.worker.kill()
        self._receive(0)
        return [one for one in self.running if one.over or one in dead]

    def release(self, one: _Running) -> None:
        """Keep the worker of a finished job for the next one, if it is fit for that."""
        self.running.remove(one)
        pid, most = one.worker.process.pid, _KEPT * one.job.limits.memory
        if one.worker.alive and resident([pid])[pid] < most:
            self._idle.append(one.worker)
        else:
            one.worker.end()

    def close(self) -> None:
        """End all workers."""
        for worker in (*self._idle, *(one.worker for one in self.running)):
            worker.end()

    def _receive(self, seconds: float) -> None:
        """Take the workers' output; wait for the first line."""
        with suppress(queue.Empty):
            self._note(*self._output.get(timeout=seconds))
        # Only what is there now: a worker that never stops writing has limits too.
        for _ in range(self._output.qsize()):
            self._note(*self._output.get())

    def _note(self, process: subprocess.Popen[bytes], line: bytes) -> None:
        one = next((one for one in self.running if one.worker.process is process), None)
        # A line that a kill cut off does not end in a line feed.
        if one and line.endswith(b"\n"):
            event = json.loads(line)
            one.events.append(event)
            self._listen(one.job, event)


def _begun(job: Job, worker: Worker, *, fresh: bool) -> _Running:
    started, log_start = time.monotonic(), worker.log.seek(0, os.SEEK_END)
    processor = processor_seconds(worker.process.pid)
    # If the worker is dead, `ended` reports it.
    with suppress(OSError):
        worker.orders.write(pickle.dumps(job.order))
        worker.orders.flush()
    return _Running(
        job=job,
        worker=worker,
        fresh=fresh,
        started=started,
        processor=processor,
        log_start=log_start,
    )


def _enforce(one: _Running, memory: int) -> None:
    limits = one.job.limits
    one.peak = max(one.peak, memory)
    if memory > limits.memory:
        one.stopped = "memory"
    elif time.monotonic() - one.started > limits.seconds:
        one.stopped = "time"
    if one.stopped == "time":
        used = processor_seconds(one.worker.process.pid) - one.processor
        one.busy = used >= _BUSY * limits.seconds
    if one.stopped:
        one.worker.kill()


def _size(amount: int) -> str:
    """A limit of memory: whoever forgot the unit of "3" has to see that it is three bytes."""
    return f"{amount / 2**20:.0f} MiB" if amount >= 1 << 20 else f"{amount} bytes"


def _result(one: _Running) -> Result:
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
        seconds=time.monotonic() - one.started,
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

"""The worker processes: started, given jobs, stopped at the limits, kept for the next job."""

from __future__ import annotations

import json
import os
import pickle
import queue
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from gallery.pipeline.workers.jobs import Job, Listener
from gallery.pipeline.workers.processes import processor_seconds, resident
from gallery.pipeline.workers.started import Ahead, Output, Worker, start

_POLL = 0.1
"""Seconds between two checks of the workers' memory."""

_RISING = 600.0
"""Seconds that a worker that was started ahead may take until it is ready, for which its first job
does not pay."""

_BUSY = 0.5
"""Share of the time limit that a job has had the processor for if it is really too slow."""

_KEPT = 0.25
"""Share of the memory limit that a worker may still hold when its next job begins."""


@dataclass(slots=True, kw_only=True, eq=False)
class Running:
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
    def seconds(self) -> float:
        """How long it has run."""
        return time.monotonic() - self.started

    @property
    def over(self) -> bool:
        """Whether the worker reported how the job ended."""
        return bool(self.events) and self.events[-1]["event"] in ("done", "failed")


class Pool:
    """The workers: those that run a job, and those that wait for one."""

    def __init__(
        self, environment: Mapping[str, str], listen: Listener, ahead: Ahead | None
    ) -> None:
        self.running: list[Running] = []
        self._idle: list[Worker] = ahead.take() if ahead else []
        self._rising = [one.process for one in self._idle]
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

    def ended(self) -> list[Running]:
        """Jobs that have ended: as reported, with their worker, or because of the limits."""
        self._receive(_POLL)
        held = resident([one.worker.process.pid for one in self.running])
        for one in self.running:
            if not one.over:
                rising = one.worker.process in self._rising
                _enforce(one, held[one.worker.process.pid], _RISING if rising else 0.0)
        dead = [one for one in self.running if not one.worker.alive]
        for one in dead:
            one.worker.kill()
        self._receive(0)
        return [one for one in self.running if one.over or one in dead]

    def release(self, one: Running) -> None:
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
        if process in self._rising and line.endswith(b"\n"):
            self._rising.remove(process)  # its first line says that it is ready
            if one:
                one.started, one.processor = time.monotonic(), processor_seconds(process.pid)
        elif one and line.endswith(b"\n"):
            event = json.loads(line)
            one.events.append(event)
            self._listen(one.job, event)


def _begun(job: Job, worker: Worker, *, fresh: bool) -> Running:
    started, log_start = time.monotonic(), worker.log.seek(0, os.SEEK_END)
    processor = processor_seconds(worker.process.pid)
    # If the worker is dead, `ended` reports it.
    with suppress(OSError):
        worker.orders.write(pickle.dumps(job.order))
        worker.orders.flush()
    return Running(
        job=job,
        worker=worker,
        fresh=fresh,
        started=started,
        processor=processor,
        log_start=log_start,
    )


def _enforce(one: Running, memory: int, extra: float) -> None:
    """Stop a job that exceeds its limits, of which that of time is longer by some seconds."""
    limits = one.job.limits
    one.peak = max(one.peak, memory)
    if memory > limits.memory:
        one.stopped = "memory"
    elif one.seconds > limits.seconds + extra:
        one.stopped = "time"
    if one.stopped == "time":
        used = processor_seconds(one.worker.process.pid) - one.processor
        one.busy = used >= _BUSY * limits.seconds
    if one.stopped:
        one.worker.kill()

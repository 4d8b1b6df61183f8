"""Runs jobs in worker processes and stops those that take too much time or memory.

A worker does one job after the other: to import numba and to load compiled kernels took 1.3 s a
job, as long as drawing a large scan. A crash, a kill or a hang harms one job only: it ends the
worker too, and what it did before is in the cache. A job that crashes or takes too much memory in a
worker that has done others is done again in a new one, whose memory is all its own: how a job ends
never depends on those before it. Results carry the name of their job and come in the order in which
the jobs end.
"""

from __future__ import annotations

import json
import os
import pickle
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from gallery.pipeline.workers.processes import end, own_group, resident
from gallery.settings.values import Limits

_POLL = 0.1
"""Seconds between two looks at the memory of the workers."""

_PATIENCE = 1.0
"""Seconds until a pipe that a process outside the worker's tree holds open is given up."""

_KEPT = 0.25
"""Share of the memory limit that a worker may still hold when its next job begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A piece of work for a worker process.

    Attributes:
        name: Unique among the jobs.
        order: What the worker gets; pickled.
        limits: Enforced by killing the worker and all that it started.
        module: Module that the worker runs.
    """

    name: str
    order: Any
    limits: Limits
    module: str = "gallery.pipeline.workers.worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a job ended.

    Attributes:
        job: The job.
        events: What the worker said, in order.
        ending: "done", "failed" (it says why), "time", "memory" or "crash".
        stage: The stage that ran when it ended.
        detail: For a crash the exit status and the tail of the log; else what was found.
        hint: What to do, or "".
        lasting: Whether the job fails whenever it is done, by what the worker says.
        seconds: Wall-clock time.
        peak_bytes: Largest resident memory of the process and its children, as polled.
        log: What the worker wrote on standard error meanwhile, at most its last 64 KiB.
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Worker:
    """A process that waits for jobs or does one."""

    module: str
    process: subprocess.Popen[bytes]
    orders: IO[bytes]
    reader: threading.Thread
    log: IO[bytes]

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process.poll() is None

    def kill(self) -> None:
        """End it and all that it started; what it said has then been read."""
        end(self.process)
        self.reader.join(_PATIENCE)

    def end(self) -> None:
        """Kill it and close its files."""
        self.kill()
        with suppress(OSError):
            self.orders.close()
        self.log.close()


@dataclass(slots=True, kw_only=True, eq=False)
class _Running:
    """A job in a worker, with what was heard of it."""

    job: Job
    worker: _Worker
    fresh: bool
    started: float
    log_start: int
    events: list[dict[str, Any]] = field(default_factory=list)
    peak: int = 0
    stopped: str = ""

    @property
    def over(self) -> bool:
        """Whether the worker said how it went."""
        return bool(self.events) and self.events[-1]["event"] in ("done", "failed")


Listener = Callable[[Job, dict[str, Any]], None]

_Said = queue.SimpleQueue[tuple[subprocess.Popen[bytes], bytes]]
"""Lines of all workers, in the order in which they come."""


def supervise(
    jobs: deque[Job],
    workers: int,
    listen: Listener,
    environment: Mapping[str, str] | None = None,
) -> Generator[Result, None, None]:
    """Run jobs until none is left; the caller may append more while it takes results.

    Args:
        jobs: Taken from the left.
        workers: Number of processes at once.
        listen: Called with each event of a worker, as it comes.
        environment: Added to this process's environment.

    Yields:
        One result a job, in the order in which they end.
    """
    pool = _Workers(environment or {}, listen)
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
    """The workers: those that do a job, and those that wait for one."""

    def __init__(self, environment: Mapping[str, str], listen: Listener) -> None:
        self.running: list[_Running] = []
        self._idle: list[_Worker] = []
        self._environment = environment
        self._listen = listen
        self._said: _Said = queue.SimpleQueue()

    def begin(self, job: Job, *, fresh: bool = False) -> None:
        """Give a job to a worker that waits, or to a new one."""
        able = [] if fresh else [one for one in self._idle if one.module == job.module]
        if able:
            self._idle.remove(able[0])
        worker = able[0] if able else _start(job.module, self._environment, self._said)
        self.running.append(_begun(job, worker, fresh=not able))
        self._listen(job, {"event": "start"})

    def ended(self) -> list[_Running]:
        """Jobs that ended, by what their workers say, by themselves, or because of the limits."""
        self._hear(_POLL)
        held = resident([one.worker.process.pid for one in self.running])
        for one in self.running:
            if not one.over:
                _enforce(one, held[one.worker.process.pid])
        gone = [one for one in self.running if not one.worker.alive]
        for one in gone:
            one.worker.kill()
        self._hear(0)
        return [one for one in self.running if one.over or one in gone]

    def release(self, one: _Running) -> None:
        """Let the worker of a job that ended wait for the next one, if it can."""
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

    def _hear(self, seconds: float) -> None:
        """Note what the workers have said; wait for the first word."""
        with suppress(queue.Empty):
            self._note(*self._said.get(timeout=seconds))
        # No more than there is now: a worker that never stops talking has limits too.
        for _ in range(self._said.qsize()):
            self._note(*self._said.get())

    def _note(self, process: subprocess.Popen[bytes], line: bytes) -> None:
        one = next((one for one in self.running if one.worker.process is process), None)
        # The line that a kill cut off has no end.
        if one and line.endswith(b"\n"):
            event = json.loads(line)
            one.events.append(event)
            self._listen(one.job, event)


def _begun(job: Job, worker: _Worker, *, fresh: bool) -> _Running:
    started, log_start = time.monotonic(), worker.log.seek(0, os.SEEK_END)
    # That a worker is gone is told by its end.
    with suppress(OSError):
        worker.orders.write(pickle.dumps(job.order))
        worker.orders.flush()
    return _Running(job=job, worker=worker, fresh=fresh, started=started, log_start=log_start)


def _start(module: str, environment: Mapping[str, str], said: _Said) -> _Worker:
    # The child finds this package also where it is not installed (build.py in a checkout).
    root = str(Path(__file__).resolve().parents[3])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, **environment, "PYTHONPATH": os.pathsep.join(paths)}
    # To append: the worker's writes must not follow where this process reads. (Windows has one
    # place for both, but this process reads to the end, and only while the worker is silent.)
    log = tempfile.TemporaryFile("a+b")  # noqa: SIM115 - closed when the worker ends
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=env,
        **own_group(),
    )
    assert process.stdin is not None
    # A thread, because Windows can wait for many sockets at once, but not for many pipes.
    reader = threading.Thread(target=_read, args=(process, said), daemon=True)
    reader.start()
    return _Worker(module=module, process=process, orders=process.stdin, reader=reader, log=log)


def _read(process: subprocess.Popen[bytes], said: _Said) -> None:
    """Pass on each line of a worker, and an empty one when there will be no more."""
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            said.put((process, line))
    said.put((process, b""))


def _enforce(one: _Running, memory: int) -> None:
    limits = one.job.limits
    one.peak = max(one.peak, memory)
    if memory > limits.memory:
        one.stopped = "memory"
    elif time.monotonic() - one.started > limits.seconds:
        one.stopped = "time"
    if one.stopped:
        one.worker.kill()


def _result(one: _Running) -> Result:
    file, limits = one.worker.log, one.job.limits
    file.seek(max(one.log_start, file.seek(0, os.SEEK_END) - (1 << 16)))
    log = file.read().decode(errors="replace")
    last = one.events[-1] if one.events else {"event": ""}
    stage, ending, detail, hint = _stage(one.events), "done", "", ""
    if one.stopped == "time":
        ending, detail = "time", f"more than {limits.seconds:g} s"
        hint = "lower `vertices` or raise limits.seconds"
    elif one.stopped == "memory":
        ending, detail = "memory", f"more than {limits.memory / 2**20:.0f} MiB of memory"
        hint = "lower `vertices` or raise limits.memory"
    elif last["event"] == "failed":
        ending, stage, detail, hint = "failed", last["stage"], last["found"], last["hint"]
    elif last["event"] != "done":
        tail = " ".join(log.split())[-200:]
        status = _status(one.worker.process)
        ending, detail = "crash", f"the worker ended with {status} {tail}".strip()
        hint = "please report it with the model; the other models are not harmed"
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
        lasting=ending == "failed" and bool(last.get("lasting")),
    )


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

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
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from gallery.settings.values import Limits

_POLL = 0.1
"""Seconds between two looks at the memory of the workers; one look costs about 0.1 ms each."""

_KEPT = 0.25
"""Share of the memory limit that a worker may still hold when its next job begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A piece of work for a worker process.

    Attributes:
        name: Unique among the jobs.
        order: What the worker gets; pickled.
        module: Module that the worker runs.
    """

    name: str
    order: Any
    module: str = "gallery.pipeline.workers.worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a job ended.

    Attributes:
        job: The job.
        events: What the worker said, in order.
        ending: "done", "failed" (it says why), "time", "memory" or "crash".
        stage: The stage that ran last.
        detail: For a crash the exit status and the tail of the log; else what was found.
        hint: What to do, or "".
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Worker:
    """A process that waits for jobs or does one."""

    module: str
    process: subprocess.Popen[bytes]
    orders: IO[bytes]
    events: IO[bytes]
    log: IO[bytes]

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process.poll() is None

    def kill(self) -> None:
        """End its process and all that these started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def end(self) -> None:
        """Kill it and close its files."""
        self.kill()
        with suppress(BrokenPipeError):
            self.orders.close()
        self.events.close()
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
    rest: bytes = b""
    peak: int = 0
    stopped: str = ""

    @property
    def over(self) -> bool:
        """Whether the worker said how it went."""
        return bool(self.events) and self.events[-1]["event"] in ("done", "failed")


Listener = Callable[[Job, dict[str, Any]], None]


def supervise(
    jobs: deque[Job],
    workers: int,
    limits: Limits,
    listen: Listener,
    environment: Mapping[str, str] | None = None,
) -> Generator[Result, None, None]:
    """Run jobs until none is left; the caller may append more while it takes results.

    Args:
        jobs: Taken from the left.
        workers: Number of processes at once.
        limits: Enforced for each job by killing its whole process group.
        listen: Called with each event of a worker, as it comes.
        environment: Added to this process's environment.

    Yields:
        One result a job, in the order in which they end.
    """
    crew = _Crew(limits, environment or {}, listen)
    try:
        while jobs or crew.running:
            while jobs and len(crew.running) < workers:
                crew.begin(jobs.popleft())
            for one in crew.ended():
                result = _result(one, limits)
                crew.release(one)
                if result.ending in ("crash", "memory") and not one.fresh:
                    crew.begin(one.job, fresh=True)
                else:
                    yield result
    finally:
        crew.close()


class _Crew:
    """The workers: those that do a job, and those that wait for one."""

    def __init__(self, limits: Limits, environment: Mapping[str, str], listen: Listener) -> None:
        self.running: list[_Running] = []
        self._idle: list[_Worker] = []
        self._limits = limits
        self._environment = environment
        self._listen = listen
        self._selector = selectors.DefaultSelector()

    def begin(self, job: Job, *, fresh: bool = False) -> None:
        """Give a job to a worker that waits, or to a new one."""
        able = [] if fresh else [one for one in self._idle if one.module == job.module]
        if able:
            self._idle.remove(able[0])
        worker = able[0] if able else _start(job.module, self._environment)
        one = _begun(job, worker, fresh=not able)
        self.running.append(one)
        self._selector.register(worker.events, selectors.EVENT_READ, one)
        self._listen(job, {"event": "start"})

    def ended(self) -> list[_Running]:
        """Jobs that ended, by what their workers say, by themselves, or because of the limits."""
        for key, _ in self._selector.select(_POLL):
            _hear(key.data, self._listen)
        for one in self.running:
            if not one.over:
                _enforce(one, self._limits)
            if not one.worker.alive:
                _drain(one, self._listen)
        return [one for one in self.running if one.over or not one.worker.alive]

    def release(self, one: _Running) -> None:
        """Let the worker of a job that ended wait for the next one, if it can."""
        self.running.remove(one)
        self._selector.unregister(one.worker.events)
        most = _KEPT * self._limits.memory
        if one.worker.alive and _resident(one.worker.process.pid) < most:
            self._idle.append(one.worker)
        else:
            one.worker.end()

    def close(self) -> None:
        """End all workers."""
        for worker in (*self._idle, *(one.worker for one in self.running)):
            worker.end()
        self._selector.close()


def _begun(job: Job, worker: _Worker, *, fresh: bool) -> _Running:
    started, log_start = time.monotonic(), worker.log.seek(0, os.SEEK_END)
    with suppress(BrokenPipeError):
        worker.orders.write(pickle.dumps(job.order))
        worker.orders.flush()
    return _Running(job=job, worker=worker, fresh=fresh, started=started, log_start=log_start)


def _start(module: str, environment: Mapping[str, str]) -> _Worker:
    # The child finds this package also where it is not installed (build.py in a checkout).
    root = str(Path(__file__).resolve().parents[3])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, **environment, "PYTHONPATH": os.pathsep.join(paths)}
    # To append: the worker's writes must not follow where this process reads.
    log = tempfile.TemporaryFile("a+b")  # noqa: SIM115 - closed when the worker ends
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=env,
        process_group=0,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    return _Worker(
        module=module, process=process, orders=process.stdin, events=process.stdout, log=log
    )


def _hear(one: _Running, listen: Listener) -> None:
    with suppress(BlockingIOError):
        one.rest += os.read(one.worker.events.fileno(), 1 << 16)
    *lines, one.rest = one.rest.split(b"\n")
    for line in lines:
        event = json.loads(line)
        one.events.append(event)
        listen(one.job, event)


def _drain(one: _Running, listen: Listener) -> None:
    before = -1
    while len(one.rest) + len(one.events) != before:
        before = len(one.rest) + len(one.events)
        _hear(one, listen)


def _enforce(one: _Running, limits: Limits) -> None:
    memory = _resident(one.worker.process.pid)
    one.peak = max(one.peak, memory)
    if memory > limits.memory:
        one.stopped = "memory"
    elif time.monotonic() - one.started > limits.seconds:
        one.stopped = "time"
    if one.stopped:
        one.worker.kill()


def _resident(pid: int) -> int:
    """Resident bytes of a process and all below it; 0 where there is no /proc."""
    total = 0
    with suppress(OSError, ValueError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        total += pages * os.sysconf("SC_PAGE_SIZE")
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            total += _resident(int(child))
    return total


def _result(one: _Running, limits: Limits) -> Result:
    file = one.worker.log
    file.seek(max(one.log_start, file.seek(0, os.SEEK_END) - (1 << 16)))
    log = file.read().decode(errors="replace")
    steps = [event["stage"] for event in one.events if event["event"] == "step"]
    last = one.events[-1] if one.events else {"event": ""}
    stage, ending, detail, hint = steps[-1] if steps else "start", "done", "", ""
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
    )


def _status(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    if code < 0:
        with suppress(ValueError):
            return signal.Signals(-code).name
    return f"status {code}"

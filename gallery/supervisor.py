"""Runs jobs in processes of their own and stops those that take too much time or memory.

One job is one process: a crash, a kill or a hang harms that job only. Results carry the name of
their job and come in the order in which the jobs end.
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

from gallery.settings import Limits

_POLL = 0.1
"""Seconds between two looks at the memory of the workers; one look costs about 0.1 ms each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A piece of work for a process of its own.

    Attributes:
        name: Unique among the jobs.
        order: What the worker gets; pickled.
        module: Module that the process runs.
    """

    name: str
    order: Any
    module: str = "gallery.worker"


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
        log: What the worker wrote on standard error, at most its last 64 KiB.
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


@dataclass(slots=True)
class _Running:
    """A process with what was heard from it."""

    job: Job
    process: subprocess.Popen[bytes]
    log: IO[bytes]
    started: float
    events: list[dict[str, Any]] = field(default_factory=list)
    rest: bytes = b""
    peak: int = 0
    stopped: str = ""


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
    running: dict[int, _Running] = {}
    selector = selectors.DefaultSelector()
    try:
        while jobs or running:
            while jobs and len(running) < workers:
                one = _start(jobs.popleft(), environment or {})
                running[one.process.pid] = one
                selector.register(_pipe(one), selectors.EVENT_READ, one)
                listen(one.job, {"event": "start"})
            for key, _ in selector.select(_POLL):
                _hear(key.data, listen)
            for one in list(running.values()):
                _enforce(one, limits)
                if one.process.poll() is None:
                    continue
                selector.unregister(_pipe(one))
                del running[one.process.pid]
                _drain(one, listen)
                yield _result(one, limits)
    finally:
        for one in running.values():
            _kill(one)
            _pipe(one).close()
            one.log.close()
        selector.close()


def _start(job: Job, environment: Mapping[str, str]) -> _Running:
    # The child finds this package also where it is not installed (build.py in a checkout).
    root = str(Path(__file__).resolve().parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, **environment, "PYTHONPATH": os.pathsep.join(paths)}
    log = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the job's result is made
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", job.module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=env,
        process_group=0,
    )
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.write(pickle.dumps(job.order))
        process.stdin.close()
    one = _Running(job=job, process=process, log=log, started=time.monotonic())
    os.set_blocking(_pipe(one).fileno(), False)
    return one


def _pipe(one: _Running) -> IO[bytes]:
    assert one.process.stdout is not None
    return one.process.stdout


def _hear(one: _Running, listen: Listener) -> None:
    with suppress(BlockingIOError):
        one.rest += os.read(_pipe(one).fileno(), 1 << 16)
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
    _pipe(one).close()


def _enforce(one: _Running, limits: Limits) -> None:
    if one.stopped:
        return
    memory = _resident(one.process.pid)
    one.peak = max(one.peak, memory)
    if memory > limits.memory:
        one.stopped = "memory"
    elif time.monotonic() - one.started > limits.seconds:
        one.stopped = "time"
    if one.stopped:
        _kill(one)


def _kill(one: _Running) -> None:
    with suppress(ProcessLookupError):
        os.killpg(one.process.pid, signal.SIGKILL)
    one.process.wait()


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
    one.log.seek(max(0, one.log.seek(0, os.SEEK_END) - (1 << 16)))
    log = one.log.read().decode(errors="replace")
    one.log.close()
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
        ending, detail = "crash", f"the worker ended with {_status(one.process)} {tail}".strip()
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

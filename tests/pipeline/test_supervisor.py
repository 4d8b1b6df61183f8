"""Jobs in worker processes: results by name, limits from outside, crashes that stay alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from gallery.pipeline.workers import pool, processes
from gallery.pipeline.workers.jobs import Job, Result
from gallery.pipeline.workers.pool import Running
from gallery.pipeline.workers.started import Ahead
from gallery.pipeline.workers.supervisor import supervise
from gallery.settings.values import Limits

WORKER = """
import ctypes, json, os, pickle, subprocess, sys, time
def say(**event): print(json.dumps(event), flush=True)
def start(code, **options):
    command = [sys.executable, "-c", code + "; import time; time.sleep(600)"]
    child = subprocess.Popen(command, **options)
    say(event="step", stage="lower", what=str(child.pid), seconds=None)
left = []
while True:
    try: order = pickle.load(sys.stdin.buffer)
    except EOFError: break
    if sys.argv[1:2] == ["ahead"]: say(event="ready")
    say(event="step", stage="lower", what=str(os.getpid()), seconds=None)
    print("log of", order, file=sys.stderr, flush=True)
    if order == "crash": ctypes.string_at(0)
    if order == "hang":
        while True: time.sleep(60)
    if order == "grow":
        kept = []
        while True: kept.append(bytearray(os.urandom(1 << 20)) * 8)
    if order == "leave": os._exit(7)
    if order == "half":
        print('{"event": "do', end="", flush=True)
        os._exit(9)
    if order == "breed":
        start("much = bytearray(b'x') * (300 << 20)", start_new_session=True)
        while True: time.sleep(60)
    if order == "orphan":
        start("pass")
        os._exit(7)
    if order == "litter": left.append(bytearray(b"x") * (100 << 20))
    if order == "big":
        much = bytearray(b"x") * (500 << 20)
        while left: time.sleep(60)
    if order == "pick" and left: os._exit(8)
    if order == "fail": say(event="failed", stage="lower", found="it is odd", hint="make it even")
    else: say(event="done")
"""


def odd(*orders: str, limits: Limits = Limits()) -> deque[Job]:  # noqa: B008 - frozen
    """Jobs by the name of their order and, after a colon, what tells them apart."""
    return deque(
        Job(name=order, order=order.partition(":")[0], limits=limits, module="odd_worker")
        for order in orders
    )


def workers_of(results: Iterable[Result]) -> list[str]:
    """The process in which each job ended."""
    return [result.events[0]["what"] for result in results]


@pytest.fixture
def odd_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that workers can run."""
    (tmp_path / "odd_worker.py").write_text(WORKER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.fixture
def jobs(odd_worker: None) -> deque[Job]:
    """One job for each way to end; only one that hangs can take too long."""
    hanging = Limits(seconds=1000, memory=200 << 20)
    limits = replace(hanging, seconds=1e9)
    others = odd("crash", "well", "grow", "leave", "fail", limits=limits)
    return odd("hang", limits=hanging) + others


class Clock:
    """Time that passes at once as soon as a job hangs, so that nobody waits for its limit."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self._skipped

    def listen(self, job: Job, event: dict[str, object]) -> None:
        if (job.name, event["event"]) == ("hang", "step"):
            self._skipped = 2000.0


def test_each_way_to_end(jobs: deque[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(pool, "time", clock)
    found = {one.job.name: one for one in supervise(jobs, 3, clock.listen)}
    endings = {name: result.ending for name, result in found.items()}
    assert endings == {
        "crash": "crash",
        "hang": "time",
        "well": "done",
        "grow": "memory",
        "leave": "crash",
        "fail": "failed",
    }
    assert {result.stage for result in found.values()} == {"lower"}
    assert "SIGSEGV" in found["crash"].detail
    assert "status 7" in found["leave"].detail
    assert found["hang"].detail == "took more than 1000 s"
    assert found["grow"].detail == "used more than 200 MiB of memory"
    assert found["grow"].peak_bytes > 200 << 20
    assert (found["fail"].detail, found["fail"].hint) == ("it is odd", "make it even")


def test_a_worker_does_one_job_after_the_other(odd_worker: None) -> None:
    jobs = odd("well:1", "fail:2", "well:3", "crash:4", "well:5", "well:6")
    results = list(supervise(jobs, 1, lambda _job, _event: None))
    endings = [result.ending for result in results]
    assert " ".join(endings) == "done failed done crash done done"
    first, second, third, crashed, fifth, sixth = workers_of(results)
    assert first == second == third
    assert fifth == sixth
    assert len({first, crashed, fifth}) == 3
    logs = [result.log.split()[:3] for result in results]
    assert logs == [["log", "of", job] for job in ("well", "fail", "well", "crash", "well", "well")]
    assert all(result.log.count("log of") == 1 for result in results)


def test_no_job_pays_for_the_memory_of_those_before(odd_worker: None) -> None:
    limits = Limits(seconds=3600, memory=600 << 20)
    results = list(supervise(odd("litter", "big", limits=limits), 1, lambda _job, _event: None))
    assert [result.ending for result in results] == ["done", "done"]
    assert len(set(workers_of(results))) == 2


def test_a_worker_that_holds_much_gets_no_other_job(odd_worker: None) -> None:
    for memory, workers in ((600 << 20, 1), (300 << 20, 2)):
        jobs = odd("litter", "well", limits=Limits(seconds=3600, memory=memory))
        results = list(supervise(jobs, 1, lambda _job, _event: None))
        assert [result.ending for result in results] == ["done", "done"]
        assert len(set(workers_of(results))) == workers


def test_a_job_that_crashes_after_others_is_done_again_alone(odd_worker: None) -> None:
    results = list(supervise(odd("litter", "pick"), 1, lambda _job, _event: None))
    assert [result.ending for result in results] == ["done", "done"]
    assert len(set(workers_of(results))) == 2


def test_jobs_can_be_added_while_results_come(jobs: deque[Job]) -> None:
    (again,) = odd("well:again")
    few = deque(job for job in jobs if job.name in ("well", "fail"))
    names = []
    for result in supervise(few, 2, lambda _job, _event: None):
        names.append(result.job.name)
        if result.job.name == "fail":
            few.append(again)
    assert sorted(names) == ["fail", "well", "well:again"]


def test_the_peak_of_a_job_is_the_most_that_it_has_held() -> None:
    job = Job(name="a", order=(), limits=Limits())
    worker: Any = None
    now = time.monotonic()
    one = Running(job=job, worker=worker, fresh=True, started=now, processor=0.0, log_start=0)
    for memory in (5, 9, 3):
        pool._enforce(one, memory, 0.0)
    assert one.peak == 9


def gone(pid: int) -> bool:
    """Whether a process has ended or does so soon; a zombie waits for its new parent alone."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for _ in range(6000):
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
            with suppress(psutil.TimeoutExpired):
                process.wait(timeout=0.01)
                return True
        process.kill()
        return False
    return True


def test_what_a_dying_worker_said_half_is_passed_over(odd_worker: None) -> None:
    (result,) = supervise(odd("half"), 1, lambda _job, _event: None)
    assert (result.ending, len(result.events)) == ("crash", 1)
    assert "status 9" in result.detail


def test_a_crash_takes_along_what_the_worker_started(odd_worker: None) -> None:
    """The child holds the pipe of the worker's events too."""
    (result,) = supervise(odd("orphan"), 1, lambda _job, _event: None)
    assert result.ending == "crash"
    assert gone(int(result.events[1]["what"]))


@pytest.mark.parametrize("listed", [True, False])
def test_limits_count_and_take_along_what_the_worker_started(
    odd_worker: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, listed: bool
) -> None:
    """With the kernel's list of children and without; the child leaves the process group."""
    if not listed:
        monkeypatch.setattr(processes, "_CHILDREN", tmp_path / "none")
    limits = Limits(seconds=3600, memory=200 << 20)
    (result,) = supervise(odd("breed", limits=limits), 1, lambda _job, _event: None)
    assert result.ending == "memory"
    assert result.peak_bytes > 200 << 20
    assert gone(int(result.events[1]["what"]))


def test_both_ways_to_look_at_memory_see_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code = "much = bytearray(b'x') * (50 << 20); print(flush=True); import time; time.sleep(600)"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        try:
            listed = processes.resident([child.pid])
            monkeypatch.setattr(processes, "_CHILDREN", tmp_path / "none")
            # Between two looks, the kernel may take back pages of files, such as libraries.
            assert processes.resident([child.pid]) == pytest.approx(listed, abs=20 << 20)
            assert listed[child.pid] > 50 << 20
        finally:
            processes.end(child)
        assert processes.resident([child.pid]) == {child.pid: 0}


def test_processor_time_counts_what_a_process_started() -> None:
    work = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'while True: pass'])"
    with subprocess.Popen([sys.executable, "-c", work], **processes.own_group()) as child:
        for _ in range(6000):
            if (used := processes.processor_seconds(child.pid)) > 1:
                break
            time.sleep(0.01)
        processes.end(child)
    assert used > 1


def test_no_worker_outlives_its_supervisor(jobs: deque[Job]) -> None:
    hang = next(job for job in jobs if job.name == "hang")
    others = psutil.Process().children()  # a browser of earlier tests, for example
    workers = []

    def listen(_job: Job, event: dict[str, object]) -> None:
        if event["event"] == "step":
            workers.extend(one for one in psutil.Process().children() if one not in others)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(supervise(deque([hang]), 1, listen))
    assert len(workers) == 1
    assert not workers[0].is_running()


OBEDIENT = """
import json, os, subprocess, sys
from gallery.pipeline.workers.orders import Orders
for order in Orders():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    for pid in (os.getpid(), child.pid):
        print(json.dumps({"event": "step", "stage": "", "what": str(pid)}), flush=True)
    while order == "work": pass
    child.wait()
"""


@pytest.mark.parametrize("order", ["work", "wait"])
def test_a_killed_parent_takes_its_workers_along(order: str, tmp_path: Path) -> None:
    """At work and while it waits, with what it started."""
    (tmp_path / "obedient.py").write_text(OBEDIENT)
    script = f"""
        import os
        from collections import deque
        from gallery.pipeline.workers.jobs import Job
        from gallery.pipeline.workers.supervisor import supervise
        from gallery.settings.values import Limits
        heard = []
        def listen(_job, event):
            heard.append(event.get("what"))
            if len(heard) == 3:
                print(*heard[1:], flush=True)
                os.kill(os.getpid(), {int(signal.SIGKILL)})
        job = Job(name="one", order={order!r}, limits=Limits(), module="obedient")
        list(supervise(deque([job]), 1, listen))
    """
    paths = [str(tmp_path), str(Path(__file__).parents[2])]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    worker, child = map(int, done.stdout.split())
    assert gone(worker)
    assert gone(child)


def test_a_job_does_not_pay_for_a_worker_that_gets_ready(
    odd_worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five minutes pass as soon as the worker has the job, and before it says that it is ready."""
    passed = [0.0]
    monkeypatch.setattr(
        pool, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + passed[0])
    )

    def listen(_job: Job, event: dict[str, Any]) -> None:
        if event["event"] == "start":
            passed[0] = 300.0

    ahead = Ahead({}, "odd_worker")
    jobs = odd("well", limits=Limits(seconds=200))
    (result,) = supervise(jobs, 1, listen, {}, ahead)
    ahead.close()
    assert (result.ending, [one["event"] for one in result.events]) == ("done", ["step", "done"])

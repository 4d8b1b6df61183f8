"""Jobs in worker processes: results by name, limits from outside, crashes that stay alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterable
from pathlib import Path

import pytest

from gallery.pipeline.workers.supervisor import Job, Result, supervise
from gallery.settings.values import Limits

WORKER = """
import ctypes, json, os, pickle, sys, time
def say(**event): print(json.dumps(event), flush=True)
left = []
while True:
    try: order = pickle.load(sys.stdin.buffer)
    except EOFError: break
    say(event="step", stage="lower", what=str(os.getpid()), seconds=None)
    print("log of", order, file=sys.stderr, flush=True)
    if order == "crash": ctypes.string_at(0)
    if order == "hang":
        while True: time.sleep(60)
    if order == "grow":
        kept = []
        while True: kept.append(bytearray(os.urandom(1 << 20)) * 8)
    if order == "leave": os._exit(7)
    if order == "litter": left.append(bytearray(b"x") * (100 << 20))
    if order == "big":
        much = bytearray(b"x") * (500 << 20)
        while left: time.sleep(60)
    if order == "pick" and left: os._exit(8)
    if order == "fail": say(event="failed", stage="lower", found="it is odd", hint="make it even")
    else: say(event="done")
"""


def odd(*orders: str) -> deque[Job]:
    """Jobs by the name of their order and, after a colon, what tells them apart."""
    return deque(
        Job(name=order, order=order.partition(":")[0], module="odd_worker") for order in orders
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
    """One job for each way to end."""
    return odd("crash", "hang", "well", "grow", "leave", "fail")


def ended(jobs: deque[Job]) -> dict[str, Result]:
    limits = Limits(seconds=10, memory=200 << 20)
    results = list(supervise(jobs, 3, limits, lambda _job, _event: None))
    return {result.job.name: result for result in results}


def test_each_way_to_end(jobs: deque[Job]) -> None:
    found = ended(jobs)
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
    assert found["hang"].detail == "more than 10 s"
    assert found["grow"].detail == "more than 200 MiB of memory"
    assert found["grow"].peak_bytes > 200 << 20
    assert (found["fail"].detail, found["fail"].hint) == ("it is odd", "make it even")


def test_a_worker_does_one_job_after_the_other(odd_worker: None) -> None:
    jobs = odd("well:1", "fail:2", "well:3", "crash:4", "well:5", "well:6")
    results = list(supervise(jobs, 1, Limits(), lambda _job, _event: None))
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
    limits = Limits(seconds=60, memory=600 << 20)
    results = list(supervise(odd("litter", "big"), 1, limits, lambda _job, _event: None))
    assert [result.ending for result in results] == ["done", "done"]
    assert len(set(workers_of(results))) == 2


def test_a_worker_that_holds_much_gets_no_other_job(odd_worker: None) -> None:
    for memory, workers in ((600 << 20, 1), (300 << 20, 2)):
        jobs, limits = odd("litter", "well"), Limits(seconds=60, memory=memory)
        results = list(supervise(jobs, 1, limits, lambda _job, _event: None))
        assert [result.ending for result in results] == ["done", "done"]
        assert len(set(workers_of(results))) == workers


def test_a_job_that_crashes_after_others_is_done_again_alone(odd_worker: None) -> None:
    results = list(supervise(odd("litter", "pick"), 1, Limits(), lambda _job, _event: None))
    assert [result.ending for result in results] == ["done", "done"]
    assert len(set(workers_of(results))) == 2


def test_jobs_can_be_added_while_results_come(jobs: deque[Job]) -> None:
    again = Job(name="again", order="well", module="odd_worker")
    few = deque(job for job in jobs if job.name in ("well", "fail"))
    names = []
    for result in supervise(few, 2, Limits(), lambda _job, _event: None):
        names.append(result.job.name)
        if result.job.name == "fail":
            few.append(again)
    assert sorted(names) == ["again", "fail", "well"]


def test_no_worker_outlives_its_parent(jobs: deque[Job], tmp_path: Path) -> None:
    hang = next(job for job in jobs if job.name == "hang")

    def listen(_job: Job, event: dict[str, object]) -> None:
        if event["event"] == "step":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(supervise(deque([hang]), 1, Limits(), listen))
    children = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "args="],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "odd_worker" not in children.stdout


def test_a_killed_parent_takes_its_workers_along() -> None:
    """The real worker asks the kernel for that before it does anything else."""
    script = f"""
import os, subprocess, sys
code = '''
import gallery.pipeline.workers.worker, os, time
gallery.pipeline.workers.worker._end_with(PARENT)
print(os.getpid(), flush=True)
time.sleep(600)
'''.replace("PARENT", str(os.getpid()))
child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
print(child.stdout.readline().decode().strip(), flush=True)
os.kill(os.getpid(), {int(signal.SIGKILL)})
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    pid = int(done.stdout)
    # A dead process whose new parent has not yet waited for it is a zombie.
    state = Path(f"/proc/{pid}/stat")
    for _ in range(1000):
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] in "ZX":
            return
        os.sched_yield()
    os.kill(pid, signal.SIGKILL)
    pytest.fail("the worker outlived its parent")

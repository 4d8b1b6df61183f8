"""A build on a real Dask scheduler with two workers on loopback makes the same bytes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gallery.errors import SettingsError
from gallery.pipeline.build import BuildOptions, build
from tests.conftest import NET, make_models, run_gallery
from tests.onnx_text import write
from tests.pipeline.test_build import tree

pytest.importorskip("distributed")

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("without_workers")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A scheduler and its workers, each a process of its own with its own temporary directory."""

    address: str
    scheduler: subprocess.Popen[str]
    workers: dict[Path, subprocess.Popen[str]]


@contextmanager
def cluster(folder: Path, workers: int, code: str = "") -> Iterator[Cluster]:
    """Start a cluster; `code` is run in each worker before Dask's."""
    with ExitStack() as stack:

        def start(module: str, place: Path, *arguments: str) -> subprocess.Popen[str]:
            place.mkdir()
            run = f"import runpy; runpy.run_module('distributed.cli.{module}', run_name='__main__')"
            command = [sys.executable, "-c", f"{code}\n{run}", *arguments, "--no-dashboard"]
            env = {**os.environ, "TMPDIR": str(place)}
            process = subprocess.Popen(
                command, stderr=subprocess.PIPE, text=True, cwd=place, env=env
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        where = ("--host", "127.0.0.1", "--port", "0")
        scheduler = start("dask_scheduler", folder / "scheduler", *where)
        address = said(scheduler, r"Scheduler at:\s+(tcp://\S+)")
        started = {}
        for number in range(workers):
            place = folder / f"worker{number}"
            worker = start("dask_worker", place, address, "--nthreads", "1", "--no-nanny")
            said(worker, r"(Registered) to")
            started[place] = worker
        yield Cluster(address=address, scheduler=scheduler, workers=started)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a scheduler that has two workers."""
    with cluster(tmp_path_factory.mktemp("cluster"), 2) as started:
        yield started.address


def said(process: subprocess.Popen[str], pattern: str) -> str:
    """What a process says on standard error, as soon as it does."""
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(pattern, line):
            return found[1]
    raise AssertionError("it has ended")


def busy(started: Cluster, build: subprocess.Popen[str]) -> Path:
    """The place of a worker that has a job, as soon as one has."""
    while True:
        for place in started.workers:
            if any(place.glob("gallery-*")):
                return place
        assert build.poll() is None, build.communicate()
        time.sleep(0.01)


def gone(folder: Path) -> bool:
    """Whether the temporary folders below a directory go, within a generous time."""
    for _ in range(6000):
        if not any(folder.glob("*/gallery-*")):
            return True
        time.sleep(0.01)
    return False


@contextmanager
def building(models: Path, site: Path, started: Cluster) -> Iterator[subprocess.Popen[str]]:
    """A build on a cluster, in a process of its own."""
    program = (  # nobody starts a worker where there is none
        "import sys, gallery.pipeline.workers.dask as module\n"
        "from gallery.cli.main import main\n"
        "module._PATIENCE = 0.5\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, "build", models, "-o", site]
    command += ["--scheduler", started.address]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_worker_that_dies_harms_its_jobs_only(models: Path, tmp_path: Path) -> None:
    with cluster(tmp_path, 2) as started, building(models, tmp_path / "site", started) as process:
        started.workers[busy(started, process)].kill()
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        assert "2 built" in out
        assert re.fullmatch(r"((first|deep/second)\.onnx: done in [\d.]+ s\n){2}", err), err
        assert gone(tmp_path)


def test_a_job_whose_workers_die_fails_and_the_others_go_on(models: Path, tmp_path: Path) -> None:
    # Each worker dies of the second model; its nanny starts it again, here the test does.
    fatal = (
        "import os, gallery.pipeline.workers.dask as module\n"
        "real = module.supervise\n"
        "def supervise(jobs, *rest):\n"
        "    if jobs[0].name == 'first': os._exit(1)\n"
        "    return real(jobs, *rest)\n"
        "module.supervise = supervise"
    )
    with cluster(tmp_path, 5, fatal) as started:
        options = BuildOptions(scheduler=started.address)
        report = build(models, tmp_path / "site", options=options)
        assert gone(tmp_path)
    failed = {one.slug: one.failure for one in report.failed}
    assert list(failed) == ["first"]
    assert failed["first"] is not None
    assert failed["first"].stage == "cluster"
    assert "died" in failed["first"].found or "KilledWorker" in failed["first"].found
    assert [one.slug for one in report.done] == ["deep-second"]
    assert build(models, tmp_path / "site").return_code == 0, "it is not remembered"


@pytest.mark.parametrize("victim", ["scheduler", "workers"])
def test_a_cluster_that_dies_is_one_clear_error(models: Path, tmp_path: Path, victim: str) -> None:
    with cluster(tmp_path, 1) as started, building(models, tmp_path / "site", started) as process:
        busy(started, process)
        for one in [started.scheduler] if victim == "scheduler" else started.workers.values():
            one.kill()
        _, err = process.communicate(timeout=300)
        what = "no longer answers" if victim == "scheduler" else "has no workers left"
        assert err.startswith(f"error: cluster: the scheduler {started.address} {what}; start ")
        assert err.count("\n") == 1, err
        assert process.returncode == 1
    assert not (tmp_path / "site").exists()
    assert gone(tmp_path)


def test_workers_of_another_version_are_refused_by_name(models: Path, tmp_path: Path) -> None:
    other = (
        "import importlib.metadata as metadata\n"
        "real = metadata.version\n"
        "metadata.version = lambda name: '0.1' if name == 'numba' else real(name)"
    )
    with cluster(tmp_path, 1, other) as started:
        arguments = (models, "-o", tmp_path / "site", "--scheduler", started.address)
        result = run_gallery("build", *arguments)
    assert result.returncode == 2
    assert re.fullmatch(
        r"error: settings: the worker tcp://\S+ has numba 0\.1 instead of [\d.]+; "
        r"install the same versions on all machines\n",
        result.stderr,
    )


def test_a_cluster_makes_the_same_bytes(scheduler: str, tmp_path: Path) -> None:
    models = make_models(tmp_path / "models")
    (models / "bad.onnx").write_text("no model")
    build(models, tmp_path / "here")
    arguments = (models, "--cache", tmp_path / "cache", "--scheduler", scheduler)
    result = run_gallery("build", *arguments, "-o", tmp_path / "there")
    assert result.returncode == 1
    assert "2 built, 1 failed" in result.stdout
    assert "bad.onnx: load" in result.stderr
    assert tree(tmp_path / "there") == tree(tmp_path / "here")
    again = run_gallery("build", *arguments, "-o", tmp_path / "there")
    assert "2 built (2 unchanged)" in again.stdout


def test_limits_hold_on_a_cluster(scheduler: str, tmp_path: Path) -> None:
    models = make_models(tmp_path / "models")
    arguments = (models, "-o", tmp_path / "site", "--scheduler", scheduler, "--seconds", "0.01")
    result = run_gallery("build", *arguments)
    assert result.returncode == 1
    assert "first.onnx: start: took more than 0.01 s; raise limits.seconds" in result.stderr


def test_what_is_there_is_not_made_again(scheduler: str, tmp_path: Path) -> None:
    models = make_models(tmp_path / "models")
    build(models, tmp_path / "site")
    toml = models / "gallery.toml"
    toml.write_text(toml.read_text().replace("diagram = false", "diagram = true"))
    write(models, NET, "third.onnx")
    options = BuildOptions(scheduler=scheduler)
    made = build(models, tmp_path / "site", options=options).made()
    # The third model is a copy of another and has its facts.
    once = dict.fromkeys(("color", "layout", "lower", "social card"), 1)
    assert made == {**once, "diagram": 3, "graphs": 3, "load": 3}


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x"])
def test_no_scheduler_is_wrong_usage(
    models: Path, tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gallery.pipeline.workers.dask._TIMEOUT", 0.5)
    options = BuildOptions(scheduler=address)
    with pytest.raises(SettingsError, match="no Dask scheduler answers"):
        build(models, tmp_path / "site", options=options)

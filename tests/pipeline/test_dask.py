"""A build on a real Dask scheduler with two workers on loopback makes the same bytes."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gallery.errors import SettingsError
from gallery.pipeline.build import BuildOptions, build
from tests.conftest import NET, make_models, run_gallery
from tests.onnx_text import write
from tests.pipeline.test_build import tree

pytest.importorskip("distributed")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a scheduler that has two workers, each a process of its own."""
    folder = tmp_path_factory.mktemp("cluster")
    with ExitStack() as stack:

        def start(module: str, *arguments: str) -> subprocess.Popen[str]:
            command = [sys.executable, "-m", f"distributed.cli.{module}", *arguments]
            process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=folder)
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        quiet = ("--no-dashboard",)
        started = start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", *quiet)
        address = said(started, r"Scheduler at:\s+(tcp://\S+)")
        for _ in range(2):
            worker = start("dask_worker", address, "--nthreads", "1", "--no-nanny", *quiet)
            said(worker, r"(Registered) to")
        yield address


def said(process: subprocess.Popen[str], pattern: str) -> str:
    """What a process says on standard error, as soon as it does."""
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(pattern, line):
            return found[1]
    raise AssertionError("it has ended")


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
    assert "first.onnx: start: took more than 0.01 s; lower `vertices`" in result.stderr


def test_what_is_there_is_not_made_again(scheduler: str, tmp_path: Path) -> None:
    models = make_models(tmp_path / "models")
    build(models, tmp_path / "site")
    toml = models / "gallery.toml"
    toml.write_text(toml.read_text().replace("diagram = false", "diagram = true"))
    write(models, NET, "third.onnx")
    options = BuildOptions(scheduler=scheduler)
    made = build(models, tmp_path / "site", options=options).made()
    once = dict.fromkeys(("color", "facts", "layout", "lower", "scan", "social card"), 1)
    assert made == {**once, "diagram": 3, "graphs": 3, "load": 3}


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x"])
def test_no_scheduler_is_wrong_usage(
    models: Path, tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gallery.pipeline.workers.dask._TIMEOUT", 0.5)
    options = BuildOptions(scheduler=address)
    with pytest.raises(SettingsError, match="no Dask scheduler answers"):
        build(models, tmp_path / "site", options=options)

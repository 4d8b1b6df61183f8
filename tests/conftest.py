"""Small galleries and the real command for the tests of the whole program."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from gallery.cli.main import main
from gallery.pipeline import schedule, start
from gallery.pipeline.build import build
from tests import in_process
from tests.onnx_text import write


def _net(hidden: int) -> str:
    """Two dense layers as ONNX text."""
    first, second = (", ".join(["0.5"] * size) for size in (8 * hidden, hidden * 4))
    return f"""
net (float[1, 8] x) => (float[1, 4] y)
<float[8, {hidden}] w1 = {{ {first} }}, float[{hidden}, 4] w2 = {{ {second} }}>
{{
    a = MatMul(x, w1)
    b = Relu(a)
    y = MatMul(b, w2)
}}
"""


NET = _net(16)
WIDER = _net(24)

SETTINGS = """
title = "Small nets"
[scan]
vertices = 60
[variants]
sizes = [64]
size = [32]
formats = ["webp"]
vertices = 30
training = false
light = false
skeletons = []
colors = []
diagram = false
names = false
multiples = false
run = false
poster = false
viewer = false
graphs = ["dot", "graphml", "npz"]
"""

# How long an example takes says nothing: the first one compiles kernels.
settings.register_profile("gallery", deadline=None)
settings.load_profile("gallery")

Run = Callable[..., subprocess.CompletedProcess[str]]


def run_gallery(
    *arguments: object, env: dict[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the real command; what it printed and its exit status."""
    command = [sys.executable, "-m", "gallery", *map(str, arguments)]
    environment = {**os.environ, **(env or {})}
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=cwd, timeout=300, check=False
    )


@pytest.fixture
def run() -> Run:
    """The real command in a process of its own."""
    return run_gallery


@pytest.fixture
def run_here(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, without_workers: None
) -> Run:
    """The command in this process, which has loaded all that it needs; builds have no workers."""

    def run(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        if cwd:
            monkeypatch.chdir(cwd)
        try:
            status = main([*map(str, arguments)])
        except SystemExit as end:  # of the reader of arguments
            status = int(end.code or 0)
        return subprocess.CompletedProcess(arguments, status, *capsys.readouterr())

    return run


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A directory with two small models, one with a sidecar, and quick settings."""
    return make_models(tmp_path / "models")


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with all that is made of those models."""
    folder = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedule, "supervise", in_process.supervise)
        assert build(make_models(folder / "models"), folder / "site").return_code == 0
    return folder / ".cache"


@pytest.fixture
def made_models(models: Path, results: Path) -> Path:
    """Those models beside a cache of all that is made of them, where builds look for it."""
    shutil.copytree(results, models.parent / ".cache")
    return models


def make_models(folder: Path) -> Path:
    """Write two small models, one with a sidecar, and quick settings."""
    write(folder, NET, "first.onnx")
    write(folder, NET.replace("net (", "other ("), "deep/second.onnx")
    (folder / "first.md").write_text("---\ntitle: The first\ntags: [small]\n---\nSome *prose*.\n")
    (folder / "gallery.toml").write_text(SETTINGS)
    return folder


@pytest.fixture(scope="module")
def without_workers() -> Iterator[None]:
    """Builds that this process runs do their jobs in it too; the real command has its workers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedule, "supervise", in_process.supervise)
        patch.setattr(start, "worker_ahead", lambda _options: None)
        yield


_LONGEST = (
    *("test_processors.py", "pipeline/test_dask.py", "browser/viewer/test_viewer.py"),
    *("loading/test_operators.py", "lowering/test_adjoint.py", "pipeline/test_build.py"),
    *("rendering/test_measures.py", "pipeline/test_provenance.py", "test_portability.py"),
    *("pipeline/test_kill.py", "pipeline/test_shards.py", "pipeline/test_foreign.py"),
    *("pipeline/test_ownership.py", "pipeline/test_verify.py", "browser/test_injection.py"),
    *("browser/viewer/test_tilt.py", "browser/viewer/test_player.py", "test_workflows.py"),
    *("browser/test_weight.py", "rendering/test_labels.py", "browser/test_pages.py"),
    "browser/test_lost.py",
)
"""Files that take longest, which begin first: each is one worker's, and the last would wait."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first."""
    tests = Path(__file__).parent
    place = {tests / name: number for number, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))

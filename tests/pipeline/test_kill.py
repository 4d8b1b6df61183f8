"""A build that is killed leaves the old site, and the next build ends as if nothing had been."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import WIDER, Run, run_gallery
from tests.onnx_text import write
from tests.pipeline.test_build import tree


def kill_after(lines: int, models: Path, site: Path) -> None:
    """Kill a build, the whole group, when it has said so many lines about its stages."""
    command = [
        sys.executable,
        "-m",
        "gallery",
        "build",
        str(models),
        "-o",
        str(site),
        "-v",
    ]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
    ) as process:
        assert process.stderr is not None
        for _ in range(lines):
            if not process.stderr.readline():
                break
        os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.slow
def test_killed_at_many_moments(made_models: Path, tmp_path: Path, run_here: Run) -> None:
    models, site = made_models, tmp_path / "site"
    assert run_here("build", models, "-o", site).returncode == 0
    before = tree(site)
    write(models, WIDER, "first.onnx")
    (models / "deep" / "second.md").write_text("New prose.")
    other, cache = tmp_path / "other", tmp_path / "cache"
    shutil.copytree(tmp_path / ".cache" / "gallery", cache)
    assert run_here("build", models, "-o", other, "--cache", cache).returncode == 0
    after = tree(other)
    assert before != after
    moments = random.Random(1).sample(range(1, 16), 4)
    for lines in moments:
        kill_after(lines, models, site)
        assert tree(site) in (before, after)
    assert run_here("build", models, "-o", site).returncode == 0
    assert tree(site) == after
    left = [path.name for path in tmp_path.iterdir() if path.name.startswith(".site")]
    assert left == [".site.lock"]


def test_two_builds_at_once(models: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.rmtree(models / "deep")
    command = [sys.executable, "-m", "gallery", "build", str(models), "-o", str(site)]
    builds = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [one.wait(timeout=300) for one in builds] == [0, 0]
    content = tree(site)
    assert run_gallery("build", models, "-o", site).returncode == 0
    assert tree(site) == content

"""A build whose models have changed has a worker that gets ready at once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gallery.cache import Cache
from gallery.pipeline import seen, start
from gallery.pipeline.build import build
from gallery.pipeline.workers import started, warm
from gallery.pipeline.workers.started import Ahead

pytestmark = pytest.mark.usefixtures("without_workers")


class Waiting:
    """In the place of a worker."""

    def __init__(self) -> None:
        self.closed = False

    def take(self) -> list[object]:
        return []

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> list[Waiting]:
    """The workers that builds have started ahead."""
    found: list[Waiting] = []

    def begin(_options: object) -> Waiting:
        found.append(Waiting())
        return found[-1]

    monkeypatch.setattr(start, "worker_ahead", begin)
    return found


def touch(path: Path) -> None:
    path.write_bytes(path.read_bytes())
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize(
    ("change", "starts"),
    [
        (lambda models: touch(models / "first.onnx"), 1),
        (lambda models: touch(models / "gallery.toml"), 1),
        (lambda models: (models / "deep" / "second.onnx").unlink(), 1),
        (lambda models: touch(models / "first.md"), 0),
        (lambda models: None, 0),
    ],
)
def test_only_a_changed_model_or_setting_starts_a_worker(
    made_models: Path, waiting: list[Waiting], change: Callable[[Path], object], starts: int
) -> None:
    build(made_models, made_models.parent / "site")
    assert not waiting
    change(made_models)
    build(made_models, made_models.parent / "site")
    assert [one.closed for one in waiting] == [True] * starts


def test_it_is_a_hint_of_one_site(made_models: Path) -> None:
    cache = Cache(made_models.parent / "cache")
    site, other = made_models.parent / "site", made_models.parent / "other"
    seen.remember(made_models, site, "before", cache)
    assert seen.has_changed(made_models, site, "now", cache)
    assert not seen.has_changed(made_models, site, "before", cache)
    assert not seen.has_changed(made_models, other, "now", cache)


def test_a_worker_that_nobody_took_ends_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(started.tempfile, "tempdir", str(tmp_path))
    ahead = Ahead({})
    worker = ahead._worker
    assert worker
    assert worker.alive
    ahead.close()
    assert not worker.alive
    assert not list(tmp_path.iterdir())


def test_a_worker_that_was_taken_is_left_alone() -> None:
    ahead = Ahead({})
    (worker,) = ahead.take()
    ahead.close()
    assert (worker.alive, ahead.take()) == (True, [])
    worker.end()


def test_getting_ready_is_drawing_a_scan(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger=warm.__name__)
    warm.warm_up(tmp_path, lambda: False)
    assert not caplog.records
    assert any(path.is_file() for path in (tmp_path / "cache" / "files").rglob("*"))


def test_getting_ready_ends_with_the_first_order(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger=warm.__name__)
    warm.warm_up(tmp_path, lambda: True)
    assert not caplog.records
    assert not (tmp_path / "cache" / "records").exists()


def test_a_build_finds_out_what_is_to_be_made_without_what_makes_it() -> None:
    program = "import sys, gallery.pipeline.build; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    heavy = {"numba", "numpy", "onnx", "PIL", "jinja2", "scipy", "urllib.request"}
    assert not heavy & set(done.stdout.split())

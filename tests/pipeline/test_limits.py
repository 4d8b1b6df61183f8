"""A model over its limits: when it is tried again, what is said of it, and what is remembered."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gallery.cache import Cache
from gallery.pipeline import records, schedule
from gallery.pipeline.models import forecast
from gallery.pipeline.options import BuildOptions
from gallery.pipeline.outcome import Outcome
from gallery.pipeline.plan import ModelPlan
from gallery.pipeline.products import results_of
from gallery.pipeline.schedule import make
from gallery.pipeline.workers import pool
from gallery.pipeline.workers.jobs import Job, Result
from gallery.pipeline.workers.supervisor import supervise
from gallery.settings.values import Limits
from tests.pipeline.test_passing_failures import plan


class Machine:
    """Ends jobs in the given ways, one after another, in the place of real workers."""

    def __init__(self, cache: Cache, *endings: tuple[str, str, bool]) -> None:
        self.cache = cache
        self.endings = deque(endings)
        self.tried: list[int] = []

    def supervise(self, jobs: deque[Job], *_: Any) -> Iterator[Result]:
        while jobs:
            job = jobs.popleft()
            wanted: ModelPlan = job.order[0]
            self.tried.append(wanted.scans[0].scan.vertices)
            ending, stage, lasting = self.endings.popleft()
            if ending == "done":
                for _, _, key in results_of(wanted):
                    self.cache.put(key, {})
            yield Result(
                job=job,
                events=(),
                ending=ending,
                stage=stage,
                detail="" if ending == "done" else f"took too much {ending}",
                hint="",
                seconds=1.0,
                peak_bytes=0,
                log="",
                lasting=lasting,
            )


@pytest.fixture
def wanted(models: Path) -> ModelPlan:
    return plan(models)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def made(
    wanted: ModelPlan,
    cache: Cache,
    monkeypatch: pytest.MonkeyPatch,
    *endings: tuple[str, str, bool],
) -> tuple[Outcome, list[int]]:
    machine = Machine(cache, *endings)
    monkeypatch.setattr(schedule, "supervise", machine.supervise)
    monkeypatch.setattr(records, "sound", lambda entry, *_: entry)  # what it makes is empty
    outcomes = make([wanted], cache, BuildOptions())
    assert not machine.endings
    return outcomes["first"], machine.tried


@pytest.mark.parametrize("ending", ["time", "memory"])
def test_both_tries_are_remembered_with_their_limits(
    wanted: ModelPlan, cache: Cache, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    most = wanted.scans[0].scan.vertices
    over = (ending, "layout", True)
    one, tried = made(wanted, cache, monkeypatch, over, over)
    assert tried == [most, most // 4]
    assert one.failure
    assert one.notes[0].startswith("with four times the vertices it ")
    again, tried = made(wanted, cache, monkeypatch)
    assert (tried, again.failure, again.notes) == ([], one.failure, one.notes)
    assert forecast(wanted, cache).failure == one.failure
    limits = Limits(seconds=wanted.limits.seconds + 1)
    raised = replace(wanted, limits=limits)
    _, tried = made(raised, cache, monkeypatch, ("done", "", False))
    assert tried == [most]


def test_a_second_try_that_succeeds_is_said_to_be_made(
    wanted: ModelPlan, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    endings = ("time", "layout", True), ("done", "", False)
    one, tried = made(wanted, cache, monkeypatch, *endings)
    said = "it took too long, so it was made with a quarter of the vertices"
    assert (len(tried), one.failure, one.notes) == (2, None, (said,))
    again, tried = made(wanted, cache, monkeypatch)
    assert (tried, again.notes) == ([], (said,))


@pytest.mark.parametrize("stage", ["start", "load", "facts"])
def test_fewer_vertices_are_not_tried_where_they_do_not_help(
    wanted: ModelPlan, cache: Cache, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    one, tried = made(wanted, cache, monkeypatch, ("time", stage, True))
    assert (len(tried), one.notes) == (1, ())
    assert one.failure
    again, tried = made(wanted, cache, monkeypatch)
    assert (tried, again.failure) == ([], one.failure)


def test_what_a_busy_machine_made_late_is_tried_in_full_the_next_time(
    wanted: ModelPlan, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = ("time", "layout", False)
    _, tried = made(wanted, cache, monkeypatch, late, ("done", "", False))
    assert len(tried) == 2
    one, tried = made(wanted, cache, monkeypatch, late, late)
    assert one.failure
    one, tried = made(wanted, cache, monkeypatch, ("done", "", False))
    assert (len(tried), one.failure, one.notes) == (1, None, ())


@pytest.mark.parametrize(("share", "lasting"), [(0.6, True), (0.4, False)])
def test_a_job_that_had_no_processor_is_not_too_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float, lasting: bool
) -> None:
    (tmp_path / "job.py").write_text("import threading; threading.Event().wait()")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    limits = Limits(seconds=0.1)
    used = iter((7.0, 7.0 + share * limits.seconds))
    monkeypatch.setattr(pool, "processor_seconds", lambda _: next(used))
    job = Job(name="a", order=(), limits=limits, module="job")
    (result,) = supervise(deque([job]), 1, lambda *_: None)
    assert (result.ending, result.lasting) == ("time", lasting)


@pytest.mark.usefixtures("without_workers")
def test_a_dry_run_tells_failures_apart(models: Path, tmp_path: Path) -> None:
    from gallery.pipeline.build import build  # noqa: PLC0415

    (models / "broken.onnx").write_bytes(b"no model")
    build(models, tmp_path / "site")
    report = build(models, tmp_path / "site", options=BuildOptions(dry_run=True))
    failures = {model.path: model.failure for model in report.models}
    assert failures["broken.onnx"]
    assert failures["first.onnx"] is None

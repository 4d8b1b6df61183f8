"""What goes wrong for once is not remembered: the next build makes the model."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from gallery.cache import Cache
from gallery.discovery.discover import discover
from gallery.errors import ChangedFileError, LoadError
from gallery.pipeline.outcome import known, outcome_of
from gallery.pipeline.plan import ModelPlan, plan_of
from gallery.pipeline.stages import Stages
from gallery.pipeline.workers import worker
from gallery.pipeline.workers.jobs import Job, Result
from gallery.settings.values import GallerySettings
from tests.conftest import WIDER
from tests.onnx_text import write


def plan(models: Path) -> ModelPlan:
    file = next(one for one in discover(models) if one.slug == "first")
    return plan_of(file, GallerySettings(), {})


def result(wanted: ModelPlan, error: BaseException, tmp_path: Path) -> Result:
    """What the supervisor makes of a worker whose load raises an error."""

    class Broken(Stages):
        def model(self):  # type: ignore[no-untyped-def]
            raise error

    cache = Cache(tmp_path / "cache")
    said: list[dict[str, object]] = []
    monkey = pytest.MonkeyPatch()
    monkey.setattr(worker, "Stages", Broken)
    monkey.setattr(worker, "_write", lambda _, **event: said.append(event))
    try:
        last = worker._work(wanted, cache, None)  # type: ignore[arg-type]
    finally:
        monkey.undo()
    assert last["event"] == "failed"
    return Result(
        job=Job(name="first", order=(wanted, ""), limits=wanted.limits),
        events=(),
        ending="failed",
        stage="load",
        detail=last["found"],
        hint=last["hint"],
        seconds=0,
        peak_bytes=0,
        log="",
        lasting=bool(last.get("lasting")),
    )


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "remembered"),
    [
        (LoadError("it is not a model"), True),
        (caused(LoadError("cannot be read"), ValueError("bad varint")), True),
        (caused(LoadError("there is no file"), FileNotFoundError()), False),
        (caused(LoadError("too many"), OSError(errno.EMFILE, "Too many open files")), False),
        (ChangedFileError("was changed"), False),
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (MemoryError(), False),
        (RuntimeError("a bug"), False),
    ],
)
def test_only_what_the_content_causes_is_remembered(
    models: Path, tmp_path: Path, error: BaseException, remembered: bool
) -> None:
    wanted, cache = plan(models), Cache(tmp_path / "cache")
    one = outcome_of(wanted, result(wanted, error, tmp_path), None, cache)
    assert one.failure is not None
    again = known(wanted, cache)
    assert (again is not None) == remembered
    if again is not None:
        assert again.failure == one.failure


def test_a_model_that_changes_meanwhile_is_not_kept_under_its_old_digest(models: Path) -> None:
    wanted = plan(models)
    assert Stages(wanted, None, lambda _: None).model().operators
    write(models, WIDER, "first.onnx")
    with pytest.raises(ChangedFileError, match=r"first\.onnx was changed"):
        Stages(wanted, None, lambda _: None).model()


def test_a_change_while_it_is_read_is_seen_too(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = plan(models)
    path = wanted.file.path
    from gallery.loading import load as module  # noqa: PLC0415

    load = module.load

    def slow(*given: object, **how: object) -> object:
        model = load(*given, **how)  # type: ignore[arg-type]
        os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
        return model

    monkeypatch.setattr(module, "load", slow)
    with pytest.raises(ChangedFileError):
        Stages(wanted, None, lambda _: None).model()


def test_a_copy_of_a_model_needs_no_stamp(models: Path, tmp_path: Path) -> None:
    wanted = plan(models)
    copy = tmp_path / "copy.onnx"
    copy.write_bytes(wanted.file.path.read_bytes())
    there = replace(wanted, file=replace(wanted.file, path=copy, stamp=None))
    assert Stages(there, None, lambda _: None).model().operators


def test_an_error_of_a_changed_file_is_not_the_model_s(models: Path) -> None:
    wanted = plan(models)
    path, whole = wanted.file.path, wanted.file.path.read_bytes()
    stages = Stages(wanted, None, lambda _: None)
    from gallery.loading import load as module  # noqa: PLC0415

    load = module.load

    def torn(*given: object, **how: object) -> object:
        path.write_bytes(whole[:-9])
        return load(*given, **how)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as monkey:
        monkey.setattr(module, "load", torn)
        with pytest.raises(ChangedFileError) as caught:
            stages.model()
    assert not worker._lasts(caught.value)


def test_a_change_that_leaves_no_trace_is_seen_by_the_digest(models: Path) -> None:
    wanted = plan(models)
    write(models, WIDER, "first.onnx")
    there = replace(wanted, file=replace(wanted.file, stamp=None))
    with pytest.raises(ChangedFileError):
        Stages(there, None, lambda _: None).model()

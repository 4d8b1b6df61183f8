from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from gallery.discovery.discover import discover, patterns_of
from gallery.discovery.ignore import ignored
from gallery.discovery.lone_sidecars import lone_sidecars


def notes(folder: Path, *ignore: str) -> tuple[str, ...]:
    patterns = patterns_of(folder, ignore)
    return lone_sidecars(
        discover(folder, ignore),
        lambda path: ignored(path.relative_to(folder).as_posix(), patterns, folder=False),
    )


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def test_a_sidecar_in_another_case_is_told(tmp_path: Path) -> None:
    put(tmp_path, "in/resnet.onnx", "in/ResNet.md")
    assert notes(tmp_path) == (
        "in/ResNet.md is not the sidecar of resnet.onnx, because their names differ in case or in "
        "the form of their accents; rename it to resnet.md",
    )


@pytest.mark.parametrize(("model", "sidecar"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_sidecar_in_another_form_of_unicode_is_told(
    tmp_path: Path, model: str, sidecar: str
) -> None:
    put(tmp_path, unicodedata.normalize(model, "né.onnx"), unicodedata.normalize(sidecar, "né.md"))
    if len(list(tmp_path.iterdir())) < 2 or discover(tmp_path)[0].sidecar:
        pytest.skip("this file system takes both forms for one")
    (note,) = notes(tmp_path)
    assert "differ in case or in the form of their accents" in note


def test_a_sidecar_of_no_model_is_told(tmp_path: Path) -> None:
    put(tmp_path, "net.onnx", "net.md", "old.md", "other.MD")
    assert [note.partition(" ")[0] for note in notes(tmp_path)] == ["old.md", "other.MD"]


def test_other_files_are_not_told(tmp_path: Path) -> None:
    put(tmp_path, "a.onnx", "README.md", "LICENSE.md", "ChangeLog.md", ".hidden.md", "notes.txt")
    put(tmp_path, "docs/guide.md")
    assert notes(tmp_path) == ()


def test_ignored_files_are_not_told(tmp_path: Path) -> None:
    put(tmp_path, "a.onnx", "in/b.onnx", "draft.md", "in/draft.md")
    assert len(notes(tmp_path)) == 2
    assert len(notes(tmp_path, "/draft.md")) == 1
    assert notes(tmp_path, "draft.md") == ()

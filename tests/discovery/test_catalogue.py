"""A catalogue in the models directory gives words, and what is wrong with it is a note."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from gallery.discovery.catalogue import CATALOGUE, catalogue_notes, with_catalogue
from gallery.discovery.discover import ModelFile, discover
from tests.discovery.test_discover import put


def entry(path: str, **metadata: Any) -> dict[str, Any]:
    return {"model": "Net", "model_path": path, "opset_version": 12, "metadata": metadata}


def read(folder: Path, value: object) -> tuple[ModelFile, tuple[str, ...]]:
    text = value if isinstance(value, str) else json.dumps(value)
    (folder / CATALOGUE).write_text(text)
    files = discover(folder)
    (file,) = with_catalogue(files, folder)
    return file, catalogue_notes(files, folder)


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    put(tmp_path, "vision/net.onnx", content=b"model")
    return tmp_path


@pytest.mark.parametrize("path", ["vision/net.onnx", "./vision//net.onnx", "vision\\net.onnx"])
def test_an_entry_describes_its_model(path: str, zoo: Path) -> None:
    digest = hashlib.sha256(b"model").hexdigest()
    tags = ["vision", " two  words ", 3]
    row = entry(path, tags=tags, model_sha=digest, model_bytes=5, model_with_data_path="a.tar.gz")
    file, notes = read(zoo, [row])
    assert (file.catalogue.model, file.catalogue.tags) == ("Net", ("vision", "two words"))
    assert (file.catalogue.archive, file.notes, notes) == ("a.tar.gz", (), ())


@pytest.mark.parametrize(
    ("metadata", "told"),
    [({"model_bytes": 6}, "6 bytes, but it has 5"), ({"model_sha": "0" * 64}, "another SHA-256")],
)
def test_an_entry_of_another_file_is_a_note(metadata: dict[str, Any], told: str, zoo: Path) -> None:
    (note,) = read(zoo, [entry("vision/net.onnx", **metadata)])[0].notes
    assert told in note


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("{", "it is not JSON"),
        ({"models": []}, "not a list of models"),
        ([entry("gone.onnx"), entry("../up.onnx")], "not there: ../up.onnx, gone.onnx"),
        ([3, {"model_path": 4}], "without a `model_path`"),
        ("[" * 100_000, "it is not JSON"),
    ],
)
def test_a_wrong_catalogue_is_a_note(value: object, told: str, zoo: Path) -> None:
    file, (note,) = read(zoo, value)
    assert told in note
    assert (file.problem, file.catalogue.model) == (None, "")

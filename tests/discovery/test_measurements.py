"""Which files are measurements of which model."""

from __future__ import annotations

import os
from pathlib import Path

from gallery.discovery.discover import discover, named

CSV = "name,seconds\na,1\n"


def files(models: Path) -> dict[str, list[tuple[str, str, tuple[str, ...]]]]:
    """Name, device and attributes of what lies beside each model."""
    return {
        one.relative: [(file.name, file.device, file.attributes) for file in one.measurements]
        for one in discover(models)
    }


def test_measurements_lie_beside_their_model(tmp_path: Path) -> None:
    for name in ("a.onnx", "a.b.onnx", "deep/a.onnx"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    for name in ("a.profile.csv", "a.t4.profile.json", "a.b.metrics.csv", "ab.profile.csv"):
        (tmp_path / name).write_text(CSV)
    assert files(tmp_path) == {
        "a.onnx": [
            ("a.profile.csv", "", ("measured",)),
            ("a.t4.profile.json", "t4", ("measured:t4",)),
        ],
        "a.b.onnx": [("a.b.metrics.csv", "", ("measured",))],
        "deep/a.onnx": [],
    }
    assert len(named(tmp_path / "a.onnx").measurements) == 2
    (tmp_path / ".galleryignore").write_text("*.t4.*\n")
    assert len(files(tmp_path)["a.onnx"]) == 1


def test_what_cannot_be_read_is_told_and_no_link_leads_out(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / "a.onnx").write_bytes(b"x")
    (tmp_path / "secret.csv").write_text(CSV)
    (models / "a.profile.csv").symlink_to(tmp_path / "secret.csv")
    os.mkfifo(models / "a.x.profile.json")
    (models / "a.metrics.csv").write_text("no,names\n1,2\n")
    odd = os.fsdecode(b"a.\xff\x1b.metrics.csv")
    (models / odd).write_text(CSV)
    found = discover(models)[0].measurements
    assert [file.attributes for file in found] == [(), (), (), ("measured:device",)]
    for file in found:
        (file.name + file.device + file.problem).encode()
    said = {file.name: file.problem for file in found}
    assert "leads out of the models directory" in said["a.profile.csv"]
    assert "is a named pipe" in said["a.x.profile.json"]
    assert "names no column of names" in said["a.metrics.csv"]

"""Films from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest

from gallery.cli.main import main
from tests.conftest import NET
from tests.onnx_text import write

QUICK = ("--vertices", "60", "--size", "240x200", "--length", "1", "--rate", "5")


@pytest.fixture
def net(tmp_path: Path) -> Path:
    """A small model."""
    return write(tmp_path, NET, "net.onnx")


def test_a_film_of_a_training_step(
    net: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "film.mp4"
    assert main(["film", str(net), "-o", str(out), *QUICK, "--passes", "training", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["film"] == {
        "path": str(out), "width": 240, "height": 200, "frames": 5, "bytes": out.stat().st_size,
    }  # fmt: skip
    assert told["seconds"] > 0
    with av.open(out) as container:
        assert container.streams.video[0].codec_context.name in ("libdav1d", "av1")
        assert len(list(container.decode(video=0))) == 5
        assert json.loads(container.metadata["Settings"])["passes"] == "training"


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("film.gif", (), "does not have the suffix of a film"),
        ("no/film.mp4", (), "there is no directory"),
        ("film.mp4", ("--ground", "light"), "films have a dark background"),
        ("film.mp4", ("--size", "1081x1080"), "an even width and height"),
        ("film.mp4", ("--length", "0"), "argument --length"),
    ],
)
def test_what_cannot_be_filmed(
    net: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    options: tuple[str, ...],
    message: str,
) -> None:
    try:
        code = main(["film", str(net), "-o", str(tmp_path / name), *QUICK, *options])
    except SystemExit as stopped:
        code = stopped.code
    assert code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / name).exists()

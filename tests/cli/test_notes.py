"""What all commands tell besides their result: notes about models, and why nothing is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from gallery.cli.main import main, parser
from gallery.cli.progress import steps_of
from gallery.pipeline.stages import Step
from gallery.pipeline.variants import NOTHING_TO_TRAIN
from gallery.rendering import ahead
from tests.conftest import SETTINGS
from tests.onnx_text import write

NET = """<ir_version: 9, opset_import: ["": 18, "me": 1]>
net (float[1,8] x) => (float[1,8] y) { h = me.Secret(x) y = Add(x, h) }"""


@pytest.fixture
def lone(tmp_path: Path) -> Path:
    """A directory with one model, about which there is something to note."""
    write(tmp_path / "models", NET, "lone.onnx")
    (tmp_path / "models" / "gallery.toml").write_text(SETTINGS)
    return tmp_path / "models"


@pytest.mark.usefixtures("without_workers")
def test_every_command_that_builds_tells_notes_and_counts_one_model(
    lone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def once(_watch: object, _site: object, _where: object, rebuild: object, _say: object) -> None:
        assert callable(rebuild)
        rebuild()

    monkeypatch.setattr("gallery.cli.serve.serve_site", once)
    cache, told = ("--cache", str(tmp_path / "cache")), {}
    wall = tmp_path / "wall.png"
    for command, *options in (
        ("build", "-o", str(tmp_path / "site")),
        ("serve", "-o", str(tmp_path / "site")),
        ("wall", "-o", str(wall), "--dpi", "40"),
    ):
        assert main([command, str(lone), *options, *cache]) == 0
        out, err = capsys.readouterr()
        told[command] = [line for line in err.splitlines() if line.startswith("note: lone.onnx:")]
        assert "1 models" not in out
    assert told["build"] == told["serve"] == told["wall"] != []
    assert main(["poster", str(lone / "lone.onnx"), "-o", str(wall), "--dpi", "40"]) == 0
    assert "note: " in capsys.readouterr().err


def test_a_first_run_says_what_takes_so_long_once_the_model_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    path, kernel = Path(ahead.__file__).parent / ahead._KERNEL[0], ahead._KERNEL[1]
    (tmp_path / f"{path.stem}.{kernel}-1.nbi").touch()
    for needed, words in (((), ""), ((ahead.FILM,), "first run: the program compiles itself")):
        with steps_of("net", *needed) as show:
            show(Step(stage="load", what="", seconds=0.1))
            assert capsys.readouterr().err == ""
            show(Step(stage="lower", what="", seconds=None))
            show(Step(stage="layout", what="", seconds=None))
        assert capsys.readouterr().err.count("\n") == bool(words)


@pytest.mark.parametrize(
    "arguments",
    [("new", ""), ("build", ""), ("build", "models", "-o", ""), ("scan", "a.onnx", "-o", "")],
)
def test_an_empty_path_is_not_the_current_directory(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        parser().parse_args(arguments)
    assert stopped.value.code == 2
    assert "the path is empty" in capsys.readouterr().err


def test_each_command_tells_that_there_is_nothing_to_train(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net = write(tmp_path, "net (float[4,8] x) => (bool[4,8] y) { y = Greater(x, x) }")
    out = tmp_path / "out.png"
    for command in (("scan", "--vertices", "60", "--size", "64"), ("poster", "--dpi", "30")):
        for passes, told in (("training", [f"note: {net}: {NOTHING_TO_TRAIN}"]), ("forward", [])):
            assert (
                main([*command[:1], str(net), "-o", str(out), "--passes", passes, *command[1:]])
                == 0
            )
            err = capsys.readouterr().err.splitlines()
            assert [line for line in err if line.startswith("note: ")] == told

"""Posters, wallpapers and walls from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from pypdfium2 import PdfDocument

from gallery.cli.main import main
from tests.conftest import NET
from tests.onnx_text import write

pytestmark = pytest.mark.usefixtures("without_workers")

QUICK = ("--vertices", "60", "--dpi", "40")


@pytest.fixture
def net(tmp_path: Path) -> Path:
    """A model with a sidecar."""
    (tmp_path / "net.md").write_text("---\ntitle: My net\nvertices: 40\n---\n")
    return write(tmp_path, NET, "net.onnx")


def texts(path: Path) -> str:
    page = PdfDocument(path)[0]
    text: str = page.get_textpage().get_text_bounded()
    return text


def test_a_poster_has_the_words_of_the_sidecar_and_the_wanted_passes(
    net: Path, tmp_path: Path
) -> None:
    out = tmp_path / "poster.pdf"
    options = ("--size", "a3-landscape", "--dpi", "40")
    assert main(["poster", str(net), "-o", str(out), *options]) == 0
    page = PdfDocument(out)[0]
    assert page.get_size() == pytest.approx((420 / 25.4 * 72, 297 / 25.4 * 72), abs=0.2)
    assert "My net" in texts(out)
    assert "Forward pass" not in texts(out)
    assert main(["poster", str(net), "-o", str(out), *options, "--passes", "training"]) == 0
    for words in ("My net", "training step", "Forward pass", "Backward pass", "By pass"):
        assert words in texts(out)


def test_a_poster_has_the_pixels_of_its_paper(net: Path, tmp_path: Path) -> None:
    out = tmp_path / "poster.png"
    assert main(["poster", str(net), "-o", str(out), "--size", "A4", *QUICK]) == 0
    with Image.open(out) as image:
        assert image.size == (331, 468)


def test_a_screen_shows_the_scan_alone(net: Path, tmp_path: Path) -> None:
    out = tmp_path / "wallpaper.jpg"
    assert main(["poster", str(net), "-o", str(out), "--size", "640x360", *QUICK]) == 0
    with Image.open(out) as image:
        assert image.size == (640, 360)
        assert max(band[1] for band in image.crop((0, 0, 640, 12)).getextrema()) < 30


def test_a_wall_hangs_what_can_be_drawn_in_order(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (models / "deep" / "second.md").write_text("---\nyear: 1999\n---\n")
    # Another export of a model does not hang beside it.
    (models / "first_q4.onnx").write_bytes((models / "first.onnx").read_bytes())
    out, cache = tmp_path / "wall.pdf", tmp_path / "cache"
    options = ("-o", str(out), "--dpi", "40", "--cache", str(cache), "--title", "Mine")
    assert main(["wall", str(models), *options]) == 0
    found = texts(out)
    assert found.index("Mine") < found.index("second") < found.index("The first")
    assert "2 networks" in found
    assert main(["wall", str(models), *options, "--order", "name"]) == 0
    assert texts(out).index("second") < texts(out).index("The first")
    (models / "bad.onnx").write_text("no model")
    assert main(["wall", str(models), *options, "--passes", "training"]) == 1
    assert "bad.onnx: load" in capsys.readouterr().err
    assert "2 networks" in texts(out)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-o", "x.svg"), "does not have the suffix"),
        (("-o", "none/x.png"), "there is no directory"),
        (("-o", "x.pdf", "--size", "640x360"), "a screen shows no pdf"),
        (("-o", "x.webp", "--size", "A0", "--dpi", "600"), "at most 16,383 pixels"),
    ],
)
def test_what_cannot_be_written_is_told_before_anything_is_made(
    net: Path,
    arguments: tuple[str, ...],
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(net.parent)
    for command in (("poster", net.name), ("wall", ".")):
        assert main([*command, *arguments]) == 2
        assert told in capsys.readouterr().err


@pytest.mark.parametrize("size", ["A5", "A4-portrait", "640", "100x100", "40000x100"])
def test_other_sizes_are_refused(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["poster", "net.onnx", "-o", "x.png", "--size", size])
    assert "is not a paper size" in capsys.readouterr().err

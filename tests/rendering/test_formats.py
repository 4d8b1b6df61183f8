"""Files of pictures: what goes in comes out, with its metadata, whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gallery.coloring import color
from gallery.errors import RenderError
from gallery.rendering.files.formats import FORMATS, encode, save
from gallery.rendering.files.png import png
from gallery.rendering.scan import render
from gallery.rendering.types import Picture
from tests.rendering.scans import layered, ring

WORDS = {"Title": "Größe <&> \x00", "Digest": "12ab", "Software": "gallery-of-networks"}


@pytest.fixture
def picture() -> Picture:
    ramp = np.linspace(0, 255, 96).astype(np.uint8)
    pixels = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None, :], ramp[::-1, None]), axis=-1)
    return Picture(pixels=pixels.copy(), metadata=WORDS)


@pytest.mark.parametrize("suffix", FORMATS)
def test_pixels_and_metadata_come_back(picture: Picture, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"scan{suffix}"
    save(picture, path)
    with Image.open(path) as image:
        image.load()
        found = np.asarray(image.convert("RGB")).astype(int)
        gap = np.abs(found - picture.pixels)
        assert gap.max() == 0 if suffix == ".png" else gap.mean() < 6
        if suffix == ".png":
            assert image.text["Digest"] == "12ab"
        else:
            xmp = image.info["xmp"]
            assert b"<g:Digest>12ab</g:Digest>" in xmp
            assert "Größe &lt;&amp;&gt;".encode() in xmp
            assert image.getexif()[0x0131] == "gallery-of-networks"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_same_picture_gives_the_same_bytes(picture: Picture, suffix: str) -> None:
    other = Picture(pixels=picture.pixels.copy(), metadata=dict(reversed(WORDS.items())))
    assert encode(picture, suffix) == encode(other, suffix.upper())


@pytest.mark.parametrize("cuts", [[], [1], [7, 8, 60]])
def test_png_of_bands_is_the_png_of_the_whole(picture: Picture, cuts: list[int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (96, 96, 3), np.uint8)
    for pixels in (picture.pixels, noise):
        parts = png(np.split(pixels, cuts), (96, 96), WORDS)
        with Image.open(io.BytesIO(b"".join(parts))) as image:
            assert np.array_equal(np.asarray(image), pixels)
            assert image.text == WORDS


def test_png_of_a_scan_is_about_as_small_as_pillows() -> None:
    graph = layered()
    scan = render(ring(graph), color(graph), size=300)
    theirs = io.BytesIO()
    Image.fromarray(scan.pixels).save(theirs, "PNG", compress_level=4)
    assert len(encode(scan, ".png")) < 1.1 * len(theirs.getvalue())


def test_resolution_is_noted(picture: Picture) -> None:
    dense = Picture(pixels=picture.pixels, metadata={"Density": "300"})
    with Image.open(io.BytesIO(encode(dense, ".png"))) as image:
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_a_failed_write_leaves_the_old_file(
    picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "scan.png"
    path.write_bytes(b"old")

    def fail(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(RenderError, match="cannot be written: No space left on device"):
        save(picture, path)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["scan.png"]


def test_what_is_wrong_is_named(picture: Picture, tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"no picture format '\.bmp'; choose one of \.png"):
        save(picture, tmp_path / "scan.bmp")
    with pytest.raises(RenderError, match="cannot be written: No such file or directory"):
        save(picture, tmp_path / "nowhere" / "scan.png")
    wide = Picture(pixels=np.zeros((1, 20_000, 3), np.uint8))
    with pytest.raises(RenderError, match=r"\.webp cannot hold 20000×1 pixels, at most 16383"):
        encode(wide, ".webp")

"""Files of pictures: what goes in comes out, with its metadata, whole or not at all."""

from __future__ import annotations

import io
import weakref
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gallery.coloring import color
from gallery.errors import RenderError
from gallery.rendering.files import formats
from gallery.rendering.files.formats import check_format, encode, save
from gallery.rendering.files.png import png, texts
from gallery.rendering.scan import render
from gallery.rendering.types import Picture
from gallery.settings.formats import (
    FORMATS,
    LARGEST,
    SCAN_SUFFIXES,
    PictureFormat,
    format_named,
)
from tests.rendering.scans import layered, ring

RASTER = tuple(suffix for one in FORMATS if one.side for suffix in one.suffixes)
WORDS = {
    "Title": "Größe <&> \x00",
    "Source": "sha256:12ab",
    "Software": "gallery-of-networks 1",
    "Edges": "7",
}


@pytest.fixture
def picture() -> Picture:
    ramp = np.linspace(0, 255, 96).astype(np.uint8)
    pixels = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None, :], ramp[::-1, None]), axis=-1)
    return Picture(pixels=pixels.copy(), metadata=WORDS)


@pytest.mark.parametrize("suffix", RASTER)
def test_pixels_and_metadata_come_back(picture: Picture, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"scan{suffix}"
    save(picture, path)
    with Image.open(path) as image:
        image.load()
        found = np.asarray(image.convert("RGB")).astype(int)
        gap = np.abs(found - picture.pixels)
        assert gap.max() == 0 if suffix == ".png" else gap.mean() < 6
        if suffix == ".png":
            assert image.text["Source"] == "sha256:12ab"
        else:
            assert image.getexif()[0x0131] == "gallery-of-networks 1"
        packet = image.text["XML:com.adobe.xmp"] if suffix == ".png" else image.info["xmp"].decode()
        assert "<dc:source>sha256:12ab</dc:source>" in packet
        assert "<xmp:CreatorTool>gallery-of-networks 1</xmp:CreatorTool>" in packet
        assert "<g:Edges>7</g:Edges>" in packet
        assert "Größe &lt;&amp;&gt; \ufffd" in packet
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", RASTER)
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
            assert image.text == texts(WORDS)


def test_a_band_is_gone_before_the_next_one_is_drawn() -> None:
    drawn: list[weakref.ref[np.ndarray]] = []

    def band() -> np.ndarray:
        assert [one() for one in drawn] == [None] * len(drawn)
        made = np.zeros((600, 3000, 3), np.uint8)
        drawn.append(weakref.ref(made))
        return made

    assert list(png((band() for _ in range(3)), (3000, 1800), WORDS))
    assert len(drawn) == 3


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
    with pytest.raises(RenderError, match="No space left on device; free some space"):
        save(picture, path)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["scan.png"]


def test_every_format_that_holds_pixels_has_a_writer() -> None:
    assert {one.name for one in FORMATS if one.side} == set(formats._WRITERS)
    assert {one.name for one in FORMATS if not one.side} == {"svg", "pdf"}
    names = [name for one in FORMATS for name in (one.name, *one.suffixes)]
    assert len(names) == len(set(names))
    assert all(one.scan or one.site or one.poster for one in FORMATS)
    assert set(SCAN_SUFFIXES) == {*RASTER, ".svg"}
    assert [format_named(name.upper()) for name in names] == [
        one for one in FORMATS for _ in (one.name, *one.suffixes)
    ]


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("kind", [one for one in FORMATS if one.side], ids=lambda one: one.name)
def test_the_longest_picture_of_each_format_is_opened(kind: PictureFormat, wide: bool) -> None:
    side = min(kind.side, LARGEST)
    size = (side, 1) if wide else (1, side)
    picture = Picture(pixels=np.full((size[1], size[0], 3), 77, np.uint8))
    with Image.open(io.BytesIO(encode(picture, kind.suffixes[0]))) as image:
        image.load()
        assert image.size == size
    beyond = (side + 1, 1) if wide else (1, side + 1)
    with pytest.raises(RenderError, match=f"at most {side:,} pixels per side; choose .png"):
        check_format(kind.suffixes[0], beyond)


def test_a_jpeg_that_is_only_shown_whole_has_the_same_pixels_in_one_scan() -> None:
    scan = render(ring(layered()), color(layered()), size=160)
    found = [encode(scan, ".jpg", "good", progressive=one) for one in (True, False)]
    images = [Image.open(io.BytesIO(one)) for one in found]
    assert [bool(one.info.get("progressive")) for one in images] == [True, False]
    np.testing.assert_array_equal(*map(np.asarray, images))


@pytest.mark.parametrize("kind", ["webp", "avif", "jpeg"])
def test_a_longer_picture_is_not_written_or_not_opened(kind: str) -> None:
    """The limits of the table are the encoders' own, not ours."""
    form = format_named(kind)
    assert form is not None
    stream = io.BytesIO()
    with pytest.raises((OSError, ValueError)):  # noqa: PT012
        formats._WRITERS[kind](
            Image.new("RGB", (form.side + 1, 1)), stream, {}, formats._OPTIONS[kind]["best"]
        )
        Image.open(stream).load()


def test_an_avif_that_nothing_opens_is_refused() -> None:
    """Measured: libavif opens 32,768×8,192 pixels and 16,384×16,384, and not a row more."""
    for size in ((16_384, 16_384), (32_768, 8_192), (8_192, 32_768)):
        assert check_format(".avif", size).mime == "image/avif"
    for size in ((16_384, 16_385), (32_768, 8_193), (20_000, 20_000)):
        found = (
            rf"\.avif cannot hold {size[0]}×{size[1]} pixels, at most 268,435,456 pixels, such as"
        )
        with pytest.raises(RenderError, match=found):
            check_format(".avif", size)


def test_what_is_wrong_is_named(picture: Picture, tmp_path: Path) -> None:
    with pytest.raises(
        RenderError, match=r"there is no picture format '\.bmp'; choose one of \.avif"
    ):
        save(picture, tmp_path / "scan.bmp")
    with pytest.raises(RenderError, match="cannot be written: No such file or directory"):
        save(picture, tmp_path / "nowhere" / "scan.png")
    wide = Picture(pixels=np.zeros((1, 20_000, 3), np.uint8))
    with pytest.raises(RenderError, match=r"\.webp cannot hold 20000×1 pixels, at most 16,383"):
        encode(wide, ".webp")

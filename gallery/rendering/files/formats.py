"""Writes pictures to PNG, WebP, AVIF and JPEG files with metadata, whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from gallery.errors import RenderError
from gallery.files import write_whole
from gallery.rendering.files.png import png
from gallery.rendering.files.xmp import xmp
from gallery.rendering.types import Picture
from gallery.settings.formats import FORMATS, PictureFormat, format_named, too_large


def encode(picture: Picture, suffix: str) -> bytes:
    """A picture as the bytes of a file; the same picture gives the same bytes.

    Args:
        picture: What to encode; its metadata goes into XMP, and into PNG text chunks or EXIF.
        suffix: Suffix of a format for pixels, such as ".png".

    Raises:
        RenderError: The format is not known, or cannot hold a picture of this size.
    """
    kind = check_format(suffix, (picture.width, picture.height))
    stream = io.BytesIO()
    try:
        _WRITERS[kind.name](Image.fromarray(picture.pixels), stream, picture.metadata)
    except (OSError, ValueError) as error:
        size = f"{picture.width}×{picture.height}"
        found = f"{suffix} cannot hold {size} pixels: {error}"
        raise RenderError(found, hint="choose .png or a smaller size") from error
    return stream.getvalue()


def check_format(suffix: str, size: tuple[int, int]) -> PictureFormat:
    """The format for a suffix.

    Args:
        suffix: Suffix of a format for pixels.
        size: Width and height of the picture to hold.

    Raises:
        RenderError: There is no such format, or it cannot hold a picture of this size.
    """
    kind = format_named(suffix)
    if kind is None or kind.name not in _WRITERS:
        known = (name for one in FORMATS if one.name in _WRITERS for name in one.suffixes)
        found = f"there is no picture format {suffix!r}"
        raise RenderError(found, hint="choose one of " + ", ".join(known))
    limit = too_large(kind, size)
    if limit:
        found = f"{suffix} cannot hold {size[0]}×{size[1]} pixels, {limit}"
        raise RenderError(found, hint="choose .png or a smaller size")
    return kind


def save(picture: Picture, path: Path) -> None:
    """Write a picture in the format given by the file's suffix.

    The file appears whole or not at all.

    Args:
        picture: What to write.
        path: The destination; an existing file is replaced.

    Raises:
        RenderError: The format is not known, or the file cannot be written.
    """
    write_whole(path, encode(picture, path.suffix))


def read(path: Path) -> Picture:
    """Read a picture that `save` wrote, without its metadata.

    Raises:
        RenderError: The file cannot be read.
    """
    try:
        with Image.open(path) as image:
            return Picture(pixels=np.array(image.convert("RGB")))
    except OSError as error:
        found = f"{path.name} cannot be read: {error}"
        raise RenderError(found, hint="build again without the cache") from error


def _png(image: Image.Image, stream: io.BytesIO, metadata: Mapping[str, str]) -> None:
    stream.writelines(png([np.asarray(image)], image.size, metadata))


def _webp(image: Image.Image, stream: io.BytesIO, metadata: Mapping[str, str]) -> None:
    # Method 4 takes twice as long as 2 and saves 2% of the bytes of a scan.
    image.save(stream, "WEBP", quality=88, method=2, xmp=_xmp(metadata), exif=_exif(metadata))


def _avif(image: Image.Image, stream: io.BytesIO, metadata: Mapping[str, str]) -> None:
    # One thread, because the bytes depend on the number of threads. Speed 8 takes two to five
    # times as long as 9 and saves an eighth of the bytes of a scan.
    image.save(
        stream,
        "AVIF",
        quality=76,
        speed=9,
        subsampling="4:4:4",
        max_threads=1,
        xmp=_xmp(metadata),
        exif=_exif(metadata),
    )


def _jpeg(image: Image.Image, stream: io.BytesIO, metadata: Mapping[str, str]) -> None:
    image.save(
        stream,
        "JPEG",
        quality=92,
        subsampling="4:4:4",
        optimize=True,
        xmp=_xmp(metadata),
        exif=_exif(metadata),
    )


_WRITERS: Mapping[str, Callable[[Image.Image, io.BytesIO, Mapping[str, str]], None]] = {
    "avif": _avif,
    "webp": _webp,
    "png": _png,
    "jpeg": _jpeg,
}
"""How each format for pixels is encoded."""


def _exif(metadata: Mapping[str, str]) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E] = metadata.get("Title", "")
    exif[0x0131] = metadata.get("Software", "")
    return exif


def _xmp(metadata: Mapping[str, str]) -> bytes:
    return xmp(metadata).encode()

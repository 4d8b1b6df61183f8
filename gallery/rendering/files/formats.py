"""Writes pictures to PNG, WebP, AVIF and JPEG files with metadata, whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gallery.errors import RenderError
from gallery.files import write_whole
from gallery.rendering.files.png import png
from gallery.rendering.files.xmp import xmp
from gallery.rendering.types import Picture
from gallery.settings.formats import FORMATS, PictureFormat, format_named, too_large


def encode(
    picture: Picture, suffix: str, quality: str = "best", *, progressive: bool = True
) -> bytes:
    """A picture as the bytes of a file; the same picture gives the same bytes.

    Args:
        picture: What to encode; its metadata goes into XMP, and into PNG text chunks or EXIF.
        suffix: Suffix of a format for pixels, such as ".png".
        quality: One of `QUALITIES`; formats without loss have only one.
        progressive: Whether a JPEG of good quality appears at once and gets finer, which takes 2.6
            times as long and saves 3 % of the bytes. Where it is only shown whole, it need not.

    Raises:
        RenderError: The format is not known, or cannot hold a picture of this size.
    """
    kind = check_format(suffix, (picture.width, picture.height))
    stream = io.BytesIO()
    options = dict(_OPTIONS[kind.name][quality])
    if not progressive:
        options.pop("progressive", None)
    try:
        image = Image.fromarray(picture.pixels)
        _WRITERS[kind.name](image, stream, picture.metadata, options)
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


def save(picture: Picture, path: Path, quality: str = "best", *, progressive: bool = True) -> None:
    """Write a picture in the format given by the file's suffix.

    The file appears whole or not at all.

    Args:
        picture: What to write.
        path: The destination; an existing file is replaced.
        quality: See `encode`.
        progressive: See `encode`.

    Raises:
        RenderError: The format is not known, or the file cannot be written.
    """
    write_whole(path, encode(picture, path.suffix, quality, progressive=progressive))


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


def _png(
    image: Image.Image, stream: io.BytesIO, metadata: Mapping[str, str], _: Mapping[str, Any]
) -> None:
    stream.writelines(png([np.asarray(image)], image.size, metadata))


def _pillow(
    image: Image.Image, stream: io.BytesIO, metadata: Mapping[str, str], options: Mapping[str, Any]
) -> None:
    image.save(stream, xmp=_xmp(metadata), exif=_exif(metadata), **options)


# Method 4 takes twice as long as 2 and saves 2% of the bytes of a scan.
_WEBP = {"format": "WEBP", "method": 2}
# One thread, because the bytes depend on the number of threads. At equal scores, speed 8 takes
# three to four times as long as 9 and saves a sixth of the bytes of a scan.
_AVIF = {"format": "AVIF", "subsampling": "4:4:4", "max_threads": 1, "speed": 9}
_JPEG = {"format": "JPEG", "subsampling": "4:4:4", "optimize": True}

_OPTIONS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "avif": {
        "good": {**_AVIF, "quality": 66},
        "best": {**_AVIF, "quality": 76},
    },
    "webp": {"good": {**_WEBP, "quality": 86}, "best": {**_WEBP, "quality": 88}},
    "png": {"good": {}, "best": {}},
    "jpeg": {
        "good": {**_JPEG, "quality": 72, "progressive": True},
        "best": {**_JPEG, "quality": 92},
    },
}
"""How each format is encoded in each of `QUALITIES`."""


_WRITERS: Mapping[
    str, Callable[[Image.Image, io.BytesIO, Mapping[str, str], Mapping[str, Any]], None]
] = {"avif": _pillow, "webp": _pillow, "png": _png, "jpeg": _pillow}
"""The formats for pixels, and what writes them."""


def _exif(metadata: Mapping[str, str]) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E] = metadata.get("Title", "")
    exif[0x0131] = metadata.get("Software", "")
    return exif


def _xmp(metadata: Mapping[str, str]) -> bytes:
    return xmp(metadata).encode()

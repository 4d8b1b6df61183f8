"""The picture formats: one table for settings, command line, encoders and site.

A format is a row here and, where it holds pixels, a writer in `gallery.rendering.files.formats`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

LARGEST = 32_768
"""Largest side of a picture that can be drawn, in pixels."""

QUALITIES = ("good", "best")
"""How closely a compressed picture is like the one that was drawn.

By SSIMULACRA 2 (https://github.com/cloudinary/ssimulacra2), scans have about 75 as "good", where
it takes a comparison to notice a difference, and 81 as "best", where a comparison at full size does
not show one. `tests/benchmarks/bench_weight.py` prints the scores.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFormat:
    """What a format can hold and where it is used.

    Attributes:
        name: Its name in settings and in the site's data.
        suffixes: File name suffixes, the one to write first.
        mime: Media type.
        side: Most pixels per side that can be written and read back; 0 for vector formats, which
            have no pixels.
        pixels: Most pixels in total, or 0 if only the side is limited.
        modern: Whether pages offer it first, with another format for browsers that lack it.
        fallback: Whether every browser shows it, so that pages can fall back to it.
        scan: Whether `gallery scan` writes it.
        site: Whether browsers show it, so that the scans of a site can have it.
        poster: Whether a poster can have it.
    """

    name: str
    suffixes: tuple[str, ...]
    mime: str
    side: int = LARGEST
    pixels: int = 0
    modern: bool = False
    fallback: bool = False
    scan: bool = False
    site: bool = False
    poster: bool = False


FORMATS = (
    PictureFormat(
        name="avif",
        suffixes=(".avif",),
        mime="image/avif",
        # libavif 1.4 writes 65,536 pixels per side, but opens only what its decoder's default
        # limits allow.
        side=32_768,
        pixels=16_384 * 16_384,
        modern=True,
        scan=True,
        site=True,
    ),
    PictureFormat(
        name="webp",
        suffixes=(".webp",),
        mime="image/webp",
        side=16_383,  # 14 bits in the header
        modern=True,
        fallback=True,
        scan=True,
        site=True,
        poster=True,
    ),
    PictureFormat(
        name="png",
        suffixes=(".png",),
        mime="image/png",
        fallback=True,
        scan=True,
        site=True,
        poster=True,
    ),
    PictureFormat(
        name="jpeg",
        suffixes=(".jpeg", ".jpg"),
        mime="image/jpeg",
        side=65_500,  # libjpeg's own limit; the format's is 65,535
        fallback=True,
        scan=True,
        site=True,
        poster=True,
    ),
    PictureFormat(name="svg", suffixes=(".svg",), mime="image/svg+xml", side=0, scan=True),
    PictureFormat(name="pdf", suffixes=(".pdf",), mime="application/pdf", side=0, poster=True),
)

SCAN_SUFFIXES = tuple(suffix for one in FORMATS if one.scan for suffix in one.suffixes)
"""Suffixes of the pictures that `gallery scan` writes."""

POSTER_SUFFIXES = tuple(suffix for one in FORMATS if one.poster for suffix in one.suffixes)
"""Suffixes of the posters that `gallery poster` writes."""


def format_named(suffix: str) -> PictureFormat | None:
    """The format of a file name suffix, in upper or lower case, or of a format's name; or None."""
    wanted = suffix.lower()
    return next((one for one in FORMATS if wanted in (one.name, *one.suffixes)), None)


def too_large(kind: PictureFormat, size: tuple[int, int]) -> str:
    """The limit of a format that a picture of this size exceeds, or "" if it exceeds none.

    >>> too_large(FORMATS[0], (20_000, 20_000))
    'at most 268,435,456 pixels, such as 16,384×16,384'
    >>> too_large(FORMATS[1], (20_000, 1))
    'at most 16,383 pixels per side'
    """
    width, height = size
    side = min(kind.side, LARGEST)
    if side and max(size) > side:
        return f"at most {side:,} pixels per side"
    if kind.pixels and width * height > kind.pixels:
        root = f"{math.isqrt(kind.pixels):,}"
        return f"at most {kind.pixels:,} pixels, such as {root}×{root}"
    return ""

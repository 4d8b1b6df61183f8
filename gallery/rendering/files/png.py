"""PNG files of any height, written row by row as they are drawn.

The format is W3C's Portable Network Graphics (https://www.w3.org/TR/png-3/). Pillow needs the whole
picture in memory, which takes 3 GiB at 32,768 pixels a side.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from gallery.rendering.files.xmp import xmp

Pixels = npt.NDArray[np.uint8]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_INCH = 0.0254
_SLAB = 4 << 20
"""Bytes to filter at a time."""


def png(
    bands: Iterable[Pixels], size: tuple[int, int], metadata: Mapping[str, str]
) -> Iterator[bytes]:
    """Parts of a PNG file, in order.

    Args:
        bands: uint8 (rows, width, 3), sRGB, from top to bottom.
        size: Width and height of the whole picture.
        metadata: Written as `texts`; "Density" also sets the pixels per inch.
    """
    yield _SIGNATURE
    yield _chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0))
    for key, value in texts(metadata).items():
        yield _chunk(b"iTXt", key.encode("latin-1") + b"\0\0\0\0\0" + value.encode())
    density = int(metadata.get("Density", "0") or 0)
    if density:
        meter = round(density / _INCH)
        yield _chunk(b"pHYs", struct.pack(">IIB", meter, meter, 1))
    # Light that adds up hardly repeats itself but in runs: looking for more takes twice as long
    # and saves nothing.
    packer = zlib.compressobj(4, strategy=zlib.Z_RLE)
    above = np.zeros((1, size[0], 3), np.uint8)
    for rows in _slabs(bands):
        data = packer.compress(_filtered(rows, above).data)
        above = rows[-1:].copy()
        del rows  # with its band, before the next one is drawn
        if data:
            yield _chunk(b"IDAT", data)
    yield _chunk(b"IDAT", packer.flush())
    yield _chunk(b"IEND", b"")


def texts(metadata: Mapping[str, str]) -> dict[str, str]:
    """The text chunks of a PNG file: each entry by its name, in order, then all of them as XMP."""
    packet = xmp(metadata)
    return dict(sorted(metadata.items())) | ({"XML:com.adobe.xmp": packet} if packet else {})


def _slabs(bands: Iterable[Pixels]) -> Iterator[Pixels]:
    for band in bands:
        rows = max(_SLAB // max(band[0].size, 1), 1)
        for top in range(0, len(band), rows):
            yield band[top : top + rows]
        del band


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _filtered(band: Pixels, above: Pixels) -> Pixels:
    # Each row as its difference from the row above (2) or from the pixel to the left (1), whichever
    # has the smaller sum, as that tends to compress better (section 12.7).
    rows = len(band)
    up = (band - np.concatenate([above, band[:-1]])).reshape(rows, -1)
    left = band.copy()
    left[:, 1:] -= band[:, :-1]
    left = left.reshape(rows, -1)
    out = np.empty((rows, 1 + band[0].size), np.uint8)
    # How far bytes are from 0 as signed numbers.
    sums = [np.minimum(one, -one).sum(axis=1, dtype=np.uint32) for one in (left, up)]
    upward = sums[1] < sums[0]
    out[:, 0] = np.where(upward, 2, 1)
    np.copyto(out[:, 1:], left)
    np.copyto(out[:, 1:], up, where=upward[:, None])
    return out

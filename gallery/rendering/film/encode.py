"""Writes films with PyAV, which carries FFmpeg's encoders.

The same frames give the same bytes: SVT-AV1's for any number of threads, x264's with one thread and
without what it chooses by processor.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gallery.errors import RenderError
from gallery.rendering.film.yuv import yuv420

if TYPE_CHECKING:
    from av import VideoFrame

Pixels = npt.NDArray[np.uint8]

_BT709 = 1
"""Number of Recommendation ITU-R BT.709 among primaries, transfer functions and matrices."""
_LIMITED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """How films of a kind are encoded.

    Attributes:
        name: Its name in settings.
        encoder: FFmpeg's name of the encoder.
        container: FFmpeg's name of the file format.
        pixels: FFmpeg's name of the pixel format.
        options: The encoder's options.
        threads: Threads that it may use, 0 for all.
    """

    name: str
    encoder: str
    container: str
    pixels: str = "yuv420p"
    options: Mapping[str, str] = field(default_factory=dict)
    threads: int = 0


_AV1 = {"preset": "8", "crf": "26"}
_H264 = {"preset": "medium", "crf": "23", "x264-params": "cpu-independent=1:mbtree=0"}

CODECS = (
    Codec(name="av1", encoder="libsvtav1", container="mp4", options=_AV1),
    Codec(name="h264", encoder="libx264", container="mp4", options=_H264, threads=1),
    Codec(name="av1-webm", encoder="libsvtav1", container="webm", options=_AV1),
    Codec(
        name="webp",
        encoder="libwebp_anim",
        container="webp",
        options={"lossless": "0", "quality": "70", "loop": "0"},
        threads=1,
    ),
)
SUFFIXES = {".mp4": "av1", ".webm": "av1-webm", ".webp": "webp"}
"""The codec of a file by its suffix."""


def codec_named(name: str) -> Codec:
    """The codec of a name of `CODECS`."""
    return next(one for one in CODECS if one.name == name)


def encode(frames: Iterable[Pixels], rate: int, codec: Codec, metadata: Mapping[str, str]) -> bytes:
    """Encode a film.

    Args:
        frames: uint8 (h, w, 3), sRGB, all of one size with even sides; at least one.
        rate: Frames a second.
        codec: How.
        metadata: What the file tells about itself, by name.

    Returns:
        The content of the file.

    Raises:
        RenderError: PyAV is not installed, or lacks the encoder.
    """
    try:
        import av  # noqa: PLC0415 - an extra, and 100 MB
    except ImportError as error:
        hint = "install it with `pip install 'gallery-of-networks[film]'`"
        raise RenderError("films need PyAV", hint=hint) from error
    if codec.encoder not in av.codecs_available:
        found = f"PyAV {av.__version__} has no encoder {codec.encoder}"
        raise RenderError(found, hint="install PyAV from its wheel")
    # SVT-AV1 writes what it does to standard error, unless told to write errors alone.
    os.environ.setdefault("SVT_LOG", "1")
    left = iter(frames)
    first = next(left)
    with tempfile.TemporaryDirectory(prefix="gallery-") as folder:
        # A file with a name, since FFmpeg opens MP4 once more to move its index to the start.
        path = Path(folder) / "film"
        _write(path, chain([first], left), first.shape, rate, codec, metadata)
        return path.read_bytes()


def _write(
    path: Path,
    frames: Iterable[Pixels],
    shape: tuple[int, ...],
    rate: int,
    codec: Codec,
    metadata: Mapping[str, str],
) -> None:
    import av  # noqa: PLC0415 - see `encode`

    flags = {"fflags": "+bitexact", "movflags": "+faststart"}
    with av.open(path, "w", format=codec.container, options=flags) as container:
        container.metadata.update(metadata)
        stream = container.add_stream(codec.encoder, rate=rate, options=dict(codec.options))
        stream.height, stream.width, stream.pix_fmt = shape[0], shape[1], codec.pixels
        tick = Fraction(1, rate)
        stream.time_base = tick
        context = stream.codec_context
        context.thread_count = codec.threads
        context.color_range = _LIMITED
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        for number, pixels in enumerate(frames):
            frame = _frame(pixels)
            frame.pts, frame.time_base = number, tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _frame(pixels: Pixels) -> VideoFrame:
    import av  # noqa: PLC0415 - see `encode`

    height, width = pixels.shape[:2]
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, values in zip(frame.planes, yuv420(pixels), strict=True):
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        rows[:, : plane.width] = values
    return frame

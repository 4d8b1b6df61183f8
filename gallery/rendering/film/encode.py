"""Writes films with PyAV, which carries FFmpeg's encoders.

The same frames give the same bytes: SVT-AV1's for any number of threads, x264's with one thread and
without what it chooses by processor.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gallery.errors import RenderError
from gallery.rendering.film.yuv import Plane, yuv420

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
        options: The encoder's options.
        threads: Threads that it may use, 0 for all.
    """

    name: str
    encoder: str
    container: str
    options: Mapping[str, str] = field(default_factory=dict)
    threads: int = 0


_AV1 = {"preset": "8", "crf": "22"}
_H264 = {"preset": "medium", "crf": "23", "x264-params": "cpu-independent=1:mbtree=0"}

CODECS = (
    Codec(name="av1", encoder="libsvtav1", container="mp4", options=_AV1),
    Codec(name="h264", encoder="libx264", container="mp4", options=_H264, threads=1),
    Codec(name="av1-webm", encoder="libsvtav1", container="webm", options=_AV1),
    Codec(
        name="webp",
        encoder="libwebp_anim",
        container="webp",
        options={"lossless": "0", "quality": "80"},
        threads=1,
    ),
)
SUFFIXES = {".mp4": "av1", ".webm": "av1-webm", ".webp": "webp"}
"""The codec of a file by its suffix."""


def codec_named(name: str) -> Codec:
    """The codec of a name of `CODECS`."""
    return next(one for one in CODECS if one.name == name)


def encode(
    frames: Iterable[Pixels], rate: int, codecs: Sequence[Codec], metadata: Mapping[str, str]
) -> tuple[bytes, ...]:
    """Encode a film in one or several ways.

    Args:
        frames: uint8 (h, w, 3), sRGB, all of one size with even sides; at least one.
        rate: Frames a second.
        codecs: How.
        metadata: What the files tell about themselves, by name; WebP has no place for it.

    Returns:
        The content of a file for each codec.

    Raises:
        RenderError: PyAV is not installed, or lacks an encoder.
    """
    check_codecs(codecs)
    # SVT-AV1 writes what it does to standard error, unless told to write errors alone.
    os.environ.setdefault("SVT_LOG", "1")
    with (
        tempfile.TemporaryDirectory(prefix="gallery-") as folder,
        _own_scheduling() as restore,
        ExitStack() as stack,
    ):
        # Files with names, since FFmpeg opens MP4 once more to move its index to the start.
        paths = [Path(folder) / one.name for one in codecs]
        writers: list[_Writer] = []
        for number, pixels in enumerate(frames):
            if not writers:
                made = (
                    _Writer(path, pixels.shape, rate, codec, metadata)
                    for path, codec in zip(paths, codecs, strict=True)
                )
                writers = [stack.enter_context(closing(one)) for one in made]
            planes = yuv420(pixels)
            for writer in writers:
                writer.write(planes, number)
            if number == 0:
                restore()
        stack.close()
        return tuple(path.read_bytes() for path in paths)


def check_codecs(codecs: Iterable[Codec]) -> None:
    """Check that films can be encoded here.

    Raises:
        RenderError: PyAV is not installed, or lacks an encoder.
    """
    try:
        import av  # noqa: PLC0415 - an extra, and 100 MB
    except ImportError as error:
        hint = "install it with `pip install 'gallery-of-networks[film]'`"
        raise RenderError("films need PyAV, which is not installed", hint=hint) from error
    for codec in codecs:
        if codec.encoder not in av.codecs_available:
            found = f"PyAV {av.__version__} has no encoder {codec.encoder}"
            raise RenderError(found, hint="install PyAV from its wheel")


@contextmanager
def _own_scheduling() -> Iterator[Callable[[], None]]:
    """Keep the scheduling of this process; gives a function that restores it in all threads.

    SVT-AV1 4.1 in a process of root gives its own threads and the one that starts it the highest
    real-time priority, which children inherit, so that nothing else on the machine could run.
    """
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        yield lambda: None
        return
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)

    def restore() -> None:
        for task in tasks.iterdir():
            with suppress(OSError):
                os.sched_setscheduler(int(task.name), policy, priority)

    try:
        yield restore
    finally:
        restore()


class _Writer:
    """A file that is being encoded."""

    def __init__(
        self,
        path: Path,
        shape: tuple[int, ...],
        rate: int,
        codec: Codec,
        metadata: Mapping[str, str],
    ) -> None:
        import av  # noqa: PLC0415 - see `check_codecs`

        flags = {"fflags": "+bitexact"}
        if codec.container == "mp4":
            flags["movflags"] = "+faststart+use_metadata_tags"
        if codec.container == "webp":
            flags["loop"] = "0"  # for ever; else it plays once
        self.container = av.open(path, "w", format=codec.container, options=flags)
        self.container.metadata.update(metadata)
        # FFmpeg gives the stream another unit of time as soon as it writes the file's head.
        self.tick = Fraction(1, rate)
        stream = self.container.add_stream(codec.encoder, rate=rate, options=dict(codec.options))
        stream.height, stream.width, stream.pix_fmt = shape[0], shape[1], "yuv420p"
        stream.time_base = self.tick
        context = stream.codec_context
        context.thread_count = codec.threads
        context.color_range = _LIMITED
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        self.stream = stream

    def write(self, planes: tuple[Plane, Plane, Plane], number: int) -> None:
        """Encode a frame."""
        frame = _frame(planes)
        frame.pts, frame.time_base = number, self.tick
        self.container.mux(self.stream.encode(frame))

    def close(self) -> None:
        """Encode what the encoder still holds, and finish the file."""
        self.container.mux(self.stream.encode(None))
        self.container.close()


def _frame(planes: tuple[Plane, Plane, Plane]) -> VideoFrame:
    import av  # noqa: PLC0415 - see `check_codecs`

    height, width = planes[0].shape
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, values in zip(frame.planes, planes, strict=True):
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        rows[:, : plane.width] = values
    return frame

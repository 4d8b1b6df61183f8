"""The strip under a film: a clock, what runs, and the trace of the whole run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.coloring.layer_order import layer_name
from gallery.coloring.types import Coloring
from gallery.errors import RenderError
from gallery.graph import ComputeGraph, Pass
from gallery.rendering.film.types import FilmSettings, Timeline
from gallery.rendering.labels.regions import main_layer_heads, members_of
from gallery.rendering.sheet.fonts import Face, mask, plain, put, shorten, text_width

Pixels = npt.NDArray[np.uint8]
Places = npt.NDArray[np.float64]

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_TEXT, _QUIET = (232, 232, 236), (150, 150, 158)
_LINE = 84
"""Grey of the line that the trace stands on, which is seen where tiles wait for data."""
_AHEAD = 0.35
"""Light of the part of the trace that is still ahead."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trace:
    """What the strip shows in each frame.

    Attributes:
        height: Height in pixels.
        margin: Pixels on either side of the trace.
        size: Size of the text in pixels.
        top: First row of the trace.
        bars: uint8 (h, w, 3), the trace.
        clocks: Text of the clock in each frame in which something runs.
        names: What runs then.
        device: What it runs on.
    """

    height: int
    margin: int
    size: int
    top: int
    bars: Pixels
    clocks: tuple[str, ...]
    names: tuple[str, ...]
    device: str

    def draw(self, pixels: Pixels, frame: int) -> None:
        """Draw a frame's strip: uint8 (height, width, 3), overwritten."""
        pixels[:] = 0
        margin, size = self.margin, self.size
        wide = pixels.shape[1] - 2 * margin
        running = len(self.clocks)
        now = min(frame + 1, running)
        seen = round(wide * now / running)
        rows = slice(self.top, self.top + len(self.bars))
        pixels[rows, margin : margin + wide] = self.bars
        ahead = pixels[rows, margin + seen : margin + wide]
        ahead[:] = np.rint(ahead * np.float32(_AHEAD)).astype(np.uint8)
        if frame < running:
            pixels[rows, margin + seen - 1 : margin + seen + 1] = 255
        line = round(size * 0.35)
        clock, name = self.clocks[now - 1], self.names[now - 1]
        left = _put_clock(pixels, clock, (margin, line), size)
        put(
            pixels,
            mask(self.device, size),
            (margin + wide - int(np.ceil(text_width(self.device, size))), line),
            _QUIET,
        )
        room = wide - (left - margin) - text_width(self.device, size) - 4 * size
        fitting = shorten(plain(name), size, room)
        put(pixels, mask(fitting, size), (left + 2 * size, line), _QUIET)


def _put_clock(pixels: Pixels, clock: str, at: tuple[int, int], size: int) -> int:
    """Draw the clock, with all digits equally wide so that it stands still; its right end."""
    left, digit = float(at[0]), text_width("0", size, Face.STRONG)
    for letter in clock:
        wide = digit if letter.isdigit() else text_width(letter, size, Face.STRONG)
        inset = (wide - text_width(letter, size, Face.STRONG)) / 2
        if letter.strip():
            put(pixels, mask(letter, size, Face.STRONG), (round(left + inset), at[1]), _TEXT)
        left += wide
    return round(left)


def trace_of(
    graph: ComputeGraph, coloring: Coloring, timeline: Timeline, settings: FilmSettings
) -> Trace:
    """Prepare the strip.

    Args:
        graph: The graph that runs.
        coloring: Its colouring.
        timeline: When its vertices run.
        settings: How the film is made.

    Raises:
        RenderError: They are of different graphs.
    """
    if not len(timeline.start) == len(coloring.index) == graph.vertices:
        found = f"{len(timeline.start)} times for {graph.vertices} vertices"
        raise RenderError(found, graph.model, "take the times of the graph that was laid out")
    side, running = min(settings.size), settings.running
    size, tall, margin = (round(side * share) for share in (0.0185, 0.032, 0.045))
    top = round(size * 2.1)
    at = timeline.places(running)
    return Trace(
        height=top + tall + round(side * 0.03),
        margin=margin,
        size=size,
        bars=_bars(graph, coloring, timeline, (tall, settings.size[0] - 2 * margin)),
        top=top,
        clocks=_clocks(timeline.seconds, running),
        names=_names(graph, at, running),
        device=plain(timeline.device, 40),
    )


def _clocks(seconds: float, running: int) -> tuple[str, ...]:
    unit, name = next((one for one in _UNITS if seconds >= one[0]), _UNITS[-1])
    most = seconds / unit
    places = 2 if most < 10 else 1 if most < 100 else 0
    digits = len(f"{most:.{places}f}")
    return tuple(
        f"{most * (frame + 1) / running:.{places}f}".rjust(digits, "\u2007") + f" {name}"
        for frame in range(running)
    )


def _names(graph: ComputeGraph, at: npt.NDArray[np.int64], running: int) -> tuple[str, ...]:
    """Pass and layer of most vertices of each frame; where none starts, those of the one before."""
    layer = graph.vertex_layer()
    head = np.full(graph.vertices, -1)
    heads = main_layer_heads(graph)
    for number, one in enumerate(heads):
        head[members_of(graph, one)[layer]] = number
    titles = ["", *(layer_name(graph.layers, one) for one in heads)]
    kinds = graph.vertex_pass.astype(np.int64) * len(titles) + head + 1
    counts = np.zeros((running, len(Pass) * len(titles)), np.int64)
    np.add.at(counts, (at, kinds), 1)
    several = int(graph.vertex_pass.max(initial=0)) > 0
    names: list[str] = []
    for row in counts:
        if not row.any():
            names.append(names[-1] if names else "")
            continue
        which, title = divmod(int(row.argmax()), len(titles))
        parts = [Pass(which).name.lower() if several else "", titles[title]]
        names.append(" · ".join(filter(None, parts)))
    return tuple(names)


def _bars(
    graph: ComputeGraph, coloring: Coloring, timeline: Timeline, size: tuple[int, int]
) -> Pixels:
    """How many vertices run at each time, in their mean colour: uint8 (*size, 3)."""
    tall, wide = size
    colors = coloring.colors[coloring.index].astype(np.float64)
    works = timeline.time > 0
    start = timeline.start[works] / max(timeline.seconds, 1e-30) * wide
    end = np.minimum(start + timeline.time[works] / max(timeline.seconds, 1e-30) * wide, wide)
    many = _running(start, end, np.ones(len(start)), wide)
    mean = [_running(start, end, colors[works, c], wide) for c in range(3)]
    shade = np.stack(mean, axis=1) / np.maximum(many, 1e-9)[:, None]
    # The square root lets the quiet parts be seen beside the loud ones.
    high = np.sqrt(many / max(many.max(initial=0), 1e-9)) * tall
    rows = tall - np.arange(tall)
    cover = np.clip(high[None, :] - rows[:, None] + 1, 0, 1)
    bars: Pixels = np.rint(cover[..., None] * np.minimum(shade, 255)[None]).astype(np.uint8)
    bars[-1] = np.maximum(bars[-1], _LINE)
    return bars


def _running(start: Places, end: Places, weights: Places, columns: int) -> Places:
    """Sum of the weights of what runs in each column, by the share of it: float64 (columns,)."""
    slopes = np.zeros(columns + 2)
    levels = np.zeros(columns + 2)
    for place, sign in ((start, 1.0), (end, -1.0)):
        at = place.astype(np.int64)
        np.add.at(slopes, at, sign * weights * (at + 1 - place))
        np.add.at(levels, at + 1, sign * weights)
    return np.maximum(slopes[:columns] + np.cumsum(levels)[:columns], 0.0)

"""Whole scans with labels and legend, in memory or straight to a file of any size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gallery.coloring.types import Coloring
from gallery.files import write_whole
from gallery.placement.types import Layout
from gallery.rendering.files.formats import check_format, save
from gallery.rendering.files.png import png
from gallery.rendering.labels.labels import Label, draw_labels, place_labels
from gallery.rendering.labels.legend import legend_under
from gallery.rendering.raster.frame import frame
from gallery.rendering.raster.raster import describe, strips, strips_of
from gallery.rendering.sheet.sheet import MILLIMETRES_PER_INCH, sheet_picture
from gallery.rendering.types import Picture, RenderSettings

Pixels = npt.NDArray[np.uint8]


def render(
    layout: Layout,
    coloring: Coloring,
    *,
    size: int | tuple[int, int] = 1600,
    settings: RenderSettings | None = None,
) -> Picture:
    """Draw a scan.

    Args:
        layout: Where the vertices are.
        coloring: What colours they have, and on which ground.
        size: Side of the picture, or its width and height, in pixels, at most 32,768.
        settings: How to draw it; None for the defaults.

    Returns:
        The pixels, and the metadata that `save` writes with them.

    Raises:
        RenderError: The colouring is of another graph, or the size is out of range.
    """
    chosen = settings or RenderSettings()
    pixels = np.concatenate(list(_bands(layout, coloring, _sides(size), chosen)))
    return Picture(pixels=pixels, metadata=describe(layout, coloring, chosen))


def render_several(
    layout: Layout,
    colorings: Sequence[Coloring],
    *,
    size: int | tuple[int, int] = 1600,
    settings: RenderSettings | None = None,
) -> tuple[Picture, ...]:
    """Draw scans of one layout in several colourings, in one sweep over the edges.

    Pictures are the same as those of `render`. Each colouring needs 16 bytes of memory a pixel.

    Args:
        layout: Where the vertices are.
        colorings: What colours they have, and on which ground.
        size: See `render`.
        settings: See `render`.

    Raises:
        RenderError: As for `render`.
    """
    chosen = settings or RenderSettings()
    if chosen.legend or not colorings:
        # Legends of different heights leave drawings of different heights.
        return tuple(render(layout, one, size=size, settings=settings) for one in colorings)
    pictures = []
    for coloring, strip in zip(
        colorings, strips_of(layout, colorings, _sides(size), chosen), strict=True
    ):
        bands = _named(strip, layout, coloring, _sides(size), chosen)
        metadata = describe(layout, coloring, chosen)
        pictures.append(Picture(pixels=np.concatenate(list(bands)), metadata=metadata))
    return tuple(pictures)


def with_labels(
    picture: Picture, layout: Layout, coloring: Coloring, look: RenderSettings
) -> Picture:
    """A scan that was drawn without text, with layer names added, as `render` would draw it.

    Args:
        picture: What `render` returned for the same layout and colouring, without labels or legend.
        layout: Where the vertices are.
        coloring: What colours they have, and on which ground.
        look: How it was drawn.
    """
    inside = frame(layout.positions, (picture.width, picture.height), look.margin)
    labels = place_labels(layout, coloring, inside)
    metadata = describe(layout, coloring, replace(look, labels=True))
    return Picture(pixels=draw_labels(picture.pixels, labels, coloring.ground), metadata=metadata)


def save_scan(
    layout: Layout,
    coloring: Coloring,
    path: Path,
    *,
    size: int | tuple[int, int] = 1600,
    settings: RenderSettings | None = None,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Draw a scan into a file; for a PNG, only a band of rows is in memory at a time.

    Args:
        layout: Where the vertices are.
        coloring: What colours they have, and on which ground.
        path: The destination; its suffix gives the format.
        size: See `render`.
        settings: See `render`.
        metadata: Further metadata, which replace those of the same name.

    Raises:
        RenderError: As for `render`, or the format cannot hold a picture of this size, or the file
            cannot be written.
    """
    check_format(path.suffix, _sides(size))
    if path.suffix.lower() != ".png":
        picture = render(layout, coloring, size=size, settings=settings)
        save(picture.told(metadata or {}), path)
        return
    chosen = settings or RenderSettings()
    bands = _bands(layout, coloring, _sides(size), chosen)
    told = describe(layout, coloring, chosen) | dict(metadata or {})
    write_whole(path, png(bands, _sides(size), told))


def _sides(size: int | tuple[int, int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else size


def _bands(
    layout: Layout, coloring: Coloring, size: tuple[int, int], settings: RenderSettings
) -> Iterator[Pixels]:
    width, height = size
    strip = legend_under((width, height), layout, coloring, settings)
    rows = round(strip.height) if strip else 0
    room = (width, height - rows)
    yield from _named(strips(layout, coloring, room, settings), layout, coloring, room, settings)
    if strip:
        yield sheet_picture(strip, MILLIMETRES_PER_INCH).pixels


def _named(
    bands: Iterable[Pixels],
    layout: Layout,
    coloring: Coloring,
    size: tuple[int, int],
    settings: RenderSettings,
) -> Iterable[Pixels]:
    """The bands, with layer names if they are wanted."""
    if not settings.labels:
        return bands
    inside = frame(layout.positions, size, settings.margin)
    labels = place_labels(layout, coloring, inside)
    return _labelled(bands, labels, size[1], coloring.ground)


def _labelled(
    bands: Iterable[Pixels], labels: Iterable[Label], height: int, ground: str
) -> Iterator[Pixels]:
    """The bands with their labels; the rows of a label that crosses into the next band wait."""
    waiting = sorted(labels, key=_rows)
    held, top = np.empty((0, 0, 3), np.uint8), 0
    for band in bands:
        held = np.concatenate([held, band]) if len(held) else band
        end = top + len(held)
        for first, last in map(_rows, reversed(waiting)):
            if first < end < min(last, height):
                end = max(first, top)
        done = [label for label in waiting if _rows(label)[0] < end]
        waiting = waiting[len(done) :]
        if end > top:
            yield draw_labels(held[: end - top], [_raised(label, top) for label in done], ground)
        held, top = held[end - top :], end


def _rows(label: Label) -> tuple[int, int]:
    """The range of rows that a label changes: around its box, and along its line."""
    _, top, _, bottom = label.box
    room = bottom - top
    ends = [round(y) for _, y in label.lead or ()]
    return min([top, *ends]) - room, max([bottom, *ends]) + room


def _raised(label: Label, rows: int) -> Label:
    left, top, right, bottom = label.box
    lead = label.lead
    if lead is not None:
        lead = ((lead[0][0], lead[0][1] - rows), (lead[1][0], lead[1][1] - rows))
    return replace(label, box=(left, top - rows, right, bottom - rows), lead=lead)

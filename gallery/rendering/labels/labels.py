"""Layer names at their regions of a scan, as in an anatomical atlas: placing and drawing them.

Only a region much larger than its name has the name on it. All others have it beside them, where
little is drawn, at the end of a thin line that leads into the region.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from math import ceil, sqrt

import numpy as np
import numpy.typing as npt

from gallery.coloring.oklab import (
    hex_of,
    linear_from_oklab,
    linear_from_srgb,
    oklab_from_linear,
    srgb_from_linear,
)
from gallery.coloring.types import Coloring
from gallery.numerics.elementary import times
from gallery.placement.types import Layout
from gallery.rendering.labels.placement import LabelPositions, Point, Rectangle
from gallery.rendering.labels.regions import Region, mean_colors, regions_of, traces
from gallery.rendering.raster.frame import Frame
from gallery.rendering.sheet.fonts import ASCENT, Face, extent, mask, plain
from gallery.rendering.sheet.sheet import Element, Stroke, TextLine, dot, draw_elements

CONTRAST = 4.5
"""Least contrast of a label with what is under it (WCAG 2.2, success criterion 1.4.3)."""
SMALLEST = 11
"""Smallest font size in pixels; anything smaller is illegible."""

_LUMINANCE = np.array([[0.2126, 0.7152, 0.0722]])
_SIZES = (0.020, 0.0160, 0.0125)
_LONGEST = 26
_EDGE = 0.012
"""Share of the shorter side that names leave free."""
_END = 3.2
"""Width of the dot at the end of a line, in widths of the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedName:
    """A layer name and its position, whatever colours the scan has.

    Attributes:
        text: The name, in characters that the font has.
        box: Left, top, right, bottom in pixels, with some padding around the text.
        size: Size of the font in pixels.
        face: Face of the font.
        lead: Ends of the line from the text to the region, or None if the text is on it.
        part: What is named, see `Region`.
    """

    text: str
    box: Rectangle
    size: int
    face: Face
    lead: tuple[Point, Point] | None = None
    part: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A layer name, its position and its colour.

    Attributes:
        text: See `PlacedName`.
        box: See `PlacedName`.
        size: See `PlacedName`.
        face: See `PlacedName`.
        color: sRGB colour of the region.
        lead: See `PlacedName`.
    """

    text: str
    box: Rectangle
    size: int
    face: Face
    color: tuple[int, int, int]
    lead: tuple[Point, Point] | None = None

    @property
    def at(self) -> tuple[int, int]:
        """Left and top of the text."""
        return self.box[0] + pad(self.size), self.box[1] + pad(self.size)


def pad(size: int) -> int:
    """Padding around a text of a font size, in pixels."""
    return max(2, round(size * 0.25))


def place_labels(
    layout: Layout,
    coloring: Coloring,
    frame: Frame,
    sizes: tuple[int, int, int] | None = None,
    within: Rectangle | None = None,
    taken: Sequence[Rectangle] = (),
) -> tuple[Label, ...]:
    """Layer names at the places of `place_names`, in the colours of a colouring of the graph."""
    return colored(place_names(layout, frame, sizes, within, taken), layout, coloring)


def colored(names: Sequence[PlacedName], layout: Layout, coloring: Coloring) -> tuple[Label, ...]:
    """Placed names in the colours of their regions."""
    colors = mean_colors(layout, coloring, [one.part for one in names])
    return tuple(
        Label(text=one.text, box=one.box, size=one.size, face=one.face, color=color, lead=one.lead)
        for one, color in zip(names, colors, strict=True)
    )


def place_names(
    layout: Layout,
    frame: Frame,
    sizes: tuple[int, int, int] | None = None,
    within: Rectangle | None = None,
    taken: Sequence[Rectangle] = (),
) -> tuple[PlacedName, ...]:
    """Place layer names at their regions, without overlaps, the largest layers first.

    Args:
        layout: Where the vertices are.
        frame: The frame of the picture.
        sizes: Font sizes in pixels for large, medium and small regions; None for sizes that suit
            the picture.
        within: Left, top, right, bottom in pixels that no name, line or dot at the end of a line
            leaves; None for all but a narrow edge of the picture.
        taken: Boxes in pixels to keep free of names and lines.
    """
    side = min(frame.width, frame.height)
    chosen = sizes or tuple(max(round(share * side), SMALLEST) for share in _SIZES)
    inside = within or _inset(frame)
    free = LabelPositions(traces(layout, frame), (frame.width, frame.height), inside)
    for box in taken:
        free.occupy(box)
    regions = [
        replace(region, anchor=_nearest(region.anchor, inside, _dot(_size(region, chosen, side))))
        for region in regions_of(layout, frame)
    ]
    for region in regions:
        if not region.composite:
            free.keep(region.anchor)
    placed: list[PlacedName] = []
    for region in regions:
        label = _name(region, chosen, side)
        position = free.find(
            region.anchor,
            region.radius,
            (label.box[2], label.box[3]),
            composite=region.composite,
            dearest=1.2 if region.depth else 2.2,
        )
        if position is None or not label.text.strip():
            continue
        placed.append(replace(label, box=position.box, lead=position.lead))
    return tuple(placed)


def _inset(frame: Frame) -> Rectangle:
    room = ceil(_EDGE * min(frame.width, frame.height))
    return room, room, frame.width - room, frame.height - room


def _nearest(point: Point, within: Rectangle, room: float) -> Point:
    """The point of a rectangle that is nearest to another, some room away from its sides."""
    left, top, right, bottom = within
    x, y = (
        min(max(at, low + room), high - room) if high - low > 2 * room else (low + high) / 2
        for at, low, high in ((point[0], left, right), (point[1], top, bottom))
    )
    return x, y


def _size(region: Region, sizes: Sequence[int], side: int) -> int:
    large, middling = region.composite or region.radius > 0.09 * side, region.radius > 0.035 * side
    return sizes[2 if region.depth else 0 if large else 1 if middling else 2]


def _line(size: int) -> float:
    """Width in pixels of the line from a name of a font size."""
    return max(size / 18, 1.0)


def _dot(size: int) -> float:
    """Radius in pixels of the dot at the end of that line."""
    return _END * _line(size) / 2


def _name(region: Region, sizes: Sequence[int], side: int) -> PlacedName:
    # Placed at the origin, to measure how much space the name needs.
    size = _size(region, sizes, side)
    face = Face.TEXT if region.depth else Face.STRONG
    text = plain(region.name, _LONGEST)
    wide, tall = extent(text, size, face)
    box = (0, 0, wide + 2 * pad(size), tall + 2 * pad(size))
    return PlacedName(text=text, box=box, size=size, face=face, part=region.part)


def draw_labels(
    pixels: npt.NDArray[np.uint8], labels: Sequence[Label], ground: str
) -> npt.NDArray[np.uint8]:
    """A copy of a picture with labels, each in a halo that keeps it readable.

    Args:
        pixels: uint8 (h, w, 3).
        labels: From `place_labels`.
        ground: "dark" or "light".
    """
    out = shade_labels(pixels, labels, ground)
    draw_elements(out, named(labels, ground))
    return out


def named(
    labels: Sequence[Label], ground: str, *, scale: float = 1.0, top: float = 0.0
) -> list[Element]:
    """Labels as elements on a sheet: first the lines, then the names.

    Args:
        labels: From `place_labels`.
        ground: "dark" or "light".
        scale: Units of the sheet per pixel.
        top: Top of the picture on the sheet.
    """
    elements: list[Element] = []
    for label in labels:
        if label.lead is None:
            continue
        tone = hex_of(np.array(lead_color(label, ground), np.uint8))
        (x, y), (to_x, to_y) = label.lead
        x, y, to_x, to_y = x * scale, top + y * scale, to_x * scale, top + to_y * scale
        width = scale * _line(label.size)
        elements += [
            Stroke(x=x, y=y, to_x=to_x, to_y=to_y, width=width, color=tone),
            dot((to_x, to_y), _END * width, tone),
        ]
    elements.extend(
        TextLine(
            text=label.text,
            x=label.at[0] * scale,
            y=top + (label.at[1] + round(ASCENT * label.size)) * scale,
            size=label.size * scale,
            color=hex_of(np.array(label_color(label, ground), np.uint8)),
            face=label.face,
        )
        for label in labels
    )
    return elements


def shade_labels(
    pixels: npt.NDArray[np.uint8], labels: Sequence[Label], ground: str
) -> npt.NDArray[np.uint8]:
    """A copy of a picture with less light (or, on paper, less ink) under the labels."""
    out = pixels.copy()
    for label in labels:
        _shade(out, label, ground)
    return out


def label_color(label: Label, ground: str) -> tuple[int, int, int]:
    """Colour of a name: a tint of its region, near white on a dark ground, near black on light."""
    chroma = 0.035 if label.face is Face.TEXT else 0.07
    return _tint(label.color, 0.955 if ground == "dark" else 0.26, chroma)


def lead_color(label: Label, ground: str) -> tuple[int, int, int]:
    """Colour of the line to the region: between that of the name and that of the region."""
    return _tint(label.color, 0.86 if ground == "dark" else 0.42, 0.07)


@lru_cache(maxsize=4096)  # A region has the same colour in pictures of all sizes.
def _tint(color: tuple[int, int, int], lightness: float, most: float) -> tuple[int, int, int]:
    # The same hue in OKLab at another lightness, with limited chroma.
    lab = oklab_from_linear(linear_from_srgb(np.array(color) / 255.0))
    chroma = max(sqrt(lab[1] * lab[1] + lab[2] * lab[2]), 1e-6)
    kept = min(chroma, most) / chroma
    tone = linear_from_oklab(np.array([lightness, lab[1] * kept, lab[2] * kept]))
    red, green, blue = np.rint(srgb_from_linear(tone) * 255).astype(int).tolist()
    return int(red), int(green), int(blue)


def luminance(color: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Relative luminance of sRGB 0..255 (..., 3), as defined by WCAG 2.2."""
    linear = linear_from_srgb(np.asarray(color, np.float64) / 255)
    return times(_LUMINANCE, linear)[..., 0]


def halo(label: Label) -> tuple[npt.NDArray[np.float64], tuple[int, int]]:
    """How much the light is reduced around a name, 0 to 1, and the left and top of it in pixels."""
    full, soft = 0.12 * label.size + 1, 1.0 * label.size
    room = int(full + soft) + 1
    letters = np.pad(mask(label.text, label.size, label.face), room)
    if not letters.any():
        return np.zeros(letters.shape), label.at
    from scipy.ndimage import distance_transform_edt  # noqa: PLC0415 - it takes a while

    away = distance_transform_edt(letters < 0.1)
    cover = np.clip(1 - (away - full) / soft, 0, 1)
    return cover * cover * (3 - 2 * cover), (label.at[0] - room, label.at[1] - room)


def _shade(pixels: npt.NDArray[np.uint8], label: Label, ground: str) -> None:
    # Light above the level that the contrast allows is compressed below it, the rest hardly at all.
    cover, (left, top) = halo(label)
    y0, x0 = max(top, 0), max(left, 0)
    y1 = min(top + cover.shape[0], pixels.shape[0])
    x1 = min(left + cover.shape[1], pixels.shape[1])
    if y0 >= y1 or x0 >= x1:
        return
    cover = cover[y0 - top : y1 - top, x0 - left : x1 - left]
    covered = cover > 0  # Elsewhere, light and back is the same level.
    cover, area = cover[covered], pixels[y0:y1, x0:x1]
    level = float(luminance(np.array(label_color(label, ground))))
    linear = _linear()[area[covered]]
    if ground == "light":
        linear = 1 - linear
        allowed = 1 - ((level + 0.05) * CONTRAST * 1.25 - 0.05)
    else:
        allowed = (level + 0.05) / (CONTRAST * 1.25) - 0.05
    amount = times(_LUMINANCE, linear)[..., 0]
    linear *= (1 - cover * amount / (amount + allowed))[:, None]
    if ground == "light":
        linear = 1 - linear
    area[covered] = np.rint(srgb_from_linear(linear) * 255).astype(np.uint8)


@cache
def _linear() -> npt.NDArray[np.float64]:
    """Linear light of each level of sRGB: float64 (256,)."""
    return linear_from_srgb(np.arange(256) / 255.0)

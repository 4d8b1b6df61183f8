"""A printed sheet as a list of elements in millimetres, and its pixels.

The same list gives the PDF, see `gallery.rendering.sheet.pdf`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from gallery.coloring.hex_codes import from_hex
from gallery.errors import RenderError
from gallery.rendering.provenance import software
from gallery.rendering.sheet.fonts import ASCENT, Face, mask, plain, put, text_width
from gallery.rendering.types import Picture
from gallery.settings.formats import LARGEST

MILLIMETRES_PER_INCH = 25.4
SHARES = {"start": 0.0, "middle": 0.5, "end": 1.0}
"""Share of a line's width to the left of its x, by anchor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    """A line of text.

    Attributes:
        text: The text, in characters that the font has (see `plain`).
        x: Position of its start, middle or end, see `anchor`.
        y: Position of its baseline.
        size: Size of the font.
        color: "#rrggbb".
        anchor: "start", "middle" or "end".
        face: Face of the font.
    """

    text: str
    x: float
    y: float
    size: float
    color: str
    anchor: str = "start"
    face: Face = Face.TEXT

    @property
    def left(self) -> float:
        """Where the line begins."""
        return self.x - SHARES[self.anchor] * text_width(self.text, self.size, self.face)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A filled rectangle.

    Attributes:
        x: Left edge.
        y: Top edge.
        width: Its width.
        height: Its height.
        color: "#rrggbb".
    """

    x: float
    y: float
    width: float
    height: float
    color: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """A straight line with round ends; one of zero length is a dot.

    Attributes:
        x: x of one end.
        y: y of one end.
        to_x: x of the other end.
        to_y: y of the other end.
        width: Width of the line.
        color: "#rrggbb".
    """

    x: float
    y: float
    to_x: float
    to_y: float
    width: float
    color: str


def dot(at: tuple[float, float], width: float, color: str) -> Stroke:
    """A dot."""
    return Stroke(x=at[0], y=at[1], to_x=at[0], to_y=at[1], width=width, color=color)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plate:
    """A picture on the sheet.

    Attributes:
        x: Left edge.
        y: Top edge.
        width: Its width; the height follows from the picture.
        picture: The picture.
    """

    x: float
    y: float
    width: float
    picture: Picture

    @property
    def height(self) -> float:
        """Its height."""
        return self.width * self.picture.height / self.picture.width


Element = TextLine | Bar | Stroke | Plate


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """A sheet of paper; all lengths in millimetres, y down.

    Attributes:
        width: Width of the sheet.
        height: Height of the sheet.
        ground: Background, "#rrggbb".
        elements: The elements, in drawing order.
        title: Title for the metadata.
        metadata: Further metadata on how the sheet was made.
    """

    width: float
    height: float
    ground: str
    elements: tuple[Element, ...]
    title: str
    metadata: tuple[tuple[str, str], ...] = ()

    def scaled(self, factor: float) -> Sheet:
        """The same sheet enlarged, or reduced if the factor is below 1."""
        if factor == 1:
            return self
        elements = tuple(_scaled(element, factor) for element in self.elements)
        wide, tall = factor * self.width, factor * self.height
        return replace(self, width=wide, height=tall, elements=elements)

    def told(self, metadata: Mapping[str, str]) -> Sheet:
        """The same sheet with further metadata, which replace those of the same name."""
        return replace(self, metadata=tuple({**dict(self.metadata), **metadata}.items()))


_LENGTHS = ("x", "y", "to_x", "to_y", "width", "height", "size")


def _scaled(element: Element, factor: float) -> Element:
    names = [one.name for one in fields(element) if one.name in _LENGTHS]
    return replace(element, **{name: factor * getattr(element, name) for name in names})


def sheet_picture(sheet: Sheet, dpi: float = 300) -> Picture:
    """A sheet as pixels.

    Args:
        sheet: What to draw.
        dpi: Pixels per inch; A2 at 300 is 4961×7016 pixels.

    Raises:
        RenderError: At this resolution, a side has no pixels or more than 32,768.
    """
    scale = dpi / MILLIMETRES_PER_INCH
    width, height = round(sheet.width * scale), round(sheet.height * scale)
    if not (1 <= width <= LARGEST and 1 <= height <= LARGEST):
        found = f"a sheet of {width}×{height} pixels is not possible"
        raise RenderError(found, hint="choose another resolution")
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:] = from_hex(sheet.ground)
    draw_elements(pixels, sheet.elements, scale)
    metadata = {
        "Software": software(),
        **dict(sheet.metadata),
        "Title": sheet.title,
        "Density": f"{dpi:.0f}",
    }
    return Picture(pixels=pixels, metadata=metadata)


def draw_elements(
    pixels: npt.NDArray[np.uint8], elements: Iterable[Element], scale: float = 1.0
) -> None:
    """Draw elements over pixels in place.

    Args:
        pixels: uint8 (h, w, 3); anything outside is clipped.
        elements: The elements, in drawing order.
        scale: Pixels per unit of the elements.
    """
    for element in elements:
        if isinstance(element, TextLine):
            _write(pixels, element, scale)
        elif isinstance(element, Bar):
            _fill(pixels, element, scale)
        elif isinstance(element, Stroke):
            _stroke(pixels, element, scale)
        else:
            _paste(pixels, element, scale)


def _tone(color: str) -> tuple[int, int, int]:
    red, green, blue = from_hex(color).tolist()
    return int(red), int(green), int(blue)


def _write(pixels: npt.NDArray[np.uint8], words: TextLine, scale: float) -> None:
    size = max(round(words.size * scale), 1)
    text = plain(words.text, 1000)
    wide = text_width(text, size, words.face)
    left = round(words.x * scale - SHARES[words.anchor] * wide)
    top = round(words.y * scale) - round(ASCENT * size)
    put(pixels, mask(text, size, words.face), (left, top), _tone(words.color))


def _fill(pixels: npt.NDArray[np.uint8], bar: Bar, scale: float) -> None:
    x0, x1 = bar.x * scale, (bar.x + bar.width) * scale
    y0, y1 = bar.y * scale, (bar.y + bar.height) * scale
    columns, rows = np.arange(int(x0), int(x1) + 1), np.arange(int(y0), int(y1) + 1)
    across = np.clip(np.minimum(columns + 1, x1) - np.maximum(columns, x0), 0, 1)
    down = np.clip(np.minimum(rows + 1, y1) - np.maximum(rows, y0), 0, 1)
    cover = (down[:, None] * across[None, :]).astype(np.float32)
    put(pixels, cover, (int(x0), int(y0)), _tone(bar.color))


def _stroke(pixels: npt.NDArray[np.uint8], stroke: Stroke, scale: float) -> None:
    put(pixels, *_capsule(
        (stroke.x * scale, stroke.y * scale),
        (stroke.to_x * scale, stroke.to_y * scale),
        max(stroke.width * scale, 1.0),
    ), _tone(stroke.color))  # fmt: skip


def _capsule(
    start: tuple[float, float], end: tuple[float, float], width: float
) -> tuple[npt.NDArray[np.float32], tuple[int, int]]:
    """Coverage of a line with round ends, and the left and top of it in pixels."""
    reach = width / 2 + 1
    left, top = int(min(start[0], end[0]) - reach), int(min(start[1], end[1]) - reach)
    wide = int(max(start[0], end[0]) + reach) + 2 - left
    tall = int(max(start[1], end[1]) + reach) + 2 - top
    x, y = np.arange(wide)[None, :] + left + 0.5, np.arange(tall)[:, None] + top + 0.5
    dx, dy = end[0] - start[0], end[1] - start[1]
    along = ((x - start[0]) * dx + (y - start[1]) * dy) / max(dx * dx + dy * dy, 1e-12)
    along = np.clip(along, 0, 1)
    across, down = x - start[0] - along * dx, y - start[1] - along * dy
    distance = np.sqrt(across * across + down * down)
    return np.clip(width / 2 - distance + 0.5, 0, 1).astype(np.float32), (left, top)


def _paste(pixels: npt.NDArray[np.uint8], plate: Plate, scale: float) -> None:
    width = max(round(plate.width * scale), 1)
    height = max(round(width * plate.picture.height / plate.picture.width), 1)
    shown = resized(plate.picture, width, height)
    left, top = round(plate.x * scale), round(plate.y * scale)
    y0, x0 = max(top, 0), max(left, 0)
    y1, x1 = min(top + height, pixels.shape[0]), min(left + width, pixels.shape[1])
    pixels[y0:y1, x0:x1] = shown[y0 - top : y1 - top, x0 - left : x1 - left]


def resized(picture: Picture, width: int, height: int) -> npt.NDArray[np.uint8]:
    """The pixels of a picture at another size: uint8 (height, width, 3)."""
    if (picture.width, picture.height) == (width, height):
        return picture.pixels
    image = Image.fromarray(picture.pixels)
    return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS))

"""A printed sheet as a list of things in millimetres, and its two forms: pixels and SVG."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt
from PIL import Image

from gallery.color.palettes import from_hex
from gallery.errors import RenderError
from gallery.render.formats import encode
from gallery.render.types import LARGEST, Picture
from gallery.render.words import font, mask, plain, put

MILLIMETRES_PER_INCH = 25.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A line of text.

    Attributes:
        text: What it says.
        x: Of its left, middle or right end.
        y: Of its baseline.
        size: Of the font.
        color: "#rrggbb".
        anchor: "start", "middle" or "end".
    """

    text: str
    x: float
    y: float
    size: float
    color: str
    anchor: str = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A filled rectangle.

    Attributes:
        x: Left.
        y: Top.
        width: Of it.
        height: Of it.
        color: "#rrggbb".
    """

    x: float
    y: float
    width: float
    height: float
    color: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plate:
    """A picture on the sheet.

    Attributes:
        x: Left.
        y: Top.
        width: Of it; its height follows from the picture.
        picture: What is shown.
    """

    x: float
    y: float
    width: float
    picture: Picture


Thing = Words | Bar | Plate


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """A sheet of paper; all lengths in millimetres, y down.

    Attributes:
        width: Of the sheet.
        height: Of the sheet.
        ground: "#rrggbb".
        things: In the order in which they are drawn.
        title: For the metadata.
    """

    width: float
    height: float
    ground: str
    things: tuple[Thing, ...]
    title: str


def text_width(text: str, size: float) -> float:
    """Width of a line of text in the units of its size."""
    return float(font(64).getlength(plain(text, 1000))) * size / 64


def wrap(text: str, size: float, width: float, most: int = 99) -> list[str]:
    """Break a text into lines of a width, at most so many; the last one ends in dots if cut."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if line and text_width(longer, size) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    lines.append(line)
    if len(lines) > most:
        return [*lines[: most - 1], lines[most - 1] + " …"]
    return lines


def sheet_picture(sheet: Sheet, dpi: float = 300) -> Picture:
    """A sheet as pixels.

    Args:
        sheet: What to draw.
        dpi: Pixels an inch; A2 at 300 is 4961×7016 pixels.

    Raises:
        RenderError: The resolution makes a side of no pixel or more than 32,768.
    """
    scale = dpi / MILLIMETRES_PER_INCH
    width, height = round(sheet.width * scale), round(sheet.height * scale)
    if not (1 <= width <= LARGEST and 1 <= height <= LARGEST):
        raise RenderError(f"a sheet of {width}×{height} pixels", hint="choose another resolution")
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:] = from_hex(sheet.ground)
    for thing in sheet.things:
        if isinstance(thing, Words):
            _write(pixels, thing, scale)
        elif isinstance(thing, Bar):
            _fill(pixels, thing, scale)
        else:
            _paste(pixels, thing, scale)
    metadata = {"Title": sheet.title, "Software": "gallery-of-networks", "Density": f"{dpi:.0f}"}
    return Picture(pixels=pixels, metadata=metadata)


def sheet_svg(sheet: Sheet, dpi: float = 200) -> str:
    """A sheet as SVG with its text as text and its pictures inside.

    Args:
        sheet: What to draw.
        dpi: Pictures of a higher resolution are made smaller to it.
    """
    forms: dict[type, Callable[[Thing], str]] = {
        Words: lambda thing: _words_svg(thing) if isinstance(thing, Words) else "",
        Bar: lambda thing: _bar_svg(thing) if isinstance(thing, Bar) else "",
        Plate: lambda thing: _plate_svg(thing, dpi) if isinstance(thing, Plate) else "",
    }
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{sheet.width:g}mm" '
        f'height="{sheet.height:g}mm" viewBox="0 0 {sheet.width:g} {sheet.height:g}" '
        'font-family="Aileron, Inter, Helvetica, Arial, sans-serif">'
    )
    title = f"<title>{escape(_printable(sheet.title))}</title>"
    ground = f'<rect width="100%" height="100%" fill="{sheet.ground}"/>'
    body = [forms[type(thing)](thing) for thing in sheet.things]
    return "\n".join([head, title, ground, *body, "</svg>\n"])


def _write(pixels: npt.NDArray[np.uint8], words: Words, scale: float) -> None:
    size = max(round(words.size * scale), 1)
    text = plain(words.text, 1000)
    wide = font(size).getlength(text)
    share = {"start": 0.0, "middle": 0.5, "end": 1.0}[words.anchor]
    left = round(words.x * scale - share * wide)
    top = round(words.y * scale) - font(size).getmetrics()[0]
    red, green, blue = from_hex(words.color).tolist()
    put(pixels, mask(text, size), (left, top), (red, green, blue))


def _fill(pixels: npt.NDArray[np.uint8], bar: Bar, scale: float) -> None:
    left, right = round(bar.x * scale), round((bar.x + bar.width) * scale)
    top, bottom = round(bar.y * scale), round((bar.y + bar.height) * scale)
    pixels[max(top, 0) : max(bottom, top + 1), max(left, 0) : right] = from_hex(bar.color)


def _paste(pixels: npt.NDArray[np.uint8], plate: Plate, scale: float) -> None:
    width = round(plate.width * scale)
    height = round(width * plate.picture.height / plate.picture.width)
    shown = _resized(plate.picture, width, height)
    left, top = round(plate.x * scale), round(plate.y * scale)
    y0, x0 = max(top, 0), max(left, 0)
    y1, x1 = min(top + height, pixels.shape[0]), min(left + width, pixels.shape[1])
    pixels[y0:y1, x0:x1] = shown[y0 - top : y1 - top, x0 - left : x1 - left]


def _resized(picture: Picture, width: int, height: int) -> npt.NDArray[np.uint8]:
    if (picture.width, picture.height) == (width, height):
        return picture.pixels
    image = Image.fromarray(picture.pixels)
    return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS))


def _words_svg(words: Words) -> str:
    return (
        f'<text x="{words.x:.2f}" y="{words.y:.2f}" font-size="{words.size:g}" '
        f'fill="{words.color}" text-anchor="{words.anchor}">{escape(_printable(words.text))}'
        "</text>"
    )


def _bar_svg(bar: Bar) -> str:
    return (
        f'<rect x="{bar.x:.2f}" y="{bar.y:.2f}" width="{bar.width:.2f}" '
        f'height="{bar.height:.2f}" fill="{bar.color}"/>'
    )


def _plate_svg(plate: Plate, dpi: float) -> str:
    picture = plate.picture
    width = min(round(plate.width * dpi / MILLIMETRES_PER_INCH), picture.width)
    height = round(width * picture.height / picture.width)
    small = Picture(pixels=_resized(picture, width, height).copy())
    data = base64.b64encode(encode(small, ".jpg")).decode()
    return (
        f'<image x="{plate.x:.2f}" y="{plate.y:.2f}" width="{plate.width:.2f}" '
        f'height="{plate.width * picture.height / picture.width:.2f}" '
        f'href="data:image/jpeg;base64,{data}"/>'
    )


def _printable(text: str) -> str:
    # XML 1.0 has no place for control characters, escaped or not.
    return "".join(part if part.isprintable() else "\N{REPLACEMENT CHARACTER}" for part in text)


__all__: Sequence[str] = (
    "Bar",
    "Plate",
    "Sheet",
    "Words",
    "sheet_picture",
    "sheet_svg",
    "text_width",
    "wrap",
)

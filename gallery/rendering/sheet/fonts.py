"""Text on pictures: Inter in a few faces, measured and drawn as masks.

The font comes from the package `fontpkg-inter` and covers Latin, Greek and Cyrillic; `plain` fits
any text to it.
"""

from __future__ import annotations

import io
import unicodedata
from enum import Enum
from functools import cache, lru_cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

NBSP = "\u00a0"
"""A space at which `wrap` breaks no line."""
MISSING = "□"
"""Replaces a character that the font lacks, or that would affect the text around it."""
ASCENT = 1984 / 2048
"""Ascent of the font as a share of its size; the descent is a quarter of it."""

FAMILY = "Inter, 'Helvetica Neue', Helvetica, Arial, sans-serif"
"""For SVG: the font, else one that looks similar."""

_LINE = 1.21
_FINE = 4
_LARGE = 96
_EXACT = 512


class Face(Enum):
    """The faces in use; each value is optical size and weight, the font's two axes."""

    LIGHT = (32, 300)
    TEXT = (14, 400)
    STRONG = (14, 600)
    TITLE = (32, 600)

    @property
    def optical(self) -> int:
        """Size in points that the letters are designed for."""
        return self.value[0]

    @property
    def weight(self) -> int:
        """Weight as in CSS: 400 is regular."""
        return self.value[1]


@cache
def font_bytes() -> bytes:
    """The upright variable font as TrueType."""
    folder = files("fontpkg_inter") / "files"
    upright = sorted(one.name for one in folder.iterdir() if one.name.startswith("Inter["))
    return (folder / upright[0]).read_bytes()


@cache
def letters() -> frozenset[int]:
    """Code points that the font has."""
    return frozenset(TTFont(io.BytesIO(font_bytes()), lazy=True).getBestCmap())


def plain(text: str, limit: int = 60) -> str:
    r"""A text in characters that the font has, cut to a length.

    Accents that the font cannot place are dropped; anything else that it lacks, that is invisible
    or that changes the writing direction becomes a visible box.

    >>> plain("Größe 2×3 µ→λ")
    'Größe 2×3 µ→λ'
    >>> plain("卷积\u202ex\0")
    '□□□x□'
    """
    some = unicodedata.normalize("NFC", text[: 4 * limit + 4])
    shown = "".join(_letter(part) for part in some)
    if len(shown) <= limit:
        return shown
    return shown[: max(limit - 1, 0)].rstrip() + "…"


def _letter(part: str) -> str:
    if part.isascii() and part.isprintable():
        return part
    kind = unicodedata.category(part)
    if kind == "Zs":
        return " "
    if kind in ("Mn", "Me"):
        return ""
    if kind[0] != "C" and ord(part) in letters():
        return part
    # A ligature, a full-width letter, a rare accent: the font may have its components.
    made_of = unicodedata.normalize("NFKD", part)
    base = "".join(one for one in made_of if not unicodedata.combining(one))
    known = base and base != part and all(ord(one) in letters() for one in base)
    return base if known else MISSING


@cache
def _font(size: int, face: Face) -> ImageFont.FreeTypeFont:
    # Basic layout, because Raqm's result depends on whether the system has FriBiDi.
    stream = io.BytesIO(font_bytes())
    found = ImageFont.truetype(stream, size, layout_engine=ImageFont.Layout.BASIC)
    found.set_variation_by_axes([face.optical, face.weight])
    return found


@cache
def _advance(letter: str, face: Face) -> float:
    return float(_font(_EXACT, face).getlength(letter)) / _EXACT


def text_width(text: str, size: float, face: Face = Face.TEXT) -> float:
    """Width of a line of plain text, in the units of its size."""
    return size * sum(_advance(letter, face) for letter in text)


def bearing(text: str, size: float, face: Face = Face.TEXT) -> float:
    """Blank to the left of a line's first letter, by which large letters seem to be indented."""
    return size * _bearing(text[:1], face)


@cache
def _bearing(letter: str, face: Face) -> float:
    if not letter.strip():
        return 0.0
    inked = (mask(letter, _EXACT, face) >= 0.5).any(axis=0)
    return float(inked.argmax()) / _EXACT


def bound(words: str, size: float, width: float, face: Face = Face.TEXT) -> str:
    """Words that `wrap` keeps on one line, if they fit on one."""
    fits = text_width(plain(words, 2000), size, face) <= width
    return NBSP.join(words.split()) if fits else words


def extent(text: str, size: int, face: Face = Face.TEXT) -> tuple[int, int]:
    """Width and height in pixels of a line of plain text."""
    return int(np.ceil(text_width(text, size, face))), int(np.ceil(_LINE * size))


def mask(text: str, size: int, face: Face = Face.TEXT) -> npt.NDArray[np.float32]:
    """Coverage of a line of plain text: float32 (height, width), 0 to 1, see `extent`.

    Letters are drawn larger and scaled down, because FreeType fits small ones to the pixel grid,
    which makes their spacing uneven.
    """
    width, height = extent(text, size, face)
    fine = _FINE if size < _LARGE else 1
    image, x = Image.new("L", ((width + 1) * fine, height * fine)), 0.0
    baseline = round(ASCENT * size * fine)
    for letter in text:
        drawn, left, top = _letter_mask(letter, size * fine, face)
        image.paste(255, (round(x) + left, baseline + top), drawn)
        x += size * fine * _advance(letter, face)
    return np.asarray(image.reduce(fine) if fine > 1 else image, np.float32) / np.float32(255)


@lru_cache(maxsize=1024)
def _letter_mask(letter: str, size: int, face: Face) -> tuple[Image.Image, int, int]:
    """A letter's coverage, and its left and top as seen from the start of its baseline."""
    font = _font(size, face)
    left, top, right, bottom = (int(one) for one in font.getbbox(letter, anchor="ls"))
    image = Image.new("L", (max(right - left, 1), max(bottom - top, 1)))
    ImageDraw.Draw(image).text((-left, -top), letter, 255, font, anchor="ls")
    return image, left, top


def put(
    pixels: npt.NDArray[np.uint8],
    cover: npt.NDArray[np.float32],
    at: tuple[int, int],
    color: tuple[int, int, int],
) -> None:
    """Blend a colour over pixels in place through a mask.

    Args:
        pixels: uint8 (h, w, 3); anything outside is clipped.
        cover: float32 (h', w'), 0 to 1.
        at: Left and top of the mask.
        color: sRGB, 0 to 255.
    """
    left, top = at
    y0, x0 = max(top, 0), max(left, 0)
    y1 = min(top + cover.shape[0], pixels.shape[0])
    x1 = min(left + cover.shape[1], pixels.shape[1])
    if y0 >= y1 or x0 >= x1:
        return
    part = cover[y0 - top : y1 - top, x0 - left : x1 - left, None]
    under = pixels[y0:y1, x0:x1].astype(np.float32)
    over = np.array(color, np.float32)
    pixels[y0:y1, x0:x1] = np.rint(under + (over - under) * part).astype(np.uint8)


def wrap(text: str, size: float, width: float, most: int = 99, face: Face = Face.TEXT) -> list[str]:
    """Break a text into at most `most` lines of a width; the last one ends in "…" if cut.

    Args:
        text: Any text; it is made plain.
        size: Size of the font, in the units of the width.
        width: Width of the column.
        most: Largest number of lines.
        face: Face of the font.
    """
    lines: list[str] = []
    line = ""
    for word in _words(text[:2000]):
        longer = f"{line} {word}" if line else word
        if line and text_width(longer, size, face) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    lines.append(line)
    if len(lines) > most:
        lines = [*lines[: most - 1], lines[most - 1] + "…"]
    return [shorten(one, size, width, face) for one in lines]


def _words(text: str) -> list[str]:
    kept = NBSP.join(plain(part, 2000) for part in text.split(NBSP))
    return [word.replace(NBSP, " ") for word in kept.split(" ") if word]


def shorten(text: str, size: float, width: float, face: Face = Face.TEXT) -> str:
    """A line of plain text, cut to a width with "…"."""
    if text_width(text, size, face) <= width:
        return text
    kept = text
    while kept and text_width(kept + "…", size, face) > width:
        kept = kept[:-1]
    return kept.rstrip(" …") + "…"

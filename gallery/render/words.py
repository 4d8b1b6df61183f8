"""Words on pictures: the font that Pillow carries (Aileron), measured and drawn as masks.

The font holds little more than ASCII; `plain` says every text in it.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

_SIGNS = str.maketrans(
    {"×": "x", "–": "-", "—": "-", "−": "-", "’": "'", "‘": "'", "“": '"', "”": '"', "…": "..."}
)


def plain(text: str, limit: int = 60) -> str:
    """A text in the letters that the font has, cut to a length.

    >>> plain("Größe 2×3")
    'Grosse 2x3'
    """
    mapped = text.replace("ß", "ss").translate(_SIGNS)
    letters = [
        part for part in unicodedata.normalize("NFKD", mapped) if not unicodedata.combining(part)
    ]
    shown = "".join(part if " " <= part <= "~" or part in "·©" else "?" for part in letters)
    return shown if len(shown) <= limit else shown[: max(limit - 3, 0)] + "..."


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """The font at a size in pixels."""
    chosen = ImageFont.load_default(size)
    assert isinstance(chosen, ImageFont.FreeTypeFont), "Pillow was built without FreeType"
    return chosen


def extent(text: str, size: int) -> tuple[int, int]:
    """Width and height in pixels of a line of plain text."""
    ascent, descent = font(size).getmetrics()
    return int(np.ceil(font(size).getlength(text))), ascent + descent


def mask(text: str, size: int, weight: int = 0) -> npt.NDArray[np.float32]:
    """Cover of a line of plain text: float32 (height, width), 0 to 1, see `extent`.

    Args:
        text: In letters that the font has.
        size: Pixels.
        weight: Pixels by which the strokes are thickened, all around.
    """
    width, height = extent(text, size)
    image = Image.new("L", (width + 2 * weight + 1, height + 2 * weight))
    ImageDraw.Draw(image).text((weight, weight), text, 255, font(size), stroke_width=weight)
    return np.asarray(image, np.float32) / np.float32(255)


def put(
    pixels: npt.NDArray[np.uint8],
    cover: npt.NDArray[np.float32],
    at: tuple[int, int],
    color: tuple[int, int, int],
) -> None:
    """Lay a colour over pixels in place, as far as a mask covers them.

    Args:
        pixels: uint8 (h, w, 3); what would fall outside is cut off.
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


def write(
    pixels: npt.NDArray[np.uint8],
    text: str,
    at: tuple[int, int],
    size: int,
    color: tuple[int, int, int],
) -> int:
    """Write a line in place, its left top at a point; returns its width in pixels."""
    shown = plain(text, 200)
    put(pixels, mask(shown, size), at, color)
    return extent(shown, size)[0]

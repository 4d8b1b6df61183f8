"""A printed sheet as PDF: vector text in embedded fonts, lines, and pictures as JPEG."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer
from fpdf import FPDF
from fpdf.fonts import TTFFont

from gallery.coloring.hex_codes import from_hex
from gallery.rendering.files.formats import encode
from gallery.rendering.files.xmp import xmp
from gallery.rendering.provenance import software
from gallery.rendering.sheet.fonts import Face, font_bytes, plain
from gallery.rendering.sheet.sheet import (
    MILLIMETRES_PER_INCH,
    Bar,
    Plate,
    Sheet,
    Stroke,
    TextLine,
    resized,
)
from gallery.rendering.types import Picture

_POINTS = 72 / MILLIMETRES_PER_INCH
_SHAPING = ("GSUB", "GPOS", "GDEF")
"""Tables for ligatures and kerning, which are not used; they take a quarter of the subsetting."""
_ON_SCREENS = ("STAT", "gasp")
"""Tables for menus of fonts and for coarse screens, which no PDF uses; to cut a font with them
takes a fifth longer."""
_USUAL = frozenset(map(chr, (*range(0x20, 0x7F), *range(0xA0, 0x100)))) | frozenset("–—‘’“”…×→□")
"""Latin letters, digits and punctuation."""
_WRITTEN = datetime(2000, 1, 1, tzinfo=UTC)
"""PDF requires a date; the real one would make every build's file different."""


def sheet_pdf(sheet: Sheet, dpi: float = 200, quality: str = "best") -> bytes:
    """A sheet as a one-page PDF; the same sheet gives the same bytes.

    Args:
        sheet: What to draw.
        dpi: Pictures of a higher resolution are scaled down to this.
        quality: How its pictures are compressed, see `encode`.
    """
    page = FPDF(unit="mm", format=(sheet.width, sheet.height))
    page.set_margin(0)
    page.set_auto_page_break(False)
    page.set_creation_date(_WRITTEN)
    page.set_title(sheet.title)
    metadata = {"Software": software(), **dict(sheet.metadata), "Title": sheet.title}
    page.set_creator(metadata["Software"])
    page.set_subject("; ".join(f"{name} {value}" for name, value in sheet.metadata))
    page.set_keywords(metadata.get("Source", ""))
    page.set_xmp_metadata(xmp(metadata))
    page.set_lang("en")
    page.add_page()
    with tempfile.TemporaryDirectory() as folder:
        _add_fonts(page, sheet, Path(folder))
        _fill(page, Bar(x=0, y=0, width=sheet.width, height=sheet.height, color=sheet.ground))
        for element in sheet.elements:
            if isinstance(element, TextLine):
                _write(page, element)
            elif isinstance(element, Bar):
                _fill(page, element)
            elif isinstance(element, Stroke):
                _stroke(page, element)
            else:
                _paste(page, element, dpi, quality)
        return bytes(page.output())


def face_bytes(face: Face, text: Iterable[str]) -> bytes:
    """A face of the variable font as TrueType, with the usual letters and those of a text.

    Nearly all texts have only usual letters and so share a font; the PDF embeds only what it uses.
    """
    return _face(face, frozenset().union(*text) - _USUAL)


@cache
def _face(face: Face, further: frozenset[str]) -> bytes:
    font = TTFont(io.BytesIO(_letters(further)), lazy=True, recalcTimestamp=False)
    axes = {"opsz": face.optical, "wght": face.weight}
    instancer.instantiateVariableFont(font, axes, inplace=True)
    for table in _ON_SCREENS:
        if table in font:
            del font[table]
    return _bytes(font)


@cache
def _letters(further: frozenset[str]) -> bytes:
    """The variable font with the letters that all faces need."""
    font = TTFont(io.BytesIO(font_bytes()), lazy=True, recalcTimestamp=False)
    for table in _SHAPING:  # Before the subsetter reads them, though it is told to drop them.
        if table in font:
            del font[table]
    cutter = subset.Subsetter(subset.Options(notdef_outline=True))
    cutter.populate(text="".join(sorted(_USUAL | further)))
    cutter.subset(font)
    return _bytes(font)


def _bytes(font: TTFont) -> bytes:
    stream = io.BytesIO()
    font.save(stream)
    return stream.getvalue()


def _add_fonts(page: FPDF, sheet: Sheet, folder: Path) -> None:
    for face in Face:
        lines = [
            plain(element.text, 1000)
            for element in sheet.elements
            if isinstance(element, TextLine) and element.face is face
        ]
        if lines:
            path = folder / f"{face.name}.ttf"
            path.write_bytes(face_bytes(face, lines))
            page.add_font(face.name, "", path)
    for font in page.fonts.values():
        if isinstance(font, TTFFont):
            # The bounds of the face hold for a subset, too; otherwise all its outlines are unpacked
            # and packed again, which takes as long as the rest of embedding it.
            font.ttfont.recalcBBoxes = False


def _write(page: FPDF, words: TextLine) -> None:
    text = plain(words.text, 1000)
    red, green, blue = from_hex(words.color).tolist()
    page.set_font(words.face.name, size=words.size * _POINTS)
    page.set_text_color(red, green, blue)
    page.text(words.left, words.y, text)


def _fill(page: FPDF, bar: Bar) -> None:
    red, green, blue = from_hex(bar.color).tolist()
    page.set_fill_color(red, green, blue)
    page.rect(bar.x, bar.y, bar.width, bar.height, style="F")


def _stroke(page: FPDF, stroke: Stroke) -> None:
    red, green, blue = from_hex(stroke.color).tolist()
    if (stroke.x, stroke.y) == (stroke.to_x, stroke.to_y):
        page.set_fill_color(red, green, blue)
        page.circle(stroke.x, stroke.y, stroke.width / 2, style="F")
        return
    page.set_draw_color(red, green, blue)
    page.set_line_width(stroke.width)
    page.line(stroke.x, stroke.y, stroke.to_x, stroke.to_y)


def _paste(page: FPDF, plate: Plate, dpi: float, quality: str) -> None:
    picture = plate.picture
    width = min(round(plate.width * dpi / MILLIMETRES_PER_INCH), picture.width)
    height = max(round(width * picture.height / picture.width), 1)
    small = Picture(pixels=resized(picture, width, height).copy())
    stream = io.BytesIO(encode(small, ".jpg", quality, progressive=False))
    page.image(stream, plate.x, plate.y, plate.width, plate.height)

"""A contact sheet of pictures with their names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_SIDE, _GAP, _WORDS, _COLUMNS = 180, 6, 16, 10


def contact_sheet(pictures: Sequence[tuple[str, Path]], output: Path) -> None:
    """Write a sheet of small pictures in rows, each with its name below.

    Args:
        pictures: Name and file of each, in order; a cell stays empty where there is no file.
        output: The picture to write.
    """
    rows = -(-len(pictures) // _COLUMNS)
    cell = _SIDE + _GAP
    size = (_COLUMNS * cell, max(rows, 1) * (cell + _WORDS))
    sheet = Image.new("RGB", size, (24, 24, 24))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(10)
    for number, (name, path) in enumerate(pictures):
        left, top = number % _COLUMNS * cell, number // _COLUMNS * (cell + _WORDS)
        if path.exists():
            with Image.open(path) as picture:
                sheet.paste(picture.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS), (left, top))
        draw.text((left, top + _SIDE), name[-32:], fill=(220, 220, 220), font=font)
    sheet.save(output)

"""What is on a sheet as elements of SVG, so that words stay text."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from gallery.rendering.sheet.fonts import FAMILY, plain, text_width
from gallery.rendering.sheet.sheet import Bar, Stroke, Thing, Words


def marks(things: Iterable[Thing], *, halo: str = "") -> list[str]:
    """Elements of SVG, in the order of the things; pictures are left out.

    Each line of text is as wide as in our font, whatever font the reader has.

    Args:
        things: Lengths are user units.
        halo: "#rrggbb" that words are edged with where they stand on a drawing, or "".
    """
    edge = f' paint-order="stroke" stroke="{halo}" stroke-opacity="0.85"' if halo else ""
    found = [f'<g font-family={quoteattr(FAMILY)} stroke-linejoin="round"{edge}>']
    for thing in things:
        if isinstance(thing, Words):
            found.append(_text(thing, halo))
        elif isinstance(thing, Bar):
            found.append(
                f'<rect x="{thing.x:.2f}" y="{thing.y:.2f}" width="{thing.width:.2f}" '
                f'height="{thing.height:.2f}" fill="{thing.color}" stroke="none"/>'
            )
        elif isinstance(thing, Stroke):
            found.append(
                f'<path d="M{thing.x:.2f} {thing.y:.2f}L{thing.to_x:.2f} {thing.to_y:.2f}" '
                f'stroke="{thing.color}" stroke-width="{thing.width:.2f}" '
                f'stroke-linecap="round" stroke-opacity="1"/>'
            )
    return [*found, "</g>"]


def _text(words: Words, halo: str) -> str:
    text = plain(words.text, 1000)
    wide = text_width(text, words.size, words.face)
    edge = f' stroke-width="{0.5 * words.size:.2f}"' if halo else ""
    return (
        f'<text x="{words.left:.2f}" y="{words.y:.2f}" font-size="{words.size:.2f}" '
        f'font-weight="{words.face.weight}" fill="{words.color}"{edge} '
        f'textLength="{wide:.2f}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
    )

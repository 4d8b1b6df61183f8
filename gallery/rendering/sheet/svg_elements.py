"""The elements of a sheet as SVG, in which text stays text."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from gallery.rendering.sheet.fonts import FAMILY, plain, text_width
from gallery.rendering.sheet.sheet import Bar, Element, Stroke, TextLine


def svg_elements(elements: Iterable[Element], *, halo: str = "") -> list[str]:
    """SVG elements for the elements of a sheet, in their order, without pictures.

    Each line of text is as wide as in our font, whatever font the viewer has.

    Args:
        elements: Elements with lengths in user units.
        halo: Outline of text that is on a drawing, "#rrggbb", or "".
    """
    edge = f' paint-order="stroke" stroke="{halo}" stroke-opacity="0.85"' if halo else ""
    found = [f'<g font-family={quoteattr(FAMILY)} stroke-linejoin="round"{edge}>']
    for element in elements:
        if isinstance(element, TextLine):
            found.append(_text(element, halo))
        elif isinstance(element, Bar):
            found.append(
                f'<rect x="{element.x:.2f}" y="{element.y:.2f}" width="{element.width:.2f}" '
                f'height="{element.height:.2f}" fill="{element.color}" stroke="none"/>'
            )
        elif isinstance(element, Stroke):
            found.append(
                f'<path d="M{element.x:.2f} {element.y:.2f}L{element.to_x:.2f} {element.to_y:.2f}" '
                f'stroke="{element.color}" stroke-width="{element.width:.2f}" '
                f'stroke-linecap="round" stroke-opacity="1"/>'
            )
    return [*found, "</g>"]


def _text(words: TextLine, halo: str) -> str:
    text = plain(words.text, 1000)
    wide = text_width(text, words.size, words.face)
    edge = f' stroke-width="{0.5 * words.size:.2f}"' if halo else ""
    return (
        f'<text x="{words.left:.2f}" y="{words.y:.2f}" font-size="{words.size:.2f}" '
        f'font-weight="{words.face.weight}" fill="{words.color}"{edge} '
        f'textLength="{wide:.2f}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
    )

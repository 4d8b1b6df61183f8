"""A small badge for READMEs: the gallery's logo and a model's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

from gallery.publishing.parts.clean import shorten
from gallery.rendering.files.xmp import xmp

_CHARACTER = 6.6
"""Mean width of a character at 11 px; the text is stretched to fit exactly."""

HEIGHT = 22
"""Height in pixels."""


def badge(label: str, value: str, metadata: Mapping[str, str] | None = None) -> tuple[bytes, int]:
    """Draw a badge of two fields as SVG; the same texts give the same bytes.

    Args:
        label: On the left.
        value: On the right.
        metadata: How it was made, for programs that read metadata.

    Returns:
        The file, and its width in pixels.
    """
    left, right = shorten(label, 40), shorten(value, 40)
    first, second = (round(_CHARACTER * len(text)) for text in (left, right))
    split, width = first + 34, first + second + 52
    title = quoteattr(f"{left}: {right}")
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="22" '
        f'viewBox="0 0 {width} 22" role="img" aria-label={title}>'
        f"<metadata>{xmp({'Title': f'{left}: {right}', **(metadata or {})})}</metadata>"
        f'<rect width="{width}" height="22" rx="4" fill="#0a0b0d"/>'
        f'<path d="M{split} 0h{width - split - 4}a4 4 0 0 1 4 4v14a4 4 0 0 1-4 4H{split}z" '
        'fill="#2a2f37"/>'
        '<g fill="none" stroke="#ffb35c"><path d="M13 5 8.4 8.7 10 15.5h6l1.6-6.8z" '
        'stroke="#7b8cff"/><path d="M13 5 10 15.5 17.6 8.7H8.4L16 15.5z"/></g>'
        '<g font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" fill="#f1f2f5">'
        f'<text x="26" y="15" textLength="{first}">{escape(left)}</text>'
        f'<text x="{split + 9}" y="15" textLength="{second}">{escape(right)}</text></g></svg>\n'
    )
    return drawing.encode(), width

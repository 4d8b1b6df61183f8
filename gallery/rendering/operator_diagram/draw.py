"""The operator diagram of a model as SVG, in the colours of its scans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from gallery.coloring.oklab import hex_of
from gallery.coloring.operator_types import type_color
from gallery.model import Model
from gallery.rendering.files.xmp import xmp
from gallery.rendering.operator_diagram.blocks import Block, Drawing, drawing_of
from gallery.rendering.operator_diagram.place import Places, Point, outer_frames, place
from gallery.rendering.sheet.fonts import FAMILY, plain, text_width
from gallery.text import counted, visible

_THEMES: Mapping[str, Mapping[str, str]] = {
    "dark": {
        "ground": "#08090c",
        "box": "#14161c",
        "frame": "#ffffff",
        "ink": "#f1f2f5",
        "faint": "#a3a8b4",
        "line": "#6b7280",
    },
    "light": {
        "ground": "#fbfaf7",
        "box": "#ffffff",
        "frame": "#000000",
        "ink": "#17191d",
        "faint": "#5b606b",
        "line": "#8a8f99",
    },
}
_MARGIN = 28.0
_LETTER = 0.62
"""Mean width of a letter as a share of the font size; enough for all fonts of `FAMILY`."""


def diagram(
    model: Model,
    *,
    ground: str = "dark",
    limit: int = 150,
    seconds: float = 20.0,
    metadata: Mapping[str, str] | None = None,
) -> str:
    """Draw the operator graph as SVG: shapes on the arrows, frames around layers, a legend.

    Args:
        model: The model to draw.
        ground: "dark" or "light".
        limit: Largest number of boxes; in models with more operators, repeated and deep layers are
            closed.
        seconds: Processor time of one run of Graphviz; if two fail, the boxes are put in one
            column.
        metadata: How it was made, for programs that read metadata.

    Returns:
        The document, without scripts, style sheets or links, and with all names escaped.
    """
    theme = _THEMES[ground]
    drawing = drawing_of(model, limit)
    sizes = [_size(block) for block in drawing.blocks]
    parents, names = outer_frames(drawing, model.layers)
    places = place(drawing, sizes, parents, seconds)
    head, used = _head(model, drawing, places, ground)
    width = max(places.width + 2 * _MARGIN, 460.0)
    height = places.height + used + 2 * _MARGIN
    shift = (max((width - places.width) / 2, _MARGIN), used + _MARGIN)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family={quoteattr(FAMILY)} role="img" '
        f"aria-label={quoteattr('Operators of ' + _clean(model.name))}>",
        f"<title>{escape(_clean(model.name))}</title>",
        f"<metadata>{xmp({'Title': model.name, **(metadata or {})})}</metadata>",
        f'<rect width="100%" height="100%" fill="{theme["ground"]}"/>',
        head,
        f'<g transform="translate({shift[0]:.1f} {shift[1]:.1f})">',
        *_frames(names, places, theme),
        *_links(drawing, places, theme),
        *(
            _box(block, places.nodes[number], sizes[number], ground)
            for number, block in enumerate(drawing.blocks)
        ),
        *_labels(drawing, places, theme),
        "</g></svg>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _clean(text: str, limit: int = 64) -> str:
    shown = visible(text)
    return shown if len(shown) <= limit else shown[: limit // 2] + "…" + shown[-limit // 2 + 1 :]


def _size(block: Block) -> Point:
    widest = max(
        len(_clean(block.title, 34)) * 12 * _LETTER,
        *(len(_clean(note, 38)) * 9.5 * _LETTER for note in block.notes or ("",)),
    )
    return max(widest + 26, 64.0), 24.0 + 12.5 * len(block.notes)


def _text(words: str, at: Point, size: float, fill: str, extra: str = "") -> str:
    return (
        f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" font-size="{size:g}" fill="{fill}"{extra}>'
        f"{escape(words)}</text>"
    )


def _box(block: Block, centre: Point, size: Point, ground: str) -> str:
    theme = _THEMES[ground]
    tone = hex_of(type_color(block.type, ground))
    left, top = centre[0] - size[0] / 2, centre[1] - size[1] / 2
    end = block.operators == 0
    radius = size[1] / 2 if end else 5
    parts = [
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{size[0]:.1f}" height="{size[1]:.1f}" '
        f'rx="{radius:.1f}" fill="{theme["box"]}" stroke="{tone}" stroke-width="1"/>'
    ]
    if not end:
        parts.append(
            f'<rect x="{left + 4:.1f}" y="{top + 4:.1f}" width="4" height="{size[1] - 8:.1f}" '
            f'rx="2" fill="{tone}"/>'
        )
    if block.operators > 1:
        parts.insert(
            0,
            f'<rect x="{left + 4:.1f}" y="{top + 4:.1f}" width="{size[0]:.1f}" '
            f'height="{size[1]:.1f}" rx="5" fill="{theme["box"]}" stroke="{tone}" '
            'stroke-opacity="0.5"/>',
        )
    x = centre[0] if end else left + 14
    anchor = ' text-anchor="middle"' if end else ""
    parts.append(
        _text(
            _clean(block.title, 34), (x, top + 16), 12, theme["ink"], anchor + ' font-weight="600"'
        )
    )
    for line, note in enumerate(block.notes):
        at = (x, top + 28.5 + 12.5 * line)
        parts.append(_text(_clean(note, 38), at, 9.5, theme["faint"], anchor))
    inside = f' data-operators="{_ranges(block.members)}"' if block.members else ""
    return f"<g{inside}>{''.join(parts)}</g>"


def _ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers as compact ranges, by which a page finds a box.

    >>> _ranges([3, 4, 5, 9])
    '3-5 9'
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return " ".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)


def _frames(names: Sequence[str], places: Places, theme: Mapping[str, str]) -> list[str]:
    parts = []
    for layer, (left, top, right, bottom) in sorted(places.frames.items()):
        parts.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
            f'height="{bottom - top:.1f}" rx="8" fill="{theme["frame"]}" fill-opacity="0.035" '
            f'stroke="{theme["frame"]}" stroke-opacity="0.13"/>'
        )
        room = max(int((right - left - 8) / (9 * _LETTER)), 3)
        name = _clean(names[layer], room)
        parts.append(_text(name, (left + 7, bottom - 6), 9, theme["faint"]))
    return parts


def _links(drawing: Drawing, places: Places, theme: Mapping[str, str]) -> list[str]:
    parts = []
    for number in range(len(drawing.links)):
        points = places.links[number]
        if len(points) < 4:
            continue
        curve, tip = points, points[-1]
        if (len(points) - 1) % 3:
            curve = points[:-1]
        path = f"M{curve[0][0]:.1f} {curve[0][1]:.1f}C" + " ".join(
            f"{x:.1f} {y:.1f}" for x, y in curve[1:]
        )
        end = curve[-1]
        dx, dy = tip[0] - end[0], tip[1] - end[1]
        if abs(dx) + abs(dy) < 1e-6:
            end = (tip[0] - (tip[0] - curve[-2][0]) * 0.2, tip[1] - 5)
            dx, dy = tip[0] - end[0], tip[1] - end[1]
        half = 0.38
        parts.append(
            f'<path d="{path}" fill="none" stroke="{theme["line"]}" stroke-width="1.1"/>'
            f'<path d="M{end[0] - dy * half:.1f} {end[1] + dx * half:.1f}L{tip[0]:.1f} '
            f'{tip[1]:.1f}L{end[0] + dy * half:.1f} {end[1] - dx * half:.1f}Z" '
            f'fill="{theme["line"]}"/>'
        )
    return parts


def _labels(drawing: Drawing, places: Places, theme: Mapping[str, str]) -> list[str]:
    parts = []
    for link, at in zip(drawing.links, places.labels, strict=True):
        if at is not None and link.label:
            halo = (
                f' text-anchor="middle" paint-order="stroke" stroke="{theme["ground"]}" '
                'stroke-width="2.5" stroke-linejoin="round"'
            )
            words = _clean(link.label, 40)
            parts.append(_text(words, (at[0], at[1] + 3), 9, theme["faint"], halo))
    return parts


def _head(model: Model, drawing: Drawing, places: Places, ground: str) -> tuple[str, float]:
    # Title, number of operators and colour key above the drawing, and their height.
    theme = _THEMES[ground]
    width = max(places.width + 2 * _MARGIN, 460.0)
    parts = [_text(_clean(model.name, 40), (_MARGIN, 44), 22, theme["ink"], ' font-weight="600"')]
    count = counted(len(model.operators), "operator")
    if drawing.hidden:
        count += f", {drawing.hidden:,} of them inside closed layers"
    parts.append(_text(count, (_MARGIN, 62), 11, theme["faint"]))
    y = 74.0
    if places.fallback:
        y += 14
        parts.append(_text(_clean(places.fallback, 90), (_MARGIN, y), 9.5, theme["faint"]))
    types = Counter(operator.type for operator in model.operators)
    x, y = _MARGIN, y + 14
    for name, number in sorted(types.items(), key=lambda item: (-item[1], item[0]))[:24]:
        words = f"{_clean(name, 28)} {number}"
        step = 30 + text_width(plain(words), 10.5) * 1.15
        if x > _MARGIN and x + step > width - _MARGIN:
            x, y = _MARGIN, y + 17
        tone = hex_of(type_color(name, ground))
        parts.append(f'<circle cx="{x + 5:.1f}" cy="{y - 3.5:.1f}" r="4.5" fill="{tone}"/>')
        parts.append(_text(words, (x + 14, y), 10.5, theme["ink"]))
        x += step
    return "".join(parts), y + 6

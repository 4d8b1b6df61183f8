"""The figure of `bench_scale`: time and memory an edge over the number of edges, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

_LINES = (
    ("lower", "lowering", "#0f8b8d"),
    ("layout", "layout", "#d1495b"),
    ("draw", "drawing", "#6a4c93"),
)
_FLOOR = 60, 70
"""Nanoseconds an edge of all stages, if memory were all that took time: by bytes touched."""
_EDGES, _TIMES, _BYTES = ("", "k", "M"), ("ns", "µs", "ms", "s"), ("B", "kB", "MB")
_WIDTH, _HEIGHT, _LEFT, _TOP, _ROOM = 400, 300, 60, 40, 36
_INK, _PAPER, _GRID = "#24292f", "#ffffff", "#d8dee4"


def figure(rows: Sequence[dict[str, Any]], model: str) -> str:
    """Two panels with logarithmic axes, as SVG.

    Args:
        rows: Rows of `bench_scale`. Those of the model are joined by lines; others are circles.
        model: The model whose graphs are measured at many sizes.
    """
    body = [
        _panel(rows, model, 0, "Time of the processor an edge", (0, 1e9, _TIMES)),
        _panel(rows, model, 1, "Memory an edge at the peak", (2, 1.0, _BYTES)),
    ]
    width = 2 * (_LEFT + _WIDTH) + _ROOM
    height = _TOP + _HEIGHT + 64
    key = "".join(
        f'<circle cx="{_LEFT + 110 * place}" cy="{height - 14}" r="4" fill="{color}"/>'
        f'<text x="{_LEFT + 110 * place + 10}" y="{height - 10}">{label}</text>'
        for place, (_, label, color) in enumerate(_LINES)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="12" '
        f'fill="{_INK}"><rect width="100%" height="100%" fill="{_PAPER}"/>'
        f"{''.join(body)}{key}</svg>\n"
    )


def _panel(
    rows: Sequence[dict[str, Any]],
    model: str,
    place: int,
    title: str,
    shown: tuple[int, float, Sequence[str]],
) -> str:
    # Shown: which number of a stage, what it is multiplied by, and the unit of each thousand.
    field, unit, names = shown
    values = [row[name][field] * unit / row["edges"] for row in rows for name, *_ in _LINES]
    across = _decades([row["edges"] for row in rows])
    up = _decades([max(value, 10.0) for value in values] + ([] if field else [_FLOOR[0]]))
    left = _LEFT + place * (_WIDTH + _LEFT)

    def x(value: float) -> float:
        return left + (math.log10(value) - across[0]) / (across[1] - across[0]) * _WIDTH

    def y(value: float) -> float:
        share = (math.log10(max(value, 10.0 ** up[0])) - up[0]) / (up[1] - up[0])
        return _TOP + _HEIGHT * (1 - share)

    parts = [f'<text x="{left}" y="{_TOP - 14}" font-weight="bold">{title}</text>']
    for power in range(up[0], up[1] + 1):
        at = y(10.0**power)
        parts.append(
            f'<path d="M{left} {at:.1f}h{_WIDTH}" stroke="{_GRID}"/>'
            f'<text x="{left - 6}" y="{at + 4:.1f}" text-anchor="end">'
            f"{_amount(power, names)}</text>"
        )
    for power in range(across[0], across[1] + 1):
        at = x(10.0**power)
        parts.append(
            f'<path d="M{at:.1f} {_TOP}v{_HEIGHT}" stroke="{_GRID}"/>'
            f'<text x="{at:.1f}" y="{_TOP + _HEIGHT + 18}" text-anchor="middle">'
            f"{_amount(power, _EDGES)}</text>"
        )
    if not field:
        high, low = y(_FLOOR[1]), y(_FLOOR[0])
        parts.append(
            f'<rect x="{left}" y="{high:.1f}" width="{_WIDTH}" height="{low - high:.1f}" '
            f'fill="{_INK}" opacity="0.35"/><text x="{left + 8}" y="{high - 5:.1f}">'
            "floor of all stages, by bytes touched</text>"
        )
    for name, _, color in _LINES:
        points = [(x(row["edges"]), y(row[name][field] * unit / row["edges"]), row) for row in rows]
        joined = [f"{a:.1f} {b:.1f}" for a, b, row in points if row["model"] == model]
        parts.append(
            f'<path d="M{"L".join(joined)}" fill="none" stroke="{color}" stroke-width="2"/>'
        )
        parts += [
            f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.5" stroke="{color}" stroke-width="1.5" '
            f'fill="{color if row["model"] == model else _PAPER}"/>'
            for a, b, row in points
        ]
    return "".join(parts)


def _decades(values: Sequence[float]) -> tuple[int, int]:
    return math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))


def _amount(power: int, names: Sequence[str]) -> str:
    """A power of ten with its unit.

    >>> _amount(4, _EDGES), _amount(2, _TIMES)
    ('10 k', '100 ns')
    """
    return f"{10 ** (power % 3)} {names[power // 3]}"

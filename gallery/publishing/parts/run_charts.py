"""The charts of a run as shapes: over time, tiles as heat maps, and the roofline.

Shapes that stretch with the page are in boxes of their own units; what must not stretch, text and
points, has its place as a percentage.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

from gallery.execution.results import TITLES, Held, RunCurves, RunSummary
from gallery.publishing.parts.clean import shorten
from gallery.publishing.parts.numbers import quantity
from gallery.text import dotted

_ROOM = 1.12
"""Height of the chart of memory, as a multiple of the peak: with room for the peak's name above."""
_NARROW, _WIDE = 13, 5
"""Hundredths of the width from which a band has room for its name, on a phone and elsewhere."""
_LABELLED = 4
_LETTERS = 12
_DIGITS, _LEAST = Context(prec=17), 1e-300

Scale = Callable[[float], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A filled part of a chart: its name, its number in the key, and its path."""

    name: str
    number: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A stretch of time: its name, and where it is, in hundredths of the width."""

    name: str
    at: float
    width: float
    label: str
    wide: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """An operator in the roofline: its place in hundredths, its radius in pixels, and its texts."""

    x: float
    y: float
    radius: float
    name: str
    label: str
    passes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark on an axis: its place in hundredths, and its text."""

    at: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCharts:
    """All charts of a run.

    Attributes:
        columns: Width of the charts over time, in their units.
        time: Areas of compute, exchange and sync; 100 high.
        passes: The passes.
        bands: The layers.
        memory: Areas by kind, those that are empty left out; 100 high.
        peak_x: Where the peak is, in hundredths of the width.
        peak_y: Its height, in hundredths from the top.
        capacity_y: Height of the processor's memory, or None where it is beyond the chart.
        clock: Marks of the axis of time.
        busy: Paths of the tiles by level, 0 to 8.
        filled: The same by memory; empty for a shared memory.
        grid: Columns and rows of the tiles.
        roof: Path of the roof in a box of 100 by 100.
        flat: Height of the roof of other work than contractions, or None.
        dots: Operators with arithmetic.
        across: Marks of the axis of work per byte.
        up: Marks of the axis of work per second.
    """

    columns: int
    time: tuple[Area, ...]
    passes: tuple[Band, ...]
    bands: tuple[Band, ...]
    memory: tuple[Area, ...]
    peak_x: float
    peak_y: float
    capacity_y: float | None
    clock: tuple[Tick, ...]
    busy: tuple[str, ...]
    filled: tuple[str, ...]
    grid: tuple[int, int]
    roof: str
    flat: float | None
    dots: tuple[Dot, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]


def run_charts(numbers: RunSummary, curves: RunCurves) -> RunCharts:
    """The charts of a run."""
    columns = len(curves.compute)
    totals = [sum(column) for column in zip(*curves.memory, strict=True)]
    most = max(numbers.peak, max(totals, default=0), 1.0) * _ROOM
    at = totals.index(max(totals)) if totals else 0
    tiles = len(curves.busy)
    wide = 64 if tiles > 256 else 22
    left, right, low, high = _window(numbers)

    def x(value: float) -> float:
        return round(100 * (_log10(value) - left) / (right - left), 2)

    def y(value: float) -> float:
        return round(100 - 100 * (_log10(value) - low) / (high - low), 2)

    ridge = numbers.peak_flops / numbers.bandwidth
    start = max(10**left, 10**low / numbers.bandwidth)
    roof = f"M{x(start)} {y(start * numbers.bandwidth)}L{x(ridge)} {y(numbers.peak_flops)}H100"
    return RunCharts(
        columns=columns,
        time=_time(curves),
        passes=_placed(curves.passes),
        bands=_placed(curves.bands),
        memory=_stacked(
            [[100 * one / most for one in row] for row in curves.memory],
            [TITLES[one] for one in Held],
        ),
        peak_x=round(100 * (at + 0.5) / max(columns, 1), 2),
        peak_y=round(100 - 100 * numbers.peak / most, 2),
        capacity_y=_height(numbers.capacity / most),
        clock=_clock(numbers.seconds),
        busy=_levels(curves.busy, wide),
        filled=_levels(curves.filled, wide),
        grid=(wide, -(-tiles // wide)),
        roof=roof,
        flat=_height((_log10(numbers.vector_flops) - low) / (high - low)),
        dots=_dots(numbers, x, y),
        across=_named(_powers(left, right, x), "FLOP/B"),
        up=_named(_powers(low, high, y), "FLOP/s"),
    )


def duration(seconds: float) -> str:
    r"""A time in three digits.

    >>> duration(0.00512), duration(2.5e-6), duration(0)
    ('5.12\xa0ms', '2.5\xa0µs', '0\xa0s')
    """
    power = 0
    while 0 < seconds < 0.9995 and power < 3:
        seconds *= 1000
        power += 1
    return f"{seconds:.3g}\xa0{('', 'm', 'µ', 'n')[power]}s"


def _log10(value: float) -> float:
    # Correctly rounded, so the same on every processor, and without compiled code to wait for.
    return float(_DIGITS.log10(Decimal(max(value, _LEAST))))


def _time(curves: RunCurves) -> tuple[Area, ...]:
    compute = [one / 10 for one in curves.compute]
    exchange = [min(one / 10, 100 - c) for one, c in zip(curves.exchange, compute, strict=True)]
    sync = [100 - c - e for c, e in zip(compute, exchange, strict=True)]
    return _stacked([compute, exchange, sync], ["compute", "exchange", "sync"])


def _stacked(rows: Sequence[Sequence[float]], names: Sequence[str]) -> tuple[Area, ...]:
    """Rows on top of one another, as steps, with 100 at the bottom; empty rows are left out."""
    areas, base = [], [0.0] * len(rows[0]) if rows else []
    for number, row in enumerate(rows):
        top = [b + one for b, one in zip(base, row, strict=True)]
        if any(row):
            areas.append(Area(name=names[number], number=number, path=_outline(base, top)))
        base = top
    return tuple(areas)


def _outline(base: Sequence[float], top: Sequence[float]) -> str:
    there = [_number(100 - one) for one in top]
    back = [_number(100 - one) for one in base]
    path = f"M0 {there[0]}" + _steps(there, range(1, len(there)), len(there))
    return f"{path}V{back[-1]}" + _steps(back, range(len(back) - 2, -1, -1), 0, 1) + "z"


def _steps(heights: Sequence[str], order: range, end: int, shift: int = 0) -> str:
    """Horizontal and vertical lines along columns, none where the height stays."""
    parts, last = [], heights[order.start - order.step] if len(heights) > 1 else ""
    for column in order:
        if heights[column] != last:
            parts.append(f"H{column + shift}V{heights[column]}")
            last = heights[column]
    return "".join(parts) + f"H{end}"


def _placed(bands: Sequence[tuple[str, int, int]]) -> tuple[Band, ...]:
    placed = []
    for name, start, end in bands:
        width = (end - start) / 10
        parts = name.split("/")
        tail = dotted("/".join(parts[-2:])) if parts[-1].isdigit() else parts[-1]
        label = tail if width >= _WIDE and len(tail) <= max(2 * width, 4) else ""
        placed.append(
            Band(
                name=shorten(dotted(name), 80),
                at=start / 10,
                width=width,
                label=shorten(label, _LETTERS),
                wide=width < max(_NARROW, 2.2 * len(label)),
            )
        )
    return tuple(placed)


def _clock(seconds: float) -> tuple[Tick, ...]:
    return tuple(
        Tick(at=100 * k / _LABELLED, label=duration(seconds * k / _LABELLED))
        for k in range(_LABELLED + 1)
    )


def _levels(levels: str, wide: int) -> tuple[str, ...]:
    """For each level, the runs of tiles in a row that have it, as strokes one unit wide."""
    paths = [""] * 9
    for begin in range(0, len(levels), wide):
        row, at = levels[begin : begin + wide], 0
        while at < len(row):
            end = at
            while end < len(row) and row[end] == row[at]:
                end += 1
            paths[int(row[at])] += f"M{at} {begin // wide + 0.5}h{end - at}"
            at = end
    return tuple(paths) if levels else ()


def _window(numbers: RunSummary) -> tuple[float, float, float, float]:
    """Decimal logarithms of the ends of the axes of the roofline."""
    shown = [one for one in numbers.operators if one.flops and one.bytes and one.seconds]
    ridge = numbers.peak_flops / numbers.bandwidth
    across = [one.flops / one.bytes for one in shown] + [ridge]
    up = [one.flops / one.seconds for one in shown] + [numbers.peak_flops]
    ends = (min(across), max(across), min(up), max(up))
    left, right, low, high = (_log10(one) for one in ends)
    return left - 0.3, max(right + 0.3, left + 0.7), low - 0.3, high + 0.3


def _dots(numbers: RunSummary, x: Scale, y: Scale) -> tuple[Dot, ...]:
    longest = max((one.seconds for one in numbers.operators), default=1.0)
    shown = [one for one in numbers.operators if one.flops and one.bytes and one.seconds]
    ranked = sorted(shown, key=lambda one: -one.seconds)
    named: set[str] = set()
    dots = []
    for one in ranked:
        label = one.type if one.type not in named and len(named) < _LABELLED else ""
        named |= {one.type} if label else set()
        dots.append(
            Dot(
                x=x(one.flops / one.bytes),
                y=y(one.flops / one.seconds),
                radius=round(3 + 6 * math.sqrt(one.seconds / longest), 1),
                name=f"{shorten(one.name, 60)}, {duration(one.seconds)}",
                label=shorten(label, 20),
                passes=one.passes,
            )
        )
    return tuple(dots)


def _powers(low: float, high: float, place: Scale) -> list[tuple[int, float]]:
    """Powers of ten on an axis, about five, with their places."""
    powers = range(math.ceil(low), math.floor(high) + 1)
    return [(power, place(10.0**power)) for power in powers[:: max(1, len(powers) // 4)]]


def _named(powers: list[tuple[int, float]], unit: str) -> tuple[Tick, ...]:
    """Marks with their numbers, and the last with the unit, too."""
    last = len(powers) - 1
    return tuple(
        Tick(at=at, label=_power(power, unit if number == last else ""))
        for number, (power, at) in enumerate(powers)
    )


def _power(power: int, unit: str) -> str:
    text = f"{10.0**power:g}" if power < 0 else quantity(10**power, "").strip()
    if not unit:
        return text
    return f"{text}\xa0{unit}" if power < 3 else f"{text}{unit}"


def _height(share: float) -> float | None:
    return round(100 - 100 * share, 2) if 0 <= share <= 1 else None


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")

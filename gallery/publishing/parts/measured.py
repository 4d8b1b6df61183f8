"""What was measured of a model's operators, as the pages show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gallery.publishing.exhibit import MeasuredSums, NamedNumber
from gallery.publishing.parts.bars import REST
from gallery.publishing.parts.clean import shorten
from gallery.text import amount


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredBar:
    """One bar.

    Attributes:
        label: What it is the number of; "" for all others.
        text: The number with its unit.
        length: Its length, 0 to 100, relative to the longest bar of its chart.
        share: Share of the sum, 0 to 100; "" where numbers have no sum.
        color: "#rrggbb", or "" for the page's default.
    """

    label: str
    text: str
    length: float
    share: str
    color: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredChart:
    """A chart of bars.

    Attributes:
        key: What its rows are: "layers", "types" or "operators".
        bars: Largest first.
    """

    key: str
    bars: tuple[MeasuredBar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredView:
    """A measurement.

    Attributes:
        title: What was measured.
        is_time: Whether that is time.
        source: The file that it comes from, or "" if the build measured it.
        device: What was measured, or "".
        run: Time of a run, or "" if unknown.
        between: Share of the run that passes between operators, in percent, or "".
        apart: Share of the run in changes of layout that the runtime added, in percent, or "".
        lost: Share of the run that belongs to no operator, in percent, or "".
        charts: Without empty ones.
    """

    title: str
    is_time: bool
    source: str
    device: str
    run: str
    between: str
    apart: str
    lost: str
    charts: tuple[MeasuredChart, ...]


def measured_view(one: MeasuredSums, colors: Mapping[str, str]) -> MeasuredView:
    """Arrange a measurement.

    Args:
        one: The measurement.
        colors: Colour by operator type, if it has one.
    """
    run = (one.run or one.total) if one.unit else 0.0
    named = (("layers", one.layers), ("types", one.types), ("operators", one.operators))
    charts = [
        MeasuredChart(key=key, bars=_bars(rows, one.unit, run, colors if key == "types" else {}))
        for key, rows in named
        if rows
    ]
    # A single row would repeat the whole.
    kept = [chart for chart in charts if len(chart.bars) > 1 or chart.key == "operators"]
    return MeasuredView(
        title=shorten(one.title, 60),
        is_time=bool(one.unit),
        source=shorten(one.source, 80),
        device=shorten(one.device, 160),
        run=amount(run, one.unit) if one.unit else "",
        between=_percent(max(0.0, run - one.total), run) if one.unit else "",
        apart=_percent(one.apart, run),
        lost=_percent(one.lost, run),
        charts=tuple(kept),
    )


def _bars(
    rows: Sequence[NamedNumber], unit: str, whole: float, colors: Mapping[str, str]
) -> tuple[MeasuredBar, ...]:
    longest = max((abs(row.value) for row in rows), default=0.0) or 1.0
    return tuple(
        MeasuredBar(
            label=shorten(row.name, 60) if row.name else REST,
            text=amount(row.value, unit),
            length=round(100 * abs(row.value) / longest, 2),
            share=f"{100 * row.value / whole:.1f}" if whole else "",
            color=colors.get(row.name, ""),
        )
        for row in rows
    )


def _percent(part: float, whole: float) -> str:
    """A share in percent, or "" if it is too small to tell."""
    return f"{100 * part / whole:.1f}" if whole and part >= 0.0005 * whole else ""

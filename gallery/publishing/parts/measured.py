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
        length: Its length, 0 to 100, relative to the longest bar of its chart; 0 if it is longer,
            as all others together can be.
        share: Share of the sum, 0 to 100; "" where numbers have no sum.
        color: "#rrggbb", or "" for the page's default.
        modelled: The modelled time, or "" if unknown.
        modelled_share: Its share of the modelled forward pass, 0 to 100, or "".
        modelled_length: Length of its bar on the same scale of shares, 0 to 100.
    """

    label: str
    text: str
    length: float
    share: str
    color: str
    modelled: str = ""
    modelled_share: str = ""
    modelled_length: float = 0.0


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
        processor: What the times beside the measured ones are modelled on, or "" without them.
        modelled: Modelled time of the forward pass, or "".
        differs: Where the shares differ most: a layer or type, then its measured and its modelled
            share in percent; empty without modelled times.
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
    processor: str = ""
    modelled: str = ""
    differs: tuple[str, ...] = ()


def measured_view(one: MeasuredSums, colors: Mapping[str, str]) -> MeasuredView:
    """Arrange a measurement.

    Args:
        one: The measurement.
        colors: Colour by operator type, if it has one.
    """
    run = _whole(one)
    named = (("layers", one.layers), ("types", one.types), ("operators", one.operators))
    charts = [
        MeasuredChart(key=key, bars=_bars(rows, one, colors if key == "types" else {}))
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
        processor=shorten(one.processor, 80) if one.modelled else "",
        modelled=amount(one.modelled, "s") if one.modelled else "",
        differs=_differs(kept),
    )


def _whole(one: MeasuredSums) -> float:
    """What the shares of a measurement are of: the run, or 0 where numbers have no sum.

    Operators that run side by side can take longer together than the run.
    """
    return max(one.run, one.total) if one.unit else 0.0


def _bars(
    rows: Sequence[NamedNumber], one: MeasuredSums, colors: Mapping[str, str]
) -> tuple[MeasuredBar, ...]:
    """Bars by value or, beside modelled times, measured and modelled ones by share."""
    whole = _whole(one)
    shares = [(row.modelled or 0.0) / one.modelled if one.modelled else 0.0 for row in rows]
    measured = [abs(row.value) / (whole or 1.0) for row in rows]
    pairs = list(zip(rows, measured, shares, strict=True))
    # All others together would leave no room for the rows that are told apart.
    told = [share for row, *both in pairs if row.name or row is not rows[-1] for share in both]
    longest = max(told, default=0.0) or 1.0
    return tuple(
        MeasuredBar(
            label=shorten(row.name, 60) if row.name else REST,
            text=amount(row.value, one.unit),
            length=round(100 * own / longest, 2) if own <= longest else 0.0,
            share=f"{100 * own:.1f}" if whole else "",
            color=colors.get(row.name, ""),
            modelled=amount(row.modelled or 0.0, "s") if one.modelled else "",
            modelled_share=f"{100 * share:.1f}" if one.modelled else "",
            modelled_length=round(100 * share / longest, 2) if share <= longest else 0.0,
        )
        for row, own, share in pairs
    )


def _differs(charts: Sequence[MeasuredChart]) -> tuple[str, ...]:
    """The type or layer whose shares of the measured and the modelled time differ most."""
    bars = [
        bar for key in ("types", "layers") for one in charts if one.key == key for bar in one.bars
    ]
    named = [bar for bar in bars if bar.label and bar.share and bar.modelled_share]
    if not named:
        return ()
    most = max(named, key=lambda bar: abs(float(bar.share) - float(bar.modelled_share)))
    return (most.label, most.share, most.modelled_share)


def _percent(part: float, whole: float) -> str:
    """A share in percent, or "" if it is too small to tell."""
    return f"{100 * part / whole:.1f}" if whole and part >= 0.0005 * whole else ""

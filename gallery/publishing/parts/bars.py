"""Bars of a histogram."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gallery.publishing.parts.clean import shorten

REST = ""
"""Label of the bar that sums up the values not shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistogramBar:
    """One bar.

    Attributes:
        label: What it counts; `REST` for the sum of those not shown.
        value: How many.
        length: Its length, 0 to 100, relative to the longest bar.
        share: Share of the whole, 0 to 100.
        color: "#rrggbb", or "" for the page's default.
        merged: How many labels it stands for.
    """

    label: str
    value: int
    length: float
    share: float
    color: str
    merged: int = 1


def bars(
    values: Mapping[str, int], colors: Mapping[str, str], limit: int = 14
) -> tuple[HistogramBar, ...]:
    """Bars, longest first; beyond `limit` the last bar sums up the rest.

    Args:
        values: Value by label.
        colors: Colour by label, if it has one.
        limit: Most bars.
    """
    ordered = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    shown = ordered if len(ordered) <= limit else ordered[: limit - 1]
    rest = ordered[len(shown) :]
    total = sum(value for _, value in ordered) or 1
    longest = max((value for _, value in ordered), default=0) or 1
    rows = [(shorten(label, 60), value, 1) for label, value in shown]
    if rest:
        rows.append((REST, sum(value for _, value in rest), len(rest)))
    longest = max(longest, *(value for _, value, _ in rows)) if rows else longest
    return tuple(
        HistogramBar(
            label=label,
            value=value,
            length=round(100 * value / longest, 2),
            share=round(100 * value / total, 1),
            color=colors.get(label, ""),
            merged=merged,
        )
        for label, value, merged in rows
    )

"""Legends as JSON, for the cache."""

from __future__ import annotations

from typing import Any

from gallery.coloring.types import LegendEntry


def legend_value(legend: tuple[LegendEntry, ...]) -> list[list[Any]]:
    """A legend as JSON."""
    return [[entry.label, entry.color, entry.share] for entry in legend]


def legend_of(value: list[list[Any]]) -> tuple[LegendEntry, ...]:
    """A legend from what `legend_value` returned."""
    return tuple(
        LegendEntry(label=label, color=color, share=share) for label, color, share in value
    )

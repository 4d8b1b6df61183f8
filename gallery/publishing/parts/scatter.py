"""The collection as a scatter plot: parameters against FLOPs, both on logarithmic scales."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gallery.publishing.parts.numbers import count, quantity

WIDTH, HEIGHT = 1000.0, 520.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 90.0, 30.0, 24.0, 60.0
_MOST_THUMBNAILS = 150
_ROUNDS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark on an axis: its place in the drawing, and its text."""

    at: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A model in the plot.

    Attributes:
        index: Index of the model.
        x: Centre of its picture.
        y: Centre of its picture, downwards.
        home_x: Where its numbers put it.
        home_y: Where its numbers put it, downwards.
    """

    index: int
    x: float
    y: float
    home_x: float
    home_y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scatter:
    """A plot in a box of `WIDTH` by `HEIGHT`.

    Attributes:
        points: In the order of the models.
        across: Marks of the axis of parameters.
        up: Marks of the axis of FLOPs.
        side: Side length of a point's picture.
        thumbnails: Whether points are pictures rather than dots.
        missing: Number of models left out, because one of their numbers is zero or unknown.
    """

    points: tuple[Point, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    side: float
    thumbnails: bool
    missing: int


def scatter(models: Sequence[tuple[int | None, int | None]]) -> Scatter | None:
    """Place models by their numbers; None if fewer than two can be placed.

    Pictures that would overlap are pushed apart; a line leads to where they belong.

    Args:
        models: Parameters and FLOPs of each model, None if unknown.
    """
    known = [(i, p, f) for i, (p, f) in enumerate(models) if p and f]
    if len(known) < 2:
        return None
    low_x, high_x = _range([p for _, p, _ in known])
    low_y, high_y = _range([f for _, _, f in known])
    across, up = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    homes = [
        (
            _LEFT + across * (math.log10(p) - low_x) / (high_x - low_x),
            HEIGHT - _BOTTOM - up * (math.log10(f) - low_y) / (high_y - low_y),
        )
        for _, p, f in known
    ]
    thumbnails = len(known) <= _MOST_THUMBNAILS
    side = max(18.0, min(64.0, 420.0 / math.sqrt(len(known)))) if thumbnails else 8.0
    places = _apart(homes, side) if thumbnails else homes
    return Scatter(
        points=tuple(
            Point(index=i, x=round(x, 1), y=round(y, 1), home_x=round(hx, 1), home_y=round(hy, 1))
            for (i, _, _), (x, y), (hx, hy) in zip(known, places, homes, strict=True)
        ),
        across=tuple(
            Tick(
                at=round(_LEFT + across * (power - low_x) / (high_x - low_x), 1),
                label=count(10**power),
            )
            for power in _powers(low_x, high_x)
        ),
        up=tuple(
            Tick(
                at=round(HEIGHT - _BOTTOM - up * (power - low_y) / (high_y - low_y), 1),
                label=quantity(10**power, "FLOPs"),
            )
            for power in _powers(low_y, high_y)
        ),
        side=round(side, 1),
        thumbnails=thumbnails,
        missing=len(models) - len(known),
    )


def _range(values: Sequence[int]) -> tuple[float, float]:
    """Decimal logarithms of the axis's ends, with a margin, at least a power of ten apart."""
    low, high = math.log10(min(values)), math.log10(max(values))
    room = max(0.12 * (high - low), 0.5 * (1.1 - (high - low)), 0.1)
    return low - room, high + room


def _powers(low: float, high: float) -> range:
    """Powers of ten within the axis, from 1 up."""
    return range(max(0, math.ceil(low)), math.floor(high) + 1)


def _apart(homes: list[tuple[float, float]], side: float) -> list[tuple[float, float]]:
    """Push squares apart until they hardly overlap, always in the same order."""
    places = [list(home) for home in homes]
    gap = side * 1.08
    for _ in range(_ROUNDS):
        for i, first in enumerate(places):
            for second in places[i + 1 :]:
                _push(first, second, gap)
        for place in places:
            place[0] = min(max(place[0], _LEFT + side / 2), WIDTH - side / 2)
            place[1] = min(max(place[1], side / 2), HEIGHT - _BOTTOM - side / 2)
    return [(x, y) for x, y in places]


def _push(first: list[float], second: list[float], gap: float) -> None:
    """Move two points apart along their line if they are closer than `gap`."""
    dx, dy = second[0] - first[0], second[1] - first[1]
    if abs(dx) >= gap or abs(dy) >= gap:
        return
    distance = math.hypot(dx, dy)
    if distance >= gap:
        return
    if distance < 1e-6:
        dx, dy, distance = 1.0, 0.0, 1.0
        shift = gap / 2
    else:
        shift = (gap - distance) / 2
    first[0] -= dx / distance * shift
    first[1] -= dy / distance * shift
    second[0] += dx / distance * shift
    second[1] += dy / distance * shift

"""What a function of arrays returned is returned again for the same arrays, and for no others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gallery.loading.load import load
from gallery.lowering import lower
from gallery.placement import free, layout
from gallery.placement.distances import hops
from gallery.placement.remembered import remembered
from gallery.placement.stress import draw

UNET = Path(__file__).parents[2] / "models" / "unet.onnx"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    first: np.ndarray
    second: object = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Other:
    first: np.ndarray
    second: object = None


ROW = np.arange(4, dtype=np.int32)
PAIR = Pair(first=ROW, second=("a", 1, None))


@pytest.fixture
def told() -> tuple[list[Any], Callable[..., object]]:
    calls: list[Any] = []

    def function(*values: Any, **named: Any) -> object:
        calls.append((values, named))
        return object()

    return calls, remembered(function)


def test_the_same_is_worked_out_once(told: tuple[list[Any], Callable[..., object]]) -> None:
    calls, function = told
    first = function(PAIR, keep=0.5)
    assert function(replace(PAIR, first=ROW.copy()), keep=0.5) is first
    assert len(calls) == 1


@pytest.mark.parametrize(
    "other",
    [
        replace(PAIR, first=ROW[::-1]),
        replace(PAIR, first=ROW.reshape(2, 2)),
        replace(PAIR, first=ROW.view(np.uint32)),
        replace(PAIR, first=ROW.view(np.float32)),
        replace(PAIR, second=("a", 1)),
        replace(PAIR, second=("a", 1.0, None)),
        replace(PAIR, second=("a", "1", None)),
        replace(PAIR, second=(("a", 1), None)),
        Other(first=ROW, second=PAIR.second),
    ],
)
def test_anything_else_is_worked_out(
    told: tuple[list[Any], Callable[..., object]], other: object
) -> None:
    calls, function = told
    first = function(PAIR)
    assert function(other) is not first
    # Only the last is remembered.
    assert function(PAIR) is not first
    assert len(calls) == 3


def test_other_names_are_other_arguments(told: tuple[list[Any], Callable[..., object]]) -> None:
    calls, function = told
    function(1, keep=2)
    function(1, seed=2)
    function(keep=2, seed=1)
    function(seed=1, keep=2)
    assert len(calls) == 3


def test_what_has_no_digest_is_refused(told: tuple[list[Any], Callable[..., object]]) -> None:
    with pytest.raises(TypeError, match="dict"):
        told[1]({})


def test_what_fails_is_tried_again() -> None:
    results = [ValueError("once"), 3]

    def function(_: int) -> int:
        result = results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    known = remembered(function)
    with pytest.raises(ValueError, match="once"):
        known(1)
    assert (known(1), known(1)) == (3, 3)


def test_passes_share_one_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []

    def counted(*values: Any, **named: Any) -> Any:
        drawn.append(values)
        return draw(*values, **named)

    monkeypatch.setattr(free, "draw", counted)
    forgetful: Any = free._bodies_drawn
    monkeypatch.setattr(free, "_bodies_drawn", remembered(forgetful.__wrapped__))
    model = load(UNET)
    forward = lower(model, vertices=100_000)
    fresh = layout(forward)
    layout(forward, skeleton="twopi")
    layout(lower(model, vertices=100_000, passes="training"))
    assert np.array_equal(layout(forward).positions, fresh.positions)
    assert len(drawn) == 3


def test_skeletons_share_the_sums_over_distances(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []

    def counting(sizes: Any) -> Any:
        counted.append(sizes)
        return hops(sizes)

    monkeypatch.setattr(free, "_hops", remembered(counting))
    forgetful: Any = free._bodies_drawn
    monkeypatch.setattr(free, "_bodies_drawn", remembered(forgetful.__wrapped__))
    graph = lower(load(UNET), vertices=100_000)
    drawn = [layout(graph, skeleton=one).positions for one in ("twopi", "circo", "twopi")]
    assert np.array_equal(drawn[0], drawn[2])
    assert len(counted) == 1

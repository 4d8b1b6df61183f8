"""The run in columns of equal time, and its tiles and operators, as charts draw them."""

from __future__ import annotations

import numpy as np

from gallery.execution.layers import named_layers
from gallery.execution.results import Held, RunCurves
from gallery.execution.types import Execution, Times, held
from gallery.graph import Pass
from gallery.numerics.elementary import interpolate

COLUMNS = 180
"""Columns of the charts over time."""
LEVELS = 9
"""Levels of the heat maps; the last is for tiles whose memory is too small."""
BUSIEST = 50
"""One of so many tiles is as busy as the scale reaches, so that a few do not take all of it."""
MOST_BANDS = 200
"""Most bands of layers."""


def curves(execution: Execution) -> RunCurves:
    """The charts of a run."""
    room = execution.target.memory / execution.target.tiles
    layers = named_layers(execution.graph)
    names = [layers[k] for k in execution.step_operator.tolist()]
    return RunCurves(
        compute=_shares(execution, execution.step_compute),
        exchange=_shares(execution, execution.step_exchange),
        memory=_memory(execution),
        passes=_bands(execution, [Pass(p).name.lower() for p in execution.step_pass.tolist()]),
        bands=_bands(execution, names)[:MOST_BANDS],
        busy=_levels(execution.tile_busy / _reach(execution.tile_busy)),
        filled="" if execution.target.shared else _levels(execution.tile_memory / room, full=True),
    )


def _reach(busy: Times) -> float:
    """Where the scale of the tiles' times ends, in seconds."""
    ranked = np.sort(busy)
    return max(float(ranked[-1 - len(busy) // BUSIEST]), 1e-30) if len(busy) else 1.0


def _edges(execution: Execution) -> Times:
    return np.arange(COLUMNS + 1, dtype=np.float64) * (execution.seconds / COLUMNS)


def _shares(execution: Execution, part: Times) -> tuple[int, ...]:
    """How much of each column is spent in a part of the steps, in thousandths."""
    if not execution.seconds:
        return (0,) * COLUMNS
    before = execution.step_start + execution.step_sync
    if part is execution.step_compute:
        before = before + execution.step_exchange
    done = np.cumsum(part)
    times = np.stack((before, before + part), axis=1).ravel()
    sums = np.stack((done - part, done), axis=1).ravel()
    reached = interpolate(_edges(execution), times, sums)
    share = np.diff(reached) / (execution.seconds / COLUMNS)
    return tuple(np.clip(np.rint(1000 * share), 0, 1000).astype(int).tolist())


def _memory(execution: Execution) -> tuple[tuple[int, ...], ...]:
    """Of the fullest step within each column, bytes by kind."""
    if not execution.steps:
        return ((0,) * COLUMNS,) * len(Held)
    edges, total = _edges(execution), held(execution.memory)
    first = np.searchsorted(execution.step_start, edges[:-1], side="right") - 1
    last = np.maximum(np.searchsorted(execution.step_start, edges[1:], side="left"), first + 1)
    fullest = [
        low + int(np.argmax(total[low:high]))
        for low, high in zip(np.maximum(first, 0).tolist(), last.tolist(), strict=True)
    ]
    return tuple(
        tuple(np.rint(execution.memory[fullest, kind]).astype(np.int64).tolist()) for kind in Held
    )


def _bands(execution: Execution, names: list[str]) -> tuple[tuple[str, int, int], ...]:
    """Runs of steps of one name: name, start and end in thousandths of the run."""
    whole = execution.seconds or 1.0
    places = np.rint(1000 * execution.step_start / whole).astype(int).tolist()
    bands: list[tuple[str, int, int]] = []
    for name, start in zip(names, places, strict=True):
        if bands and bands[-1][0] == name:
            continue
        if bands:
            bands[-1] = (*bands[-1][:2], start)
        bands.append((name, start, 1000))
    return tuple(band for band in bands if band[2] > band[1])


def _levels(share: Times, full: bool = False) -> str:
    """A digit for each tile: 0 to 7 by its share, and 8 for all of it, or for more if `full`."""
    most = LEVELS - 1
    level = np.clip(np.floor(share * most), 0, most - 1).astype(int)
    level[share > 1.0 if full else share >= 1.0] = most
    return "".join(map(str, level.tolist()))

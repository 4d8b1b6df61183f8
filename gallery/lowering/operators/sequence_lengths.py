"""Which steps of recurrent layers there are, and where, when sequences have lengths of their own.

A step after the end of a sequence keeps the state and makes a Y of 0. The reverse direction begins
at the end of each sequence. Formulas: ONNX operator specification, RNN, GRU and LSTM.
"""

from __future__ import annotations

import numpy as np

from gallery.lowering.access.part import Ints, Relation
from gallery.lowering.access.registry import Context
from gallery.lowering.access.relations import AxisRule, backwards, fixed, spans, where


def steps_batch_hidden(context: Context) -> tuple[int, int, int]:
    """Number of steps and of sequences, and size of the state."""
    shape = context.shape(0)
    steps, batch = (shape[1], shape[0]) if context.attribute("layout", 0) else shape[:2]
    return steps, batch, context.shape(2)[2]


def known_lengths(context: Context) -> Ints | None:
    """Lengths of the sequences that are known, int64 (batch,); None if there are none."""
    value = context.value(4) if context.has(4) else None
    steps, batch = steps_batch_hidden(context)[:2]
    if value is None or value.size != batch:
        return None
    return np.clip(value.reshape(-1).astype(np.int64), 0, steps)


def within(context: Context, relation: Relation, axes: tuple[int, int]) -> Relation:
    """A relation restricted to blocks that begin before the longest of their sequences ends.

    After that a state keeps its value and Y is 0; `axes` are those of time and batch.
    """
    lengths = known_lengths(context)
    if lengths is None:
        return relation
    longest = spans(axes[1], lengths, lengths + 1)
    return where(relation, lambda lows, highs: lows[:, axes[0]] < longest(lows, highs)[1] - 1)


def placed(context: Context, axes: tuple[int, int], steps: int) -> AxisRule:
    """Places in the sequence of steps of the reverse direction, and the other way round.

    It begins at the end of each sequence; `axes` are those of time and batch.
    """
    if not context.has(4):
        return backwards(axes[0], steps)
    lengths = known_lengths(context)
    if lengths is None:
        return fixed(0, steps)
    bounds = spans(axes[1], lengths, lengths + 1)

    def rule(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        shortest, longest = bounds(lows, highs)
        return shortest - highs[:, axes[0]], longest - 1 - lows[:, axes[0]]

    return rule

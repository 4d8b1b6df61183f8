"""An LSTM whose inputs and states are quantised on the way (DynamicQuantizeLSTM).

As LSTM, with the weights stored as [directions, size, gates]. The scale of the input follows from
its smallest and largest element, that of a state from those of all sequences of the batch: so each
product reads these limits, too.
"""

from __future__ import annotations

from dataclasses import replace

from gallery.contrib.stand_ins import StandIn
from gallery.lowering.access.layouts import Order, rearranged
from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import fixed, full, identity, per_axis, same, where
from gallery.lowering.operators.parts import inside, whole
from gallery.lowering.operators.recurrence import recurrent
from gallery.lowering.operators.stand_ins import standing_for

_LSTM = StandIn(type="LSTM", slots=tuple(range(8)), swapped=(1, 2))
_INPUT, _INITIAL = 0, 5
_SCALES = (8, 9, 10, 11)


@lowers("com.microsoft.DynamicQuantizeLSTM")
def quantised_lstm(context: Context) -> list[Part]:
    """The parts of an LSTM, and the limits that its products read."""
    other = standing_for(context, _LSTM)
    inputs: list[Order] = [
        _LSTM.order(slot, len(context.shape(slot)) if tensor >= 0 else 0, {})
        for slot, tensor in enumerate(other.operator.inputs)
    ]
    outputs: list[Order] = [tuple(range(4)), tuple(range(3)), tuple(range(3))]
    parts = rearranged(other, recurrent, inputs, outputs[: len(other.operator.outputs)])
    every = context.read(_INPUT, identity(context.shape(_INPUT)), saved=True)
    limits = context.virtual(())
    made: list[Part] = [inside(limits, context.shape(_INPUT), [every], 0)]
    extremes = Read(tensor=limits, relation=full(()), saved=True)
    scales = [
        whole(context, index, differentiable=False) for index in _SCALES if context.has(index)
    ]
    for part in parts:
        read = {one.tensor for one in part.reads}
        if context.inputs[_INPUT] in read:
            made.append(replace(part, reads=(*part.reads, extremes, *scales[:2])))
        elif context.inputs[2] in read:
            states, ranges = _state_limits(context, part)
            made += [states, replace(part, reads=(*part.reads, ranges, *scales[2:]))]
        else:
            made.append(part)
    return made


def _state_limits(context: Context, part: Part) -> tuple[Part, Read]:
    """The limits of the previous state of all sequences, and how the product of a step reads them.

    Args:
        context: The operator.
        part: The product: [time, batch, gates, units | units].
    """
    steps, batch, hidden = part.shape[0], part.shape[1], part.shape[4]
    limits = context.virtual((steps,))
    fed = {*context.inputs}
    state = next(one.tensor for one in part.reads if one.tensor not in fed)
    before = per_axis((steps, batch, hidden), [same(0, -1), same(1), same(2)])
    reads = [Read(tensor=state, relation=before, saved=True)]
    if context.has(_INITIAL):
        direction = max(part.time, 0)
        rules = [fixed(direction, direction + 1), same(1), same(2)]
        initial = per_axis(context.shape(_INITIAL), rules)
        first = where(initial, lambda lows, highs: lows[:, 0] == 0)
        reads.append(context.read(_INITIAL, first, saved=True))
    found = inside(limits, (steps, batch, hidden), reads, 1)
    ranges = Read(tensor=limits, relation=per_axis((steps,), [same(0)]), saved=True)
    return replace(found, time=part.time), ranges

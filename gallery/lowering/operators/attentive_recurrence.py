"""An LSTM that at each step also attends to a memory (AttnLSTM).

As LSTM, whose input of a step is followed by the attention of the step before: a mean of the memory
of its sequence, weighted by the state of that step. The attention of the first step is zero.
"""

from __future__ import annotations

from dataclasses import replace

from gallery.contrib.stand_ins import StandIn
from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import composed, fixed, per_axis, same, where
from gallery.lowering.access.reshape import reshaped
from gallery.lowering.operators.parts import inside
from gallery.lowering.operators.recurrence import recurrent
from gallery.lowering.operators.stand_ins import standing_for

_LSTM = StandIn(type="LSTM", slots=tuple(range(8)))
_WEIGHTS, _PRODUCT, _MEMORY, _LENGTHS = 1, 2, 11, 12
_OF_ATTENTION = (8, 9, 10, 13)


@lowers("com.microsoft.AttnLSTM")
def attentive_lstm(context: Context) -> list[Part]:
    """The parts of an LSTM, and for each step the attention, which its product reads."""
    made: list[Part] = []
    for part in recurrent(standing_for(context, _LSTM)):
        if context.inputs[_PRODUCT] not in {one.tensor for one in part.reads}:
            made.append(part)
            continue
        attention, read = _attention(context, part)
        made += [attention, replace(part, reads=(*part.reads, read, _columns(context, part)))]
    return made


def _attention(context: Context, part: Part) -> tuple[Part, Read]:
    """The attention that each step of a direction finds, and how its product reads it.

    Args:
        context: The operator.
        part: The product: [time, batch, gates, units | units].
    """
    steps, batch, hidden = part.shape[0], part.shape[1], part.shape[4]
    number = max(part.time, 0)
    found = context.virtual((steps, batch))
    state = next(one.tensor for one in part.reads if one.tensor not in context.inputs)
    before = per_axis((steps, batch, hidden), [same(0, -1), same(1), same(2)])
    reads = [Read(tensor=state, relation=before, saved=True)]
    for index in (_MEMORY, _LENGTHS, *_OF_ATTENTION):
        if context.has(index):
            shape = context.shape(index)
            first = fixed(number, number + 1) if index in _OF_ATTENTION else same(1)
            relation = per_axis(shape, [first, *(fixed(0, size) for size in shape[1:])])
            later = where(relation, lambda lows, highs: highs[:, 0] > 1)
            reads.append(context.read(index, later, saved=True))
    attention = inside(found, (steps, batch, hidden), reads, 2, context.flops * 0.2)
    read = Read(tensor=found, relation=per_axis((steps, batch), [same(0), same(1)]), saved=True)
    return replace(attention, time=part.time), read


def _columns(context: Context, part: Part) -> Read:
    """The columns of the input's weights that the attention is multiplied by."""
    shape, size, number = context.shape(_WEIGHTS), context.shape(0)[2], max(part.time, 0)
    split = (shape[0], part.shape[2], part.shape[3], shape[2])
    rules = [fixed(number, number + 1), same(2), same(3), fixed(size, shape[2])]
    relation = composed(per_axis(split, rules), reshaped(shape, split))
    return context.read(_WEIGHTS, relation, saved=True, exact=False)

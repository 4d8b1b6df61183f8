"""Recurrent layers, unrolled over time: RNN, GRU and LSTM.

    X [T, B, I] -> projection [T, B, gates, H | I]          not recurrent
    state(t - 1) -> recurrent [T, B, gates, H | H] -> state(t) [T, B, H]
    states -> Y, Y_h, Y_c

Formulas: ONNX operator specification, RNN, GRU and LSTM. Time counts execution steps; a reverse
direction reads the sequence from its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gallery.lowering.access.part import Ints, Part, Read, Relation
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    composed,
    fixed,
    per_axis,
    same,
    where,
)  # fmt: skip
from gallery.lowering.access.reshape import reshaped
from gallery.lowering.operators.parts import inside
from gallery.lowering.operators.sequence_lengths import placed, steps_batch_hidden, within

_GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Direction:
    """One direction of a layer.

    Attributes:
        number: 0, or 1 for the second of two.
        reverse: Whether it runs from the end of the sequence.
        steps: Number of time steps.
        batch: Number of sequences.
        hidden: Size of the state.
        gates: Number of gates of the operator.
        states: Tensors of the program for the hidden state and, in an LSTM, the cell state.
        shares: Work of projection, recurrent product and cell.
    """

    number: int
    reverse: bool
    steps: int
    batch: int
    hidden: int
    gates: int
    states: tuple[int, ...]
    shares: tuple[float, float, float]


@lowers("RNN", "GRU", "LSTM")
def recurrent(context: Context) -> list[Part]:
    """All directions, then the outputs."""
    swapped = bool(context.attribute("layout", 0))
    size = context.shape(0)
    steps, batch = (size[1], size[0]) if swapped else size[:2]
    weights = context.shape(2)
    if not steps or not batch:
        raise NoGridError("a sequence without steps")
    gates = _GATES[context.operator.type]
    hidden = weights[2]
    name = context.attribute("direction", "forward")
    work = np.array([size[2], hidden, 2.0]) / weights[0]
    shares = context.flops * work / (work.sum() * weights[0])
    parts: list[Part] = []
    states = []
    for number in range(weights[0]):
        kinds = 2 if context.operator.type == "LSTM" else 1
        made = tuple(context.virtual((steps, batch, hidden)) for _ in range(kinds))
        direction = _Direction(
            number=number,
            reverse=name == "reverse" or number == 1,
            steps=steps,
            batch=batch,
            hidden=hidden,
            gates=gates,
            states=made,
            shares=(float(shares[0]), float(shares[1]), float(shares[2])),
        )
        parts += _direction(context, direction, swapped)
        states.append(made)
    reverse = [name == "reverse", True][: weights[0]]
    return parts + _outputs(context, states, reverse, swapped)


def _direction(context: Context, d: _Direction, swapped: bool) -> list[Part]:
    fed = context.virtual((d.steps, d.batch, d.gates, d.hidden))
    parts = [_projection(context, d, fed, swapped)]
    if context.operator.type == "GRU" and not context.attribute("linear_before_reset", 0):
        return parts + _reset_first(context, d, fed)
    got = context.virtual((d.steps, d.batch, d.gates, d.hidden))
    parts.append(_product(context, d, got, (0, d.gates)))
    reads = [_fed(context, d, fed), _gates_of(context, got, d, d.gates), *_old(context, d)]
    return [*parts, _cell(context, d, reads)]


def _reset_first(context: Context, d: _Direction, fed: int) -> list[Part]:
    """GRU: the candidate's product reads the state after multiplication by the reset gate."""
    gates = context.virtual((d.steps, d.batch, 2, d.hidden))
    reset = context.virtual((d.steps, d.batch, d.hidden))
    candidate = context.virtual((d.steps, d.batch, 1, d.hidden))
    parts = [_product(context, d, gates, (0, 2))]
    reads = [
        _fed(context, d, fed, (1, 2)),
        _gates_of(context, gates, d, 2, (1, 2)),
        *_old(context, d, lengths=False),
    ]
    shape = (d.steps, d.batch, d.hidden)
    parts.append(_timed(inside(reset, shape, reads, 3), d))
    state = Read(tensor=reset, relation=per_axis(shape, [same(0), same(1), same(4)]), saved=True)
    parts.append(_product(context, d, candidate, (2, 3), state))
    cell = [_fed(context, d, fed, (0, 1)), _fed(context, d, fed, (2, 3))]
    cell += [
        _gates_of(context, gates, d, 2, (0, 1)),
        _gates_of(context, candidate, d, 1),
        *_old(context, d),
    ]
    return [*parts, _cell(context, d, cell)]


def _weights(context: Context, index: int, d: _Direction, first: int, inner: bool) -> Read:
    """W, R or B by gate and unit, in rows gate * H + unit; B has the biases of W, then of R."""
    shape = context.shape(index)
    halves = shape[1] // (d.gates * d.hidden)
    split = (shape[0], halves * d.gates, d.hidden, *shape[2:])

    def gate(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        return lows[:, 2] + first, highs[:, 2] + first

    rules: list[AxisRule] = [fixed(d.number, d.number + 1), gate, same(3)]
    rules += [same(4)] if inner else []
    relation = composed(per_axis(split, rules), reshaped(shape, split))
    return context.read(index, relation, saved=inner, exact=False)


def _projection(context: Context, d: _Direction, made: int, swapped: bool) -> Part:
    """[T, B, gates, H | I], in sequence order."""
    shape = context.shape(0)
    rules = [same(1), same(0), same(4)] if swapped else [same(0), same(1), same(4)]
    reads = [
        context.read(0, per_axis(shape, rules), saved=True),
        _weights(context, 1, d, 0, True),
    ]
    if context.has(3):
        for first in (0, d.gates):
            bias = _weights(context, 3, d, first, False)
            relation = _begins(bias.relation)
            reads.append(context.read(3, relation, exact=False))
    index = (d.steps, d.batch, d.gates, d.hidden, shape[2])
    return inside(made, index, reads, 4, d.shares[0])


def _begins(relation: Relation) -> Relation:
    return where(relation, lambda lows, highs: lows[:, 4] == 0)


def _product(
    context: Context,
    d: _Direction,
    made: int,
    gates: tuple[int, int],
    state: Read | None = None,
) -> Part:
    """[T, B, gates, H | H]: recurrent weights times the state of the previous step."""
    reads = [_weights(context, 2, d, gates[0], True)]
    if state is None:
        reads += _before(context, d, d.states[0], 5, [same(1), same(4)])
    else:
        reads.append(state)
    index = (d.steps, d.batch, gates[1] - gates[0], d.hidden, d.hidden)
    return _timed(inside(made, index, reads, 4, d.shares[1] * (gates[1] - gates[0]) / d.gates), d)


def _before(
    context: Context, d: _Direction, state: int, initial: int, rules: Sequence[AxisRule]
) -> list[Read]:
    """The state of the previous step, or the initial one, if given, at the first step."""
    shape = (d.steps, d.batch, d.hidden)
    reads = [Read(tensor=state, relation=per_axis(shape, [same(0, -1), *rules]), saved=True)]
    if context.has(initial):
        sizes = context.shape(initial)
        if context.attribute("layout", 0):
            ordered = [rules[0], fixed(d.number, d.number + 1), rules[1]]
        else:
            ordered = [fixed(d.number, d.number + 1), rules[0], rules[1]]
        relation = where(per_axis(sizes, ordered), lambda lows, highs: lows[:, 0] == 0)
        reads.append(context.read(initial, relation, saved=True))
    return reads


def _fed(context: Context, d: _Direction, fed: int, gates: tuple[int, int] | None = None) -> Read:
    """The projection for a cell's own step: [T, B, H] reads all or some gates of its unit."""
    first, last = gates or (0, d.gates)
    time = placed(context, (0, 1), d.steps) if d.reverse else same(0)
    shape = (d.steps, d.batch, d.gates, d.hidden)
    relation = per_axis(shape, [time, same(1), fixed(first, last), same(2)])
    return Read(tensor=fed, relation=within(context, relation, (0, 1)), saved=True)


def _gates_of(
    context: Context, tensor: int, d: _Direction, count: int, gates: tuple[int, int] | None = None
) -> Read:
    first, last = gates or (0, count)
    shape = (d.steps, d.batch, count, d.hidden)
    relation = per_axis(shape, [same(0), same(1), fixed(first, last), same(2)])
    return Read(tensor=tensor, relation=within(context, relation, (0, 1)), saved=True)


def _old(context: Context, d: _Direction, lengths: bool = True) -> list[Read]:
    """Previous states, peepholes and sequence lengths of a cell [T, B, H]."""
    kind = context.operator.type
    reads: list[Read] = []
    if kind == "GRU" or context.has(4):
        reads += _before(context, d, d.states[0], 5, [same(1), same(2)])
    if kind == "LSTM":
        reads += _before(context, d, d.states[1], 6, [same(1), same(2)])
        if context.has(7):
            sizes = context.shape(7)
            split = (sizes[0], 3, d.hidden)
            rules = [fixed(d.number, d.number + 1), fixed(0, 3), same(2)]
            relation = composed(per_axis(split, rules), reshaped(sizes, split))
            reads.append(context.read(7, relation, saved=True, exact=False))
    if lengths and context.has(4):
        relation = per_axis(context.shape(4), [same(1)])
        reads.append(context.read(4, relation, differentiable=False))
    return reads


def _cell(context: Context, d: _Direction, reads: Sequence[Read]) -> Part:
    return Part(
        shape=(d.steps, d.batch, d.hidden),
        rank=3,
        makes=d.states,
        reads=tuple(reads),
        flops=d.shares[2],
        itemsize=4.0 * len(d.states),
        saves_output=True,
        time=d.number,
    )


def _timed(part: Part, d: _Direction) -> Part:
    return replace(part, time=d.number)


def _outputs(
    context: Context,
    states: Sequence[tuple[int, ...]],
    reverse: Sequence[bool],
    swapped: bool,
) -> list[Part]:
    """Y of all steps; Y_h and Y_c of the last step."""
    parts = []
    for output in range(3):
        if not context.makes(output):
            continue
        shape = context.out_shape(output)
        time_axis = -1 if output else int(swapped)
        batch_axis = 0 if swapped else (1 if output else 2)
        direction_axis = int(swapped) if output else 1 + swapped
        reads = []
        for number, made in enumerate(states):
            steps, batch, hidden = steps_batch_hidden(context)
            if time_axis < 0:
                time: AxisRule = fixed(steps - 1, steps)
            elif reverse[number]:
                time = placed(context, (time_axis, batch_axis), steps)
            else:
                time = same(time_axis)
            rules = [time, same(batch_axis), same(len(shape) - 1)]
            relation = _of_direction(
                per_axis((steps, batch, hidden), rules), direction_axis, number
            )
            if time_axis >= 0:
                relation = within(context, relation, (time_axis, batch_axis))
            reads.append(Read(tensor=made[1 if output == 2 else 0], relation=relation))
        if output == 0 and context.has(4):
            sizes = context.shape(4)
            reads.append(context.read(4, per_axis(sizes, [same(batch_axis)]), differentiable=False))
        parts.append(
            Part(
                shape=shape,
                rank=len(shape),
                makes=context.tensors(output),
                reads=tuple(reads),
                itemsize=context.itemsize(output),
            )
        )
    return parts


def _of_direction(relation: Relation, axis: int, number: int) -> Relation:
    return where(
        relation, lambda lows, highs: (lows[:, axis] <= number) & (highs[:, axis] > number)
    )

"""Follows tensors that a Loop carries and that grow on each trip, as caches of decoders do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import onnx

from gallery.loading.control import idle, trips
from gallery.loading.flat import Flat, FlatNode
from gallery.loading.types import dims_of, element_of, merged, tensor_type
from gallery.model import Shape, freeze

_MOST_VISITS = 4000
"""How many operators may be typed again, at most, to follow one loop."""

_LEAST_TRIPS = 8
"""How many trips are followed at least before it is concluded that sizes grow evenly."""

_PASSED = 2
"""Inputs of a Loop, and of its body, before those that it carries."""


def grows(flat: Flat, step: FlatNode) -> bool:
    """Whether the first trip of a Loop gives a carried tensor other sizes than it had."""
    (body, *_) = step.bodies
    if step.type != "Loop" or idle(flat, step, body.name) or not trips(flat, step):
        return False
    return any(
        fed >= 0 and made >= 0 and _shape(flat, fed) != _shape(flat, made)
        for fed, made in zip(step.inputs[_PASSED:], body.outputs[1:], strict=False)
    )


def grown(
    flat: Flat, step: FlatNode, run: Callable[[], bool], warnings: list[str]
) -> dict[int, onnx.TypeProto]:
    """Types of the tensors that a Loop carries, after its last trip.

    The body is typed again for each trip, with the number of the trip as a known value, and is left
    as it was. Where that takes too long, sizes that grew evenly on all trips so far go on so.

    Args:
        flat: The model.
        step: The loop, whose body is typed.
        run: Types the operators of its body again, unless that was done too often.
        warnings: Gets a note if sizes are taken to grow evenly.
    """
    (body, *_) = step.bodies
    count = trips(flat, step) or 0
    inner = {i for at in body.operators for i in flat.steps[at].outputs if i >= 0}
    inner |= {i for entry in _entries(flat, body.operators) for i in entry if i >= 0}
    before = {i: (flat.values[i].kind, flat.values[i].value) for i in inner | set(body.inputs)}
    kept = {i for at in body.operators for i in flat.steps[at].outputs if _is_constant(flat, at)}
    most = max(_LEAST_TRIPS, _MOST_VISITS // max(1, len(body.operators)))
    kinds = [_kind(flat, index) for index in step.inputs[_PASSED:]]
    history = [[dims_of(kind) for kind in kinds]]
    for trip in range(min(count, most)):
        for index in inner - kept:
            flat.values[index].value = None
        for index, kind in zip(body.inputs[_PASSED:], kinds, strict=False):
            flat.values[index].kind = merged(kind, flat.values[index].declared)
        if body.inputs:
            flat.values[body.inputs[0]].value = freeze(np.array(trip, np.int64))
        if not run():
            kinds = []
            break
        kinds = [_kind(flat, index) for index in body.outputs[1 : 1 + len(kinds)]]
        history.append([dims_of(kind) for kind in kinds])
    for index, (kind, value) in before.items():
        flat.values[index].kind, flat.values[index].value = kind, value
    if kinds and count > most:
        rest = count - most
        warnings.append(f"the sizes in the loop {step.name!r} are taken to grow evenly")
        kinds = [
            _onwards(kind, [at[slot] for at in history], rest) for slot, kind in enumerate(kinds)
        ]
    return {slot: kind for slot, kind in enumerate(kinds) if kind is not None}


def _onwards(
    kind: onnx.TypeProto | None, shapes: Sequence[Shape], rest: int
) -> onnx.TypeProto | None:
    """The type after further trips; a size that did not grow evenly is left unknown."""
    if kind is None or any(
        shape is None or len(shape) != len(shapes[-1] or ()) for shape in shapes
    ):
        return None if kind is None else tensor_type(element_of(kind), None)
    sizes: list[int | None] = []
    for column in zip(*(shape for shape in shapes if shape is not None), strict=True):
        known = [size for size in column if isinstance(size, int)]
        steps = {two - one for one, two in pairwise(known)}
        even = len(known) == len(column) and len(steps) == 1
        sizes.append(max(0, known[-1] + steps.pop() * rest) if even else None)
    return tensor_type(element_of(kind), sizes)


def _entries(flat: Flat, operators: range) -> list[tuple[int, ...]]:
    """The inputs of the bodies within a body."""
    return [body.inputs for at in operators for body in flat.steps[at].bodies]


def _is_constant(flat: Flat, position: int) -> bool:
    return flat.steps[position].type == "Constant" and not flat.steps[position].domain


def _kind(flat: Flat, index: int) -> onnx.TypeProto | None:
    return flat.values[index].kind if index >= 0 else None


def _shape(flat: Flat, index: int) -> Shape:
    return dims_of(flat.values[index].kind)

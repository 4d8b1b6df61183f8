"""How often a Loop runs that ends by counting, as PyTorch's `while_loop` and TensorFlow's do.

Such a loop has no limit: it carries a number, and its body compares that with another one. The
operators that the condition follows from are computed trip by trip.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gallery.loading.evaluation import EVALUATED
from gallery.loading.flat import Flat, FlatNode

_MOST_COMPUTED = 4000
"""How many operators may be computed, at most, to follow one loop."""

_PASSED = 2
"""Inputs of a Loop, and of its body, before those that it carries."""

Run = Callable[[FlatNode, Mapping[str, Any]], Sequence[Any]]

logger = logging.getLogger(__name__)


def counted_trips(flat: Flat, loop: FlatNode, run: Run) -> int | None:
    """The most trips that the condition of a Loop allows, or None if it does not tell.

    Of a condition that joins several (And), those that depend on data are taken to hold.

    Args:
        flat: The model.
        loop: The loop, whose body is typed.
        run: Computes the outputs of an operator from its inputs, which go by their indices.
    """
    (body, *_) = loop.bodies
    makers = {i: at for at in body.operators for i in flat.steps[at].outputs if i >= 0}
    ends, positions, slots = [], set[int](), set[int]()
    for condition in _joined(flat, makers, body.outputs[0]) if body.outputs else ():
        needed = _needed(flat, loop, makers, condition)
        if needed is not None:
            ends.append(condition)
            positions |= needed[0]
            slots |= needed[1]
    if not positions:
        return None
    order = [flat.steps[at] for at in sorted(positions)]
    carried = {slot: flat.values[loop.inputs[_PASSED + slot]].value for slot in slots}
    for trip in range(_MOST_COMPUTED // len(order)):
        known: dict[int, Any] = dict(
            zip(body.inputs, (np.array(trip), np.array(True)), strict=False)
        )
        known |= {body.inputs[_PASSED + slot]: value for slot, value in carried.items()}
        try:
            for step in order:
                fed = {str(i): _value(flat, known, i) for i in step.inputs if i >= 0}
                known.update(zip((i for i in step.outputs if i >= 0), run(step, fed), strict=False))
            if not all(bool(_value(flat, known, one)) for one in ends):
                return trip + 1
            carried = {slot: _value(flat, known, body.outputs[1 + slot]) for slot in slots}
        except Exception:
            # It raises whatever numpy raises; the number then stays unknown, which does no harm.
            logger.debug("the trips of %s are not counted", loop.name, exc_info=True)
            return None
    return None


def _joined(flat: Flat, makers: Mapping[int, int], condition: int) -> list[int]:
    """The conditions that have to hold for one to hold."""
    step = flat.steps[makers[condition]] if condition in makers else None
    if step is None or step.domain or step.type not in ("And", "Identity"):
        return [condition]
    return [one for index in step.inputs for one in _joined(flat, makers, index)]


def _needed(
    flat: Flat, loop: FlatNode, makers: Mapping[int, int], tensor: int
) -> tuple[set[int], set[int]] | None:
    """What a tensor of a body follows from, or None if that is more than numbers.

    Returns:
        Positions of the operators to compute, and slots of the tensors that the loop carries.
    """
    (body, *_) = loop.bodies
    positions, slots, seen, left = set[int](), set[int](), set[int](), [tensor]
    while left:
        index = left.pop()
        if index in seen or index in body.inputs[:_PASSED]:
            continue
        seen.add(index)
        if index in body.inputs:
            slot = body.inputs.index(index) - _PASSED
            fed = loop.inputs[_PASSED + slot] if _PASSED + slot < len(loop.inputs) else -1
            if fed < 0 or flat.values[fed].value is None:
                return None
            slots.add(slot)
            left.append(body.outputs[1 + slot])
        elif _stays(flat, loop, makers, index):
            continue
        elif index in makers and _computed(flat.steps[makers[index]]):
            positions.add(makers[index])
            left += [i for i in flat.steps[makers[index]].inputs if i >= 0]
        else:
            return None
    return positions, slots


def _stays(flat: Flat, loop: FlatNode, makers: Mapping[int, int], index: int) -> bool:
    """Whether a tensor is known and the same on each trip; sizes of what is carried may grow."""
    if flat.values[index].value is None:
        return False
    inputs = flat.steps[makers[index]].inputs if index in makers else ()
    return not any(i in makers or i in loop.bodies[0].inputs for i in inputs)


def _computed(step: FlatNode) -> bool:
    return not step.domain and step.type in EVALUATED


def _value(flat: Flat, known: Mapping[int, Any], index: int) -> Any:
    return known[index] if index in known else flat.values[index].value

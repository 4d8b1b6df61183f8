"""Constants that a network computes with but does not learn: masks and tables of angles.

PyTorch calls them buffers. A file holds them like weights, so that only what is done with them
tells: what is read to decide, what hides keys before a Softmax, what turns pairs of elements.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from gallery.model import Model, Operator

_MOVES = frozenset({
    "Cast", "Concat", "Expand", "Flatten", "Gather", "Identity", "Reshape", "Slice", "Split",
    "Squeeze", "Tile", "Transpose", "Unsqueeze",
})  # fmt: skip
"""Operators that hand on the elements of their first input, or of all."""

_DECIDES = frozenset({
    "And", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not", "Or", "Xor",
})  # fmt: skip

_BOOL = 9
_HIDDEN = -1e4
"""What is added to the score of a hidden key is at most this."""

_MOST = 64
"""Operators that move a tensor's elements, at most."""

_STEPS = 4
"""Additions between a mask and its Softmax, and readers of one, at most."""

Readers = Mapping[int, list[tuple[Operator, int]]]


def buffers(model: Model) -> set[int]:
    """Parameters of a model that are masks or tables of cosines and sines, and nothing else."""
    readers: defaultdict[int, list[tuple[Operator, int]]] = defaultdict(list)
    makers: dict[int, Operator] = {}
    for operator in model.operators:
        for slot, tensor in enumerate(operator.inputs):
            readers[tensor].append((operator, slot))
        makers |= dict.fromkeys(operator.outputs, operator)
    kept = set(model.outputs) | {t for o in model.operators for b in o.bodies for t in b.outputs}
    held = [index for index, tensor in enumerate(model.tensors) if tensor.is_parameter]
    found = set()
    for index in held:
        uses = _uses(index, readers, kept)
        if uses and (
            all(_decides(*use) for use in uses)
            or (_may_hide(model, index) and all(_hides(o, readers) for o, _ in uses))
            or all(_turns(operator, readers, makers) for operator, _ in uses)
        ):
            found.add(index)
    return found


def _uses(index: int, readers: Readers, kept: set[int]) -> list[tuple[Operator, int]]:
    """What reads a tensor in the end, and which of its inputs; nothing if that cannot be told.

    Operators that move elements are followed to what reads their outputs.
    """
    uses: list[tuple[Operator, int]] = []
    waiting, seen = [index], {index}
    while waiting:
        tensor = waiting.pop()
        if tensor in kept or len(seen) > _MOST:
            return []
        for operator, slot in readers.get(tensor, ()):
            to_bool = operator.type == "Cast" and operator.attributes.get("to") == _BOOL
            moved = slot == 0 or operator.type == "Concat"
            if operator.domain or operator.type not in _MOVES or to_bool or not moved:
                uses.append((operator, tensor))
                continue
            new = [t for t in operator.outputs if t >= 0 and t not in seen]
            seen.update(new)
            waiting += new
    return uses


def _decides(operator: Operator, tensor: int) -> bool:
    """Whether an operator only asks what a tensor is."""
    if operator.domain:
        return False
    if operator.type == "Where":
        return operator.inputs[0] == tensor and tensor not in operator.inputs[1:]
    return operator.type in _DECIDES or operator.type == "Cast"


def _may_hide(model: Model, index: int) -> bool:
    """Whether a tensor may be a mask: zeros and low numbers, or one matrix for all heads alike."""
    tensor = model.tensors[index]
    if tensor.value is not None:
        values = np.asarray(tensor.value)
        if values.dtype.kind != "f" or not values.size:
            return False
        low = values <= _HIDDEN
        return bool(low.any() and (low | (values == 0)).all())
    sizes = tensor.sizes or ()
    square = len(sizes) > 1 and sizes[-1] == sizes[-2] > 1
    return square and all(size == 1 for size in sizes[:-2])


def _hides(operator: Operator, readers: Readers, steps: int = _STEPS) -> bool:
    """Whether what an operator adds to, or chooses from, goes through a Softmax then."""
    if operator.domain or operator.type not in ("Add", "Where") or not steps:
        return False
    after = [reader for made in operator.outputs for reader, _ in readers.get(made, ())]
    return 0 < len(after) <= _STEPS and all(
        reader.type == "Softmax" or _hides(reader, readers, steps - 1) for reader in after
    )


def _turns(operator: Operator, readers: Readers, makers: Mapping[int, Operator]) -> bool:
    """Whether an operator multiplies halves of a head that are turned against each other.

    x · cos + concat(-x₂, x₁) · sin, where x₁ and x₂ are the halves of x (RoFormer,
    https://arxiv.org/abs/2104.09864, equation 34).
    """
    if operator.domain or operator.type != "Mul":
        return False
    for sums in (reader for made in operator.outputs for reader, _ in readers.get(made, ())):
        if sums.domain or sums.type != "Add":
            return False
        products = [makers.get(source) for source in sums.inputs]
        factors = [t for one in products if one and one.type == "Mul" for t in one.inputs]
        if not any(_turned(makers.get(factor), makers) for factor in factors):
            return False
    return any(readers.get(made) for made in operator.outputs)


def _turned(operator: Operator | None, makers: Mapping[int, Operator]) -> bool:
    """Whether an operator puts the negative of one half in front of the other."""
    if operator is None or operator.domain or operator.type != "Concat":
        return False
    if len(operator.inputs) != 2:
        return False
    first, second = (makers.get(tensor) for tensor in operator.inputs)
    if first is None or second is None or first.type != "Neg":
        return False
    half = makers.get(next(iter(first.inputs), -1))
    if half is None or not {half.type, second.type} <= {"Slice", "Split"}:
        return False
    return half.inputs[:1] == second.inputs[:1]

"""Shapes of sequences, whose only dimension is their length, and of values that may be absent.

ONNX's inference gives types of items but no lengths. Formulas: ONNX operator specification,
Sequence*, SplitToSequence, Optional; ai.onnx.ml.ZipMap.
"""

from __future__ import annotations

from gallery.loading.flat import Flat, FlatNode
from gallery.loading.types import dims_of
from gallery.model import Shape


def container_shapes(flat: Flat) -> dict[int, Shape]:
    """Shapes of sequences and optional values, where they follow from what makes them.

    Returns:
        The shapes, by tensor; a value that may be absent has the shape that it has otherwise.
    """
    found: dict[int, Shape] = {}
    for step in flat.steps:
        if step.outputs and step.outputs[0] >= 0:
            shape = _made(flat, step, found)
            if shape is not None:
                found[step.outputs[0]] = shape
    return found


def _made(flat: Flat, step: FlatNode, found: dict[int, Shape]) -> Shape:
    """The shape of an operator's first output, or None if that is not a container or not known."""
    shapes = [
        found.get(index, dims_of(flat.values[index].kind)) if index >= 0 else None
        for index in step.inputs
    ]
    first = shapes[0] if shapes else None
    match step.domain, step.type:
        case "", "SequenceConstruct":
            return (len(step.inputs),)
        case "", "SequenceEmpty":
            return (0,)
        case "", "SequenceInsert" | "SequenceErase" if first and isinstance(first[0], int):
            return (max(first[0] + (1 if step.type == "SequenceInsert" else -1), 0),)
        case "", "SequenceMap" if first:
            return first[:1] if step.inputs and step.inputs[0] in found else None
        case "", "SplitToSequence" if first:
            return _parts(flat, step, first)
        case "", "Optional" | "Identity" if step.inputs:
            return first if step.type == "Optional" or step.inputs[0] in found else None
        case "ai.onnx.ml", "ZipMap" if first is not None:
            return (first[0] if len(first) > 1 else 1,)
    return None


def _parts(flat: Flat, step: FlatNode, shape: tuple[int | str | None, ...]) -> Shape:
    axis = int(step.attributes.get("axis", 0))
    size = shape[axis] if -len(shape) <= axis < len(shape) else None
    if len(step.inputs) < 2 or step.inputs[1] < 0:
        return (size,) if isinstance(size, int) else None
    split = flat.values[step.inputs[1]].value
    if split is not None and split.ndim == 1:
        return (split.size,)
    if split is None or split.size != 1 or split.reshape(()) < 1 or not isinstance(size, int):
        return None
    return (-(-size // int(split.reshape(()))),)

"""Adds the reads of inputs that only say where data goes, where they are not known beforehand."""

from __future__ import annotations

from dataclasses import replace

from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context
from gallery.lowering.access.relations import full

_SHAPE_ONLY = {
    "Shape": (0,), "Size": (0,), "EyeLike": (0,), "CastLike": (1,), "RandomNormalLike": (0,),
    "RandomUniformLike": (0,), "Bernoulli": (),
}  # fmt: skip
"""Inputs of which only the shape or the type matters."""


def completed(context: Context, parts: list[Part]) -> list[Part]:
    """The parts, with reads of all that they use and no relation of theirs names.

    Those that make outputs read all of each input that no part reads and whose value is not known
    before the model runs (a shape, an axis, a limit that is computed).
    """
    seen = {read.tensor for part in parts for read in part.reads}
    spared = _SHAPE_ONLY.get(context.operator.type, ())
    missing = []
    for index, tensor in enumerate(context.inputs):
        if tensor < 0 or tensor in seen or index in spared or context.value(index) is not None:
            continue
        sizes = context.model.tensors[context.operator.inputs[index]].sizes or ()
        missing.append(Read(tensor=tensor, relation=full(sizes), saved=True, differentiable=False))
        seen.add(tensor)
    if not missing:
        return parts
    outputs = set(context.outputs)
    return [
        replace(part, reads=(*part.reads, *missing)) if outputs & set(part.makes) else part
        for part in parts
    ]

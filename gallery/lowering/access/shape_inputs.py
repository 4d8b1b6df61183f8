"""Adds reads of the inputs that only control where data goes, if their values are not known."""

from __future__ import annotations

from dataclasses import replace

from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context
from gallery.lowering.access.relations import full

_SHAPE_ONLY = {
    "Shape": (0,), "Size": (0,), "EyeLike": (0,), "CastLike": (1,), "RandomNormalLike": (0,),
    "RandomUniformLike": (0,), "Bernoulli": (),
}  # fmt: skip
"""Inputs of which only the shape or type matters."""


def completed(context: Context, parts: list[Part]) -> list[Part]:
    """The parts, with added reads of the inputs that they use but no relation covers.

    Parts that make outputs read all of each input that no part reads and whose value is not known
    before the model runs (a computed shape, axis or limit).
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

"""ONNX Runtime's normalisation of heads followed by a rotation.

    squares [b, s, h, 1 | w], normalised [b, s, h, w], rotated [b, s, h * w]

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    broadcast,
    composed,
    fixed,
    full,
    per_axis,
    same,
)  # fmt: skip
from gallery.lowering.access.reshape import reshaped
from gallery.lowering.operators.parts import inside, making, whole
from gallery.lowering.operators.rotation import angle, pairs


@lowers("com.microsoft.RMSNormRotary")
def normed_rotation(context: Context) -> list[Part]:
    """A slice of each head by its root mean square, then pairs of its first elements rotated."""
    held, (width,) = context.shape(0), context.shape(1)
    if len(held) != 4:
        raise NoGridError(f"RMSNormRotary of rank {len(held)}")
    shape = (*held[:3], width)
    kept = (*held[:3], 1)
    start = int(context.attribute("input_start", 0))
    squares = context.virtual(kept)
    normal = context.outputs[1] if context.makes(1) else context.virtual(shape)
    heads = [same(0), same(1), same(2)]
    row = context.read(0, per_axis(held, [*heads, same(4, start)]), saved=True)
    parts = [inside(squares, (*kept, width), [row], 4, context.flops * 0.3)]
    reads = [
        context.read(0, per_axis(held, [*heads, same(3, start)]), saved=True),
        Read(tensor=squares, relation=broadcast(kept, 4), saved=True),
        context.read(1, per_axis((width,), [same(3)]), saved=True),
    ]
    if context.has(5):
        reads.append(whole(context, 5, differentiable=False))
    parts.append(inside(normal, shape, reads, 4, context.flops * 0.3))
    if context.makes(0):
        parts.append(_rotated(context, shape, normal))
    return parts


def _rotated(context: Context, shape: tuple[int, ...], normal: int) -> Part:
    turned = int(context.attribute("rotary_embedding_dim", 0))
    onto = reshaped(shape, context.out_shape())
    reads = [
        Read(tensor=normal, relation=composed(onto, piece), saved=True, exact=False)
        for piece in pairs(shape, turned, False)
    ]
    for index in (3, 4):
        rows, _ = sizes = context.shape(index)
        table = per_axis(sizes, [fixed(0, rows), angle(turned, False)])
        reads.append(context.read(index, composed(onto, table), saved=True, exact=False))
    ids = context.shape(2)
    place = per_axis(ids, [same(0), same(1)]) if len(ids) == 2 else full(ids)
    by = composed(onto, place)
    reads.append(context.read(2, by, differentiable=False, exact=False))
    if context.has(5):
        reads.append(whole(context, 5, differentiable=False))
    return making(context, reads, share=0.4)

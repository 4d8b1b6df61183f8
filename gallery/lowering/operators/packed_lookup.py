"""Lookups of rows of packed weights.

Formulas: ONNX Runtime contrib operators of each type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gallery.contrib.stand_ins import packing
from gallery.lowering.access.constant_indices import listed, single
from gallery.lowering.access.part import Part
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import AxisRule, divided, fixed, per_axis, same
from gallery.lowering.operators.indexing import known_indices
from gallery.lowering.operators.parts import along, making


@lowers("com.microsoft.GatherBlockQuantized")
def gather_blocks(context: Context) -> list[Part]:
    """Slices by index of weights in blocks, each with its scale and zero point.

    Bytes hold several values along the last dimension; other types are packed by ONNX itself.
    """
    data = context.shape(0)
    rank = len(data)
    axis = context.axis("gather_axis", 0, rank)
    along_blocks = context.axis("quantize_axis", 1 if rank > 1 else 0, rank)
    in_bytes = context.model.tensors[context.operator.inputs[0]].dtype == "uint8"
    per = packing(in_bytes, int(context.attribute("bits", 4)))
    block = int(context.attribute("block_size", 128)) or data[along_blocks] * per
    steps = {0: [1] * rank, 2: [1] * rank, 3: [1] * rank}
    steps[0][-1] = per
    steps[2][along_blocks] = block
    steps[3][along_blocks] = block
    if context.has(3) and _packed_zeros(context, per):
        steps[3][-1] *= per
    return gathered_slices(context, axis, {k: v for k, v in steps.items() if context.has(k)})


def _packed_zeros(context: Context, per: int) -> bool:
    return per > 1 and context.shape(3)[-1] != context.shape(2)[-1]


@lowers("com.microsoft.GatherPacked")
def gather_packed(context: Context) -> list[Part]:
    """Rows of packed weights by index: every element reads its row."""
    return gathered_slices(context, 0, {0: [1, 0]})


def gathered_slices(context: Context, axis: int, steps: Mapping[int, Sequence[int]]) -> list[Part]:
    """Slices along a dimension of some inputs by the indices of input 1.

    Args:
        context: The operator.
        axis: The dimension.
        steps: For each of these inputs and each dimension, the output elements that share an
            element of it; 0 if all do.
    """
    indices = context.shape(1)
    after = len(indices) - 1
    places = [same(axis + d) for d in range(len(indices))]
    reads = [along(context, 1, places, saved=True, differentiable=False)]
    rows = context.shape(0)[axis]
    value = known_indices(context, 1, rows)
    rank = len(context.out_shape())
    for index, step in steps.items():
        shape = context.shape(index)
        rules: dict[int, AxisRule] = {}
        for d, size in enumerate(shape):
            place = d if d < axis else d + after
            if size == 1 or not step[d]:
                rules[d] = fixed(0, size)
            else:
                rules[d] = divided(place, step[d]) if step[d] > 1 else same(place)
        if value is None:
            own = fixed(0, 1) if shape[axis] == 1 else divided(rank, max(step[axis], 1))
            ordered = [own if d == axis else rules[d] for d in range(len(shape))]
            reads.append(context.read(index, per_axis(shape, ordered)))
            continue
        dims = range(axis, axis + len(indices))
        table = value * 0 if shape[axis] == 1 else value // max(step[axis], 1)
        relation = listed(shape, dims, {axis: single(table)}, rules)
        reads.append(context.read(index, relation, exact=False))
    part = making(context, reads)
    return [part if value is not None else replace(part, shape=(*part.shape, rows))]

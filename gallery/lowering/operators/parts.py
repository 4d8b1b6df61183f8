"""What the families share: parts over some outputs, and the simplest reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gallery.graph import Kind
from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context
from gallery.lowering.access.relations import AxisRule, fixed, full, per_axis


def making(
    context: Context,
    reads: Sequence[Read],
    outputs: Sequence[int] = (0,),
    *,
    summed: Sequence[int] = (),
    share: float = 1.0,
    saves_output: bool = False,
) -> Part:
    """A part over the wanted ones of some outputs, all of the same shape.

    Args:
        context: The operator.
        reads: What it reads.
        outputs: Positions of outputs, the first of which must be wanted.
        summed: Sizes of the dimensions that it sums over, which follow those of the outputs.
        share: Share of the operator's work.
        saves_output: Whether the derivative needs what it makes.
    """
    shape = context.out_shape(outputs[0])
    return Part(
        shape=(*shape, *summed),
        rank=len(shape),
        makes=context.tensors(*outputs),
        reads=tuple(reads),
        flops=context.flops * share,
        itemsize=context.itemsize(*outputs),
        saves_output=saves_output,
    )


def inside(
    tensor: int, shape: Sequence[int], reads: Sequence[Read], rank: int, flops: float = 0.0
) -> Part:
    """A part that makes a tensor inside an operator; dimensions from `rank` on are summed over."""
    return Part(
        shape=tuple(shape),
        rank=rank,
        makes=(tensor,),
        reads=tuple(reads),
        flops=flops,
        kind=Kind.COMPUTE,
    )


def outermost(parts: Sequence[Part], dims: int) -> list[Part]:
    """The same parts, of which the first dimensions are split before all others.

    For dimensions whose indices have nothing to do with each other, such as those of batch and
    heads: so a small graph does not mix what a large one keeps apart. Sums are split only once each
    other dimension is split in 8 or wholly.
    """
    return [replace(part, after=_order(part, dims)) for part in parts]


def _order(part: Part, dims: int) -> tuple[tuple[int, int, int], ...]:
    rank, size = part.rank, len(part.shape)
    first = [(a, b, part.shape[a]) for a in range(dims) for b in range(dims, size)]
    sums = [(a, b, min(part.shape[a], 8)) for a in range(dims, rank) for b in range(rank, size)]
    return tuple(row for row in (*first, *sums) if row[2] > 1)


def whole(context: Context, index: int, *, differentiable: bool = True) -> Read:
    """All of an input, for every block."""
    return context.read(
        index, full(context.shape(index)), saved=True, differentiable=differentiable
    )


def unread(context: Context, index: int) -> Read:
    """Nothing of an input that other inputs say is not used."""
    shape = context.shape(index)
    relation = per_axis(shape, [fixed(0, 0)] * len(shape))
    return context.read(index, relation, differentiable=False)


def along(context: Context, index: int, rules: Sequence[AxisRule], **how: bool) -> Read:
    """An input by one rule per dimension; dimensions of size 1 broadcast."""
    shape = context.shape(index)
    fitted = [fixed(0, 1) if size == 1 else rule for size, rule in zip(shape, rules, strict=True)]
    return context.read(index, per_axis(shape, fitted), **how)


def asked(context: Context) -> list[int]:
    """Positions of the outputs that are wanted."""
    return [output for output in range(len(context.operator.outputs)) if context.makes(output)]


def given(context: Context, start: int = 0) -> list[int]:
    """Positions of the inputs that are given, from `start` on."""
    return [index for index in range(start, len(context.operator.inputs)) if context.has(index)]

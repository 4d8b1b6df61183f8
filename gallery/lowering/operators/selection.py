"""Operators whose results depend on all values at once: sorting, searching, counting."""

from __future__ import annotations

from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import AxisRule, fixed, full, per_axis, same
from gallery.lowering.operators.parts import asked, given, inside, making
from gallery.lowering.operators.scores import by_row


def gathered(context: Context) -> list[Part]:
    """A gather vertex that reads all inputs, and the blocks of the outputs, which read it."""
    hub = context.virtual(())
    reads = [
        context.read(index, full(context.shape(index)), saved=True) for index in given(context)
    ]
    parts = [inside(hub, (), reads, 0, context.flops)]
    for output in asked(context):
        read = Read(tensor=hub, relation=full(()))
        parts.append(making(context, [read], (output,), share=0.0))
    return parts


@lowers(
    "NonZero", "Unique", "NonMaxSuppression", "ImageDecoder",
    "com.microsoft.BifurcationDetector", "com.microsoft.DequantizeBFP",
    "com.microsoft.DynamicTimeWarping", "com.microsoft.QuantizeBFP", "com.microsoft.Unique",
)  # fmt: skip
def all_at_once(context: Context) -> list[Part]:
    """Every element of the outputs may depend on every element of the inputs."""
    return gathered(context)


@lowers("TopK")
def top_k(context: Context) -> list[Part]:
    """The largest of each row, found from the largest of its pieces: [row, 1 | row's elements]."""
    shape, made = context.shape(0), context.out_shape(asked(context)[0])
    axis = context.axis("axis", -1, len(shape))
    kept = tuple(1 if d == axis else size for d, size in enumerate(shape))
    best = context.virtual(kept)
    rules = [same(d) if d != axis else same(len(shape)) for d in range(len(shape))]
    read = context.read(0, per_axis(shape, rules), saved=True)
    parts = [inside(best, (*kept, shape[axis]), [read], len(shape), context.flops)]
    rules = [same(d) if d != axis else fixed(0, 1) for d in range(len(made))]
    chosen = Read(tensor=best, relation=per_axis(kept, rules))
    parts.append(making(context, [chosen], asked(context), share=0.0, saves_output=True))
    return parts


@lowers("Det")
def determinant(context: Context) -> list[Part]:
    """[matrices | rows, columns], by elimination."""
    shape, made = context.shape(0), context.out_shape()
    rules: list[AxisRule] = [same(d) for d in range(len(shape))]
    read = context.read(0, per_axis(shape, rules), saved=True)
    return [making(context, [read], summed=shape[len(made) :], saves_output=True)]


@lowers("Multinomial")
def multinomial(context: Context) -> list[Part]:
    """Each row of the output reads its row of the input."""
    return by_row(context)

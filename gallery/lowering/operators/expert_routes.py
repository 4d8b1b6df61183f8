"""The router of ONNX Runtime that chooses experts within groups of them.

    sigmoid [t, e | w], with a bias [t, e], groups [t, g | e], routes [t, e | e]

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from gallery.lowering.access.part import Ints, Part, Read
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import composed, fixed, identity, per_axis, same
from gallery.lowering.access.reshape import reshaped
from gallery.lowering.operators.parts import inside, making


@lowers("com.microsoft.MoEGroupRouter")
def group_router(context: Context) -> list[Part]:
    """Probabilities, biased ones for the choice alone, then the chosen ones of all experts."""
    (experts,) = context.shape(1)
    chosen = context.makes(0)
    tokens = context.out_shape(next(o for o in (0, 1, 2) if context.makes(o)))[0]
    shape = (tokens, experts)
    scores = context.outputs[2] if context.makes(2) else context.virtual(shape)
    share = context.flops * (0.6 if chosen else 0.9)
    parts = [_scores(context, shape, scores, share)]
    if not chosen and not context.makes(1):
        return parts
    biased = context.outputs[1] if context.makes(1) else context.virtual(shape)
    reads = [
        Read(tensor=scores, relation=identity(shape)),
        context.read(1, per_axis((experts,), [same(1)])),
    ]
    parts.append(inside(biased, shape, reads, 2, context.flops * 0.1))
    return parts + (_chosen(context, shape, (scores, biased)) if chosen else [])


def _scores(context: Context, shape: tuple[int, int], made: int, flops: float) -> Part:
    """Of logits, or of rows times the weights that make them."""
    held = context.shape(0)
    if context.has(2):
        weights = context.shape(2)
        reads = [
            context.read(0, per_axis(held, [same(0), same(2)]), saved=True),
            context.read(2, per_axis(weights, [same(1), same(2)]), saved=True),
        ]
        return inside(made, (*shape, weights[1]), reads, 2, flops)
    relation = composed(identity(shape), reshaped(held, shape))
    read = context.read(0, relation, saved=True, exact=len(held) == 2)
    return inside(made, shape, [read], 2, flops)


def _chosen(context: Context, shape: tuple[int, int], tensors: tuple[int, int]) -> list[Part]:
    """The best groups by their best experts, and the best experts of those."""
    tokens, experts = shape
    scores, biased = tensors
    many = int(context.attribute("n_group", 1))
    if not 0 < many <= experts or experts % many:
        raise NoGridError(f"{experts} experts in {many} groups")
    each = experts // many
    groups = context.virtual((tokens, many), differentiable=False)

    def members(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        return lows[:, 1] * each, highs[:, 1] * each

    own = Read(tensor=biased, relation=per_axis(shape, [same(0), members]), differentiable=False)
    sums = inside(groups, (tokens, many), [own], 2, context.flops * 0.1)
    row = per_axis(shape, [same(0), fixed(0, experts)])
    reads = [
        Read(tensor=scores, relation=identity(shape), saved=True),
        Read(tensor=biased, relation=row, saved=True, differentiable=False),
        Read(
            tensor=groups,
            relation=per_axis((tokens, many), [same(0), fixed(0, many)]),
            saved=True,
            differentiable=False,
        ),
    ]
    return [sums, making(context, reads, share=0.2)]

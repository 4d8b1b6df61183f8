"""Losses: the probability of each target, then their sum or mean.

Formulas: ONNX operator specification, NegativeLogLikelihoodLoss, SoftmaxCrossEntropyLoss.
"""

from __future__ import annotations

import numpy as np

from gallery.lowering.access.constant_indices import LARGEST, listed, single
from gallery.lowering.access.part import Part, Read, Relation
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import broadcast, fixed, full, identity, per_axis, same
from gallery.lowering.operators.parts import inside


@lowers("NegativeLogLikelihoodLoss")
def negative_log_likelihood(context: Context) -> list[Part]:
    """[positions], or [ | positions] if they are summed."""
    shape = context.shape(0)
    return _picked(context, context.inputs[0], shape, 1.0)


@lowers("SoftmaxCrossEntropyLoss")
def softmax_cross_entropy(context: Context) -> list[Part]:
    """Softmax along the classes, then the loss of each position."""
    shape = context.shape(0)
    rank = len(shape)
    kept = (shape[0], 1, *shape[2:])
    stats = context.virtual(kept)
    classes = [same(d) if d != 1 else same(rank) for d in range(rank)]
    read = context.read(0, per_axis(shape, classes), saved=True)
    parts = [inside(stats, (*kept, shape[1]), [read], rank, context.flops * 0.5)]
    logs = context.outputs[1] if context.makes(1) else context.virtual(shape)
    reads = [
        context.read(0, identity(shape)),
        Read(tensor=stats, relation=broadcast(kept, rank), saved=True),
    ]
    part = inside(logs, shape, reads, rank, context.flops * 0.3)
    return [*parts, part, *_picked(context, logs, shape, 0.2)]


def _picked(context: Context, tensor: int, shape: tuple[int, ...], share: float) -> list[Part]:
    target = context.shape(1)
    reduction = context.attribute("reduction", "mean")
    none, weighted_mean = reduction == "none", reduction == "mean" and context.has(2)
    reads = [
        Read(
            tensor=tensor,
            relation=_by_target(context, shape, target),
            saved=context.has(2),
            exact=False,
        ),
        context.read(1, identity(target), saved=True, differentiable=False),
    ]
    parts = []
    if context.has(2):
        weights = context.read(2, _weights(context, target), saved=True, exact=False)
        reads.append(weights)
    if weighted_mean:
        total = context.virtual(())
        parts.append(inside(total, target, [reads[1], weights], 0))
        reads.append(Read(tensor=total, relation=full(()), saved=True))
    part = Part(
        shape=target,
        rank=len(target) if none else 0,
        makes=context.tensors(0),
        reads=tuple(reads),
        flops=context.flops * share,
        itemsize=context.itemsize(0),
        saves_output=weighted_mean,
    )
    return [*parts, part]


def _classes(context: Context, classes: int) -> np.ndarray | None:
    """The class of each position, -1 for ignored ones; None if unknown."""
    value = context.value(1)
    if value is None or value.size > LARGEST:
        return None
    ignored = context.attribute("ignore_index")
    known = value.astype(np.int64)
    wrapped = np.where(known < 0, known + classes, known)
    if ignored is not None:
        wrapped = np.where(known == ignored, -1, wrapped)
    return wrapped if wrapped.size == 0 or wrapped.max() < classes else None


def _by_target(context: Context, shape: tuple[int, ...], target: tuple[int, ...]) -> Relation:
    table = _classes(context, shape[1])
    axes = {0: same(0)} | {d: same(d - 1) for d in range(2, len(shape))}
    if table is None:
        rules = [axes.get(d, fixed(0, size)) for d, size in enumerate(shape)]
        return per_axis(shape, rules)
    return listed(shape, range(len(target)), {1: single(table)}, axes)


def _weights(context: Context, target: tuple[int, ...]) -> Relation:
    shape = context.shape(2)
    table = _classes(context, shape[0])
    if table is None:
        return full(shape)
    return listed(shape, range(len(target)), {0: single(table)}, {})

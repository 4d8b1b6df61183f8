"""ONNX's own Attention, and FlexAttention, whose graphs change scores and weights one by one.

Formulas: ONNX operator specification, Attention (opsets 23 to 25), ai.onnx.preview.FlexAttention.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import broadcast, identity, per_axis, same
from gallery.lowering.operators.heads import (
    Band,
    Extras,
    Heads,
    Operand,
    attended,
    by_head,
    seen,
)  # fmt: skip
from gallery.lowering.operators.parts import inside


@lowers("Attention", "ai.onnx.preview.FlexAttention")
def attention(context: Context) -> list[Part]:
    """Scores, statistics, weights and output; keys and values include cached ones."""
    sizes, past = _sizes(context)
    kv = sizes.heads // sizes.shared
    parts: list[Part] = []
    operands = (
        _given(context, 0, (sizes.batch, sizes.heads, sizes.queries, sizes.depth)),
        _stored(context, (1, 4, 1), (sizes.batch, kv, sizes.keys, sizes.depth), past, parts),
        _stored(context, (2, 5, 2), (sizes.batch, kv, sizes.keys, sizes.width), past, parts),
    )
    return parts + attended(context, sizes, operands, _extras(context, sizes), context.flops)


def _sizes(context: Context) -> tuple[Heads, int]:
    """Sizes, and the length of the cache."""
    q, k, v = context.shape(0), context.shape(1), context.shape(2)
    if len(q) == 3:
        heads = int(context.attribute("q_num_heads", 0))
        shared = int(context.attribute("kv_num_heads", 0))
        if not heads or not shared:
            raise NoGridError("Attention without numbers of heads")
        q = (q[0], heads, q[1], q[2] // heads)
        k = (k[0], shared, k[1], k[2] // shared)
        v = (v[0], shared, v[1], v[2] // shared)
    past = context.shape(4)[2] if context.has(4) else 0
    sizes = Heads(
        batch=q[0],
        heads=q[1],
        shared=q[1] // k[1],
        queries=q[2],
        keys=k[2] + past,
        depth=q[3],
        width=v[3],
        masked=context.has(3),
    )
    return replace(sizes, sight=_sight(context, sizes)), past


def _sight(context: Context, sizes: Heads) -> Band | None:
    """The keys that causality, windows, sequence lengths and a short mask leave visible."""
    batch, queries, keys = sizes.batch, sizes.queries, sizes.keys
    right = [0] if context.attribute("is_causal", 0) else []
    right += [n for n in (int(context.attribute("right_window_size", -1)),) if n >= 0]
    left = int(context.attribute("left_window_size", -1))
    limit = np.full(batch, keys, np.int64)
    shift = np.full(batch, keys - context.shape(1)[-2], np.int64)
    if context.has(3):
        limit = np.minimum(limit, context.shape(3)[-1])
    if context.has(6):
        lengths = context.value(6)
        if lengths is None:
            return None
        limit = np.minimum(limit, lengths.ravel().astype(np.int64))
        shift = lengths.ravel().astype(np.int64) - queries
    if not right and left < 0 and (limit >= keys).all():
        return None
    return Band(
        first=shift - left if left >= 0 else np.full(batch, -queries, np.int64),
        last=shift + min(right) + 1 if right else np.full(batch, keys + queries, np.int64),
        limit=limit,
    )


def _given(context: Context, index: int, shape: tuple[int, int, int, int]) -> Operand:
    """An input as it is: by head, or with the heads side by side."""
    held = context.shape(index)
    if len(held) == 4:
        return Operand(tensor=context.inputs[index], shape=shape)
    place = by_head(held, shape[1], [same(0), same(1), same(2), same(3)])
    return Operand(tensor=context.inputs[index], shape=shape, place=place)


def _stored(
    context: Context,
    at: tuple[int, int, int],
    shape: tuple[int, int, int, int],
    past: int,
    parts: list[Part],
) -> Operand:
    """Keys or values [b, heads, keys, d]: the cached ones, then the new ones.

    `at` gives the inputs with the new and the cached ones, and the output that gets both.
    """
    index, cached, output = at
    if not context.has(cached) and not context.makes(output):
        return _given(context, index, shape)
    made = context.outputs[output] if context.makes(output) else context.virtual(shape)
    rules = [same(0), same(1), same(2, -past), same(3)]
    new = by_head(context.shape(index), shape[1], rules)
    reads = [context.read(index, new, exact=False)]
    if context.has(cached):
        reads.append(context.read(cached, identity(context.shape(cached))))
    parts.append(inside(made, shape, reads, 4))
    return Operand(tensor=made, shape=shape)


def _extras(context: Context, sizes: Heads) -> Extras:
    masks: list[Read] = []
    if context.has(3):
        masks.append(context.read(3, seen(broadcast(context.shape(3), 4), sizes)))
    if context.has(6):
        lengths = per_axis(context.shape(6), [same(0)])
        masks.append(context.read(6, lengths, differentiable=False))
    mode = int(context.attribute("qk_matmul_output_mode", 0)) if context.makes(3) else -1
    return Extras(
        masks=masks,
        raw=3 if mode == 0 else -1,
        masked=3 if mode in (1, 2) else -1,
        weights=3 if mode == 3 else -1,
    )

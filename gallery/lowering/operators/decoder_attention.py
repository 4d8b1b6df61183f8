"""The DecoderAttention of ONNX Runtime, which projects queries, keys and values step by step.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from dataclasses import replace

from gallery.lowering.access.part import Part
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import identity, per_axis, same
from gallery.lowering.operators.cached_heads import Cache, Rows, joined, up_to
from gallery.lowering.operators.contraction import first_of
from gallery.lowering.operators.fused_heads import given_to, strip, stripes
from gallery.lowering.operators.heads import Extras, Heads, Operand, attended
from gallery.lowering.operators.parts import given, inside, unread

Shape = tuple[int, int, int, int]


@lowers("com.microsoft.DecoderAttention")
def decoder_attention(context: Context) -> list[Part]:
    """Inputs are [s, b, h * d]; booleans say whether keys are another input's, and cached.

    Raises:
        NoGridError: The booleans are not known, on which all sizes depend.
    """
    known = given_to(context)
    static, cached, masked = known.number(8), known.number(9), known.number(11)
    if static is None or cached is None:
        raise NoGridError("booleans of DecoderAttention")
    steps, batch, hidden = context.shape(0)
    heads = known.count("num_heads")
    size = hidden // heads
    kept = bool(static and cached)
    source = 1 if static else 0
    fresh = 0 if kept else context.shape(source)[0]
    past = context.shape(6)[2] if cached else 0
    shape = (batch, heads, past + fresh, size)
    work = min(2.0 * batch * hidden * hidden * (steps + 2 * fresh), context.flops)
    share = work / max(steps + 2 * fresh, 1)
    parts: list[Part] = []
    query = _made(context, (0, 2), 0, (batch, heads, steps, size), share * steps, parts)
    both = []
    for at, (cache, output) in enumerate(((6, 1), (7, 2)), start=1):
        if kept:
            both.append(_handed_on(context, cache, output, shape, parts))
            continue
        new = _made(context, (source, 3), at, (batch, heads, fresh, size), share * fresh, parts)
        both.append(_joined(context, new, (cache if cached else -1, output), past, parts))
    sizes = Heads(
        batch=batch,
        heads=heads,
        shared=1,
        queries=steps,
        keys=shape[2],
        depth=size,
        width=size,
        masked=True,
    )
    masks = []
    if context.has(5) and masked != 0:
        places = per_axis(context.shape(5), [same(0), same(3)])
        masks.append(context.read(5, places, differentiable=False))
    extras = Extras(masks=masks, steps_first=True)
    parts += attended(context, sizes, (query, both[0], both[1]), extras, context.flops - work)
    used = {0, 2, 4, 8, 9, 10, 11}
    used |= (set() if kept else {source, 3}) | ({6, 7} if cached else set())
    used |= {5} if masked != 0 else set()
    idle = tuple(unread(context, index) for index in given(context) if index not in used)
    return [*parts[:-1], replace(parts[-1], reads=(*parts[-1].reads, *idle))]


def _made(
    context: Context,
    at: tuple[int, int],
    number: int,
    shape: Shape,
    flops: float,
    parts: list[Part],
) -> Operand:
    """Queries (0), keys (1) or values (2) [b, h, s, d | i] from [s, b, i] and weights."""
    source, weights = at
    held, side = context.shape(source), shape[1] * shape[3]
    made = context.virtual(shape)
    offset = max(number - 1, 0) * side
    bias = strip(context.shape(4)[0], number * side, shape)
    reads = [
        context.read(source, per_axis(held, [same(2), same(0), same(4)]), saved=True),
        context.read(
            weights, stripes(context.shape(weights), offset, shape), saved=True, exact=False
        ),
        context.read(4, first_of(bias, {4}), exact=False),
    ]
    parts.append(inside(made, (*shape, held[2]), reads, 4, flops))
    return Operand(tensor=made, shape=shape)


def _joined(
    context: Context, operand: Operand, at: tuple[int, int], past: int, parts: list[Part]
) -> Operand:
    cached, output = at
    made = context.outputs[output] if context.makes(output) else -1
    cache = Cache(made=made)
    if context.has(cached):
        place = identity(context.shape(cached))
        cache = Cache(tensor=context.inputs[cached], place=place, made=made)
    stored = past + operand.shape[2]
    rows = Rows(stored=stored, new=same(2, -past), old=(up_to(2, past),))
    return joined(context, operand, cache, rows, parts)


def _handed_on(
    context: Context, cached: int, output: int, shape: Shape, parts: list[Part]
) -> Operand:
    """What is cached as it is, and the same as an output."""
    if context.makes(output):
        read = context.read(cached, identity(shape))
        parts.append(inside(context.outputs[output], shape, [read], 4))
    return Operand(tensor=context.inputs[cached], shape=shape)

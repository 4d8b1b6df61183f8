"""LinearAttention: a state of keys and values that each step updates and its query reads.

Formulas: ONNX operator specification, LinearAttention; com.microsoft: ONNX Runtime contrib
operators.
"""

from __future__ import annotations

from gallery.lowering.access.part import Part, Read, Relation
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    composed,
    divided,
    fixed,
    per_axis,
    same,
    where,
)
from gallery.lowering.access.reshape import reshaped
from gallery.lowering.operators.parts import inside, making

_DECAY, _BETA = 4, 5


@lowers("LinearAttention", "com.microsoft.LinearAttention")
def linear_attention(context: Context) -> list[Part]:
    """A state [keys, values] per head that each step updates and its query reads.

    A recurrence over [T, b, heads, keys, values]: a column of the state depends on the same column
    of values alone, whatever the update rule, and with "delta" on all its keys. ONNX Runtime also
    takes fewer heads of queries than of keys and values, and keeps a window of states.
    """
    q, k, v = context.shape(0), context.shape(1), context.shape(2)
    heads = int(context.attribute("q_num_heads", 1))
    shared = int(context.attribute("kv_num_heads", 1))
    batch, steps = q[0], q[1]
    if not steps or not batch:
        raise NoGridError("a sequence without steps")
    depth, width = k[2] // shared, v[2] // shared
    shape = (steps, batch, shared, depth, width)
    state = context.virtual(shape)
    delta = "delta" in str(context.attribute("update_rule", "gated_delta"))
    keys = fixed(0, depth) if delta else same(3)
    reads = [
        Read(
            tensor=state,
            relation=per_axis(shape, [same(0, -1), same(1), same(2), keys, same(4)]),
            saved=True,
        ),
        context.read(1, _packed(k, shared, keys), saved=True, exact=False),
        context.read(2, _packed(v, shared, same(4)), saved=True, exact=False),
    ]
    for index in (_DECAY, _BETA):
        if context.has(index):
            sizes = context.shape(index)
            per_key = sizes[2] != shared
            rule = keys if per_key else fixed(0, 1)
            relation = _packed(sizes, shared, rule)
            if index == _DECAY and not context.has(3):
                # The first step has no state that could decay.
                relation = where(relation, lambda lows, highs: highs[:, 0] > 1)
            reads.append(context.read(index, relation, saved=True, exact=False))
    if context.has(3):
        first = context.shape(3)
        slots = [fixed(size - 1, size) for size in first[:-4]]
        initial = per_axis(first, [*slots, same(1), same(2), keys, same(4)])

        at_first = where(initial, lambda lows, highs: lows[:, 0] == 0)
        reads.append(context.read(3, at_first, saved=True))
    parts = [
        Part(
            shape=shape,
            rank=5,
            makes=(state,),
            reads=tuple(reads),
            flops=context.flops * 0.6,
            time=0,
        )
    ]
    return parts + _linear_outputs(context, state, shape, heads)


def _packed(shape: tuple[int, ...], heads: int, last: AxisRule) -> Relation:
    """The relation from a cell [T, b, head, ...] to a tensor [b, T, heads * size]."""
    if shape[2] < heads:
        return per_axis(shape, [same(1), same(0), fixed(0, shape[2])])
    view = (shape[0], shape[1], heads, shape[2] // heads)
    return composed(per_axis(view, [same(1), same(0), same(2), last]), reshaped(shape, view))


def _linear_outputs(context: Context, state: int, shape: tuple[int, ...], heads: int) -> list[Part]:
    """Each output is a sum of a column of the state with the query; output 1 is the last state."""
    steps, batch, shared, depth, width = shape
    made = context.out_shape()
    most = max(heads, shared)
    view = (batch, steps, most, width)
    inner = context.virtual(view)
    query = (batch, steps, heads, depth)
    columns = [same(1), same(0), divided(2, most // shared), same(4), same(3)]
    of_query = composed(
        per_axis(query, [same(0), same(1), divided(2, most // heads), same(4)]),
        reshaped(context.shape(0), query),
    )
    reads = [
        Read(tensor=state, relation=per_axis(shape, columns), saved=True),
        context.read(0, of_query, saved=True, exact=False),
    ]
    parts = [inside(inner, (*view, depth), reads, 4, context.flops * 0.4)]
    joined = Read(tensor=inner, relation=reshaped(view, made), exact=False)
    parts.append(making(context, [joined], share=0.0))
    if context.makes(1):
        window = context.out_shape(1)[:-4]
        step = same(0, steps - window[0]) if window else fixed(steps - 1, steps)
        at = len(window)
        last = per_axis(shape, [step, *(same(at + d) for d in range(4))])
        parts.append(making(context, [Read(tensor=state, relation=last)], (1,), share=0.0))
    return parts

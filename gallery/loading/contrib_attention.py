"""Types of the outputs of ONNX Runtime's attentions.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt
import onnx

from gallery.contrib.attention_sizes import SLOTS, attention_sizes
from gallery.contrib.known_inputs import Inputs, Size, over, times
from gallery.loading.flat import FlatNode, Value
from gallery.loading.stand_in_types import Kinds, Rule
from gallery.loading.types import dims_of, element_of, tensor_type

Fed = Sequence[Value | None]


def given(step: FlatNode, fed: Fed) -> Inputs:
    """What is known of an operator while the model is read."""

    def shape(slot: int) -> tuple[Size, ...] | None:
        one = fed[slot] if 0 <= slot < len(fed) else None
        sizes = dims_of(one.kind) if one else None
        return None if sizes is None else tuple(s if isinstance(s, int) else None for s in sizes)

    def value(slot: int) -> npt.NDArray[Any] | None:
        one = fed[slot] if 0 <= slot < len(fed) else None
        return one.value if one else None

    return Inputs(type=step.type, attributes=step.attributes, shape=shape, value=value)


def typed(fed: Fed, slot: int, sizes: Sequence[Size]) -> onnx.TypeProto:
    """The type of a tensor of these sizes with the element type of an input."""
    one = fed[slot] if slot < len(fed) else None
    return tensor_type(element_of(one.kind) if one else 0, sizes)


def _separate(step: FlatNode, fed: Fed) -> Kinds | None:
    """Keys and values are handed on by head, each in an output of its own."""
    sizes, slots = attention_sizes(given(step, fed)), SLOTS[step.type]
    keys = None if sizes.stored is None else sizes.keys
    made = {
        0: typed(fed, 0, (sizes.batch, sizes.queries, times(sizes.heads, sizes.width))),
        3: typed(fed, 0, (sizes.batch, sizes.heads, sizes.queries, keys)),
    }
    for output, cache, size in ((1, slots.past, sizes.depth), (2, slots.past_values, sizes.width)):
        # A quantised cache has bytes where keys and values have floats.
        held = fed[cache] if cache < len(fed) else None
        shape = dims_of(held.kind) if held else None
        last = shape[-1] if shape and isinstance(shape[-1], int) else size
        made[output] = typed(
            fed, cache if held else 0, (sizes.batch, sizes.groups, sizes.stored, last)
        )
    return made


def _projecting(step: FlatNode, fed: Fed) -> Kinds | None:
    """Keys and values are handed on by head, one above the other."""
    sizes = attention_sizes(given(step, fed))
    like = 3 if step.type == "QAttention" else 0
    return {
        0: typed(fed, like, (sizes.batch, sizes.queries, times(sizes.heads, sizes.width))),
        1: typed(fed, like, (2, sizes.batch, sizes.heads, sizes.stored, sizes.depth)),
    }


def _packed(step: FlatNode, fed: Fed) -> Kinds | None:
    sizes = attention_sizes(given(step, fed))
    return {0: typed(fed, 0, (sizes.queries, times(sizes.heads, sizes.width)))}


def _paged(step: FlatNode, fed: Fed) -> Kinds | None:
    known = given(step, fed)
    query, heads = known.sized(0, 2), known.count("num_heads")
    width = int(step.attributes.get("v_head_size", 0))
    if known.shape(1) is None:
        size = over(query[1], heads + 2 * known.count("kv_num_heads"))
    else:
        size = over(query[1], heads)
    made = {0: typed(fed, 0, (query[0], times(heads, width or size)))}
    for output, cache in ((1, 3), (2, 4)):
        shape = known.shape(cache)
        if shape is not None:
            made[output] = typed(fed, cache, shape)
    return made


def _cross(step: FlatNode, fed: Fed) -> Kinds | None:
    """DecoderAttention: the length of the caches depends on booleans that a run gives."""
    known = given(step, fed)
    query, heads = known.sized(0, 3), known.count("num_heads")
    length = cached_length(known)
    cache = typed(fed, 0, (query[1], heads, length, over(query[2], heads)))
    return {0: typed(fed, 0, query), 1: cache, 2: cache}


def cached_length(inputs: Inputs) -> Size:
    """Length of the keys of DecoderAttention, or None if its booleans are not known."""
    static, cached = inputs.number(8), inputs.number(9)
    if static is None or cached is None:
        return None
    query, key, cache = inputs.sized(0, 3), inputs.sized(1, 3), inputs.shape(6)
    if not cached:
        return key[0] if static else query[0]
    if cache is None or len(cache) != 4 or cache[2] is None or query[0] is None:
        return None
    return cache[2] if static else cache[2] + query[0]


def _chosen(step: FlatNode, fed: Fed) -> Kinds | None:
    """DynamicSparseAttention: as others with a cache, in a type that may be asked for."""
    made = dict(_separate(step, fed) or {})
    del made[3]
    if step.attributes.get("output_bf16", 0):
        made[0] = tensor_type(onnx.TensorProto.BFLOAT16, dims_of(made[0]) or ())
    return {**made, 3: tensor_type(onnx.TensorProto.INT32, (1,))}


def _as_first(step: FlatNode, fed: Fed) -> Kinds | None:
    return {0: fed[0].kind} if fed[0] and fed[0].kind is not None else None


def _ordered(step: FlatNode, fed: Fed) -> Kinds | None:
    """QOrderedAttention: as many columns as the weights of values have."""
    known = given(step, fed)
    return {0: typed(fed, 0, (*known.sized(0, 3)[:2], known.sized(7, 2)[1]))}


RULES: Mapping[str, Rule] = {
    "Attention": _projecting,
    "DecoderAttention": _cross,
    "DecoderMaskedMultiHeadAttention": _separate,
    "DecoderMaskedSelfAttention": _projecting,
    "DynamicSparseAttention": _chosen,
    "GroupQueryAttention": _separate,
    "LongformerAttention": _as_first,
    "MultiHeadAttention": _separate,
    "PackedAttention": _packed,
    "PackedMultiHeadAttention": _packed,
    "PagedAttention": _paged,
    "QAttention": _projecting,
    "QOrderedAttention": _ordered,
    "QOrderedLongformerAttention": _as_first,
    "SparseAttention": _separate,
    "SparsePagedAttention": _paged,
}
"""The rules, by operator type of the domain com.microsoft."""

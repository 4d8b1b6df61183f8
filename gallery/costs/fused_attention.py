"""Costs of the attentions of ONNX Runtime.

A mask saves nothing, nor does causality, as in ONNX's own Attention: they are defined on all pairs
of queries and keys. Where sequences are packed, or keys are chosen by blocks, only the pairs within
a sequence or a chosen block count.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gallery.contrib.attention_sizes import LOCAL, SLOTS, Sizes, attention_sizes, projected
from gallery.contrib.known_inputs import Inputs
from gallery.costs.attention import attend
from gallery.costs.registry import Cost, UnknownError, View, contraction, costs

_DOMAIN = "com.microsoft"
_LARGEST = 2**20
"""Queries whose blocks of keys are counted one by one, at most."""


def given(view: View) -> Inputs:
    """What is known of an operator whose cost is asked for."""

    def shape(slot: int) -> tuple[int | None, ...] | None:
        sizes = view.tensor(slot).shape if slot >= 0 and view.has(slot) else None
        return None if sizes is None else view.shape(slot)

    def value(slot: int) -> npt.NDArray[Any] | None:
        return view.tensor(slot).value if slot >= 0 and view.has(slot) else None

    def made(output: int) -> tuple[int | None, ...] | None:
        outputs = view.operator.outputs
        index = outputs[output] if output < len(outputs) else -1
        return view.model.tensors[index].sizes if index >= 0 else None

    return Inputs(
        type=view.operator.type,
        attributes=view.operator.attributes,
        shape=shape,
        value=value,
        made=made,
    )


def _known(size: int | None) -> int:
    if size is None:
        raise UnknownError("a size")
    return size


def _core(sizes: Sizes, pairs: int) -> Cost:
    """The attention itself, on some pairs of a query and a key of all heads."""
    return attend(pairs, 1, _known(sizes.depth), _known(sizes.width))


def _pairs(sizes: Sizes) -> int:
    rows = _known(sizes.batch) * sizes.heads * _known(sizes.queries)
    return rows * _known(sizes.keys)


@costs(
    "MultiHeadAttention", "DecoderMaskedMultiHeadAttention", "GroupQueryAttention", domain=_DOMAIN
)  # fmt: skip
def given_apart(view: View) -> Cost:
    """Queries on all keys, cached or new, which may have fewer heads; a bias adds 1 an element."""
    sizes = attention_sizes(given(view))
    core = _core(sizes, _pairs(sizes))
    bias = SLOTS[view.operator.type].bias
    if bias < 0 or not view.has(bias):
        return core
    tokens = _known(sizes.batch) * sizes.heads
    query = _known(sizes.queries) * _known(sizes.depth)
    rest = _known(sizes.fresh) * (_known(sizes.depth) + _known(sizes.width))
    return Cost(macs=core.macs, flops=core.flops + tokens * (query + rest))


@costs("Attention", "DecoderMaskedSelfAttention", "QAttention", domain=_DOMAIN)
def projecting(view: View) -> Cost:
    """The projection of the input to queries, keys and values, and their attention."""
    sizes = attention_sizes(given(view))
    return _both(_core(sizes, _pairs(sizes)), _projection(view))


def _projection(view: View) -> Cost:
    inputs = given(view)
    projected(inputs)  # The columns must add up.
    rows, columns = view.read(0), view.shape(1)[-1]
    tokens = rows // max(view.shape(0)[-1], 1)
    return contraction(rows * columns, tokens * columns)


def _both(one: Cost, other: Cost) -> Cost:
    return Cost(macs=one.macs + other.macs, flops=one.flops + other.flops)


@costs("PackedAttention", "PackedMultiHeadAttention", domain=_DOMAIN)
def packed(view: View) -> Cost:
    """Pairs within a sequence; of the longest there may be, where their lengths are not known.

    The first input after queries, keys, values or weights and the bias is (batch, length).
    """
    inputs = given(view)
    sizes = attention_sizes(inputs)
    slot = 4 if view.operator.type == "PackedMultiHeadAttention" else 3
    ends = inputs.value(slot + 1)
    if ends is not None:
        lengths = _lengths(ends).clip(0)
        pairs = int((lengths * lengths).sum())
    else:
        pairs = _known(sizes.queries) * view.shape(slot)[-1]
    core = _core(sizes, pairs * sizes.heads)
    if slot == 3:
        return _both(core, _projection(view))
    return core


def _lengths(ends: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Lengths of sequences from where each begins and the last ends."""
    places = ends.ravel().astype(np.int64)
    return places[1:] - places[:-1]


@costs("SparseAttention", domain=_DOMAIN)
def sparse(view: View) -> Cost:
    """Pairs in the blocks that a layout chooses; all pairs, where it is not known."""
    inputs = given(view)
    sizes = attention_sizes(inputs)
    rows, block = inputs.value(5), inputs.count("sparse_block_size")
    if rows is None or rows.ndim != 2:
        return _core(sizes, _pairs(sizes))
    keys, queries = _known(sizes.keys), _known(sizes.queries)
    if not 0 < queries <= _LARGEST:
        return _core(sizes, _pairs(sizes))
    places = np.arange(keys - queries, keys) // block
    if rows.shape[1] <= places.max() + 1:
        return _core(sizes, _pairs(sizes))
    chosen = np.diff(rows.astype(np.int64), axis=1)[:, places].clip(0, -(-keys // block))
    heads = np.arange(sizes.heads) % len(rows)
    pairs = int(chosen[heads].sum()) * min(block, keys) * _known(sizes.batch)
    return _core(sizes, min(pairs, _pairs(sizes)))


@costs("PagedAttention", domain=_DOMAIN)
def paged(view: View) -> Cost:
    """Queries on the keys that their sequence has, at most as many as its pages hold."""
    inputs = given(view)
    heads, shared = inputs.count("num_heads"), inputs.count("kv_num_heads")
    tokens, hidden = view.shape(0)
    size = hidden // heads if view.has(1) else hidden // (heads + 2 * shared)
    width = int(view.get("v_head_size", 0)) or size
    past, ends = inputs.value(6), inputs.value(5)
    if past is not None and ends is not None:
        fresh = _lengths(ends)
        pairs = int((fresh * (past.ravel().astype(np.int64) + fresh)).clip(0).sum())
    else:
        pairs = tokens * view.shape(7)[-1] * view.shape(3)[1]
    return attend(pairs * heads, 1, size, width)


@costs("DynamicSparseAttention", domain=_DOMAIN)
def chosen(view: View) -> Cost:
    """Queries on the keys that are chosen for them, and on those within a window.

    Where it is not known how many are chosen, the most that there may be count.
    """
    inputs = given(view)
    sizes = attention_sizes(inputs)
    keys = view.shape(5)[2] if _beside(view) else _known(sizes.keys)
    window = int(view.get("local_window_size", -1)) if _local(view) else 0
    near = min(window, _known(sizes.keys)) if window >= 0 else _known(sizes.keys)
    return _core(sizes, sizes.heads * _chosen_pairs(view, (7, 8), keys, near))


@costs("SparsePagedAttention", domain=_DOMAIN)
def paged_chosen(view: View) -> Cost:
    """As DynamicSparseAttention, on the keys that pages hold."""
    inputs = given(view)
    heads, shared = inputs.count("num_heads"), inputs.count("kv_num_heads")
    hidden = view.shape(0)[1]
    size = hidden // heads if view.has(1) else hidden // (heads + 2 * shared)
    held = view.shape(7)[-1] * view.shape(3)[1]
    window = int(view.get("local_window_size", -1)) if _local(view) else 0
    keys = view.shape(11)[1] if _beside(view) else held
    near = min(window, held) if window >= 0 else held
    return attend(heads * _chosen_pairs(view, (9, 10), keys, near), 1, size, size)


def _local(view: View) -> bool:
    return bool(view.get("attention_mode", "selected_only") == "local_plus_selected")


def _beside(view: View) -> bool:
    return bool(view.get("selected_kv_source", "main") == "auxiliary")


def _chosen_pairs(view: View, at: tuple[int, int], keys: int, near: int) -> int:
    """Pairs of queries and keys; `at` gives the inputs with the chosen ones and their number."""
    rows, most = view.shape(at[0])
    counts = given(view).value(at[1])
    if counts is not None and counts.size == rows:
        return int(counts.astype(np.int64).clip(0, min(most, keys)).sum()) + rows * near
    return rows * (min(most, keys) + near)


@costs("LongformerAttention", "QOrderedLongformerAttention", domain=_DOMAIN)
def longformer(view: View) -> Cost:
    """Each token on those within its window and on the global ones, which see all.

    Where the flags of global tokens are not known, none are counted. All tokens are projected
    twice, for local and for global attention.
    """
    inputs = given(view)
    batch, length, hidden = view.shape(0)
    heads, window = inputs.count("num_heads"), inputs.count("window")
    near = min(window, max(length - 1, 0))
    slots = LOCAL[view.operator.type]
    flags = inputs.value(slots.flags)
    if flags is None or flags.shape != (batch, length):
        pairs = batch * (length * (2 * near + 1) - near * (near + 1))
    else:
        pairs = _local_and_global(flags.astype(bool), near)
    core = attend(pairs * heads, 1, hidden // heads, hidden // heads)
    columns = sum(view.shape(slot)[-1] for slot in slots.weights)
    tokens = batch * length
    return _both(core, contraction(tokens * hidden * columns, tokens * columns))


def _local_and_global(marked: npt.NDArray[np.bool_], window: int) -> int:
    """Pairs of all tokens, bool (batch, length); the marked ones see and are seen by all."""
    batch, length = marked.shape
    place = np.arange(length)
    first, last = (place - window).clip(0), (place + window + 1).clip(max=length)
    before = np.concatenate([np.zeros((batch, 1), np.int64), marked.cumsum(axis=1)], axis=1)
    outside = before[:, -1:] - (before[:, last] - before[:, first])
    return int(np.where(marked, length, last - first + outside).sum())


@costs("QOrderedAttention", domain=_DOMAIN)
def ordered(view: View) -> Cost:
    """As Attention, with weights of queries, keys and values apart."""
    batch, length, hidden = view.shape(0)
    heads = given(view).count("num_heads")
    query, key, value = (view.shape(slot)[1] for slot in (5, 6, 7))
    core = attend(batch * length * heads, length, query // heads, value // heads)
    made = batch * length * (query + key + value)
    return _both(core, contraction(made * hidden, made))


@costs("DecoderAttention", domain=_DOMAIN)
def decoder_attention(view: View) -> Cost:
    """Projections of queries and, unless they are cached, of keys and values; their attention."""
    inputs = given(view)
    length, batch, hidden = view.shape(0)
    heads = inputs.count("num_heads")
    static, cached = inputs.number(8), inputs.number(9)
    if static is None or cached is None:
        raise UnknownError("static_kv, use_past")
    old = view.shape(6)[2] if cached else 0
    new = 0 if static and cached else view.shape(1)[0] if static else length
    size = hidden // heads
    core = attend(batch * length * heads, old + new, size, size)
    made = batch * hidden * (length + 2 * new)
    return _both(core, contraction(made * hidden, made))

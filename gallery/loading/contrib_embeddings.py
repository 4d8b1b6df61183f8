"""Types of the outputs of ONNX Runtime's embeddings, position biases and recurrent attentions.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Mapping

import onnx

from gallery.contrib.known_inputs import Size, over, plus, times
from gallery.loading.contrib_attention import Fed, given, typed
from gallery.loading.flat import FlatNode
from gallery.loading.stand_in_types import Kinds, Rule
from gallery.loading.types import tensor_type

_FLOAT, _INT32 = onnx.TensorProto.FLOAT, onnx.TensorProto.INT32
_FLOAT16, _BFLOAT16 = onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16
_LARGEST = 2**31


def _embedded(step: FlatNode, fed: Fed) -> Kinds | None:
    """A row of the table of words for each number, and how many numbers are not masked."""
    known = given(step, fed)
    ids, hidden = known.sized(0, 2), known.sized(2, 2)[1]
    like = 8 if step.type == "QEmbedLayerNormalization" else 2
    rows = typed(fed, like, (*ids, hidden))
    return {0: rows, 1: tensor_type(_INT32, ids[:1]), 2: rows}


def _normalised(step: FlatNode, fed: Fed) -> Kinds | None:
    """Output 3 is the sum of input and skip; outputs 1 and 2 are statistics."""
    first = fed[0].kind if fed and fed[0] else None
    sizes = given(step, fed).shape(0)
    if first is None:
        return None
    made = {0: first, 3: first}
    if sizes:
        made |= dict.fromkeys((1, 2), tensor_type(_FLOAT, (*sizes[:-1], 1)))
    return made


def _two_rotated(step: FlatNode, fed: Fed) -> Kinds | None:
    kinds = ((output, fed[slot]) for output, slot in ((0, 1), (1, 3)))
    return {output: one.kind for output, one in kinds if one and one.kind is not None}


def _normed_rotation(step: FlatNode, fed: Fed) -> Kinds | None:
    """RMSNormRotary: heads side by side, all sequences in a row if asked for."""
    known = given(step, fed)
    batch, length, heads, stride = known.sized(0, 4)
    (width,) = known.sized(1, 1)
    if width is None:
        width = int(step.attributes.get("input_width", 0)) or stride
    rows = (1, times(batch, length)) if step.attributes.get("flatten_batch", 0) else (batch, length)
    element = _FLOAT16 if step.attributes.get("output_fp16", 0) else _BFLOAT16
    return {
        0: tensor_type(element, (*rows, times(heads, width))),
        1: tensor_type(_FLOAT, (batch, length, heads, width)),
    }


def _routed(step: FlatNode, fed: Fed) -> Kinds | None:
    """MoEGroupRouter: a row of experts for each token."""
    known = given(step, fed)
    logits, experts = known.shape(0), known.sized(1, 1)
    if not logits:
        return None
    shape = (times(*logits[:-1]), *experts)
    full = tensor_type(_FLOAT, shape)
    return {0: typed(fed, 0, shape), 1: full, 2: full}


def _relative(step: FlatNode, fed: Fed) -> Kinds | None:
    known = given(step, fed)
    queries, keys = known.number(1), known.number(2)
    if any(size is not None and not 0 <= size < _LARGEST for size in (queries, keys)):
        return None
    return {0: typed(fed, 0, (1, known.sized(0, 2)[1], queries, keys))}


def _gated(step: FlatNode, fed: Fed) -> Kinds | None:
    known = given(step, fed)
    packed = known.shape(0) is not None and len(known.sized(0, 2, 3)) == 2
    batch, length = known.sized(6, 2) if packed else known.sized(0, 3)[:2]
    return {0: typed(fed, 0, (batch, known.count("num_heads"), length, length))}


def _unpadded(step: FlatNode, fed: Fed) -> Kinds | None:
    known = given(step, fed)
    batch, length, hidden = known.sized(0, 3)
    counts = known.value(1)
    tokens: Size = None if counts is None else int(counts.sum())
    if tokens is not None and not 0 <= tokens < _LARGEST:
        return None
    return {
        0: typed(fed, 0, (tokens, hidden)),
        1: typed(fed, 1, (batch, length)),
        2: typed(fed, 1, (plus(batch, 1),)),
        3: typed(fed, 1, (1,)),
    }


def _padded(step: FlatNode, fed: Fed) -> Kinds | None:
    known = given(step, fed)
    return {0: typed(fed, 0, (*known.sized(1, 2), known.sized(0, 2)[1]))}


def _recurrent(step: FlatNode, fed: Fed) -> Kinds | None:
    """LinearAttention: the output, and the last states, of which there may be a window."""
    known = given(step, fed)
    query, key, value = known.sized(0, 3), known.sized(1, 3), known.sized(2, 3)
    heads, groups = known.count("q_num_heads"), known.count("kv_num_heads")
    width = over(value[2], groups)
    state = (query[0], groups, over(key[2], groups), width)
    like = 3 if known.shape(3) is not None else 0
    return {
        0: typed(fed, 0, (*query[:2], times(max(heads, groups), width))),
        1: typed(fed, like, (*_window(step), *state)),
    }


def _window(step: FlatNode) -> tuple[int, ...]:
    window = int(step.attributes.get("state_window", 0))
    return (window,) if 0 < window < _LARGEST else ()


def _causal_conv(step: FlatNode, fed: Fed) -> Kinds | None:
    """CausalConvWithState: the carried state is as long as what a window reaches back."""
    known = given(step, fed)
    data, kernel = known.shape(0), known.shape(1)
    if data is None or kernel is None or len(data) < 3 or len(kernel) < 3:
        return None
    dilation = max(int(step.attributes.get("dilation", 1)), 1)
    taps = kernel[-1]
    reach = int(step.attributes.get("state_length", 0)) or _reach(taps, dilation)
    last = bool(step.attributes.get("channels_last", 0))
    kept = (data[0], reach, *data[2:]) if last else (*data[:-1], reach)
    if step.attributes.get("input_channels", 0):
        width = int(step.attributes["input_channels"])
        data, kept = (*data[:-1], width), (*kept[:-1], width)
    return {0: typed(fed, 0, data), 1: typed(fed, 0, (*_window(step), *kept))}


def _reach(taps: Size, dilation: int) -> Size:
    return None if taps is None else (taps - 1) * dilation


RULES: Mapping[str, Rule] = {
    "CausalConvWithState": _causal_conv,
    "EmbedLayerNormalization": _embedded,
    "GatedRelativePositionBias": _gated,
    "GemmaRotaryEmbedding": _two_rotated,
    "LinearAttention": _recurrent,
    "MoEGroupRouter": _routed,
    "QEmbedLayerNormalization": _embedded,
    "RMSNormRotary": _normed_rotation,
    "RelativePositionBias": _relative,
    "RemovePadding": _unpadded,
    "RestorePadding": _padded,
    "SkipLayerNormalization": _normalised,
    "SkipSimplifiedLayerNormalization": _normalised,
}
"""The rules, by operator type of the domain com.microsoft."""

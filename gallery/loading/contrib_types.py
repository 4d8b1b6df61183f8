"""Types of outputs for which ONNX's inference gives no type, or a wrong one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

import numpy as np
import numpy.typing as npt
import onnx

from gallery.contrib.stand_ins import STAND_INS
from gallery.loading.classical_types import RULES as CLASSICAL
from gallery.loading.contrib_attention import RULES as ATTENTIONS
from gallery.loading.contrib_embeddings import RULES as EMBEDDINGS
from gallery.loading.contrib_indexers import RULES as INDEXERS
from gallery.loading.contrib_products import RULES as PRODUCTS
from gallery.loading.contrib_shapes import RULES as CONTRIB
from gallery.loading.extension_types import RULES as EXTENSIONS
from gallery.loading.flat import FlatNode, Value
from gallery.loading.packed_shapes import RULES as PACKED
from gallery.loading.sequence_shapes import RULES as SEQUENCES
from gallery.loading.stand_in_types import Kinds, Rule, stand_in_types
from gallery.loading.stream_shapes import RULES as STREAMS
from gallery.loading.types import dims_of, element_of, tensor_type
from gallery.model import Unread

_FLOAT = onnx.TensorProto.FLOAT
_INT64 = onnx.TensorProto.INT64
_STRING = onnx.TensorProto.STRING
_LARGEST = 2**40
_MICROSOFT = "com.microsoft"


def rule_types(step: FlatNode, values: Sequence[Value]) -> Kinds | None:
    """Types of the outputs by position, or None if ONNX's inference should be used."""
    rule = RULES.get((step.domain, step.type))
    if rule is None:
        return None
    fed = [values[index] if index >= 0 else None for index in step.inputs]
    try:
        return rule(step, fed)
    except (ValueError, TypeError, OverflowError, ZeroDivisionError, IndexError):
        return None


def _as_first(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    first = fed[0].kind if fed and fed[0] else None
    return {} if first is None else {0: first}


def _dropped(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    # ONNX's inference leaves out the mask of opsets 7 to 11; it is of booleans since 10.
    first = fed[0].kind if fed and fed[0] else None
    if first is None:
        return {}
    element = onnx.TensorProto.BOOL if step.version >= _MASKS_ARE_BOOL else element_of(first)
    return {0: first, 1: tensor_type(element, dims_of(first))}


_MASKS_ARE_BOOL = 10


def _range(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    start, limit, delta = (_scalar(fed, slot) for slot in range(3))
    if start is None or limit is None or delta is None or fed[0] is None:
        return None
    length = max(ceil((limit - start) / delta), 0)
    return {0: tensor_type(element_of(fed[0].kind), (length if length <= _LARGEST else None,))}


def _joined(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    # Inference refuses empty tensors of other sizes beside others; ONNX Runtime takes the sizes of
    # the first that is not empty.
    shapes = [dims_of(one.kind) if one else None for one in fed]
    known = [tuple(size for size in shape if isinstance(size, int)) for shape in shapes if shape]
    whole = [*map(len, known)] == [len(shape or ()) for shape in shapes]
    if not whole or len({*map(len, known)}) != 1 or all(0 not in shape for shape in known):
        return None
    first = next((shape for shape in known if 0 not in shape), known[0])
    axis = int(step.attributes["axis"]) % len(first)
    joined = sum(shape[axis] for shape in known)
    assert fed[0] is not None
    return {0: tensor_type(element_of(fed[0].kind), (*first[:axis], joined, *first[axis + 1 :]))}


def _window(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    length = _scalar(fed, 0)
    if length is None or not 0 <= length <= _LARGEST:
        return None
    return {0: tensor_type(int(step.attributes.get("output_datatype", _FLOAT)), (int(length),))}


def _one_hot(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    shape, depth = dims_of(fed[0].kind) if fed[0] else None, _scalar(fed, 1)
    if shape is None or depth is None or not 0 <= depth <= _LARGEST or fed[2] is None:
        return None
    axis = int(step.attributes.get("axis", -1))
    at = axis + len(shape) + 1 if axis < 0 else axis
    return {0: tensor_type(element_of(fed[2].kind), (*shape[:at], int(depth), *shape[at:]))}


def _short_time_fourier(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    # ONNX's inference ignores that a one-sided spectrum has half as many bins.
    signal = dims_of(fed[0].kind) if fed[0] else None
    hop, length = _scalar(fed, 1), _scalar(fed, 3)
    window = dims_of(fed[2].kind) if len(fed) > 2 and fed[2] else None
    size = length if length is not None else (window[0] if window else None)
    if signal is None or hop is None or not isinstance(size, int | float) or not fed[0]:
        return None
    if not isinstance(signal[1], int):
        return None
    frames = int((signal[1] - size) // hop) + 1
    bins = int(size) // 2 + 1 if step.attributes.get("onesided", 1) else int(size)
    return {0: tensor_type(element_of(fed[0].kind), (signal[0], frames, bins, 2))}


def _unpool(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    sizes: npt.NDArray[np.int64] | None = fed[2].value if len(fed) > 2 and fed[2] else None
    if sizes is None or fed[0] is None:
        return None
    return {0: tensor_type(element_of(fed[0].kind), [int(size) for size in sizes])}


def _constant(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    # Inference sees no element of a list that is not read.
    for name, kind in (("floats", _FLOAT), ("ints", _INT64), ("strings", _STRING)):
        value = step.attributes.get(f"value_{name}")
        if isinstance(value, Unread | np.ndarray):
            return {0: tensor_type(kind, (len(value),))}
    return None


def _ngrams(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    shape, places = dims_of(fed[0].kind) if fed[0] else None, step.attributes.get("ngram_indexes")
    if not shape or not isinstance(places, Unread | np.ndarray):
        return None
    columns = int(places.max()) + 1 if isinstance(places, np.ndarray) else None
    return {0: tensor_type(_FLOAT, (*shape[:-1], columns))}


def _normalised(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    # Only stop words take away elements.
    return None if step.attributes.get("stopwords") else _as_first(step, fed)


def _scalar(fed: Sequence[Value | None], slot: int) -> float | None:
    value = fed[slot] if slot < len(fed) else None
    if value is None or value.value is None or value.value.size != 1:
        return None
    number = value.value.reshape(())
    return int(number) if number.dtype.kind in "iu" else float(number)


# fmt: off
_SAME = (
    "BiasGelu", "FastGelu", "FusedGelu", "Gelu", "LayerNormalization", "MRotaryEmbedding", "MoE",
    "MoEPacked", "QMoE", "QuickGelu", "RotaryEmbedding", "SimplifiedLayerNormalization",
)
# fmt: on

RULES: Mapping[tuple[str, str], Rule] = {
    ("", "BlackmanWindow"): _window,
    ("", "Dropout"): _dropped,
    ("", "Concat"): _joined,
    ("", "Constant"): _constant,
    ("", "GroupNormalization"): _as_first,
    ("", "HammingWindow"): _window,
    ("", "HannWindow"): _window,
    ("", "MaxUnpool"): _unpool,
    ("", "MeanVarianceNormalization"): _as_first,
    ("", "OneHot"): _one_hot,
    ("", "Range"): _range,
    ("", "STFT"): _short_time_fourier,
    ("", "SimplifiedLayerNormalization"): _as_first,
    ("", "StringNormalizer"): _normalised,
    ("", "TfIdfVectorizer"): _ngrams,
    **CLASSICAL,
    **dict.fromkeys(STAND_INS, stand_in_types),
    **dict.fromkeys(((_MICROSOFT, name) for name in _SAME), _as_first),
    **{(_MICROSOFT, name): rule for name, rule in PRODUCTS.items()},
    **CONTRIB,
    **EXTENSIONS,
    **PACKED,
    **SEQUENCES,
    **STREAMS,
    **{(_MICROSOFT, name): rule for name, rule in ATTENTIONS.items()},
    **{(_MICROSOFT, name): rule for name, rule in EMBEDDINGS.items()},
    **{(_MICROSOFT, name): rule for name, rule in INDEXERS.items()},
}
"""The rules, by domain and operator type."""

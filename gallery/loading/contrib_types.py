"""Types of outputs for which ONNX's inference gives no type, or a wrong one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, prod

import numpy as np
import numpy.typing as npt
import onnx

from gallery.loading.contrib_products import RULES as PRODUCTS
from gallery.loading.contrib_shapes import RULES as CONTRIB
from gallery.loading.extension_types import RULES as EXTENSIONS
from gallery.loading.flatten import FlatNode, Value
from gallery.loading.packed_shapes import RULES as PACKED
from gallery.loading.sequence_shapes import RULES as SEQUENCES
from gallery.loading.stand_in_types import Kinds, Rule, stand_in_types
from gallery.loading.stream_shapes import RULES as STREAMS
from gallery.loading.types import dims_of, element_of, tensor_type
from gallery.stand_ins import STAND_INS

_FLOAT = onnx.TensorProto.FLOAT
_LARGEST = 2**40
_ML = "ai.onnx.ml"
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


def _with_sum(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    # Output 3 is the sum of input and skip.
    first = fed[0].kind if fed and fed[0] else None
    return {} if first is None else {0: first, 3: first}


def _as_floats(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    return {0: tensor_type(_FLOAT, dims_of(fed[0].kind))} if fed[0] else None


def _targets(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    # A regressor that does not give its number of targets has one.
    name = "n_targets" if step.type.startswith("Tree") else "targets"
    shape = dims_of(fed[0].kind) if fed[0] else None
    if not shape:
        return None
    rows = shape[0] if len(shape) > 1 else 1
    return {0: tensor_type(_FLOAT, (rows, int(step.attributes.get(name, 1))))}


def _features(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    shapes = [dims_of(value.kind) for value in fed if value]
    columns = 0
    for shape in shapes:
        sizes = None if shape is None else shape[-1:] if len(shape) < 2 else shape[1:]
        if sizes is None or not all(isinstance(size, int) for size in sizes):
            return None
        columns += prod(int(size or 0) for size in sizes)
    first = shapes[0]
    rows = first[0] if first is not None and len(first) > 1 else 1
    return {0: tensor_type(_FLOAT, (rows, columns))}


def _range(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    start, limit, delta = (_scalar(fed, slot) for slot in range(3))
    if start is None or limit is None or delta is None or fed[0] is None:
        return None
    length = max(ceil((limit - start) / delta), 0)
    return {0: tensor_type(element_of(fed[0].kind), (length if length <= _LARGEST else None,))}


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


def _scalar(fed: Sequence[Value | None], slot: int) -> float | None:
    value = fed[slot] if slot < len(fed) else None
    if value is None or value.value is None or value.value.size != 1:
        return None
    number = value.value.reshape(())
    return int(number) if number.dtype.kind in "iu" else float(number)


# fmt: off
_SAME = (
    "BiasGelu", "FastGelu", "FusedGelu", "Gelu", "LayerNormalization", "QuickGelu",
    "RotaryEmbedding", "SimplifiedLayerNormalization",
)
# fmt: on

RULES: Mapping[tuple[str, str], Rule] = {
    ("", "BlackmanWindow"): _window,
    ("", "GroupNormalization"): _as_first,
    ("", "HammingWindow"): _window,
    ("", "HannWindow"): _window,
    ("", "MaxUnpool"): _unpool,
    ("", "MeanVarianceNormalization"): _as_first,
    ("", "OneHot"): _one_hot,
    ("", "Range"): _range,
    ("", "STFT"): _short_time_fourier,
    ("", "SimplifiedLayerNormalization"): _as_first,
    (_ML, "FeatureVectorizer"): _features,
    (_ML, "Imputer"): _as_first,
    (_ML, "LinearRegressor"): _targets,
    (_ML, "Normalizer"): _as_floats,
    (_ML, "SVMRegressor"): _targets,
    (_ML, "Scaler"): _as_floats,
    (_ML, "TreeEnsembleRegressor"): _targets,
    **dict.fromkeys(STAND_INS, stand_in_types),
    **dict.fromkeys(((_MICROSOFT, name) for name in _SAME), _as_first),
    **{(_MICROSOFT, name): rule for name, rule in PRODUCTS.items()},
    **CONTRIB,
    **EXTENSIONS,
    **PACKED,
    **SEQUENCES,
    **STREAMS,
    (_MICROSOFT, "SkipLayerNormalization"): _with_sum,
    (_MICROSOFT, "SkipSimplifiedLayerNormalization"): _with_sum,
}
"""The rules, by domain and operator type."""

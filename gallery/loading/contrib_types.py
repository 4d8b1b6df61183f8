"""Types of outputs for which ONNX's inference says nothing, or says it wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil

import numpy as np
import numpy.typing as npt
import onnx

from gallery.loading.flatten import FlatNode, Value
from gallery.loading.types import dims_of, element_of, tensor_type

_FLOAT = onnx.TensorProto.FLOAT
_LARGEST = 2**40
_OURS = frozenset(("GroupNormalization", "MeanVarianceNormalization"))
# fmt: off
_THEIRS = frozenset(
    (
        "BiasGelu", "BiasSplitGelu", "FastGelu", "FusedGelu", "Gelu", "QuickGelu", "BiasAdd",
        "BiasDropout", "BitmaskDropout", "GroupNorm", "NhwcConv", "QLinearLeakyRelu",
        "QLinearSigmoid", "QLinearSoftmax", "RotaryEmbedding", "SkipGroupNorm",
        "SkipLayerNormalization", "SkipSimplifiedLayerNormalization",
        "SimplifiedLayerNormalization", "LayerNormalization", "DynamicQuantizeLSTM",
    )
)
# fmt: on

Kinds = dict[int, onnx.TypeProto]


def gap(step: FlatNode, values: Sequence[Value]) -> Kinds | None:
    """Types of the outputs by position, or None where ONNX is to be asked."""
    kind = step.type
    if (step.domain == "" and kind in _OURS) or (
        step.domain == "com.microsoft" and kind in _THEIRS
    ):
        first = values[step.inputs[0]].kind if step.inputs and step.inputs[0] >= 0 else None
        return {} if first is None else {0: first}
    if step.domain or kind not in _SIZED:
        return None
    fed = [values[index] if index >= 0 else None for index in step.inputs]
    try:
        return _SIZED[kind](step, fed)
    except (ValueError, TypeError, OverflowError, ZeroDivisionError, IndexError):
        return None


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
    # ONNX's inference forgets that one side of the spectrum is half of it.
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


_SIZED: Mapping[str, Callable[[FlatNode, Sequence[Value | None]], Kinds | None]] = {
    "BlackmanWindow": _window,
    "HammingWindow": _window,
    "HannWindow": _window,
    "MaxUnpool": _unpool,
    "OneHot": _one_hot,
    "Range": _range,
    "STFT": _short_time_fourier,
}

"""Types of the operators of onnxruntime-extensions, as far as they do not follow from data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx

from gallery.contrib.extensions import DOMAINS, LIKE, OUTPUTS, ROWS
from gallery.loading.flat import FlatNode, Value
from gallery.loading.shape_rules import at, numbers, shape_at, size
from gallery.loading.stand_in_types import Kinds, Rule
from gallery.loading.types import tensor_type

_NUMBERS = {
    "bool": onnx.TensorProto.BOOL,
    "float": onnx.TensorProto.FLOAT,
    "int32": onnx.TensorProto.INT32,
    "int64": onnx.TensorProto.INT64,
    "string": onnx.TensorProto.STRING,
    "uint8": onnx.TensorProto.UINT8,
}


def _declared(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    first = shape_at(fed, 0)
    kinds: Kinds = {}
    for slot, (dtype, form) in enumerate(OUTPUTS[step.type]):
        if form is None or form == LIKE:
            shape = first if form else None
        else:
            rows = first[0] if first else None
            shape = tuple(rows if one == ROWS else one for one in form)
        kinds[slot] = tensor_type(_NUMBERS[dtype], shape)
    return kinds


def _frames(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    """StftNorm: the frames of a signal that is padded by half a transform on both sides."""
    sound = shape_at(fed, 0)
    points, hop = numbers(fed, 1), numbers(fed, 2)
    samples = size(sound[-1]) if sound else None
    bins = points[0] // 2 + 1 if points else None
    frames = samples // hop[0] + 1 if samples is not None and hop and hop[0] > 0 else None
    return {0: tensor_type(_NUMBERS["float"], (1, bins, frames))}


def _joined(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    """StringJoin: one string for all along a dimension."""
    shape, axis = shape_at(fed, 0), numbers(fed, 2)
    if shape is None or not axis or at(fed, 2) is None:
        return _declared(step, fed)
    place = axis[0] % len(shape)
    made = (*shape[:place], *shape[place + 1 :]) or (1,)
    return {0: tensor_type(_NUMBERS["string"], made)}


_OWN: Mapping[str, Rule] = {"StftNorm": _frames, "StringJoin": _joined}

RULES: Mapping[tuple[str, str], Rule] = {
    (domain, kind): _OWN.get(kind, _declared) for domain in DOMAINS for kind in OUTPUTS
}
"""The rules, by domain and operator type."""

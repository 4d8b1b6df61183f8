"""Sizes for which ONNX's inference contradicts what runtimes compute; the runtimes' rule decides.

A pool with `ceil_mode` counted one window too many until opset 22, if that would start in the
padding at the end: MaxPool-22 and PyTorch's documentation of MaxPool2d leave it out, as ONNX
Runtime does for every opset. Resize and Upsample multiply sizes by their scales in float32, while
ONNX's inference multiplies in double: 10 times 0.7 is 7 and not 6. Before opset 10, the axes of a
Slice need not be sorted, and inference gives up where they are not. Indices of Einsum broadcast.
Of the present keys and values of an Attention without past ones, inference says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import onnx

from gallery.loading.flat import FlatNode, Value
from gallery.loading.types import dims_of, element_of, tensor_type
from gallery.model import Shape

Kinds = dict[int, onnx.TypeProto]


def runtime_types(step: FlatNode, values: Sequence[Value], inferred: Kinds) -> Kinds:
    """The types of the outputs, by position, with sizes as runtimes compute them."""
    fed = [values[index] if index >= 0 else None for index in step.inputs]
    if (step.domain, step.type) == ("", "Attention"):
        silent = {slot for slot in range(len(step.outputs)) if _silent(inferred.get(slot))}
        return inferred | {slot: k for slot, k in _attended(step, fed).items() if slot in silent}
    rule = _RULES.get(step.type) if not step.domain else None
    if rule is None or not fed or fed[0] is None:
        return inferred
    data = dims_of(fed[0].kind)
    try:
        sizes = rule(step, fed, data) if data is not None else None
    except (LookupError, TypeError, ValueError):  # attributes that the operator cannot have
        return inferred
    if sizes is None:
        return inferred
    return {slot: _with(kind, sizes) for slot, kind in inferred.items()}


def _attended(step: FlatNode, fed: Sequence[Value | None]) -> Kinds:
    """Present keys and values, and scores, of an Attention that is given no past keys."""
    shapes = [dims_of(one.kind) if one else None for one in fed[:3]]
    if len(fed) < 3 or (len(fed) > _PAST_KEYS and fed[_PAST_KEYS] is not None):
        return {}
    heads = [step.attributes.get(f"{of}_num_heads") for of in ("q", "kv", "kv")]
    queries, keys, values = map(_by_head, shapes, heads)
    made: Kinds = {}
    for slot, one, shape in ((1, fed[1], keys), (2, fed[2], values)):
        if shape is not None and one is not None:
            made[slot] = tensor_type(element_of(one.kind), shape)
    if queries is not None and keys is not None and fed[0] is not None:
        made[3] = tensor_type(element_of(fed[0].kind), (*queries[:3], keys[2]))
    return made


def _by_head(shape: Shape, heads: object) -> Shape:
    """[batch, heads, tokens, size of a head] of a tensor that may have its heads side by side."""
    if shape is None or len(shape) == _RANK_BY_HEAD:
        return shape
    if len(shape) != _RANK_BY_HEAD - 1 or not isinstance(heads, int) or heads < 1:
        return None
    width = shape[2] // heads if isinstance(shape[2], int) else None
    return (shape[0], heads, shape[1], width)


def _silent(kind: onnx.TypeProto | None) -> bool:
    return kind is None or dims_of(kind) is None


def _with(kind: onnx.TypeProto, sizes: Sequence[int | str | None]) -> onnx.TypeProto:
    """The type with these sizes; where one is None, its own stays."""
    own = dims_of(kind)
    if own is None:
        return tensor_type(element_of(kind), sizes)
    if len(own) != len(sizes):
        return kind
    both = [b if a is None else a for a, b in zip(sizes, own, strict=True)]
    return tensor_type(element_of(kind), both)


def _pooled(step: FlatNode, _: Sequence[Value | None], data: Shape) -> list[int | None] | None:
    kernel = step.attributes.get("kernel_shape")
    auto = step.attributes.get("auto_pad", "NOTSET")
    if not step.attributes.get("ceil_mode") or auto not in ("NOTSET", ""):
        return None
    if not isinstance(kernel, tuple) or data is None or len(data) != len(kernel) + 2:
        return None
    axes = len(kernel)
    strides = step.attributes.get("strides", (1,) * axes)
    dilations = step.attributes.get("dilations", (1,) * axes)
    pads = step.attributes.get("pads", (0,) * (2 * axes))
    if (len(strides), len(dilations), len(pads)) != (axes, axes, 2 * axes) or min(strides) < 1:
        return None
    sizes: list[int | None] = [None, None]
    for axis, size in enumerate(data[2:]):
        if not isinstance(size, int):
            sizes.append(None)
            continue
        before, after, stride = pads[axis], pads[axes + axis], strides[axis]
        free = size + before + after - (dilations[axis] * (kernel[axis] - 1) + 1)
        windows = -(-free // stride) + 1
        starts_in_padding = (windows - 1) * stride >= size + before
        sizes.append(windows - starts_in_padding if free >= 0 else None)
    return sizes


def _resized(step: FlatNode, fed: Sequence[Value | None], data: Shape) -> list[int | None] | None:
    scales = _scales(step, fed)
    cropped = step.attributes.get("coordinate_transformation_mode") == "tf_crop_and_resize"
    if scales is None or data is None or cropped:
        return None
    axes = step.attributes.get("axes", tuple(range(len(data))))
    if len(axes) != len(scales):
        return None
    sizes: list[int | None] = [None] * len(data)
    for axis, scale in zip(axes, scales, strict=True):
        size = data[axis] if -len(data) <= axis < len(data) else None
        if isinstance(size, int) and 0 < scale < np.inf:
            sizes[axis] = int(np.float32(size) * scale)
    return sizes


def _scales(step: FlatNode, fed: Sequence[Value | None]) -> Sequence[np.float32] | None:
    """The scales that a Resize or Upsample uses, or None if it uses sizes or they are unknown."""
    given = step.attributes.get("scales")
    if isinstance(given, tuple):
        return [np.float32(one) for one in given]
    resize = step.type == "Resize" and step.version >= _RESIZE_WITH_ROI
    if resize and len(fed) > _SIZES and fed[_SIZES] is not None:
        return None
    slot = 2 if resize else 1
    value = fed[slot].value if len(fed) > slot and fed[slot] is not None else None  # type: ignore[union-attr]
    if value is None or not value.size or value.dtype.kind != "f":
        return None
    return [np.float32(one) for one in value.reshape(-1)]


def _sliced(step: FlatNode, _: Sequence[Value | None], data: Shape) -> list[int | None] | None:
    starts, ends = step.attributes.get("starts"), step.attributes.get("ends")
    if step.version >= _SLICE_WITH_INPUTS or data is None:
        return None
    if not isinstance(starts, tuple) or not isinstance(ends, tuple):
        return None
    sizes = [size if isinstance(size, int) else None for size in data]
    axes = step.attributes.get("axes", tuple(range(len(starts))))
    for axis, start, end in zip(axes, starts, ends, strict=True):
        size = sizes[axis]
        if size is not None:
            first, last = (min(max(at + size * (at < 0), 0), size) for at in (start, end))
            sizes[axis] = max(last - first, 0)
    return sizes


def _summed(step: FlatNode, fed: Sequence[Value | None], _: Shape) -> list[int | None] | None:
    left, arrow, right = str(step.attributes.get("equation", "")).replace(" ", "").partition("->")
    terms = left.split(",")
    shapes = [dims_of(one.kind) if one else None for one in fed]
    if "." in left or not arrow or len(terms) != len(shapes):
        return None
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        if shape is None or len(shape) != len(term):
            return None
        for letter, size in zip(term, shape, strict=True):
            if not isinstance(size, int):
                return None
            sizes[letter] = max(sizes.get(letter, 1), size)
    return [sizes[letter] for letter in right]


_SLICE_WITH_INPUTS = 10
_RESIZE_WITH_ROI = 11
_SIZES = 3
_PAST_KEYS = 4
_RANK_BY_HEAD = 4

_RULES: Mapping[
    str, Callable[[FlatNode, Sequence[Value | None], Shape], list[int | None] | None]
] = {
    "AveragePool": _pooled,
    "Einsum": _summed,
    "LpPool": _pooled,
    "MaxPool": _pooled,
    "Resize": _resized,
    "Slice": _sliced,
    "Upsample": _resized,
}

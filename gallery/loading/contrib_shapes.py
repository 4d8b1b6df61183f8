"""Types of ONNX Runtime's own operators that stand for none of ONNX's.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import onnx

from gallery.contrib.stand_ins import BLOCKED, CHANNELS_LAST, MICROSOFT
from gallery.loading.flat import FlatNode, Value
from gallery.loading.shape_rules import at, element_at, like, numbers, shape_at, size
from gallery.loading.stand_in_types import Kinds, Rule, inferred
from gallery.loading.types import dims_of, tensor_type

_BOOL, _INT8, _STRING = onnx.TensorProto.BOOL, onnx.TensorProto.INT8, onnx.TensorProto.STRING
_INT32, _INT64 = onnx.TensorProto.INT32, onnx.TensorProto.INT64
_UINT8, _UINT32 = onnx.TensorProto.UINT8, onnx.TensorProto.UINT32
_FLOAT, _BFLOAT16 = onnx.TensorProto.FLOAT, onnx.TensorProto.BFLOAT16
_BLOCK = 16
"""Channels of a block of NCHWc: 8 on processors without AVX-512, which a file does not tell."""


def _to_blocks(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    # Channels are padded to whole blocks.
    shape = shape_at(fed, 0)
    if shape is None or len(shape) < 2:
        return None
    if step.attributes.get("channels_last", 0):
        shape = (shape[0], shape[-1], *shape[1:-1])
    channels = size(shape[1])
    padded = None if channels is None else -(-channels // _BLOCK) * _BLOCK
    return {0: tensor_type(element_at(fed, 0), (shape[0], padded, *shape[2:]))}


def _from_blocks(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    shape = shape_at(fed, 0)
    if shape is None or len(shape) < 2:
        return None
    channels = int(step.attributes.get("channels", 0)) or shape[1]
    if step.attributes.get("channels_last", 0):
        return {0: tensor_type(element_at(fed, 0), (shape[0], *shape[2:], channels))}
    return {0: tensor_type(element_at(fed, 0), (shape[0], channels, *shape[2:]))}


def _enlarged(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    shape, scales = shape_at(fed, 0), step.attributes.get("scales", ())
    if shape is None or len(shape) != len(scales):
        return None
    made = [
        None if size(one) is None else int(one or 0) * int(scale)
        for one, scale in zip(shape, scales, strict=True)
    ]
    return {0: tensor_type(element_at(fed, 0), made)}


def _dropout(mask: int) -> Rule:
    def rule(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
        shape = shape_at(fed, 0)
        if shape is None:
            return None
        made = {0: tensor_type(element_at(fed, 0), shape)}
        if mask == _BOOL:
            return {**made, 1: tensor_type(mask, shape)}
        known = [one for one in shape if isinstance(one, int)]
        words = -(-prod(known) // 32) if len(known) == len(shape) else None
        return {**made, 1: tensor_type(mask, (words,))}

    return rule


def _pooled_whole(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    shape = shape_at(fed, 0)
    if shape is None:
        return None
    kept = (0, len(shape) - 1 if step.attributes.get("channels_last", 0) else 1)
    made = [one if axis in kept else 1 for axis, one in enumerate(shape)]
    return {0: tensor_type(element_at(fed, 0), made)}


def _half(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    # One half of the last dimension gates the other.
    shape = shape_at(fed, 0)
    if not shape:
        return None
    last = size(shape[-1])
    made = (*shape[:-1], None if last is None else last // 2)
    return {0: tensor_type(element_at(fed, 0), made)}


def _gated(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    # Both halves in one input, or each in its own.
    return _half(step, fed) if at(fed, 1) is None else like()(step, fed)


def _pairs(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    left, right = shape_at(fed, 0), shape_at(fed, 1)
    if not left or not right:
        return None
    return {0: tensor_type(element_at(fed, 0), (left[0], right[0]))}


def _broadcast(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    made = inferred("Mul", 14, step, [shape_at(fed, 0), shape_at(fed, 1)])
    return {0: tensor_type(element_at(fed, 0), dims_of(made.get(0)))}


def _spectrum(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    shape = shape_at(fed, 0)
    if not shape:
        return None
    points = size(shape[-1])
    bins = None if points is None else points // 2 + 1
    return {0: tensor_type(element_at(fed, 0), (*shape[:-1], bins, 2))}


def _signal(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    shape = shape_at(fed, 0)
    if shape is None or len(shape) < 2:
        return None
    bins = size(shape[-2])
    points = None if bins is None else max(2 * (bins - 1), 0)
    return {0: tensor_type(element_at(fed, 0), (*shape[:-2], points))}


def _padded_transpose(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    # The pads are an input; the bias comes after them.
    pads = numbers(fed, 2)
    if at(fed, 2) is not None and pads is None:
        return {0: tensor_type(element_at(fed, 0), None)}
    plain = [*step.plain, onnx.helper.make_attribute("pads", pads)] if pads else step.plain
    shapes = [shape_at(fed, 0), shape_at(fed, 1), shape_at(fed, 3)]
    made = inferred("ConvTranspose", 11, step, shapes, attributes=plain)
    return {0: tensor_type(element_at(fed, 0), dims_of(made.get(0)))}


def _crops(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    shape, regions = shape_at(fed, 0), shape_at(fed, 1)
    if shape is None or not regions or len(shape) != 4:
        return None
    made: Sequence[int | None] = numbers(fed, 3) or [None, None]
    return {0: tensor_type(element_at(fed, 0), (regions[0], shape[1], *made[:2]))}


def _expanded(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    shape, axis = shape_at(fed, 0), numbers(fed, 1)
    if shape is None or not axis:
        return None
    place = axis[0] + len(shape) + 1 if axis[0] < 0 else axis[0]
    return {0: tensor_type(element_at(fed, 0), (*shape[:place], 1, *shape[place:]))}


def _cast(name: str) -> Rule:
    """A rule: the shape of the first input and the element type of an attribute."""

    def rule(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
        element = int(step.attributes.get(name, _FLOAT))
        return {0: tensor_type(element, shape_at(fed, 0))}

    return rule


def _to_bfp(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    shape = shape_at(fed, 0)
    rank = None if shape is None else len(shape)
    return {
        0: tensor_type(_UINT8, (None,)),
        1: tensor_type(_INT64, (rank,)),
        2: tensor_type(_INT64, (rank,)),
    }


def _from_bfp(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    return {0: tensor_type(int(step.attributes.get("dtype", _FLOAT)), numbers(fed, 1))}


def _unfolded(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    shape, length = shape_at(fed, 0), int(step.attributes.get("size", 0))
    stride = int(step.attributes.get("step", 1))
    if not shape or length < 1 or stride < 1:
        return None
    axis = int(step.attributes.get("dim", -1)) % len(shape)
    whole = size(shape[axis])
    slices = None if whole is None else (whole - length) // stride + 1
    made = (*shape[:axis], slices, *shape[axis + 1 :], length)
    return {0: tensor_type(element_at(fed, 0), made)}


def _flag(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    return {0: tensor_type(_BOOL, ())}


def _unpooled(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    return {0: tensor_type(element_at(fed, 0), numbers(fed, 2))} if numbers(fed, 2) else None


RULES: Mapping[tuple[str, str], Rule] = {
    (BLOCKED, "ReorderInput"): _to_blocks,
    (BLOCKED, "ReorderOutput"): _from_blocks,
    (BLOCKED, "Upsample"): _enlarged,
    (CHANNELS_LAST, "MaxUnpool"): _unpooled,
    (MICROSOFT, "BiasDropout"): _dropout(_BOOL),
    (MICROSOFT, "BiasSoftmax"): like(),
    (MICROSOFT, "BiasSplitGelu"): _half,
    (MICROSOFT, "BitmaskBiasDropout"): _dropout(_UINT32),
    (MICROSOFT, "BitmaskDropout"): _dropout(_UINT32),
    (MICROSOFT, "BranchwiseRMSNorm"): like(),
    (MICROSOFT, "CDist"): _pairs,
    (MICROSOFT, "ComplexMul"): _broadcast,
    (MICROSOFT, "ComplexMulConj"): _broadcast,
    (MICROSOFT, "ConvTransposeWithDynamicPads"): _padded_transpose,
    (MICROSOFT, "CropAndResize"): _crops,
    (MICROSOFT, "DequantizeBFP"): _from_bfp,
    (MICROSOFT, "DequantizeWithOrder"): _cast("to"),
    (MICROSOFT, "ExpandDims"): _expanded,
    (MICROSOFT, "GatedRMSNorm"): like(),
    (MICROSOFT, "GroupNorm"): like(),
    (MICROSOFT, "Inverse"): like(),
    (MICROSOFT, "Irfft"): _signal,
    (MICROSOFT, "IsAllFinite"): _flag,
    (MICROSOFT, "QLinearGlobalAveragePool"): _pooled_whole,
    (MICROSOFT, "QuantizeBFP"): _to_bfp,
    (MICROSOFT, "QuantizeWithOrder"): like(0, (0,), _INT8),
    (MICROSOFT, "Rfft"): _spectrum,
    (MICROSOFT, "SkipGroupNorm"): like(0, (0, 1)),
    (MICROSOFT, "SwiGLU"): _gated,
    (MICROSOFT, "UnfoldTensor"): _unfolded,
}
"""The rules, by domain and operator type."""

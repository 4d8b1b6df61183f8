"""Types of the operators that stand for one of ONNX's own, by its inference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import onnx
from onnx import numpy_helper, shape_inference

from gallery.contrib.stand_ins import STAND_INS, StandIn, last_order
from gallery.loading.flat import FlatNode, Value
from gallery.loading.types import dims_of, element_of, tensor_type
from gallery.loading.values import dtype_name
from gallery.model import Shape

Kinds = dict[int, onnx.TypeProto]
Rule = Callable[[FlatNode, Sequence[Value | None]], Kinds | None]
"""From an operator and its inputs (None for an omitted one) to the types of its outputs."""

_IR_VERSION = 8
_FED = 1024
_INDICES = (onnx.TensorProto.INT32, onnx.TensorProto.INT64)
_STAND_INS = (onnx.TensorProto.FLOAT, onnx.TensorProto.UINT8, onnx.TensorProto.BOOL)
_NUMBERS = {"int32": onnx.TensorProto.INT32, "uint8": onnx.TensorProto.UINT8}
_OWN_TYPES: Mapping[str, StandIn] = {
    # Inference of quantised operators compares the types of operands, which are not at hand here.
    "QLinearConv": StandIn(type="Conv", slots=(0, 3)),
    "com.microsoft.FusedConv": StandIn(type="Conv", slots=(0, 1, 2)),
}


def stand_in_types(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    """Types of the outputs of an operator of `STAND_INS`, by position."""
    entry = STAND_INS[step.domain, step.type]
    like = _OWN_TYPES.get(entry.type, entry)
    shapes: list[Shape] = []
    for slot, own in enumerate(like.slots):
        value = _at(fed, own)
        stored = dims_of(value.kind) if value else None
        order = entry.order(slot, len(stored), step.attributes) if stored is not None else ()
        shapes.append(_logical(stored, order))
    values = [_at(fed, slot) for slot in like.slots]
    version = like.version_for(step.version, step.attributes)
    found = inferred(like.type, version, step, shapes, values)
    given = next((value for slot in entry.elements if (value := _at(fed, slot))), None)
    element = element_of(given.kind) if given else _NUMBERS.get(entry.made, 0)
    kinds: Kinds = {}
    for output, kind in found.items():
        shape = dims_of(kind)
        if shape is not None and len(shape) > 2 and entry.channels_last(step.attributes):
            shape = tuple(shape[axis] for axis in last_order(len(shape)))
        kinds[output] = tensor_type(element_of(kind) if output else element, shape)
    return kinds or ({0: tensor_type(element, None)} if element else None)


def inferred(
    kind: str,
    version: int,
    step: FlatNode,
    shapes: Sequence[Shape],
    values: Sequence[Value | None] = (),
    attributes: Sequence[onnx.AttributeProto] | None = None,
) -> Kinds:
    """The types that ONNX infers for an operator of its own on inputs of these shapes.

    Args:
        kind: Type of the operator.
        version: Of ONNX's operator set.
        step: Gives the number of outputs and, unless there are others, the attributes.
        shapes: Of the inputs; None for one that is left out.
        values: The inputs themselves, where their values or integer types matter.
        attributes: The attributes; those that the operator does not have are left out.
    """
    schema = onnx.defs.get_schema(kind, version, "")
    node = onnx.NodeProto(op_type=kind)
    node.output.extend(
        str(-1 - slot) if index >= 0 or not slot else "" for slot, index in enumerate(step.outputs)
    )
    node.input.extend("" if shape is None else str(slot) for slot, shape in enumerate(shapes))
    while node.input and not node.input[-1]:
        node.input.pop()
    own = step.plain if attributes is None else attributes
    node.attribute.extend(one for one in own if one.name in schema.attributes)
    kinds, data = {}, {}
    for slot, shape in enumerate(shapes):
        if shape is None:
            continue
        value = _at(values, slot)
        kinds[str(slot)] = tensor_type(_element(schema, slot, value), shape)
        known = value.value if value else None
        if known is not None and known.dtype.kind in "if" and known.size <= _FED:
            data[str(slot)] = numpy_helper.from_array(known)
    opset = [onnx.helper.make_opsetid("", version)]
    try:
        made = shape_inference.infer_node_outputs(
            schema, node, kinds, data, None, opset, _IR_VERSION
        )
    except Exception:
        # It raises errors of its own, of its checker and of the C++ library, without a common base.
        return {}
    return {-1 - int(name): found for name, found in made.items()}


def _element(schema: onnx.defs.OpSchema, slot: int, value: Value | None) -> int:
    """An element type that the operator takes, which need not be what its quantised form takes.

    Integers of indices and sizes are as they are, else the first that it takes of `_STAND_INS`.
    """
    own = element_of(value.kind) if value else 0
    if own in _INDICES or not schema.inputs:
        return own
    taken = schema.inputs[min(slot, len(schema.inputs) - 1)].types
    names = {f"tensor({dtype_name(one)})": one for one in _STAND_INS}
    return next((one for name, one in names.items() if name in taken), own)


def _at(fed: Sequence[Value | None], slot: int) -> Value | None:
    return fed[slot] if slot < len(fed) else None


def _logical(stored: Shape, order: Sequence[int]) -> Shape:
    """A stored shape in the order of the other operator's dimensions."""
    if stored is None:
        return None
    return tuple(stored[list(order).index(axis)] for axis in range(len(stored)))

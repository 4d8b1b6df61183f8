"""Types of ONNX Runtime's fused and quantised products, from those of the operators they replace.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import onnx
from onnx import shape_inference

from gallery.loading.flatten import FlatNode, Value
from gallery.loading.types import dims_of, element_of, tensor_type
from gallery.model import Shape

Kinds = dict[int, onnx.TypeProto]
Rule = Callable[[FlatNode, Sequence[Value | None]], Kinds | None]
"""From an operator and its inputs (None for an omitted one) to the types of its outputs."""

_OPSET = 17


def _as(kind: str, *slots: int, element: tuple[int, ...] = ()) -> Rule:
    """A rule: as an operator of ONNX's own, on some of the inputs.

    Args:
        kind: Type of that operator.
        slots: The inputs that it is given, in its order; as many as are there.
        element: Inputs, the first given one of which has the element type of the result; none if
            that is the type of the first input.
    """

    def rule(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
        shapes = [_shape(_at(fed, slot)) for slot in slots]
        return _typed(_inferred(kind, step, shapes), fed, element or slots[:1])

    return rule


def _concatenated(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    """QLinearConcat: two inputs for the result's quantisation, then three for each operand."""
    return _typed(_inferred("Concat", step, [_shape(one) for one in fed[2::3]]), fed, (2,))


def _fused_matmul(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    shapes = []
    for slot, side in enumerate("AB"):
        stored = _shape(_at(fed, slot))
        if stored is None:
            return None
        turned = transposes(step.attributes, side)
        shapes.append([stored[axis] for axis in logical(range(len(stored)), *turned)])
    return _typed(_inferred("MatMul", step, shapes), fed, (0,))


def transposes(attributes: Mapping[str, object], side: str) -> tuple[bool, bool]:
    """Whether an operand of FusedMatMul is stored transposed, and with its rows before batches."""
    return bool(attributes.get(f"trans{side}")), bool(attributes.get(f"transBatch{side}"))


def logical(axes: Sequence[int], transposed: bool, batches: bool) -> list[int]:
    """Dimensions of a stored operand in the order of a product: batches, rows, columns.

    >>> logical((0, 1, 2), False, True), logical((0, 1, 2), True, True)
    ([1, 0, 2], [1, 2, 0])
    """
    order = list(axes)
    if batches and len(order) > 2:
        order = [*order[1:-1], order[0], order[-1]]
    if transposed and len(order) > 1:
        order[-2:] = order[-1], order[-2]
    return order


def _at(fed: Sequence[Value | None], slot: int) -> Value | None:
    return fed[slot] if slot < len(fed) else None


def _shape(value: Value | None) -> Sequence[int | str | None] | None:
    return dims_of(value.kind) if value else None


def _typed(made: Shape, fed: Sequence[Value | None], element: tuple[int, ...]) -> Kinds | None:
    """The type of the first output, with the element type of the first of these inputs."""
    own = next((one for slot in element if (one := _at(fed, slot))), None)
    if made is None or own is None:
        return None
    return {0: tensor_type(element_of(own.kind), made)}


def _inferred(
    kind: str, step: FlatNode, shapes: Sequence[Sequence[int | str | None] | None]
) -> Shape:
    """The shape that ONNX infers for an operator of its own on inputs of these shapes."""
    given = list(shapes)
    while given and given[-1] is None:
        given.pop()
    schema = onnx.defs.get_schema(kind, _OPSET, "")
    node = onnx.NodeProto(op_type=kind, output=["y"])
    node.input.extend("" if one is None else str(slot) for slot, one in enumerate(given))
    node.attribute.extend(one for one in step.plain if one.name in schema.attributes)
    # Floats, because the operator may not take the integers that its quantised form takes.
    kinds = {
        str(slot): tensor_type(onnx.TensorProto.FLOAT, one)
        for slot, one in enumerate(given)
        if one is not None
    }
    opset = [onnx.helper.make_opsetid("", _OPSET)]
    try:
        made = shape_inference.infer_node_outputs(schema, node, kinds, None, None, opset, 8)
    except Exception:
        # It raises errors of its own, of its checker and of the C++ library, without a common base.
        return None
    return dims_of(made.get("y"))


RULES: Mapping[str, Rule] = {
    "DynamicQuantizeMatMul": _as("MatMul", 0, 1),
    "FusedConv": _as("Conv", 0, 1, 2),
    "FusedGemm": _as("Gemm", 0, 1, 2),
    "FusedMatMul": _fused_matmul,
    "MatMulIntegerToFloat": _as("MatMul", 0, 1, element=(2,)),
    "QGemm": _as("Gemm", 0, 3, 6, element=(8, 1)),
    "QLinearAdd": _as("Add", 0, 3),
    "QLinearConcat": _concatenated,
    "QLinearMul": _as("Mul", 0, 3),
}
"""The rules, by operator type of the domain com.microsoft."""

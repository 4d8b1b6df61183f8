"""Types of ONNX Runtime's fused and quantised products, from those of the operators they replace.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx

from gallery.loading.flat import FlatNode, Value
from gallery.loading.stand_in_types import Kinds, Rule, inferred
from gallery.loading.types import dims_of, element_of, tensor_type
from gallery.model import Shape

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
        return _typed(_result(kind, step, shapes), fed, element or slots[:1])

    return rule


def _concatenated(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    """QLinearConcat: two inputs for the result's quantisation, then three for each operand."""
    return _typed(_result("Concat", step, [_shape(one) for one in fed[2::3]]), fed, (2,))


def _fused_matmul(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    shapes = []
    for slot, side in enumerate("AB"):
        stored = _shape(_at(fed, slot))
        if stored is None:
            return None
        turned = transposes(step.attributes, side)
        shapes.append(tuple(stored[axis] for axis in logical(range(len(stored)), *turned)))
    return _typed(_result("MatMul", step, shapes), fed, (0,))


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


def _shape(value: Value | None) -> Shape:
    return dims_of(value.kind) if value else None


def _result(kind: str, step: FlatNode, shapes: Sequence[Shape]) -> Shape:
    return dims_of(inferred(kind, _OPSET, step, shapes).get(0))


def _typed(made: Shape, fed: Sequence[Value | None], element: tuple[int, ...]) -> Kinds | None:
    """The type of the first output, with the element type of the first of these inputs."""
    own = next((one for slot in element if (one := _at(fed, slot))), None)
    if made is None or own is None:
        return None
    return {0: tensor_type(element_of(own.kind), made)}


def _gemm_float8(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    made = _result("Gemm", step, [_shape(_at(fed, slot)) for slot in range(3)])
    element = int(step.attributes.get("dtype", onnx.TensorProto.FLOAT))
    return None if made is None else {0: tensor_type(element, made)}


def _router(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    """RouterGateUpProj: the first columns, and half of the others, of one product."""
    left, weights = _shape(_at(fed, 0)), _shape(_at(fed, 1))
    own, leading = _at(fed, 0), int(step.attributes.get("router_size", 0))
    if not left or not weights or not own or not isinstance(weights[-1], int):
        return None
    columns = (leading, (weights[-1] - leading) // 2)
    element = element_of(own.kind)
    return {slot: tensor_type(element, (*left[:-1], last)) for slot, last in enumerate(columns)}


def _sparse(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    """SparseToDenseMatMul: a matrix whose zeros are left out times a dense one."""
    left, right = _at(fed, 0), _shape(_at(fed, 1))
    if left is None or left.kind is None or not right:
        return None
    if not left.kind.HasField("sparse_tensor_type"):
        return _fused_matmul(step, fed)
    dims = left.kind.sparse_tensor_type.shape.dim
    sizes = [dim.dim_value if dim.HasField("dim_value") else None for dim in dims]
    if len(sizes) != 2 or len(right) < 2:
        return None
    rows = sizes[1 if step.attributes.get("transA", 0) else 0]
    columns = right[-2 if step.attributes.get("transB", 0) else -1]
    element = element_of(fed[1].kind) if fed[1] else 0
    return {0: tensor_type(element, (*right[:-2], rows, columns))}


RULES: Mapping[str, Rule] = {
    "DynamicQuantizeMatMul": _as("MatMul", 0, 1),
    "FusedMatMulActivation": _fused_matmul,
    "GemmFastGelu": _as("MatMul", 0, 1),
    "GemmFloat8": _gemm_float8,
    "MaxpoolWithMask": _as("MaxPool", 0),
    "QOrderedMatMul": _as("MatMul", 0, 2),
    "RouterGateUpProj": _router,
    "SparseToDenseMatMul": _sparse,
    "TransposeMatMul": _fused_matmul,
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

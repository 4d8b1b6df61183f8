"""Output types for the operators of the first opsets, for which ONNX has no inference.

Files from 2017 and 2018 use them. Most keep the shape of their first input (before opset 7, a
second operand was broadcast onto the first); for the others, inference runs on a later version of
the same operator, or a short rule applies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import onnx

from gallery.loading.flat import FlatNode
from gallery.loading.types import dims_of, element_of, tensor_type

# fmt: off
_LIKE_FIRST = frozenset((
    "Abs", "Add", "BatchNormalization", "Cast", "Ceil", "Clip", "Div", "Dropout", "Elu", "Exp",
    "Floor", "HardSigmoid", "InstanceNormalization", "LeakyRelu", "Log", "Max", "Mean", "Min",
    "Mul", "Neg", "PRelu", "Reciprocal", "Relu", "Selu", "Sigmoid", "Sqrt", "Sub", "Sum", "Tanh",
))
# fmt: on
_LATER: Mapping[str, tuple[str, int]] = {
    "Concat": ("Concat", 4),
    "Gemm": ("Gemm", 6),
    "GlobalLpPool": ("GlobalLpPool", 2),
    "GreaterOrEqual": ("Greater", 9),
    "GRU": ("GRU", 3),
    "LessOrEqual": ("Less", 9),
    "LpPool": ("LpPool", 2),
    "Pad": ("Pad", 2),
    "Split": ("Split", 2),
}
_RENAMED: Mapping[tuple[str, str], str] = {("Pad", "paddings"): "pads"}
_DROPPED = frozenset((("LpPool", "p"), ("GlobalLpPool", "p")))


def later_node(
    step: FlatNode, node: onnx.NodeProto
) -> tuple[onnx.defs.OpSchema, onnx.NodeProto] | None:
    """The schema of a later version that has inference and the node in its terms, or None."""
    if step.type not in _LATER:
        return None
    kind, version = _LATER[step.type]
    later = onnx.NodeProto()
    later.CopyFrom(node)
    later.op_type = kind
    del later.attribute[:]
    for attribute in node.attribute:
        if (step.type, attribute.name) not in _DROPPED:
            later.attribute.add().CopyFrom(attribute)
            name = _RENAMED.get((step.type, attribute.name), attribute.name)
            later.attribute[-1].name = name
    if step.type == "Concat" and "axis" not in step.attributes:
        later.attribute.append(onnx.helper.make_attribute("axis", 1))
    return onnx.defs.get_schema(kind, version, ""), later


def legacy_type(step: FlatNode, first: onnx.TypeProto | None) -> dict[int, onnx.TypeProto]:
    """Types of the outputs by position, where they follow from the type of the first input."""
    if first is None:
        return {}
    if step.type == "Cast":
        return {0: tensor_type(_element(step.attributes.get("to")), dims_of(first))}
    if step.type in _LIKE_FIRST:
        return {0: first}
    shape = dims_of(first)
    if step.type == "Reshape":
        return {0: tensor_type(element_of(first), reshaped(shape, step.attributes.get("shape")))}
    if step.type == "Upsample" and shape is not None and len(shape) == 4:
        scales = [_scale(step, "height_scale"), _scale(step, "width_scale")]
        sizes = [
            int(size * scale) if isinstance(size, int) and scale else None
            for size, scale in zip(shape[2:], scales, strict=True)
        ]
        return {0: tensor_type(element_of(first), [*shape[:2], *sizes])}
    return {}


def reshaped(
    shape: tuple[int | str | None, ...] | None, wanted: Any
) -> tuple[int | None, ...] | None:
    """The shape that a Reshape gives: 0 keeps a size, and a single -1 takes the rest.

    >>> reshaped((2, 3, 4), (0, -1))
    (2, 12)
    """
    if not isinstance(wanted, tuple) or not all(isinstance(size, int) for size in wanted):
        return None
    sizes: list[int | None] = []
    for axis, size in enumerate(wanted):
        kept = shape[axis] if size == 0 and shape is not None and axis < len(shape) else size
        sizes.append(kept if isinstance(kept, int) else None)
    known = [size for size in shape or () if isinstance(size, int)]
    if -1 in sizes:
        at, count, rest = sizes.index(-1), 1, 1
        for size in known:
            count *= size
        for size in sizes:
            rest *= size if size is not None and size > 0 else 1
        whole = shape is not None and len(known) == len(shape) and None not in sizes
        sizes[at] = count // rest if whole and rest else None
    return tuple(sizes)


def _element(to: Any) -> int:
    """ONNX's number of an element type; the first version of Cast gives it as a string."""
    if isinstance(to, int):
        return to
    return int(dict(onnx.TensorProto.DataType.items()).get(str(to).upper(), 0))


def _scale(step: FlatNode, name: str) -> float:
    given = step.attributes.get(name, 0.0)
    return float(given) if isinstance(given, int | float) and 0 < given < 1e6 else 0.0

"""Reads, makes and combines ONNX types."""

from __future__ import annotations

from collections.abc import Sequence

import onnx

from gallery.loading.values import dtype_name, text_of
from gallery.model import Shape


def dims_of(kind: onnx.TypeProto | None) -> Shape:
    """The shape in a type, or None if it has none.

    A name that ONNX's inference made up is not one of the model's and counts as unknown.
    """
    if kind is None or not kind.HasField("tensor_type") or not kind.tensor_type.HasField("shape"):
        return None
    sizes: list[int | str | None] = []
    for dim in kind.tensor_type.shape.dim:
        size = dim.dim_value  # 0 if it has none
        known = size > 0 or (size == 0 and dim.HasField("dim_value"))
        sizes.append(size if known else _symbol(text_of(dim.dim_param)))
    return tuple(sizes)


def _symbol(name: str) -> str | None:
    return name if name and not name.startswith("unk__") else None


def dtype_of(kind: onnx.TypeProto | None) -> str:
    """The element type of a tensor, in lower case; the whole type of a map or sequence; or "".

    >>> dtype_of(onnx.helper.make_sequence_type_proto(tensor_type(1, None)))
    'seq(float)'
    """
    if kind is None:
        return ""
    if kind.HasField("map_type"):
        of = kind.map_type
        return f"map({dtype_name(of.key_type)}, {dtype_of(of.value_type)})"
    if kind.HasField("sequence_type"):
        return f"seq({dtype_of(kind.sequence_type.elem_type)})"
    if kind.HasField("optional_type"):
        return f"optional({dtype_of(kind.optional_type.elem_type)})"
    return dtype_name(element_of(kind))


def tensor_type(element: int, shape: Sequence[int | str | None] | None) -> onnx.TypeProto:
    """The type of a tensor with this element type and shape."""
    kind = onnx.TypeProto()
    kind.tensor_type.elem_type = element
    if shape is not None:
        kind.tensor_type.shape.SetInParent()
        for size in shape:
            dim = kind.tensor_type.shape.dim.add()
            if isinstance(size, int):
                dim.dim_value = size
    return kind


def element_of(kind: onnx.TypeProto | None) -> int:
    """The element type of a type as ONNX's number, or 0 if it is not known."""
    return kind.tensor_type.elem_type if kind is not None and kind.HasField("tensor_type") else 0


def merged(
    inferred: onnx.TypeProto | None, declared: onnx.TypeProto | None
) -> onnx.TypeProto | None:
    """The inferred type, with its gaps filled from the declared one."""
    if inferred is None or inferred.WhichOneof("value") is None:
        return declared
    if declared is None or not inferred.HasField("tensor_type"):
        return inferred
    ours, known = dims_of(inferred), element_of(inferred)
    if known and ours is not None and all(isinstance(size, int) for size in ours):
        return inferred
    theirs, element = dims_of(declared), known or element_of(declared)
    if ours is None:
        return tensor_type(element, theirs)
    if theirs is None or len(ours) != len(theirs):
        return inferred
    both = [a if isinstance(a, int) else b for a, b in zip(ours, theirs, strict=True)]
    return tensor_type(element, both)


def common(one: onnx.TypeProto | None, other: onnx.TypeProto | None) -> onnx.TypeProto | None:
    """What two types agree on; a size or rank in which they differ is left unknown."""
    if one is None or other is None or not one.HasField("tensor_type"):
        return one if one is not None and one == other else None
    ours, theirs = dims_of(one), dims_of(other)
    element = element_of(one) if element_of(one) == element_of(other) else 0
    if ours is None or theirs is None or len(ours) != len(theirs):
        return tensor_type(element, None)
    return tensor_type(element, [a if a == b else None for a, b in zip(ours, theirs, strict=True)])

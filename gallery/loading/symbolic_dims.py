"""Gives symbolic dimensions a size: the one that the user chose, else the default."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping

import onnx

from gallery.loading.values import text_of

_OPERATIONS: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Div: operator.floordiv,
}
_EXPRESSION = re.compile(r"(?!.*\b\d+[A-Za-z_])[\w\s+*/()-]+", re.ASCII)
_LONGEST = 200
_LARGEST = 2**62


def evaluate(expression: str, sizes: Mapping[str, int]) -> int | None:
    """Size of a dimension such as "batch" or "past + 1" with these bindings, or None.

    >>> evaluate("past + 2*new", {"past": 4, "new": 3})
    10
    """
    if expression in sizes:
        return sizes[expression]
    if len(expression) > _LONGEST or not _EXPRESSION.fullmatch(expression):
        return None
    try:
        return _evaluate(ast.parse(expression, mode="eval").body, sizes)
    except (SyntaxError, ValueError, KeyError, ZeroDivisionError, RecursionError, MemoryError):
        return None


def names(expression: str) -> tuple[str, ...]:
    """The names in the expression of a dimension, or the whole text as one name.

    >>> names("past + 1"), names("?")
    (('past',), ('?',))
    """
    if len(expression) > _LONGEST or not _EXPRESSION.fullmatch(expression):
        return (expression,)
    try:
        tree = ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return (expression,)
    found = dict.fromkeys(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    probe = dict.fromkeys(found, 1)
    return tuple(found) if found and evaluate(expression, probe) is not None else (expression,)


def bind_inputs(
    inputs: list[onnx.ValueInfoProto], dims: Mapping[str, int], default: int
) -> dict[str, int]:
    """Set every dimension of the graph's inputs in place, and return the size of each name.

    A dimension without a name, or with a size of 0 or less (as some exporters mark it), is bound
    under the name "input[axis]".
    """
    bound: dict[str, int] = {}
    for value in inputs:
        if not value.type.tensor_type.HasField("shape"):
            continue
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            if dim.WhichOneof("value") == "dim_value" and dim.dim_value > 0:
                continue
            if not dim.dim_param:
                name = f"{text_of(value.name)}[{axis}]"
                bound[name] = dims.get(name, default)
                dim.dim_value = bound[name]
                continue
            text = text_of(dim.dim_param)
            for name in names(text):
                bound.setdefault(name, dims.get(name, default))
            if text in dims:
                bound[text] = dims[text]
            size = evaluate(text, bound)
            dim.dim_value = size if size is not None and size > 0 else default
    return bound


def resolve(kind: onnx.TypeProto, bound: Mapping[str, int]) -> onnx.TypeProto:
    """The type with each symbolic dimension replaced by its size, or cleared if it has none."""
    if not kind.HasField("tensor_type") or not kind.tensor_type.HasField("shape"):
        return kind
    known = onnx.TypeProto()
    known.CopyFrom(kind)
    for dim in known.tensor_type.shape.dim:
        if dim.WhichOneof("value") == "dim_value":
            if dim.dim_value < 0:
                dim.ClearField("dim_value")
            continue
        size = evaluate(text_of(dim.dim_param), bound) if dim.dim_param else None
        if size is None or size < 0:
            dim.ClearField("dim_param")
        else:
            dim.dim_value = size
    return known


def _evaluate(node: ast.expr, sizes: Mapping[str, int]) -> int:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.Name):
        return sizes[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        left, right = _evaluate(node.left, sizes), _evaluate(node.right, sizes)
        size = _OPERATIONS[type(node.op)](left, right)
        if abs(size) <= _LARGEST:
            return size
    raise ValueError(ast.dump(node)[:_LONGEST])

"""Finds the symbolic dimensions of a model's inputs, and gives them sizes that others chose."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

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
_NAMELESS = frozenset(("", "?", "-1", "none", "null", "unk", "unknown", "dyn", "dynamic", "any"))


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """A dimension of a graph input whose size the file leaves open.

    Attributes:
        input: Name of the input.
        axis: Position in its shape.
        text: What the file says of it: a name, an expression, or "" where it says nothing.
        names: The names that its size follows from: those in `text`, or `where` alone.
        size: The size of 0 or less that the file gives it, if it does.
    """

    input: str
    axis: int
    text: str
    names: tuple[str, ...]
    size: int | None = None

    @property
    def where(self) -> str:
        """The name under which this dimension can be set alone."""
        return f"{self.input}[{self.axis}]"


def symbols(inputs: Sequence[onnx.ValueInfoProto]) -> tuple[Symbol, ...]:
    """The open dimensions of the inputs, in file order.

    A size of 0 or less is open too, as some exporters mark it so, and a text that says only that
    ("None", "?") is no name: two dimensions that have it need not be the same.
    """
    found = []
    for value in inputs:
        name = text_of(value.name)
        for axis, dim in enumerate(_dims(value.type)):
            size = dim.dim_value if dim.WhichOneof("value") == "dim_value" else None
            if size is not None and size > 0:
                continue
            text = text_of(dim.dim_param)
            free = (f"{name}[{axis}]",) if text.lower() in _NAMELESS else names(text)
            found.append(Symbol(input=name, axis=axis, text=text, names=free, size=size))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """The sizes of all open dimensions.

    Attributes:
        sizes: By name; a dimension that was set apart is there as "input[axis]".
        shapes: Size of each open dimension, by input and axis.
    """

    sizes: Mapping[str, int]
    shapes: Mapping[tuple[str, int], int]


def bind(found: Sequence[Symbol], dims: Mapping[str, int], guessed: Mapping[str, int]) -> Binding:
    """Give every open dimension its size.

    Args:
        found: The open dimensions.
        dims: Chosen sizes, by name, whole text of an expression, or "input[axis]".
        guessed: Sizes for all other names; an "input[axis]" there sets a dimension apart as well.
    """
    sizes: dict[str, int] = {}
    for symbol in found:
        alone = _alone(symbol, dims, guessed)
        if alone is not None:
            sizes[symbol.where] = alone
            continue
        for name in symbol.names:
            sizes.setdefault(name, dims.get(name, guessed[name]))
        if symbol.text in dims:
            sizes[symbol.text] = dims[symbol.text]
    shapes: dict[tuple[str, int], int] = {}
    for symbol in found:
        size = sizes.get(symbol.where, evaluate(symbol.text, sizes))
        empty = size == 0 and 0 in sizes.values()
        shapes[symbol.input, symbol.axis] = size if size is not None and (size > 0 or empty) else 1
    return Binding(sizes=sizes, shapes=shapes)


def _alone(symbol: Symbol, dims: Mapping[str, int], guessed: Mapping[str, int]) -> int | None:
    """The size of a dimension that has no name or is set apart from others of its name."""
    nameless = symbol.where in symbol.names
    if symbol.where in dims:
        return dims[symbol.where]
    if nameless and symbol.text in dims:  # such as "?": a size for all that say no more
        return dims[symbol.text]
    chosen = any(name in dims for name in (*symbol.names, symbol.text))
    return None if chosen and not nameless else guessed.get(symbol.where)


def unused(found: Sequence[Symbol], dims: Iterable[str]) -> list[str]:
    """The names of chosen sizes that no open dimension has."""
    known = {name for one in found for name in (*one.names, one.text, one.where)}
    return [name for name in dims if name not in known]


def sized(declared: onnx.TypeProto, name: str, binding: Binding) -> onnx.TypeProto:
    """The type of an input with its open dimensions bound."""
    known = onnx.TypeProto()
    known.CopyFrom(declared)
    for axis, dim in enumerate(_dims(known)):
        size = binding.shapes.get((name, axis))
        if size is not None:
            dim.dim_value = size
    return known


def resolve(kind: onnx.TypeProto, bound: Mapping[str, int]) -> onnx.TypeProto:
    """The type with each symbolic dimension replaced by its size, or cleared if it has none."""
    if not _dims(kind):
        return kind
    known = onnx.TypeProto()
    known.CopyFrom(kind)
    for dim in _dims(known):
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


def _dims(kind: Any) -> Sequence[onnx.TensorShapeProto.Dimension]:
    """The dimensions of a tensor, of the items of a sequence, or of a value that may be absent."""
    while held := kind.WhichOneof("value"):
        if held == "tensor_type":
            return cast("Sequence[onnx.TensorShapeProto.Dimension]", kind.tensor_type.shape.dim)
        if held not in ("sequence_type", "optional_type"):
            break
        kind = getattr(kind, held).elem_type
    return ()

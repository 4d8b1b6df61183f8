"""A model while it is being read: one list of operators and one of tensors, which change."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt
import onnx

from gallery.loading.values import text_of
from gallery.model import Body


@dataclass(slots=True)
class Value:
    """A tensor while the model is being read; `kind` is its type as far as it is known.

    Of an initializer, `source` is what the file holds.
    """

    name: str
    kind: onnx.TypeProto | None = None
    declared: onnx.TypeProto | None = None
    is_parameter: bool = False
    value: npt.NDArray[Any] | None = None
    behind: int | None = None
    source: onnx.TensorProto | onnx.SparseTensorProto | None = None


@dataclass(slots=True)
class FlatNode:
    """An operator while the model is being read.

    Attributes:
        calls: Name and type of each function call around it, outermost first.
        node: The node as in the file.
        plain: Its attributes that are not graphs, with references to a function's attributes
            resolved.
        attributes: The same as Python values.
    """

    node: onnx.NodeProto
    type: str
    name: str
    domain: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    plain: list[onnx.AttributeProto]
    attributes: dict[str, Any]
    calls: tuple[tuple[str, str], ...]
    bodies: tuple[Body, ...] = ()
    owner: int = -1


@dataclass(slots=True)
class BodyEntry:
    """The start of a body: what its owner feeds it."""

    owner: onnx.NodeProto
    name: str
    version: int
    fed: tuple[int, ...]
    attributes: Mapping[str, Any]
    inputs: tuple[int, ...] = ()


@dataclass(slots=True)
class Scope:
    """What a node can refer to: names, operator sets, and the attributes of the enclosing call."""

    names: ChainMap[str, int]
    opsets: Mapping[str, int]
    given: Mapping[str, onnx.AttributeProto] = field(default_factory=dict)
    calls: tuple[tuple[str, str], ...] = ()
    stack: tuple[tuple[str, str, str], ...] = ()
    depth: int = 0

    @property
    def inner(self) -> bool:
        """Whether it is that of a function or a body, not of the main graph."""
        return bool(self.stack) or self.depth > 0


@dataclass(slots=True)
class Flat:
    """A model as one list of operators and one of tensors; `entries` are by position in `steps`.

    Names in `reserved` belong to the main graph; those within functions and bodies give way.
    """

    functions: Mapping[tuple[str, str, str], onnx.FunctionProto]
    steps: list[FlatNode] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    entries: dict[int, list[BodyEntry]] = field(default_factory=dict)
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    inlined: set[tuple[str, str, str]] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    reserved: frozenset[str] = frozenset()
    again: dict[str, int] = field(default_factory=dict)
    expanded: int = 0

    def new(self, name: str, *, inner: bool = False) -> int:
        """Add a tensor under a unique name and return its index.

        Args:
            name: Its name in the file.
            inner: Whether that is within a function or body.
        """
        unique = name = text_of(name)
        while unique in self.taken or (inner and unique in self.reserved):
            self.again[name] = self.again.get(name, 1) + 1
            unique = f"{name}~{self.again[name]}"
        self.taken.add(unique)
        self.values.append(Value(unique))
        return len(self.values) - 1

    def rename(self, index: int, name: str, scope: Scope) -> None:
        """Rename a tensor to a name of a scope, if that is free."""
        free = text_of(name) not in self.taken
        if free and not (scope.inner and text_of(name) in self.reserved):
            self.taken.add(text_of(name))
            self.values[index].name = text_of(name)

    def see(self, name: str, scope: Scope) -> int:
        """Index of the tensor that a name refers to in a scope; -1 for "" (an omitted input)."""
        if not name:
            return -1
        if name not in scope.names:
            scope.names[name] = self.new(name, inner=scope.inner)
            self.missing.append(text_of(name))
        return scope.names[name]

    def make(self, name: str, scope: Scope) -> int:
        """Add the tensor that a name refers to from now on; -1 for "" (an omitted output)."""
        if not name:
            return -1
        scope.names[name] = self.new(name, inner=scope.inner)
        return scope.names[name]

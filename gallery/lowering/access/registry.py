"""The registry of functions that lower operators, and the context that they are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from gallery.lowering.access.part import Part, Read, Relation
from gallery.model import Model, Operator, dtype_bytes

Family = Callable[["Context"], "list[Part]"]

_FAMILIES: dict[str, Family] = {}

FAMILIES: Mapping[str, Family] = MappingProxyType(_FAMILIES)
"""The function of each operator type; types outside ONNX's own domain are "domain.Type"."""


class NoGridError(Exception):
    """An operator cannot be split, as a shape or value is unknown: it becomes a gather vertex."""


def lowers(*types: str) -> Callable[[Family], Family]:
    """Register a function for operator types.

    Raises:
        ValueError: A type already has a function.
    """

    def register(family: Family) -> Family:
        for name in types:
            if name in _FAMILIES:
                raise ValueError(f"{name} is already lowered by {_FAMILIES[name].__name__}")
            _FAMILIES[name] = family
        return family

    return register


@dataclass(frozen=True, slots=True, kw_only=True)
class Virtual:
    """A tensor inside an operator: statistics, gates, a state.

    Attributes:
        shape: Its sizes.
        differentiable: Whether a gradient flows through it.
    """

    shape: tuple[int, ...]
    differentiable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """An operator, as the families see it.

    Attributes:
        model: The model.
        operator: The operator.
        inputs: Tensor of the program for each input; -1 if it is omitted.
        outputs: Tensor of the program for each output; -1 if it is omitted.
        flops: Floating-point operations of the operator; 0 if they are not known.
        virtuals: Tensors of the program that the model does not have; `virtual` adds to them.
        first_virtual: Number of the first virtual tensor of the program.
        values: Values of tensors of the program that are known within a trip of a loop.
    """

    model: Model
    operator: Operator
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    flops: float = 0.0
    virtuals: list[Virtual] = field(default_factory=list)
    first_virtual: int = 0
    values: Mapping[int, npt.NDArray[Any]] = field(default_factory=dict)

    def has(self, index: int) -> bool:
        """Whether an input is given."""
        return 0 <= index < len(self.operator.inputs) and self.operator.inputs[index] >= 0

    def makes(self, index: int) -> bool:
        """Whether an output is wanted."""
        return index < len(self.operator.outputs) and self.operator.outputs[index] >= 0

    def shape(self, index: int) -> tuple[int, ...]:
        """Sizes of an input.

        Raises:
            NoGridError: They are not known, or the input is omitted.
        """
        return self._sizes(self.operator.inputs, index)

    def out_shape(self, index: int = 0) -> tuple[int, ...]:
        """Sizes of an output.

        Raises:
            NoGridError: They are not known, or the output is omitted.
        """
        return self._sizes(self.operator.outputs, index)

    def made_shape(self, index: int) -> tuple[int, ...] | None:
        """Sizes of an output, or None if they are not known or it is omitted."""
        return self.model.tensors[self.operator.outputs[index]].sizes if self.makes(index) else None

    def _sizes(self, tensors: tuple[int, ...], index: int) -> tuple[int, ...]:
        if index >= len(tensors) or tensors[index] < 0:
            raise NoGridError(f"{self.operator.type} has no tensor {index}")
        sizes = self.model.tensors[tensors[index]].sizes
        if sizes is None:
            raise NoGridError(f"{self.model.tensors[tensors[index]].name} has no known shape")
        return sizes

    def value(self, index: int) -> npt.NDArray[Any] | None:
        """The value of an input if it is known before the model runs, else None."""
        if not self.has(index):
            return None
        if self.inputs[index] in self.values:
            return self.values[self.inputs[index]]
        return self.model.tensors[self.operator.inputs[index]].value

    def known(self, index: int) -> npt.NDArray[Any]:
        """The value of an input.

        Raises:
            NoGridError: It is not known.
        """
        value = self.value(index)
        if value is None:
            raise NoGridError(f"input {index} of {self.operator.type} is not known")
        return np.asarray(value)

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute, or its default."""
        value = self.operator.attributes.get(name)
        return default if value is None else value

    def axis(self, name: str, default: int, rank: int) -> int:
        """The non-negative value of an attribute that gives a dimension.

        Raises:
            NoGridError: It is out of range.
        """
        axis = int(self.attribute(name, default))
        if not -rank <= axis <= max(rank - 1, 0):
            raise NoGridError(f"{name} {axis} is outside rank {rank}")
        return axis % rank if rank else 0

    def virtual(self, shape: tuple[int, ...], differentiable: bool = True) -> int:
        """Add a tensor inside the operator and return its number in the program."""
        self.virtuals.append(Virtual(shape=shape, differentiable=differentiable))
        return self.first_virtual + len(self.virtuals) - 1

    def read(
        self,
        index: int,
        relation: Relation,
        *,
        saved: bool = False,
        differentiable: bool = True,
        exact: bool = True,
    ) -> Read:
        """A read of an input."""
        return Read(
            tensor=self.inputs[index],
            relation=relation,
            saved=saved,
            differentiable=differentiable,
            exact=exact,
        )

    def itemsize(self, *outputs: int) -> float:
        """Bytes per element of these outputs together."""
        tensors = [self.operator.outputs[index] for index in outputs if self.makes(index)]
        return float(sum(dtype_bytes(self.model.tensors[t].dtype) for t in tensors))

    def tensors(self, *outputs: int) -> tuple[int, ...]:
        """Tensors of the program for those of these outputs that are wanted."""
        return tuple(self.outputs[index] for index in outputs if self.makes(index))

"""Which function lowers which operator type, and what such a function is given."""

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
"""The function of each operator type; types of other domains than ONNX's own are "domain.Type"."""


class NoGridError(Exception):
    """An operator cannot be split, for want of a shape or a value; it becomes a gather vertex."""


def lowers(*types: str) -> Callable[[Family], Family]:
    """Register a function for operator types.

    Raises:
        ValueError: A type has a function already.
    """

    def register(family: Family) -> Family:
        for name in types:
            if name in _FAMILIES:
                raise ValueError(f"{name} is lowered by {_FAMILIES[name].__name__} already")
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
    """One operator, as the families see it.

    Attributes:
        model: The model.
        operator: The operator.
        inputs: Tensor of the program for each input, -1 where it is left out.
        outputs: Tensor of the program for each output, -1 where it is left out.
        flops: Floating-point operations of the operator (0 where they are not known).
        virtuals: Tensors of the program that the model does not have, by number; `virtual`
            adds to them.
        first_virtual: Number of the first virtual tensor of the program.
    """

    model: Model
    operator: Operator
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    flops: float = 0.0
    virtuals: list[Virtual] = field(default_factory=list)
    first_virtual: int = 0

    def has(self, index: int) -> bool:
        """Whether an input is given."""
        return index < len(self.operator.inputs) and self.operator.inputs[index] >= 0

    def makes(self, index: int) -> bool:
        """Whether an output is asked for."""
        return index < len(self.operator.outputs) and self.operator.outputs[index] >= 0

    def shape(self, index: int) -> tuple[int, ...]:
        """Sizes of an input.

        Raises:
            NoGridError: They are not known, or the input is left out.
        """
        return self._sizes(self.operator.inputs, index)

    def out_shape(self, index: int = 0) -> tuple[int, ...]:
        """Sizes of an output.

        Raises:
            NoGridError: They are not known, or the output is left out.
        """
        return self._sizes(self.operator.outputs, index)

    def _sizes(self, tensors: tuple[int, ...], index: int) -> tuple[int, ...]:
        if index >= len(tensors) or tensors[index] < 0:
            raise NoGridError(f"{self.operator.type} has no tensor {index}")
        sizes = self.model.tensors[tensors[index]].sizes
        if sizes is None:
            raise NoGridError(f"{self.model.tensors[tensors[index]].name} has no known shape")
        return sizes

    def value(self, index: int) -> npt.NDArray[Any] | None:
        """The value of an input where it is known before the model runs, else None."""
        if not self.has(index):
            return None
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
        """An attribute that names a dimension, counted from the front."""
        axis = int(self.attribute(name, default))
        if not -rank <= axis <= max(rank - 1, 0):
            raise NoGridError(f"{name} {axis} is outside rank {rank}")
        return axis % rank if rank else 0

    def virtual(self, shape: tuple[int, ...], differentiable: bool = True) -> int:
        """A new tensor inside the operator; gives its number in the program."""
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
        """Bytes of one element of all these outputs."""
        tensors = [self.operator.outputs[index] for index in outputs if self.makes(index)]
        return float(sum(dtype_bytes(self.model.tensors[t].dtype) for t in tensors))

    def tensors(self, *outputs: int) -> tuple[int, ...]:
        """Tensors of the program of those of these outputs that are asked for."""
        return tuple(self.outputs[index] for index in outputs if self.makes(index))

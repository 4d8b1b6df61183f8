"""The registry of cost formulas, and the view of an operator that they are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Any

from gallery.model import Model, Operator, Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Work of one operator.

    Attributes:
        macs: Multiply-accumulate operations; 0 if the operator has none.
        flops: Floating-point operations; a multiply-accumulate counts 2.
    """

    macs: int
    flops: int


class UnknownError(Exception):
    """A shape or a value that a formula needs is not known."""


@dataclass(frozen=True, slots=True)
class View:
    """An operator with the shapes of its tensors.

    Every method raises UnknownError if the answer is not known.
    """

    model: Model
    operator: Operator

    def has(self, slot: int) -> bool:
        """Whether the input is given."""
        return slot < len(self.operator.inputs) and self.operator.inputs[slot] >= 0

    def tensor(self, slot: int) -> Tensor:
        """The input tensor at a position."""
        if not self.has(slot):
            raise UnknownError(slot)
        return self.model.tensors[self.operator.inputs[slot]]

    def shape(self, slot: int) -> tuple[int, ...]:
        """Sizes of an input."""
        sizes = self.tensor(slot).sizes
        if sizes is None:
            raise UnknownError(slot)
        return sizes

    def read(self, slot: int = 0) -> int:
        """Elements of an input."""
        return prod(self.shape(slot))

    def out(self, slot: int = 0) -> tuple[int, ...]:
        """Sizes of an output."""
        outputs = self.operator.outputs
        index = outputs[slot] if slot < len(outputs) else -1
        sizes = self.model.tensors[index].sizes if index >= 0 else None
        if sizes is None:
            raise UnknownError(slot)
        return sizes

    def made(self) -> int:
        """Elements of the first output that is given."""
        slot = next((s for s, index in enumerate(self.operator.outputs) if index >= 0), 0)
        return prod(self.out(slot))

    def get(self, name: str, default: Any) -> Any:
        """An attribute, or its default."""
        return self.operator.attributes.get(name, default)

    @property
    def given(self) -> int:
        """Number of inputs that are given."""
        return sum(index >= 0 for index in self.operator.inputs)


Formula = Callable[[View], Cost]

_FORMULAS: dict[tuple[str, str], Formula] = {}

FORMULAS: Mapping[tuple[str, str], Formula] = MappingProxyType(_FORMULAS)
"""The formulas, by domain and operator type."""


def costs(*types: str, domain: str = "") -> Callable[[Formula], Formula]:
    """Register a formula for operator types of a domain.

    Raises:
        ValueError: A type already has a formula.
    """

    def register(formula: Formula) -> Formula:
        for kind in types:
            if (domain, kind) in _FORMULAS:
                raise ValueError(f"{domain or 'ai.onnx'} {kind} has two cost formulas")
            _FORMULAS[domain, kind] = formula
        return formula

    return register


def contraction(macs: int, extra: int = 0) -> Cost:
    """The cost of this many multiply-accumulates and `extra` other operations."""
    return Cost(macs=macs, flops=2 * macs + extra)


def plain(flops: int) -> Cost:
    """The cost of operations that are not a contraction."""
    return Cost(macs=0, flops=flops)


def cost(model: Model, operator: Operator) -> Cost | None:
    """The work of one operator from the shapes of its tensors, or None if it is not known.

    The conventions are those of `gallery.costs`. An If, Loop or Scan itself costs nothing: its
    work is that of the operators in its bodies, whose cost here is that of a single trip.
    """
    formula = FORMULAS.get((operator.domain, operator.type))
    if formula is None:
        return None
    try:
        return formula(View(model, operator))
    except (UnknownError, ArithmeticError, ValueError, IndexError, TypeError):
        # A formula may fail on a rank or an attribute that the operator must not have.
        return None

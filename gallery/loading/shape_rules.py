"""What rules for the types of outputs have in common: reading inputs, and the simplest rule."""

from __future__ import annotations

from collections.abc import Sequence

from gallery.loading.flat import FlatNode, Value
from gallery.loading.stand_in_types import Kinds, Rule
from gallery.loading.types import dims_of, element_of, tensor_type
from gallery.model import Dimension, Shape


def like(slot: int = 0, outputs: Sequence[int] = (0,), element: int = 0) -> Rule:
    """A rule: outputs with the type of an input, or its shape and another element type."""

    def rule(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
        value = at(fed, slot)
        if value is None or value.kind is None:
            return None
        kind = tensor_type(element, dims_of(value.kind)) if element else value.kind
        return dict.fromkeys(outputs, kind)

    return rule


def at(fed: Sequence[Value | None], slot: int) -> Value | None:
    """The value at a position, or None if it is left out."""
    return fed[slot] if slot < len(fed) else None


def shape_at(fed: Sequence[Value | None], slot: int) -> Shape:
    """The shape of an input, or None if it is not known."""
    value = at(fed, slot)
    return dims_of(value.kind) if value else None


def element_at(fed: Sequence[Value | None], slot: int) -> int:
    """The element type of an input, or 0 if it is not known."""
    value = at(fed, slot)
    return element_of(value.kind) if value else 0


def numbers(fed: Sequence[Value | None], slot: int) -> list[int] | None:
    """The value of an input as integers, or None if it is not known."""
    value = at(fed, slot)
    if value is None or value.value is None:
        return None
    return [int(number) for number in value.value.reshape(-1)]


def size(dimension: Dimension) -> int | None:
    """A size, or None where a dimension has only a name."""
    return dimension if isinstance(dimension, int) else None


def one_number(fed: Sequence[Value | None], slot: int) -> int | None:
    """The first number of an input, or None if it is not known."""
    found = numbers(fed, slot)
    return found[0] if found else None

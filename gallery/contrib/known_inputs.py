"""What is known of an operator's inputs before it runs, for rules that several stages share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

Size = int | None
"""A size; None if it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What is known of an operator before it runs.

    Attributes:
        type: Its type.
        attributes: Its attributes.
        shape: Gives the sizes of an input; None if it is omitted, has no known rank or is -1.
        value: Gives the value of an input; None if it is omitted, not known or -1.
        made: Gives the sizes of an output as far as they are known already, or None.
    """

    type: str
    attributes: Mapping[str, Any]
    shape: Callable[[int], tuple[Size, ...] | None]
    value: Callable[[int], npt.NDArray[Any] | None]
    made: Callable[[int], tuple[Size, ...] | None] = lambda output: None

    def sized(self, slot: int, *ranks: int) -> tuple[Size, ...]:
        """Sizes of an input that must have one of these ranks.

        Raises:
            ValueError: It has not.
        """
        sizes = self.shape(slot)
        if sizes is None or len(sizes) not in ranks:
            raise ValueError(f"input {slot} of {self.type} is {sizes}, not of rank {ranks}")
        return sizes

    def count(self, name: str) -> int:
        """An attribute that must be a positive number.

        Raises:
            ValueError: It is not.
        """
        number = self.attributes.get(name)
        if not isinstance(number, int) or number < 1:
            raise ValueError(f"{name} of {self.type} is {number}, not a positive number")
        return number

    def number(self, slot: int) -> int | None:
        """The value of an input of one element, or None."""
        value = self.value(slot)
        return int(value.ravel()[0]) if value is not None and value.size == 1 else None


def plus(*sizes: Size) -> Size:
    """A sum; None if a size is not known."""
    return None if None in sizes else sum(size or 0 for size in sizes)


def times(*sizes: Size) -> Size:
    """A product; None if a size is not known."""
    product = 1
    for size in sizes:
        if size is None:
            return None
        product *= size
    return product


def over(size: Size, by: int) -> Size:
    """An even part of a size.

    Raises:
        ValueError: It does not divide evenly.
    """
    if size is None:
        return None
    if size % by:
        raise ValueError(f"{size} is not a multiple of {by}")
    return size // by

"""Lists of sizes of which only some are known, such as the shape of as many edges as are found.

A model that takes the known ones out of such a list has them, although it has not the list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from gallery.loading.types import dims_of, element_of, tensor_type
from gallery.model import Dimension, Shape

Array = npt.NDArray[Any]

_FILLED = (0, 12_347)
"""Two values for unknown elements: a result that is the same with both does not hold them."""

_MOVES = frozenset(
    ("Cast", "Concat", "Flatten", "Gather", "Identity", "Reshape", "Slice", "Squeeze", "Unsqueeze")
)
"""Types that put elements elsewhere and compute nothing with them."""

_TARGETS = {"ConstantOfShape": 0, "Expand": 1, "Reshape": 1}
"""The input that holds the sizes of the result."""


@dataclass(frozen=True, slots=True, eq=False)
class Partial:
    """A small tensor.

    Attributes:
        values: Elements; where they are not known, any.
        known: Whether each is known, of the same shape.
    """

    values: Array
    known: npt.NDArray[np.bool_]


def sizes_of(shape: Shape, start: int = 0, end: int | None = None) -> Partial | None:
    """A shape, or a part of it, as a list of sizes; None if its rank is not known."""
    if shape is None:
        return None
    known = [isinstance(size, int) for size in shape]
    values = [size if isinstance(size, int) else 0 for size in shape]
    return Partial(np.array(values, np.int64)[start:end], np.array(known, np.bool_)[start:end])


def moved(
    kind: str,
    fed: Sequence[Array | Partial | None],
    run: Callable[[Sequence[Array | None]], Array],
) -> Partial | None:
    """What an operator makes of partly known inputs, or None if it does more than move elements.

    Args:
        kind: Its type.
        fed: Its inputs; None for one left out.
        run: Computes its result; raises what it likes.
    """
    data = fed if kind == "Concat" else fed[:1]
    if kind not in _MOVES or any(isinstance(one, Partial) for one in fed[len(data) :]):
        return None
    one, other = (
        run([np.where(x.known, x.values, fill) if isinstance(x, Partial) else x for x in fed])
        for fill in _FILLED
    )
    return Partial(one, np.asarray(one == other))


def sized_by(
    kind: str, found: Mapping[int, onnx.TypeProto], parts: Sequence[Partial | None]
) -> dict[int, onnx.TypeProto]:
    """The types of an operator's outputs with the sizes that a partly known target says.

    Args:
        kind: Its type.
        found: The types as far as they are inferred, by position.
        parts: What is known of each of its inputs.
    """
    slot = _TARGETS.get(kind, len(parts))
    target = parts[slot] if slot < len(parts) else None
    if target is None or 0 not in found or target.values.ndim != 1:
        return dict(found)
    least = 2 if kind == "Expand" else 1  # ones are broadcast; 0 and -1 mean other sizes
    told: list[Dimension] = [
        int(size) if known and size >= least else None
        for size, known in zip(target.values, target.known, strict=True)
    ]
    own = dims_of(found[0])
    if own is None:
        if kind == "Expand":
            return dict(found)
        own = (None,) * len(told)
    told = [None] * (len(own) - len(told)) + told
    if len(told) != len(own):
        return dict(found)
    both = [a if isinstance(a, int) or b is None else b for a, b in zip(own, told, strict=True)]
    return {**found, 0: tensor_type(element_of(found[0]), both)}

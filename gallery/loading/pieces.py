"""The operators of a model as far as its structure goes: what they read, and which have weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from onnx import TensorProto

from gallery.loading.flat import Flat, FlatNode
from gallery.loading.types import dims_of
from gallery.model import Shape

_NO_WEIGHTS = (TensorProto.BOOL, TensorProto.INT32, TensorProto.INT64, TensorProto.STRING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What an operator is in the structure of a graph.

    Attributes:
        type: Operator type.
        sources: Positions of the operators that make its inputs; all are smaller than its own.
        shape: Of its first output.
        weighted: Whether it reads a parameter that has at least two dimensions above 1.
        swaps: Whether it moves the channels from the second axis to the last, or back.
        owner: Position of the control-flow operator whose body holds it, or -1.
    """

    type: str
    sources: tuple[int, ...] = ()
    shape: Shape = None
    weighted: bool = False
    swaps: bool = False
    owner: int = -1


def pieces(flat: Flat) -> list[Piece]:
    """The structure of a flattened model after shape inference."""
    maker = {i: at for at, step in enumerate(flat.steps) for i in step.outputs if i >= 0}
    held = {i for i, value in enumerate(flat.values) if value.is_parameter}
    held.update(i for step in flat.steps if step.type == "Constant" for i in step.outputs)
    return [
        Piece(
            type=step.type,
            sources=tuple(maker[i] for i in step.inputs if i in maker and maker[i] < at),
            shape=next((dims_of(flat.values[i].kind) for i in step.outputs if i >= 0), None),
            weighted=any(_is_matrix(flat, i) for i in step.inputs if i >= 0 and i in held),
            swaps=_swaps(step),
            owner=step.owner,
        )
        for at, step in enumerate(flat.steps)
    ]


def _is_matrix(flat: Flat, value: int) -> bool:
    kind = flat.values[value].kind
    if kind is None or kind.tensor_type.elem_type in _NO_WEIGHTS:
        return False
    sizes = dims_of(kind) or ()
    return sum(isinstance(size, int) and size > 1 for size in sizes) > 1


def _swaps(step: FlatNode) -> bool:
    order = step.attributes.get("perm")
    if step.type != "Transpose" or not isinstance(order, tuple) or len(order) < 3:
        return False
    last = len(order) - 1
    return order in ((0, *range(2, last + 1), 1), (0, last, *range(1, last)))


def without_bodies(found: Sequence[Piece]) -> list[Piece]:
    """The same with what bodies read given to their owners, and nothing left in the bodies."""
    outer = outermost(found)
    sources: list[dict[int, None]] = [{} for _ in found]
    weighted = [False] * len(found)
    for at, piece in enumerate(found):
        weighted[outer[at]] |= piece.weighted
        for source in piece.sources:
            if outer[source] < outer[at]:
                sources[outer[at]][outer[source]] = None
    return [
        replace(piece, sources=tuple(sources[at]), weighted=weighted[at])
        for at, piece in enumerate(found)
    ]


def outermost(found: Sequence[Piece]) -> list[int]:
    """For each operator, the one outside of all bodies that holds it; itself if that is none."""
    outer = list(range(len(found)))
    for at in range(len(found) - 1, -1, -1):
        owner = found[at].owner
        outer[at] = outer[owner] if at < owner < len(found) else at
    return outer

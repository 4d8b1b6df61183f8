"""What bodies of control flow read from outside, and what of it only those that never run read."""

from __future__ import annotations

from collections.abc import Sequence

from gallery.lowering.program import Builder
from gallery.model import Body


def outside(builder: Builder, bodies: Sequence[Body], place: dict[int, int]) -> set[int]:
    """Tensors of the program that bodies read and do not make."""
    operators = builder.model.operators
    inner: set[int] = set()
    read: set[int] = set()
    for body in bodies:
        inner.update(body.inputs)
        read.update(body.outputs)
        for index in body.operators:
            inner.update(operators[index].outputs)
            inner.update(t for nested in operators[index].bodies for t in nested.inputs)
            read.update(operators[index].inputs)
    return {builder.resolve(tensor, place) for tensor in read - inner if tensor >= 0}


def never_run(builder: Builder, index: int, bodies: Sequence[Body], place: dict[int, int]) -> None:
    """Note the inputs and parameters that bodies of an operator would read if they ran."""
    for tensor in sorted(outside(builder, bodies, place)):
        if builder.tensors[tensor].leaf:
            builder.idle.setdefault(tensor, index)

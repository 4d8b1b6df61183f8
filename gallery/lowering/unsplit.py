"""A model before it is split: its parts, and the work of its operators by their cost formulas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gallery.costs import Cost, cost
from gallery.errors import LowerError
from gallery.graph import GraphOperator
from gallery.lowering import operators
from gallery.lowering.access.contradictions import CONTRADICTIONS
from gallery.lowering.operators.control_flow import lower_bodies
from gallery.lowering.program import Builder, Program, groups_of
from gallery.model import Model, Operator


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unsplit:
    """A model before it is split.

    Attributes:
        model: The model.
        program: Its parts.
        operators: The side table of operators and graph inputs; the last is the loss.
        inputs: The row of each graph input, by the input's tensor in the program.
    """

    model: Model
    program: Program
    operators: tuple[GraphOperator, ...]
    inputs: dict[int, int]


def unsplit(model: Model, fold: bool = True) -> Unsplit:
    """The parts of a model, with the work of each operator by its cost formula.

    Args:
        model: The model.
        fold: As of `lower`, where anything is left then.

    Raises:
        LowerError: The model has nothing to lower.
    """
    assert operators.__all__  # importing them registers their relations
    work_of = _Work(model)
    program = _program_of(model, work_of.flops, fold)
    if not program.parts:
        program = _program_of(model, work_of.flops, fold=False)
    if not program.parts:
        found = "the model has no operators to lower"
        raise LowerError(found, model.name, "export a model that computes something")
    rows, inputs = _operators(model, program, work_of)
    return Unsplit(model=model, program=program, operators=rows, inputs=inputs)


class _Work:
    """The work of a model's operators by their cost formulas, each of which is asked once."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.known: dict[int, Cost | None] = {}  # by the identity of an operator of the model

    def of(self, operator: Operator) -> Cost | None:
        """The work of an operator, None if it is not known."""
        if id(operator) not in self.known:
            self.known[id(operator)] = cost(self.model, operator)
        return self.known[id(operator)]

    def flops(self, operator: Operator) -> float:
        """Its floating-point operations, 0 if they are not known."""
        work = self.of(operator)
        return float(work.flops) if work else 0.0

    def contracts(self, operator: Operator) -> bool:
        """Whether most of it are multiply-accumulates, 2 FLOPs each."""
        work = self.of(operator)
        return work is not None and 4 * work.macs > work.flops


def _program_of(model: Model, flops: Callable[[Operator], float], fold: bool = True) -> Program:
    """The parts of all operators of a model.

    Args:
        model: The model.
        flops: Returns the work of an operator.
        fold: Whether to leave out operators that only use constants and shapes.

    Raises:
        LowerError: A control-flow operator and its bodies contradict each other.
    """
    builder = Builder(model, flops, fold)
    for index, operator in enumerate(model.operators):
        if operator.owner >= 0:
            continue
        if not operator.bodies:
            builder.lower(index, {})
            continue
        try:
            lower_bodies(builder, index, {})
        except CONTRADICTIONS as error:
            found = f"{operator.type} {operator.name!r} contradicts its bodies: {error!r}"
            raise LowerError(found, model.name, "check the model with onnx.checker") from error
    builder.add_idle()
    return Program(
        parts=tuple(builder.parts),
        tensors=tuple(builder.tensors),
        outputs=tuple(builder.place[t] for t in model.outputs),
        unknown=tuple(sorted(builder.unknown)),
        back=tuple(builder.back),
        groups=groups_of(builder.parts, builder.tensors),
    )


def _operators(
    model: Model, program: Program, work_of: _Work
) -> tuple[tuple[GraphOperator, ...], dict[int, int]]:
    """The side table, and the row of each graph input's tensor."""
    rows = [
        GraphOperator(
            name=o.name, type=o.type, layer=o.layer, operator=i, contracts=work_of.contracts(o)
        )
        for i, o in enumerate(model.operators)
    ]
    inputs = {}
    for number_, tensor in enumerate(program.tensors):
        if tensor.leaf == "input":
            inputs[number_] = len(rows)
            name = model.tensors[tensor.model].name
            rows.append(GraphOperator(name=name, type="Input", layer=0, operator=-1))
    rows.append(GraphOperator(name="loss", type="Loss", layer=0, operator=-1))
    return tuple(rows), inputs

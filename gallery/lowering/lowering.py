"""`lower`: from a model and a budget of vertices to a compute graph."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from gallery.costs import Cost, cost
from gallery.errors import LowerError
from gallery.graph import FORM_VERTICES, ComputeGraph, GraphOperator, IntArray, Kind, Pass
from gallery.lowering import operators
from gallery.lowering.access.contradictions import CONTRADICTIONS
from gallery.lowering.adjoint import Forward, Training, training
from gallery.lowering.columns import Columns
from gallery.lowering.connecting import connect, lined
from gallery.lowering.forward import Numbering, number
from gallery.lowering.operators.control_flow import lower_bodies
from gallery.lowering.parents import forward_parents, training_parents
from gallery.lowering.program import Builder, Program, groups_of
from gallery.lowering.shares import sets_with_shares
from gallery.lowering.tiling.splits import Splits, Splitter
from gallery.lowering.tiling.targets import Target, target_named
from gallery.model import Model, Operator

LEVEL_RATIO = 8
"""Ratio of the vertex counts of successive levels."""

_FORM_RATIO = 6
"""The same for levels of up to about `FORM_VERTICES`; the bodies of few operators are one."""

_TRAINING_SIZE = 2.4
"""About how many times as large as its forward pass a training graph is."""

MOST_VERTICES = 100_000_000
"""Above this, numbers of edges approach the limit of int32, and memory 16 GiB."""

PASSES = ("forward", "training")


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Pause the garbage collector, so that only reference counting frees memory; also a decorator.

    For work that makes very many small objects but no cycles: the collector would visit all live
    objects each time their number has grown by a quarter, and find nothing. Its state is restored
    afterwards.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


@_collector_paused()
def lower(
    model: Model,
    *,
    vertices: int = 100_000,
    passes: str = "forward",
    target: str = "ipu2",
    fold: bool = True,
) -> ComputeGraph:
    """Split a model into vertices and connect them by the data that passes between them.

    Args:
        model: The model.
        vertices: Size of the whole graph; the result is as close as the sizes of the tensors
            allow, with at least one vertex per part of an operator.
        passes: "forward", or "training" for forward, backward and update.
        target: Name of the parallel processor (see `gallery.lowering.tiling.targets`).
        fold: Leave out operators that only use constants and shapes, as they move no data at run
            time.

    Returns:
        The graph, with its coarser levels.

    Raises:
        LowerError: An argument is out of range, or the model has nothing to lower.
    """
    assert operators.__all__  # importing them registers their relations
    processor = target_named(target)
    if passes not in PASSES:
        found = f"there are no passes {passes!r}"
        raise LowerError(found, model.name, f"choose one of {', '.join(PASSES)}")
    if not 1 <= vertices <= MOST_VERTICES:
        found = f"a graph of {vertices:,} vertices is not possible"
        raise LowerError(found, model.name, f"choose from 1 to {MOST_VERTICES:,} vertices")
    work_of = _Work(model)
    program = _program_of(model, work_of.flops, fold)
    if not program.parts:
        program = _program_of(model, work_of.flops, fold=False)
    if not program.parts:
        found = "the model has no operators to lower"
        raise LowerError(found, model.name, "export a model that computes something")
    steps = _split(program, processor, vertices, passes == "training")
    return _graph(model, program, work_of, steps, processor, passes)


def program_for(model: Model, fold: bool) -> Program:
    """The unsplit parts of a model, with the work of each operator by its cost formula."""
    return _program_of(model, _Work(model).flops, fold)


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


def _split(program: Program, target: Target, vertices: int, train: bool) -> list[Splits]:
    """The splits of all levels, coarse to fine; at least two."""
    splitter = Splitter(program, target, train)
    steps = [splitter.snapshot()]
    forward = int(vertices / _TRAINING_SIZE) if train else vertices
    enough = 2 * int(splitter.totals[0])
    levels = [size for size in reversed(level_sizes(forward)) if size > enough]
    for size in (*levels, vertices):
        splits = splitter.advance(vertices, size)
        if splits != steps[-1]:
            steps.append(splits)
        if splitter.totals[1] >= vertices:
            break
    return steps if len(steps) > 1 else 2 * steps


def level_sizes(vertices: int) -> list[int]:
    """About the sizes of the levels of a forward pass, fine to coarse.

    Small ones are the same for all forward passes that are larger.

    >>> level_sizes(1_000_000)
    [125000, 18000, 3000, 500, 83, 13, 2]
    """
    sizes = []
    while vertices > 2 * FORM_VERTICES * LEVEL_RATIO:
        vertices //= LEVEL_RATIO
        sizes.append(vertices)
    size = FORM_VERTICES
    while size > 1:
        sizes.append(size)
        size //= _FORM_RATIO
    return sizes


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


def _outputs(program: Program, numbering: Numbering, columns: Columns) -> IntArray:
    """The vertices of the outputs that the loss reads: the differentiable ones, else all."""
    mask = np.zeros(numbering.vertices, bool)
    for tensor in program.outputs:
        producer = numbering.producers.get(tensor)
        if producer is None:
            continue
        for piece in numbering.pieces:
            if piece.grid.contains(producer.first) and piece.grid.first == producer.first:
                mask[piece.grid.vertices()] = True
    some = mask & columns.through
    return np.flatnonzero(some if some.any() else mask).astype(np.int32)


def _graph(
    model: Model,
    program: Program,
    work_of: _Work,
    steps: list[Splits],
    target: Target,
    passes: str,
) -> ComputeGraph:
    """The graph of a forward pass or a whole training step, from the splits of its levels."""
    numbering = number(program, steps[-1])
    known = lined(numbering)
    edges = connect(numbering, known)
    chain = forward_parents(program, steps)
    operators, inputs = _operators(model, program, work_of)
    columns = Columns(program, numbering, inputs)
    step = None
    if passes == "training":
        outputs = _outputs(program, numbering, columns)
        step = training(
            Forward(
                edges=edges,
                parameter=columns.parameter,
                through=columns.through,
                own=columns.own,
                outputs=outputs,
            )
        )
    flops = _training_flops(columns, step) if step else columns.flops
    return ComputeGraph(
        model=model.name,
        vertex_operator=_extended(columns.operator, step, len(operators) - 1),
        vertex_kind=_training_kinds(columns.kind, step) if step else columns.kind,
        vertex_pass=_training_passes(step) if step else np.zeros(numbering.vertices, np.uint8),
        vertex_flops=flops,
        vertex_bytes=_extended(columns.bytes, step, 4.0),
        indptr=step.indptr if step else edges.indptr,
        sources=step.sources if step else edges.sources,
        operators=operators,
        layers=model.layers,
        sets=sets_with_shares(program, numbering, known),
        levels=_training_levels(chain, step) if step else tuple(chain),
        back_edges=_back_edges(program, numbering),
        target=target.name,
        unknown_operators=program.unknown,
        gradient_of=step.gradient_of if step else None,
    )


def _extended(column: npt.NDArray, step: Training | None, loss: float) -> npt.NDArray:  # type: ignore[type-arg]
    """A forward column, then the value of the loss, then those of later vertices' forward ones."""
    if step is None:
        return column
    later = column[step.gradient_of[step.loss + 1 :]]
    return np.concatenate((column, np.array([loss], column.dtype), later))


def _training_kinds(kind: npt.NDArray[np.uint8], step: Training) -> npt.NDArray[np.uint8]:
    kinds = np.full(len(step.gradient_of), Kind.GRADIENT, np.uint8)
    kinds[: step.loss] = kind
    kinds[step.loss] = Kind.LOSS
    kinds[step.sums] = Kind.REDUCE
    kinds[step.first_update :] = Kind.UPDATE
    return kinds


def _training_passes(step: Training) -> npt.NDArray[np.uint8]:
    passes = np.full(len(step.gradient_of), Pass.BACKWARD, np.uint8)
    passes[: step.loss + 1] = Pass.FORWARD
    passes[step.first_update :] = Pass.UPDATE
    return passes


def _training_flops(columns: Columns, step: Training) -> npt.NDArray[np.float32]:
    """Work of each vertex of a training step: float32 (N,).

    The gradient of a contraction is two contractions of its size; that of any other vertex costs
    as much as the vertex. The sum of a parameter's gradients costs 1 operation per element and its
    update 2. The additions of reduce vertices count for the vertices that they sum for, as in the
    forward pass.
    """
    flops = _extended(columns.flops, step, 1.0)
    backward = slice(step.loss + 1, step.first_update)
    of = step.gradient_of[backward]
    flops[backward] *= np.where(columns.contracts[of], 2.0, 1.0).astype(np.float32)
    elements = columns.bytes[of] / 4
    flops[backward] = np.where(columns.parameter[of], elements, flops[backward])
    flops[step.sums] = 0.0
    flops[step.first_update :] = columns.bytes[step.gradient_of[step.first_update :]] / 2
    return flops


def _training_levels(chain: list[IntArray], step: Training) -> tuple[IntArray, ...]:
    levels = []
    gradient_of, loss, first_update = step.gradient_of, step.loss, step.first_update
    for forward in chain:
        parents, gradient_of, loss, first_update = training_parents(
            forward, gradient_of, loss, first_update
        )
        levels.append(parents)
    return tuple(levels)


def _back_edges(program: Program, numbering: Numbering) -> IntArray:
    """Pairs (reader, source) from the end of a loop's body to its start."""
    pairs = []
    for reader, source in program.back:
        to, of = numbering.producers.get(reader), numbering.producers.get(source)
        if to is not None and of is not None:
            pairs.append((to.first, of.first))
    return np.array(pairs, np.int32).reshape(-1, 2)

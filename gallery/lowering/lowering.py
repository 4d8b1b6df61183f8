"""`lower`: from a model and a budget of vertices to a compute graph."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.costs import Cost, cost
from gallery.errors import LowerError
from gallery.graph import ComputeGraph, GraphOperator, IntArray, Kind, Pass
from gallery.lowering import operators
from gallery.lowering.access.contradictions import CONTRADICTIONS
from gallery.lowering.adjoint import Extent, Forward, Training, extent, training
from gallery.lowering.columns import Columns
from gallery.lowering.connecting import Lined, connect, lined
from gallery.lowering.edges import Edges
from gallery.lowering.forward import Numbering, number
from gallery.lowering.levels import Try, following, forward_splits, training_splits
from gallery.lowering.operators.control_flow import lower_bodies
from gallery.lowering.parents import forward_parents, training_parents
from gallery.lowering.program import Builder, Program, groups_of
from gallery.lowering.shares import sets_with_shares
from gallery.lowering.tiling.splits import Splits, Splitter
from gallery.lowering.tiling.targets import target_named
from gallery.model import Model, Operator

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
        vertices: Size of the whole graph; the result is within 2 % of it if the sizes of the
            tensors allow, else smaller, with at least one vertex per part of an operator.
        passes: "forward", or "training" for forward, backward and update. Of a model with nothing
            to train there is the forward pass alone.
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
    whole = unsplit(model, fold)
    start = Splitter(whole.program, processor, passes == "training")
    if passes == "forward":
        return split_as(whole, forward_splits(start, vertices), passes, processor.name)
    forward, size = _sized(whole, start, vertices)
    step = _step(forward.differentiated(whole.program), size)
    return _graph(whole, forward, step, processor.name)


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
    work_of = _Work(model)
    program = _program_of(model, work_of.flops, fold)
    if not program.parts:
        program = _program_of(model, work_of.flops, fold=False)
    if not program.parts:
        found = "the model has no operators to lower"
        raise LowerError(found, model.name, "export a model that computes something")
    rows, inputs = _operators(model, program, work_of)
    return Unsplit(model=model, program=program, operators=rows, inputs=inputs)


def split_as(whole: Unsplit, steps: list[Splits], passes: str, target: str) -> ComputeGraph:
    """The graph of a model whose levels are split in a given way.

    Args:
        whole: The model.
        steps: The splits of its levels, coarse to fine.
        passes: As of `lower`.
        target: As of `lower`.
    """
    forward, step = _connected(whole, steps), None
    if passes == "training":
        adjoint = forward.differentiated(whole.program)
        step = _step(adjoint, extent(adjoint))
    return _graph(whole, forward, step, target)


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Connected:
    """A forward pass.

    Attributes:
        steps: The splits of its levels, coarse to fine.
        numbering: Its vertices.
        known: Those that read by straight relations alone.
        edges: What they read.
        columns: What is known of each.
    """

    steps: list[Splits]
    numbering: Numbering
    known: Lined
    edges: Edges
    columns: Columns

    def differentiated(self, program: Program) -> Forward:
        """What its adjoint needs to know."""
        return Forward(
            edges=self.edges,
            parameter=self.columns.parameter,
            through=self.columns.through,
            own=self.columns.own,
            outputs=_outputs(program, self.numbering, self.columns),
        )


def _connected(whole: Unsplit, steps: list[Splits]) -> _Connected:
    """The forward pass of the last of some splits."""
    numbering = number(whole.program, steps[-1])
    known = lined(numbering)
    return _Connected(
        steps=steps,
        numbering=numbering,
        known=known,
        edges=connect(numbering, known),
        columns=Columns(whole.program, numbering, whole.inputs),
    )


def _sized(whole: Unsplit, start: Splitter, vertices: int) -> tuple[_Connected, Extent]:
    """The forward pass of a training step of about so many vertices, and the size of the latter.

    Args:
        whole: The model.
        start: Its unsplit parts.
        vertices: Number of vertices in all passes.
    """
    tried: list[Try] = []
    steps: list[Splits] | None = training_splits(start, vertices)
    while steps:
        found = _connected(whole, steps)
        size = extent(found.differentiated(whole.program))
        tried.append(Try(steps=steps, forward=found.numbering.vertices, whole=size.vertices))
        steps = following(start, tried, vertices)
        if steps:
            del found, size  # before there are those that follow
    return found, size


def _step(forward: Forward, size: Extent) -> Training | None:
    """The training step of a forward graph; None if nothing in it has a gradient.

    Args:
        forward: The graph.
        size: Its `extent`.
    """
    return training(forward, size) if size.has.any() else None


def _graph(whole: Unsplit, forward: _Connected, step: Training | None, target: str) -> ComputeGraph:
    """The graph of a forward pass or a whole training step.

    Args:
        whole: The model.
        forward: The forward pass.
        step: The training step, if it is wanted and there is one.
        target: Name of the parallel processor.
    """
    columns, numbering, edges = forward.columns, forward.numbering, forward.edges
    program, rows = whole.program, whole.operators
    chain = forward_parents(program, forward.steps)
    flops = _training_flops(columns, step) if step else columns.flops
    return ComputeGraph(
        model=whole.model.name,
        vertex_operator=_extended(columns.operator, step, len(rows) - 1),
        vertex_kind=_training_kinds(columns.kind, step) if step else columns.kind,
        vertex_pass=_training_passes(step) if step else np.zeros(numbering.vertices, np.uint8),
        vertex_flops=flops,
        vertex_bytes=_extended(columns.bytes, step, 4.0),
        indptr=step.indptr if step else edges.indptr,
        sources=step.sources if step else edges.sources,
        operators=rows,
        layers=whole.model.layers,
        sets=sets_with_shares(program, numbering, forward.known),
        levels=_training_levels(chain, step) if step else tuple(chain),
        back_edges=_back_edges(program, numbering),
        target=target,
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

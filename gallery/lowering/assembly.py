"""The compute graph of a forward pass or of a whole training step, column by column.

The vertices of a training step are those of the forward pass, the loss, their gradients and the
updates of parameters, in this order.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gallery.graph import ComputeGraph, IntArray, Kind, Pass
from gallery.lowering.adjoint import Training
from gallery.lowering.columns import Columns
from gallery.lowering.forward import Numbering
from gallery.lowering.forward_pass import ForwardPass
from gallery.lowering.parents import forward_parents, training_parents
from gallery.lowering.program import Program
from gallery.lowering.shares import sets_with_shares
from gallery.lowering.unsplit import Unsplit


def graph_of(
    whole: Unsplit, forward: ForwardPass, step: Training | None, target: str
) -> ComputeGraph:
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

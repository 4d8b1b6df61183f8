"""The forward pass of a model that is split: vertices, edges, and what is known of each vertex."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gallery.graph import IntArray
from gallery.lowering.adjoint import Forward
from gallery.lowering.columns import Columns
from gallery.lowering.connecting import Lined, connect, lined
from gallery.lowering.edges import Edges
from gallery.lowering.forward import Numbering, number
from gallery.lowering.program import Program
from gallery.lowering.tiling.splits import Splits
from gallery.lowering.unsplit import Unsplit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForwardPass:
    """A forward pass whose vertices are numbered and connected.

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


def connected(whole: Unsplit, steps: list[Splits]) -> ForwardPass:
    """The forward pass of the last of some splits."""
    numbering = number(whole.program, steps[-1])
    known = lined(numbering)
    return ForwardPass(
        steps=steps,
        numbering=numbering,
        known=known,
        edges=connect(numbering, known),
        columns=Columns(whole.program, numbering, whole.inputs),
    )


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

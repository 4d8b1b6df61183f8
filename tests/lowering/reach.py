"""Which output blocks of a lowered model an input block reaches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.lowering.connecting import connect, lined
from gallery.lowering.edges import Producer
from gallery.lowering.forward import Numbering, number
from gallery.lowering.program import Program
from gallery.lowering.tiling.splits import Splitter
from gallery.lowering.unsplit import unsplit
from gallery.model import Model
from gallery.targets import target_named

Box = tuple[slice, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Blocks:
    """The blocks of a tensor.

    Attributes:
        shape: Of the tensor.
        splits: Blocks in each dimension.
        vertices: int64 (k,), row-major.
    """

    shape: tuple[int, ...]
    splits: tuple[int, ...]
    vertices: npt.NDArray[np.int64]

    def box(self, at: int) -> Box:
        """The block at a row-major position."""
        place = np.unravel_index(at, self.splits) if self.splits else ()
        return tuple(
            slice(int(i) * size // split, (int(i) + 1) * size // split)
            for i, size, split in zip(place, self.shape, self.splits, strict=True)
        )

    def hit(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Which blocks hold a marked element: bool (k,)."""
        if mask.shape != self.shape:
            return np.full(len(self.vertices), bool(mask.any()))
        for axis, (size, split) in enumerate(zip(self.shape, self.splits, strict=True)):
            if not mask.size:
                return np.zeros(len(self.vertices), bool)
            starts = np.arange(split) * size // split
            mask = np.logical_or.reduceat(mask, starts, axis=axis)
        return mask.ravel()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reach:
    """A lowered model.

    Attributes:
        inputs: Blocks of each input and initializer that has vertices, by tensor of the model.
        outputs: Blocks of each model output, in the model's order.
        reached: bool (inputs' blocks, vertices): rows in the order of `inputs`.
        rows: First row of `reached` of each input.
        numbering: All vertices.
        program: The parts.
    """

    inputs: dict[int, Blocks]
    outputs: list[Blocks]
    reached: npt.NDArray[np.bool_]
    rows: dict[int, int]
    numbering: Numbering
    program: Program

    def row(self, tensor: int, block: int) -> npt.NDArray[np.bool_]:
        """Vertices that a block of an input reaches: bool (n,)."""
        row: npt.NDArray[np.bool_] = self.reached[self.rows[tensor] + block]
        return row


def reach(model: Model, vertices: int) -> Reach:
    """Lower a model to a budget and follow its edges."""
    program = unsplit(model).program
    splits = Splitter(program, target_named("ipu2"), False).advance(vertices)
    numbering = number(program, splits)
    edges = connect(numbering, lined(numbering))
    inputs = {t: _blocks(numbering.producers[t]) for t in model.inputs if t in numbering.producers}
    outputs = [_blocks(numbering.producers[t]) for t in program.outputs]
    rows, marks = {}, 0
    for tensor, blocks in inputs.items():
        rows[tensor] = marks
        marks += len(blocks.vertices)
    bits = np.zeros((numbering.vertices, max(marks, 1)), bool)
    for tensor, blocks in inputs.items():
        at = np.arange(len(blocks.vertices))
        bits[blocks.vertices, rows[tensor] + at] = True
    back = [(numbering.producers[r].first, numbering.producers[s].first) for r, s in program.back]
    for _ in range(1 + 3 * bool(back)):
        for v in range(numbering.vertices):
            begin, end = edges.indptr[v], edges.indptr[v + 1]
            assert (edges.sources[begin:end] < v).all(), "an edge runs against the order"
            if end > begin:
                bits[v] |= bits[edges.sources[begin:end]].any(axis=0)
        for reader, source in back:
            bits[reader] |= bits[source]
    return Reach(
        inputs=inputs,
        outputs=outputs,
        reached=bits.T,
        rows=rows,
        numbering=numbering,
        program=program,
    )


def _blocks(producer: Producer) -> Blocks:
    splits = tuple(int(s) for s in producer.splits)
    index = np.arange(int(np.prod(splits, dtype=np.int64)))
    if producer.period:
        inner = int(np.prod(splits[1:], dtype=np.int64))
        index = index // inner * producer.period + index % inner
    return Blocks(
        shape=tuple(int(s) for s in producer.shape),
        splits=splits,
        vertices=producer.first + index,
    )

"""The compute graph: every piece of a model's work and the data that passes between them.

Vertices are integers in topological order and edges one compressed sparse row array, so that a
graph of 19 million vertices and 116 million edges takes about 1 GiB.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from gallery.errors import LowerError
from gallery.model import Layer, freeze

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]

FORM_VERTICES = 18_000
"""About the size of the forward pass at one of a graph's levels. This and the coarser ones follow
from the model alone, so that pictures of any size and of any passes can have the same form."""


class Kind(IntEnum):
    """What a vertex does."""

    INPUT = 0
    PARAMETER = 1
    COMPUTE = 2
    PARTIAL = 3
    REDUCE = 4
    LOSS = 5
    GRADIENT = 6
    UPDATE = 7


class Pass(IntEnum):
    """The pass that a vertex belongs to."""

    FORWARD = 0
    BACKWARD = 1
    UPDATE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphOperator:
    """A row of the side table that `ComputeGraph.vertex_operator` points to.

    Attributes:
        name: Name of the operator, or of the graph input.
        type: ONNX operator type; "Input" for a graph input and "Loss" for the loss.
        layer: Index of its layer.
        operator: Index in `Model.operators`, or -1 for an input and the loss.
        contracts: Whether most of its work are multiply-accumulates, which units for matrices do.
    """

    name: str
    type: str
    layer: int
    operator: int
    contracts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComputeSet:
    """Vertices that do the same work on the blocks of one grid, numbered in row-major order.

    The set of a recurrent operator repeats once per time step: its vertex (t, i) has the number
    `first + t * period + i`.

    Attributes:
        first: Number of its first vertex.
        shape: Size of each dimension of its index space: those of the tensor that it makes, then
            those that it sums over.
        splits: Number of blocks along each dimension, at most its size.
        rank: How many of the dimensions are the tensor's.
        tensors: Indices in `Model.tensors` of the tensors that it makes; none for partial results
            and for results that stay inside an operator.
        kind: The kind of all its vertices.
        period: Distance between the first vertices of two time steps, or 0. Where it is not 0,
            the first dimension is time and is split into single steps.
        reads: How much of the blocks that its vertices read they need, above 0 and at most 1.
    """

    first: int
    shape: tuple[int, ...]
    splits: tuple[int, ...]
    rank: int
    tensors: tuple[int, ...]
    kind: Kind
    period: int = 0
    reads: float = 1.0

    @property
    def size(self) -> int:
        """Number of vertices."""
        return math.prod(self.splits)

    def reading(self, share: float) -> ComputeSet:
        """The same set with other `reads`, in a third of the time that `replace` takes."""
        return ComputeSet(
            first=self.first,
            shape=self.shape,
            splits=self.splits,
            rank=self.rank,
            tensors=self.tensors,
            kind=self.kind,
            period=self.period,
            reads=share,
        )

    def vertices(self) -> IntArray:
        """Numbers of its vertices in row-major order: int32 (size,)."""
        index = np.arange(self.size, dtype=np.int64)
        if self.period:
            inner = self.size // self.splits[0]
            index = index // inner * self.period + index % inner
        return (self.first + index).astype(np.int32)

    def index(self) -> IntArray | slice:
        """Its vertices as an index, in row-major order: a slice where they are contiguous."""
        return self.vertices() if self.period else slice(self.first, self.first + self.size)

    def boxes(self, start: int, stop: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Lows and highs of the cells start..stop-1 of its index space.

        Each is int64 (stop - start, dims); the first `rank` columns give the block of the tensor,
        the others the range that is summed over.
        """
        cells = np.arange(start, stop, dtype=np.int64)
        lows = np.empty((len(cells), len(self.shape)), np.int64, order="F")
        highs = np.empty_like(lows, order="F")
        for axis in range(len(self.shape) - 1, -1, -1):
            size, split = self.shape[axis], self.splits[axis]
            if split == 1:
                lows[:, axis], highs[:, axis] = 0, size
                continue
            outer = cells // split
            block = cells - outer * split
            cells = outer
            ends = np.arange(split + 1, dtype=np.int64) * size // split
            lows[:, axis], highs[:, axis] = ends[block], ends[block + 1]
        return lows, highs

    def contains(self, vertex: int) -> bool:
        """Whether a vertex belongs to this set."""
        offset = vertex - self.first
        if offset < 0:
            return False
        if not self.period:
            return offset < self.size
        inner = self.size // self.splits[0]
        return offset // self.period < self.splits[0] and offset % self.period < inner

    def position(self, vertex: int) -> int:
        """Row-major position of a vertex of this set."""
        offset = vertex - self.first
        if not self.period:
            return offset
        inner = self.size // self.splits[0]
        return offset // self.period * inner + offset % self.period


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComputeGraph:
    """Vertices and edges as arrays; all arrays are read-only.

    Vertex v reads `sources[indptr[v]:indptr[v + 1]]`, each smaller than v and listed once.

    Attributes:
        model: Name of the model.
        vertex_operator: int32 (n,), row of `operators`. A parameter block belongs to the operator
            that reads it first.
        vertex_kind: uint8 (n,), a `Kind`.
        vertex_pass: uint8 (n,), a `Pass`.
        vertex_flops: float32 (n,), floating-point operations.
        vertex_bytes: float32 (n,), bytes that the vertex writes.
        indptr: int64 (n + 1,).
        sources: int32 (m,), ascending for each vertex.
        operators: Side table of operators and inputs.
        layers: The model's layer tree, parents first; layer 0 is the whole model.
        sets: The forward vertices as grids of blocks, for `box` and `producers`.
        levels: Parents, fine to coarse: `levels[0]` int32 (n,) maps each vertex to its vertex in
            the next coarser graph, `levels[1]` maps that graph's vertices on, and so on until
            there is about one vertex per operator and pass. The parents of a level are numbered
            0..max without gaps. Levels of up to about `FORM_VERTICES` of the forward pass do not
            depend on how large the graph is, and the forward vertices of a training graph have the
            levels of the forward graph.
        back_edges: int32 (k, 2), (reader, source) pairs that carry data to the next trip of a loop
            that is not unrolled; the only edges that run against the topological order.
        target: Name of the target.
        unknown_operators: "domain.Type" of operators that are lowered to a gather vertex, sorted.
        gradient_of: int32 (n,), the forward vertex that a backward vertex differentiates, else -1.
            None if there is no backward pass, as in a training step of a model with nothing to
            train.
    """

    model: str
    vertex_operator: IntArray
    vertex_kind: npt.NDArray[np.uint8]
    vertex_pass: npt.NDArray[np.uint8]
    vertex_flops: FloatArray
    vertex_bytes: FloatArray
    indptr: npt.NDArray[np.int64]
    sources: IntArray
    operators: tuple[GraphOperator, ...]
    layers: tuple[Layer, ...]
    sets: tuple[ComputeSet, ...] = ()
    levels: tuple[IntArray, ...] = ()
    back_edges: IntArray | None = None
    target: str = ""
    unknown_operators: tuple[str, ...] = ()
    gradient_of: IntArray | None = None

    def __post_init__(self) -> None:
        """Check shapes, dtypes and ranges; make the arrays read-only."""
        n, m = len(self.vertex_operator), len(self.sources)
        expected = {
            "vertex_operator": (np.int32, n),
            "vertex_kind": (np.uint8, n),
            "vertex_pass": (np.uint8, n),
            "vertex_flops": (np.float32, n),
            "vertex_bytes": (np.float32, n),
            "indptr": (np.int64, n + 1),
            "sources": (np.int32, m),
        }
        for name, (dtype, length) in expected.items():
            array = getattr(self, name)
            if array.dtype != dtype or array.shape != (length,):
                found = f"{name} is {array.dtype} {array.shape}, not {np.dtype(dtype)} ({length},)"
                raise LowerError(found, self.model)
            freeze(array)
        falls = (self.indptr[1:] < self.indptr[:-1]).any()
        if self.indptr[0] != 0 or self.indptr[-1] != m or falls:
            raise LowerError("indptr does not run from 0 up to the number of edges", self.model)
        if n and not 0 <= self.vertex_operator.min() <= self.vertex_operator.max() < len(
            self.operators
        ):
            raise LowerError("vertex_operator points outside the operators", self.model)
        if m and not 0 <= self.sources.min() <= self.sources.max() < n:
            raise LowerError("sources point outside the vertices", self.model)
        for parents in self.levels:
            freeze(parents)

    @property
    def vertices(self) -> int:
        """Number of vertices."""
        return len(self.vertex_operator)

    @property
    def edges(self) -> int:
        """Number of edges."""
        return len(self.sources)

    def vertex_layer(self) -> IntArray:
        """The layer of each vertex: int32 (n,)."""
        layer = np.array([operator.layer for operator in self.operators], np.int32)
        return layer[self.vertex_operator]

    def readers(self) -> IntArray:
        """The vertex that reads, for each edge: int32 (m,), parallel to `sources`."""
        return np.repeat(np.arange(self.vertices, dtype=np.int32), np.diff(self.indptr))

    def box(self, vertex: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Lows and highs (not included) of the block that a vertex makes.

        The box has the rank of the tensor, even where the vertex makes a partial sum: all partial
        sums of one block have the same box. The block of a backward vertex is that of the forward
        vertex that it differentiates. A vertex that belongs to no grid (gather, loss) has an
        empty box; for one that runs several steps of a recurrence at once, the box is the range of
        the steps alone.

        Raises:
            IndexError: There is no such vertex.
        """
        if not 0 <= vertex < self.vertices:
            raise IndexError(f"vertex {vertex} of {self.vertices}")
        if self.gradient_of is not None and self.gradient_of[vertex] >= 0:
            vertex = int(self.gradient_of[vertex])
        for compute_set in self.sets:
            if compute_set.contains(vertex):
                at = compute_set.position(vertex)
                lows, highs = compute_set.boxes(at, at + 1)
                rank = compute_set.rank
                return tuple(lows[0, :rank].tolist()), tuple(highs[0, :rank].tolist())
        return (), ()

    def producers(self, tensor: int) -> IntArray:
        """The vertices that make a tensor of the model, ascending: int32 (k,).

        For graph inputs and parameters these are their input and parameter vertices; a parameter
        that is a single number has one for each operator that reads it.
        """
        made = [s.vertices() for s in self.sets if tensor in s.tensors]
        return np.sort(np.concatenate(made)) if made else np.empty(0, np.int32)

"""Compute graphs like those of residual networks, made without a model, for laying out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.graph import ComputeGraph, GraphOperator, Kind
from gallery.model import Layer

Grid = tuple[int, int, int, int]
"""Blocks of channels, rows, columns and of the dimension that is summed over."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A grid of vertices: where it starts, how it is split, what it is."""

    first: int
    grid: Grid
    operator: int
    kind: Kind


class Builder:
    """Collects grids of vertices and the edges between them."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.operators: list[GraphOperator] = []
        self.layers = [Layer(name="", path="", parent=-1)]
        self.readers: list[npt.NDArray[np.int64]] = []
        self.sources: list[npt.NDArray[np.int64]] = []
        self.vertices = 0

    def layer(self, name: str) -> int:
        self.layers.append(Layer(name=name, path=name, parent=0))
        return len(self.layers) - 1

    def operator(self, kind: str) -> int:
        index = len(self.operators)
        self.operators.append(
            GraphOperator(
                name=f"{kind}_{index}", type=kind, layer=len(self.layers) - 1, operator=index
            )
        )
        return index

    def piece(self, grid: Grid, operator: int, kind: Kind) -> Piece:
        made = Piece(self.vertices, grid, operator, kind)
        self.pieces.append(made)
        self.vertices += int(np.prod(grid))
        return made

    def read(self, reader: Piece, source: Piece, halo: int, by_sum: bool) -> None:
        """Let each vertex read the blocks beside its own; `by_sum`: its summed blocks' channels."""
        index = np.indices(reader.grid).reshape(4, -1)
        number = reader.first + np.arange(index.shape[1])
        depth = source.grid[3]
        along = index[3] if by_sum else index[0]
        size = reader.grid[3] if by_sum else reader.grid[0]
        channels = source.grid[0]
        low = along * channels // size
        high = np.maximum((along + 1) * channels // size, low + 1)
        for step in range(int((high - low).max())):
            channel = np.minimum(low + step, high - 1)
            for dy in range(-halo, halo + 1):
                for dx in range(-halo, halo + 1):
                    y = index[1] * source.grid[1] // reader.grid[1] + dy
                    x = index[2] * source.grid[2] // reader.grid[2] + dx
                    inside = (y >= 0) & (y < source.grid[1]) & (x >= 0) & (x < source.grid[2])
                    block = (channel * source.grid[1] + y) * source.grid[2] + x
                    for k in range(depth):
                        self.readers.append(number[inside])
                        self.sources.append(source.first + block[inside] * depth + k)

    def graph(self, name: str) -> ComputeGraph:
        key = np.unique(np.concatenate(self.readers) * self.vertices + np.concatenate(self.sources))
        readers, sources = key // self.vertices, (key % self.vertices).astype(np.int32)
        indptr = np.concatenate([[0], np.cumsum(np.bincount(readers, minlength=self.vertices))])
        repeat = [int(np.prod(piece.grid)) for piece in self.pieces]
        n = self.vertices
        return ComputeGraph(
            model=name,
            vertex_operator=np.repeat([p.operator for p in self.pieces], repeat).astype(np.int32),
            vertex_kind=np.repeat([p.kind for p in self.pieces], repeat).astype(np.uint8),
            vertex_pass=np.zeros(n, np.uint8),
            vertex_flops=np.ones(n, np.float32),
            vertex_bytes=np.ones(n, np.float32),
            indptr=indptr.astype(np.int64),
            sources=sources,
            operators=tuple(self.operators),
            layers=tuple(self.layers),
            levels=self._levels(),
        )

    def _levels(self) -> tuple[npt.NDArray[np.int32], ...]:
        grids = [piece.grid for piece in self.pieces]
        levels = []
        while any(int(np.prod(grid)) > 1 for grid in grids):
            parents, first, coarser = [], 0, []
            for grid in grids:
                half: Grid = tuple(max(1, size // 2) for size in grid)  # type: ignore[assignment]
                index = np.indices(grid).reshape(4, -1)
                cell = np.zeros(index.shape[1], np.int64)
                for axis in range(4):
                    cell = cell * half[axis] + np.minimum(index[axis] // 2, half[axis] - 1)
                parents.append(first + cell)
                first += int(np.prod(half))
                coarser.append(half)
            levels.append(np.concatenate(parents).astype(np.int32))
            grids = coarser
        owner = np.array([piece.operator for piece in self.pieces], np.int32)
        _, owner = np.unique(owner, return_inverse=True)
        return (*levels, owner.astype(np.int32))


def _power(value: float) -> int:
    return 2 ** max(0, round(float(np.log2(max(value, 1)))))


def resnet(blocks: Sequence[int] = (3, 4, 6, 3), per_operator: int = 1024) -> ComputeGraph:
    """A chain of residual blocks like ResNet-50's; about `per_operator` vertices an operator."""
    build = Builder()

    def conv(source: Piece, rows: int, halo: int) -> Piece:
        operator = build.operator("Conv")
        summed = max(1, source.grid[0])
        channels = _power(per_operator / (rows * rows * summed))
        weight = build.piece((channels, 1, 1, summed), operator, Kind.PARAMETER)
        partial = build.piece((channels, rows, rows, summed), operator, Kind.PARTIAL)
        build.read(partial, source, halo, True)
        index = np.indices(partial.grid).reshape(4, -1)
        build.readers.append(partial.first + np.arange(index.shape[1]))
        build.sources.append(weight.first + index[0] * summed + index[3])
        if summed == 1:
            return partial
        reduced = build.piece((channels, rows, rows, 1), operator, Kind.REDUCE)
        build.read(reduced, partial, 0, False)
        return reduced

    def each(kind: str, *sources: Piece) -> Piece:
        grid = sources[0].grid
        made = build.piece((grid[0], grid[1], grid[2], 1), build.operator(kind), Kind.COMPUTE)
        for source in sources:
            build.read(made, source, 0, False)
        return made

    rows = _power((per_operator / 4) ** 0.5)
    build.layer("stem")
    flow = build.piece((1, rows, rows, 1), build.operator("Input"), Kind.INPUT)
    flow = each("Relu", conv(flow, rows, 1))
    for stage, count in enumerate(blocks):
        rows = max(1, rows if stage == 0 else rows // 2)
        for index in range(count):
            build.layer(f"layer{stage}.{index}")
            first = flow
            for halo in (0, 1):
                flow = each("Relu", conv(flow, rows, halo))
            flow = conv(flow, rows, 0)
            if index == 0 or first.grid != flow.grid:
                first = conv(first, rows, 0)
            flow = each("Relu", each("Add", flow, first))
    build.layer("head")
    pooled = build.piece((flow.grid[0], 1, 1, 1), build.operator("GlobalAveragePool"), Kind.REDUCE)
    index = np.indices(flow.grid).reshape(4, -1)
    build.readers.append(pooled.first + index[0])
    build.sources.append(flow.first + np.arange(index.shape[1]))
    conv(pooled, 1, 0)
    return build.graph(f"resnet-{sum(blocks)}")

"""`run`: from a compute graph and a target to its execution."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gallery.errors import LowerError
from gallery.execution import clock
from gallery.execution.memory import kinds_of, last_readers, most_by_tile, over_time
from gallery.execution.results import Held
from gallery.execution.steps import by_step, steps_of
from gallery.execution.tiles import place
from gallery.execution.types import Execution, Times
from gallery.execution.work import reading, work_of
from gallery.graph import ComputeGraph, IntArray, Kind
from gallery.targets import Target, target_named

MOMENTS = 2
"""Values that the optimiser keeps for each parameter, as Adam does (Kingma, Ba, ICLR 2015)."""


def run(graph: ComputeGraph, target: str | Target = "", *, moments: int = MOMENTS) -> Execution:
    """Schedule a graph on a processor.

    The work is that of the graph as it was split: a graph of fewer vertices than the processor has
    workers leaves some of them idle, and takes longer than a finer one. Arithmetic runs at the
    published peak rates of half and single precision, and blocks have the sizes of the model's own
    types: times are a model, not a measurement.

    Args:
        graph: From `lower`.
        target: A processor or its name (see `gallery.targets`); "" for the one that
            the graph was split for.
        moments: Values that the optimiser keeps for each parameter in training: 0 for plain
            gradient descent, 1 with momentum, 2 for Adam.

    Raises:
        LowerError: There is no such target, or `moments` is negative.
    """
    processor = target if isinstance(target, Target) else target_named(target or graph.target)
    if moments < 0:
        found = f"an optimiser that keeps {moments} values per parameter is not possible"
        raise LowerError(found, graph.model, "choose 0, 1 or 2 moments")
    return _Run(graph, processor, moments).execution()


class _Run:
    """The arrays of a run, made one from another."""

    def __init__(self, graph: ComputeGraph, target: Target, moments: int) -> None:
        self.graph, self.target = graph, target
        self.size = graph.vertex_bytes.astype(np.float64)
        # What an update writes takes the place of the parameter.
        self.kept = np.where(graph.vertex_kind == Kind.UPDATE, 0.0, self.size)
        self.blocks = (graph.indptr, graph.sources, self.size)
        self.step, self.steps = steps_of(graph)
        self.part = reading(graph)
        self.work, self.moved = work_of(graph, target, self.part)
        self.working = ~np.isin(graph.vertex_kind, (Kind.INPUT, Kind.PARAMETER))
        self.order, self.begins = by_step(self.step, self.steps, self.working)
        self.trained = graph.gradient_of is not None
        self.moments = moments if self.trained else 0

    def execution(self) -> Execution:
        """The whole schedule."""
        graph, target, steps = self.graph, self.target, self.steps
        tile, offset, compute = self._waves() if target.shared else self._tiles()
        sent, received, fullest, arriving = clock.exchanged(
            self.blocks, self.order, self.begins, tile, self.part, target.tiles
        )
        exchange = fullest / (target.exchange / target.tiles)
        if target.shared:
            moved = clock.from_memory(self.blocks, self.order, self.begins, self.part)
            exchange = np.maximum(moved / target.exchange - compute, 0.0)
        sync = np.where(np.diff(self.begins) > 0, target.sync, 0.0)
        ends = np.cumsum(sync + exchange + compute)
        start = np.concatenate(([0.0], ends[:-1])) if steps else ends
        # On a GPU what waits for memory overlaps with computing; it is shown in front of it.
        begin = np.where(self.working, (start + sync + exchange)[self.step], start[self.step])
        last = last_readers(graph, self.step, steps)
        kind = kinds_of(graph, self.step, last)
        first = _first(self.order, self.begins)
        return Execution(
            graph=graph,
            target=target,
            vertex_step=self.step,
            vertex_tile=tile,
            vertex_start=begin + offset,
            vertex_time=self.work,
            vertex_sent=sent,
            vertex_last=last,
            vertex_held=kind,
            step_operator=graph.vertex_operator[first],
            step_pass=graph.vertex_pass[first],
            step_start=start,
            step_sync=sync,
            step_exchange=exchange,
            step_compute=compute,
            step_flops=clock.sums(graph.vertex_flops, self.step, steps),
            step_moved=clock.sums(self.moved, self.step, steps),
            step_received=received,
            memory=self._memory(kind, last),
            tile_busy=clock.sums(self.work, tile, target.tiles),
            tile_memory=most_by_tile(
                *(self.kept, kind, self.step, last, tile, self.order, self.begins),
                *(arriving, float(self.moments), target.tiles),
            ),
        )

    def _tiles(self) -> tuple[IntArray, Times, Times]:
        """Tiles, start in the step and time of each step on a processor of many tiles."""
        tile = np.full(self.graph.vertices, -1, np.int32)
        tiles = self.target.tiles
        place(self.blocks, self.order, self.begins, self.work, tiles, tile)
        offset, compute = clock.in_turn(self.order, self.begins, tile, self.work, tiles)
        return tile, offset, compute

    def _waves(self) -> tuple[IntArray, Times, Times]:
        """The same on a GPU, where the longest vertices of a step come first."""
        tile = np.full(self.graph.vertices, -1, np.int32)
        longest = np.lexsort((-self.work[self.order], self.step[self.order]))
        order = self.order[longest]
        offset, compute = clock.in_waves(order, self.begins, self.work, self.target.tiles, tile)
        tile[tile < 0] = 0
        by_tile = np.lexsort((tile[self.order], self.step[self.order]))
        self.order = self.order[by_tile]
        return tile, offset, compute

    def _memory(self, kind: npt.NDArray[np.uint8], last: IntArray) -> Times:
        memory = over_time(self.kept, kind, self.step, last, self.steps)
        memory[:, Held.OPTIMISER] = self.moments * memory[:, Held.PARAMETERS]
        return memory


def _first(order: IntArray, begins: IntArray) -> IntArray:
    """The first vertex of each step."""
    if not len(order):
        return np.zeros(len(begins) - 1, np.int32)
    return order[np.minimum(begins[:-1], len(order) - 1)]

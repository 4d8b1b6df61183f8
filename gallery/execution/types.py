"""Execution: the schedule of a compute graph on a processor, and its memory over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.execution.results import Held
from gallery.graph import ComputeGraph, IntArray, Kind
from gallery.model import freeze
from gallery.targets import Target

Times = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Execution:
    """When and where each vertex of a graph runs, and what is in memory; arrays are read-only.

    A graph runs in steps, one after another: a processor of many tiles synchronises, exchanges what
    the tiles read from one another, and computes (bulk-synchronous parallel: Valiant, CACM 33(8),
    1990). A GPU launches a kernel, whose vertices its multiprocessors run wave by wave. Inputs and
    parameters take no time; they belong to the first step that reads them.

    Attributes:
        graph: The graph that runs.
        target: The processor.
        vertex_step: int32 (n,), step of each vertex.
        vertex_tile: int32 (n,), tile that a vertex runs on and whose memory its result is in.
        vertex_start: float64 (n,), seconds from the start of the run.
        vertex_time: float64 (n,), seconds that a vertex keeps its tile busy.
        vertex_sent: float64 (n,), bytes that are sent of each vertex's result to other tiles: what
            is needed of it, in each step, on each tile that reads it. Of a GPU, which has no such
            traffic, bytes that other multiprocessors read.
        vertex_last: int32 (n,), last step that needs the result of a vertex.
        vertex_held: uint8 (n,), why the result of a vertex is held, a `Held`.
        step_operator: int32 (s,), row of `ComputeGraph.operators` of the first vertex of each step.
        step_pass: uint8 (s,), a `Pass`.
        step_start: float64 (s,), seconds.
        step_sync: float64 (s,), seconds of synchronising the tiles, or of launching a kernel.
        step_exchange: float64 (s,), seconds of exchange; on a GPU, of waiting for memory.
        step_compute: float64 (s,), seconds of the slowest tile.
        step_flops: float64 (s,), floating-point operations.
        step_moved: float64 (s,), bytes that vertices read and write.
        step_received: float64 (s,), bytes that tiles get from others.
        memory: float64 (s, len(Held)), bytes in memory during each step.
        tile_busy: float64 (tiles,), seconds of computing.
        tile_memory: float64 (tiles,), most bytes in each tile's memory at any step, with what it
            received for that step.
    """

    graph: ComputeGraph
    target: Target
    vertex_step: IntArray
    vertex_tile: IntArray
    vertex_start: Times
    vertex_time: Times
    vertex_sent: Times
    vertex_last: IntArray
    vertex_held: npt.NDArray[np.uint8]
    step_operator: IntArray
    step_pass: npt.NDArray[np.uint8]
    step_start: Times
    step_sync: Times
    step_exchange: Times
    step_compute: Times
    step_flops: Times
    step_moved: Times
    step_received: Times
    memory: Times
    tile_busy: Times
    tile_memory: Times

    def __post_init__(self) -> None:
        """Check shapes; make the arrays read-only."""
        counts = {"vertex": self.graph.vertices, "step": len(self.step_start)}
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                expected = counts.get(name.partition("_")[0])
                assert expected is None or len(value) == expected, name
                freeze(value)

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(self.step_start)

    @property
    def seconds(self) -> float:
        """Time of the whole run."""
        if not self.steps:
            return 0.0
        last = (self.step_sync[-1], self.step_exchange[-1], self.step_compute[-1])
        return float(self.step_start[-1]) + float(sum(last))

    @property
    def peak_step(self) -> int:
        """The first step at which most memory is needed, or -1 if there is no step."""
        return int(np.argmax(held(self.memory))) if self.steps else -1

    def alive(self) -> npt.NDArray[np.bool_]:
        """Whether the result of each vertex is in memory at the peak: bool (n,)."""
        peak = self.peak_step
        stays = self.vertex_held == Held.PARAMETERS
        made = stays | (self.vertex_step <= peak)
        alive: npt.NDArray[np.bool_] = made & (self.vertex_last >= peak)
        alive &= self.graph.vertex_kind != Kind.UPDATE
        return alive


def held(memory: Times) -> Times:
    """Bytes of all kinds together: float64 (s,), summed in a fixed order.

    Args:
        memory: float64 (s, len(Held)).
    """
    total = np.zeros(len(memory))
    for kind in Held:
        total += memory[:, kind]
    return total

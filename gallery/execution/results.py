"""What is known of a run, as values, and as JSON for the cache.

Pages show it without importing what runs graphs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from typing import Any


class Held(IntEnum):
    """Why bytes are held in memory: `KEPT` are activations kept for the backward pass."""

    PARAMETERS = 0
    OPTIMISER = 1
    PARAMETER_GRADIENTS = 2
    INPUTS = 3
    KEPT = 4
    ACTIVATIONS = 5
    GRADIENTS = 6


TITLES = {
    Held.PARAMETERS: "parameters",
    Held.OPTIMISER: "optimiser state",
    Held.PARAMETER_GRADIENTS: "gradients of parameters",
    Held.INPUTS: "inputs",
    Held.KEPT: "activations kept for the backward pass",
    Held.ACTIVATIONS: "activations",
    Held.GRADIENTS: "gradients of activations",
}
"""What is held, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOperator:
    """An operator in one pass of a run.

    Attributes:
        name: Its name.
        type: ONNX operator type, or "Loss".
        layer: Path of its layer.
        passes: "forward", "backward" or "update".
        start: Seconds from the start of the run to its first step.
        seconds: Seconds of its steps, with synchronisation.
        exchange: Seconds of exchange or of waiting for memory.
        flops: Floating-point operations.
        bytes: Bytes that its vertices read and write.
    """

    name: str
    type: str
    layer: str
    passes: str
    start: float
    seconds: float
    exchange: float
    flops: float
    bytes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A modelled run of a model's main scan on its target.

    Attributes:
        target: Name of the processor.
        processor: Its full name.
        shared: Whether its cores share one memory.
        tiles: Number of its cores with local memory.
        peak_flops: Its peak in half precision, in floating-point operations per second.
        vector_flops: Its peak in single precision.
        bandwidth: Bandwidth of its local memories together, in bytes per second.
        source: Where the figures are published.
        vertices: Number of vertices that run.
        steps: Number of steps.
        seconds: Time of the whole run.
        sync: Seconds of synchronising, or of launching kernels.
        exchange: Seconds of exchange between tiles, or of waiting for memory.
        compute: Seconds of computing.
        passes: Seconds by pass.
        received: Bytes that tiles receive from one another.
        capacity: Bytes of memory of the processor.
        peak: Most bytes in memory at any step.
        peak_operator: Name of the operator that runs then.
        peak_layer: Path of its layer.
        peak_kinds: Bytes at the peak by kind: "parameters", "activations", ...
        peak_layers: Bytes at the peak by layer, largest first; the rest is under "".
        full_tiles: Number of tiles whose memory is too small at some step.
        fullest_tile: Most bytes in the memory of one tile at any step.
        moments: Values that the optimiser keeps for each parameter.
        operators: The operators that take longest, in the order in which they run.
    """

    target: str
    processor: str
    shared: bool
    tiles: int
    peak_flops: float
    vector_flops: float
    bandwidth: float
    source: str
    vertices: int
    steps: int
    seconds: float
    sync: float
    exchange: float
    compute: float
    passes: dict[str, float]
    received: float
    capacity: float
    peak: float
    peak_operator: str
    peak_layer: str
    peak_kinds: dict[str, float]
    peak_layers: dict[str, float]
    full_tiles: int
    fullest_tile: float
    moments: int
    operators: tuple[RunOperator, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCurves:
    """What the charts of a run show; nothing where only its numbers are told.

    Attributes:
        compute: Share of each column's time, in thousandths.
        exchange: The same of exchange, or of waiting for memory.
        memory: Bytes in each column, by `Held` and column.
        passes: Name, start and end of each pass, in thousandths of the run.
        bands: Layer of the level that tells most, start and end, in thousandths of the run.
        busy: Level of each tile by its time of computing, a digit each; 8 is that of the busiest
            tiles, one of `BUSIEST`.
        filled: The same by the most bytes in its memory; 8 is more than it has, and 7 nearly all.
            Empty for a shared memory.
    """

    compute: tuple[int, ...] = ()
    exchange: tuple[int, ...] = ()
    memory: tuple[tuple[int, ...], ...] = ()
    passes: tuple[tuple[str, int, int], ...] = ()
    bands: tuple[tuple[str, int, int], ...] = ()
    busy: str = ""
    filled: str = ""


_DICTIONARIES = ("passes", "peak_kinds", "peak_layers")


def run_value(
    numbers: RunSummary, charts: RunCurves, forward: Sequence[float] = ()
) -> dict[str, Any]:
    """A run as JSON; dicts become lists of pairs, so that their order is kept.

    Args:
        numbers: What is told of the run.
        charts: Its charts.
        forward: Seconds of each operator of the model in the forward pass.
    """
    known = asdict(numbers)
    for name in _DICTIONARIES:
        known[name] = list(known[name].items())
    return {"numbers": known, "charts": asdict(charts), "forward": list(forward)}


def run_of(value: dict[str, Any]) -> tuple[RunSummary, RunCurves]:
    """A run from what `run_value` returned, even after a round trip through JSON."""
    known = dict(value["numbers"])
    for name in _DICTIONARIES:
        known[name] = dict(known[name])
    known["operators"] = tuple(RunOperator(**row) for row in known["operators"])
    charts: dict[str, Any] = {
        name: _tuples(one) if isinstance(one, list) else one
        for name, one in value["charts"].items()
    }
    return RunSummary(**known), RunCurves(**charts)


def _tuples(rows: list[Any]) -> tuple[Any, ...]:
    return tuple(tuple(row) if isinstance(row, list | tuple) else row for row in rows)

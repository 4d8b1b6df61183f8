"""What pages and data files tell of a run: its times, its peak of memory, its largest operators."""

from __future__ import annotations

import numpy as np

from gallery.execution.layers import named_layers
from gallery.execution.results import TITLES, Held, RunOperator, RunSummary
from gallery.execution.types import Execution, Times, held
from gallery.graph import ComputeGraph, Pass

MOST_OPERATORS = 60
"""Most operators that are told one by one."""
MOST_LAYERS = 8
"""Most layers of which the memory at the peak is told."""


def summary(execution: Execution) -> RunSummary:
    """The numbers of a run, rounded to six digits."""
    graph, target, peak = execution.graph, execution.target, execution.peak_step
    memory = execution.memory[peak] if peak >= 0 else np.zeros(len(Held))
    running = graph.operators[execution.step_operator[peak]] if peak >= 0 else None
    room = target.memory / target.tiles
    local = not target.shared
    parameters = float(memory[Held.PARAMETERS])
    lasting = execution.step_sync + execution.step_exchange + execution.step_compute
    return RunSummary(
        target=target.name,
        processor=target.title,
        shared=target.shared,
        tiles=target.tiles,
        peak_flops=target.flops,
        vector_flops=target.vector_flops,
        bandwidth=target.bandwidth,
        source=target.source,
        vertices=graph.vertices,
        steps=execution.steps,
        seconds=_short(execution.seconds),
        sync=_total(execution.step_sync),
        exchange=_total(execution.step_exchange),
        compute=_total(execution.step_compute),
        passes={
            one.name.lower(): _total(lasting[execution.step_pass == one])
            for one in Pass
            if (execution.step_pass == one).any()
        },
        received=_total(execution.step_received) if local else 0.0,
        capacity=target.memory,
        peak=_short(float(held(execution.memory)[peak])) if peak >= 0 else 0.0,
        peak_operator=running.name if running else "",
        peak_layer=graph.layers[running.layer].path if running else "",
        peak_kinds={TITLES[one]: _short(float(memory[one])) for one in Held if memory[one] > 0},
        peak_layers=_by_layer(execution),
        full_tiles=int((execution.tile_memory > room).sum()) if local else 0,
        fullest_tile=_short(float(execution.tile_memory.max(initial=0.0))) if local else 0.0,
        moments=round(float(memory[Held.OPTIMISER]) / parameters) if parameters else 0,
        operators=_operators(execution, lasting),
    )


def forward_seconds(execution: Execution, operators: int) -> tuple[float, ...]:
    """Seconds that each operator of a model takes in the forward pass, rounded to six digits.

    Args:
        execution: A run of the model's graph.
        operators: How many operators the model has.
    """
    of_row = np.array([one.operator for one in execution.graph.operators] or [-1])
    operator = of_row[execution.step_operator]
    chosen = (execution.step_pass == Pass.FORWARD) & (operator >= 0)
    lasting = execution.step_sync + execution.step_exchange + execution.step_compute
    seconds = np.bincount(operator[chosen], weights=lasting[chosen], minlength=operators)
    return tuple(map(_short, seconds.tolist()))


def _by_layer(execution: Execution) -> dict[str, float]:
    """Bytes at the peak by layer, with the optimiser's state."""
    graph = execution.graph
    if not execution.steps:
        return {}
    memory = execution.memory[execution.peak_step]
    whole = float(memory[Held.PARAMETERS])
    state = float(memory[Held.OPTIMISER]) / whole if whole else 0.0
    parameter = execution.vertex_held == Held.PARAMETERS
    size = np.where(execution.alive(), graph.vertex_bytes, 0.0)
    size = np.where(parameter, size * (1.0 + state), size)
    amounts = np.bincount(graph.vertex_operator, weights=size, minlength=len(graph.operators))
    found: dict[str, float] = {}
    for name, amount in zip(named_layers(graph), amounts.tolist(), strict=True):
        found[name] = found.get(name, 0.0) + amount
    ranked = sorted(((n, x) for n, x in found.items() if n and x), key=lambda row: -row[1])
    shown = dict(ranked[:MOST_LAYERS])
    rest = sum(found.values()) - sum(shown.values())
    rows = {**shown, "": rest} if rest > 0 else shown
    return {name: _short(amount) for name, amount in rows.items()}


def _operators(execution: Execution, lasting: Times) -> tuple[RunOperator, ...]:
    graph = execution.graph
    count = len(graph.operators) * len(Pass)
    row = execution.step_operator.astype(np.int64) * len(Pass) + execution.step_pass
    columns = (lasting, execution.step_exchange, execution.step_flops, execution.step_moved)
    seconds, exchange, flops, moved = (
        np.bincount(row, weights=one, minlength=count).astype(np.float64) for one in columns
    )
    first = np.full(count, execution.seconds)
    np.minimum.at(first, row, execution.step_start)
    longest = np.argsort(-seconds, kind="stable")[:MOST_OPERATORS]
    chosen = longest[seconds[longest] > 0]
    return tuple(
        _operator(graph, int(k), first, seconds, exchange, flops, moved)
        for k in chosen[np.argsort(first[chosen], kind="stable")]
    )


def _operator(graph: ComputeGraph, row: int, *columns: Times) -> RunOperator:
    operator = graph.operators[row // len(Pass)]
    first, seconds, exchange, flops, moved = (_short(float(one[row])) for one in columns)
    update = row % len(Pass) == Pass.UPDATE
    return RunOperator(
        name="" if update else operator.name,
        type="Update" if update else operator.type,
        layer="" if update else graph.layers[operator.layer].path,
        passes=Pass(row % len(Pass)).name.lower(),
        start=first,
        seconds=seconds,
        exchange=exchange,
        flops=flops,
        bytes=moved,
    )


def _total(values: Times) -> float:
    return _short(float(np.cumsum(values)[-1])) if len(values) else 0.0


def _short(value: float) -> float:
    """The number in six digits, which is more than a model is worth and reads well.

    >>> _short(0.000123456789)
    0.000123457
    """
    return float(f"{value:.6g}")

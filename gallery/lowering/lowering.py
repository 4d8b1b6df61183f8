"""`lower`: from a model and a budget of vertices to a compute graph."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from gallery.errors import LowerError
from gallery.graph import ComputeGraph
from gallery.lowering.adjoint import Extent, Forward, Training, extent, training
from gallery.lowering.assembly import graph_of
from gallery.lowering.forward_pass import ForwardPass, connected
from gallery.lowering.levels import Try, following, forward_splits, training_splits
from gallery.lowering.tiling.splits import Splits, Splitter
from gallery.lowering.unsplit import Unsplit, unsplit
from gallery.model import Model
from gallery.targets import target_named

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
        target: Name of the parallel processor (see `gallery.targets`).
        fold: Leave out operators that only use constants and shapes, as they move no data at run
            time.

    Returns:
        The graph, with its coarser levels.

    Raises:
        LowerError: An argument is out of range, or the model has nothing to lower.
    """
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
    return graph_of(whole, forward, step, processor.name)


def split_as(whole: Unsplit, steps: list[Splits], passes: str, target: str) -> ComputeGraph:
    """The graph of a model whose levels are split in a given way.

    Args:
        whole: The model.
        steps: The splits of its levels, coarse to fine.
        passes: As of `lower`.
        target: As of `lower`.
    """
    forward, step = connected(whole, steps), None
    if passes == "training":
        adjoint = forward.differentiated(whole.program)
        step = _step(adjoint, extent(adjoint))
    return graph_of(whole, forward, step, target)


def _sized(whole: Unsplit, start: Splitter, vertices: int) -> tuple[ForwardPass, Extent]:
    """The forward pass of a training step of about so many vertices, and the size of the latter.

    Args:
        whole: The model.
        start: Its unsplit parts.
        vertices: Number of vertices in all passes.
    """
    tried: list[Try] = []
    steps: list[Splits] | None = training_splits(start, vertices)
    while steps:
        found = connected(whole, steps)
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

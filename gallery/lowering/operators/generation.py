"""Text generation as one operator: an encoder, then a decoder that runs once for each token.

BeamSearch, GreedySearch, Sampling and WhisperBeamSearch of ONNX Runtime. The bodies run one after
another; the last one, the decoder, runs again with what it made, until it has made enough. What a
search hands from body to body depends on all sequences of a batch, so it passes through one vertex.
"""

from __future__ import annotations

from collections.abc import Callable

from gallery.lowering.access.registry import Context
from gallery.lowering.access.relations import full
from gallery.lowering.operators.loops import added, context_of, copy_of, fresh, new_like
from gallery.lowering.program import Builder, ProgramTensor
from gallery.model import Body

GENERATORS = ("BeamSearch", "GreedySearch", "Sampling", "WhisperBeamSearch")
"""The types of com.microsoft."""

_ORDER = ("encoder", "init_decoder", "decoder")

LowerBody = Callable[[Builder, int, Body, dict[int, int]], None]


def lower_generation(
    builder: Builder, index: int, context: Context, place: dict[int, int], lower: LowerBody
) -> None:
    """Add the bodies of a search, each once, with an edge back to the start of the decoder.

    Args:
        builder: The builder of the program.
        index: Index of the operator.
        context: The operator.
        place: The tensors of the program for tensors of the model that are renamed here.
        lower: Adds the operators of a body.
    """
    bodies = {body.name: body for body in builder.model.operators[index].bodies}
    handed = _through(builder, index, [t for t in context.inputs if t >= 0])
    for name in _ORDER:
        body = bodies.get(name)
        if body is None:
            continue
        begin = _through(builder, index, [handed])
        inner = fresh(builder, body, place, 0)
        for slot in body.inputs:
            own = inner.get(slot, builder.place[slot])
            if not builder.tensors[own].folded:
                added(builder, index, [copy_of(builder, own, (begin, full(())))])
        lower(builder, index, body, inner)
        made = [builder.resolve(t, inner) for t in body.outputs]
        handed = _through(builder, index, [begin, *(t for t in made if t >= 0)])
        if name == _ORDER[-1]:
            builder.back.append((begin, handed))
    for output in context_of(builder, index, place).outputs:
        if output >= 0:
            added(builder, index, [copy_of(builder, output, (handed, full(())))])


def _through(builder: Builder, index: int, sources: list[int]) -> int:
    """A tensor of one element that is made from all of others."""
    hub = new_like(builder, ProgramTensor(shape=()))
    reads = [
        (tensor, full(builder.tensors[tensor].shape))
        for tensor in dict.fromkeys(sources)
        if not builder.tensors[tensor].folded
    ]
    added(builder, index, [copy_of(builder, hub, *reads)])
    return hub

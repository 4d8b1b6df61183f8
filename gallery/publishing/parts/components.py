"""The components of one model, in the order in which data flows, and whether they fit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from gallery.costs.facts import TensorFact
from gallery.publishing.parts.clean import shorten
from gallery.publishing.views import ModelView

_READ_AS = {"last_hidden_state": ("encoder_hidden_states", "last_hidden_state")}
"""Inputs of later components that an output goes into under another name."""

_CONDITIONED = ("unet", "transformer", "controlnet")
"""Roles that read what several encoders make, joined: sizes need not agree."""


def components(models: Sequence[ModelView]) -> dict[str, list[ModelView]]:
    """The components of each larger model by its path, in the order in which data flows.

    Args:
        models: All of the gallery.
    """
    found: dict[str, list[ModelView]] = defaultdict(list)
    for one in models:
        if one.exhibit.whole:
            found[one.exhibit.whole].append(one)
    return {
        whole: sorted(ones, key=lambda one: (one.exhibit.rank, one.slug))
        for whole, ones in found.items()
    }


def misfits(model: ModelView, parts: Sequence[ModelView]) -> tuple[str, ...]:
    """Where a component cannot read what an earlier one makes, in sentences.

    Tensors are compared that have the same name, or names by which encoders and decoders are known
    to pass data on; they do not fit if the last dimensions are given and differ.

    Args:
        model: The component that reads.
        parts: All components, in order.
    """
    if model.facts is None or model.exhibit.role in _CONDITIONED:
        return ()
    inputs = {one.name: one for one in model.facts.inputs}
    before = parts[: parts.index(model)] if model in parts else ()
    told = [one for part in before for one in _clashes(part, inputs)]
    return tuple(told[:5])


def _clashes(part: ModelView, inputs: Mapping[str, TensorFact]) -> Iterator[str]:
    for made in part.facts.outputs if part.facts else ():
        for name in _READ_AS.get(made.name, (made.name,)):
            given, wanted = _width(made), _width(inputs.get(name))
            if given and wanted and given != wanted:
                yield (
                    f"{shorten(part.title, 80)} makes {shorten(made.name, 60)} of width {given:,}, "
                    f"but {shorten(name, 60)} has width {wanted:,} here: the two do not fit."
                )


def _width(tensor: TensorFact | None) -> int:
    """The last dimension of a tensor of at least two, or 0 if it is not given."""
    if tensor is None or not tensor.shape or len(tensor.shape) < 2:
        return 0
    last = tensor.shape[-1]
    return last if isinstance(last, int) else 0

"""The exports of one model, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gallery.costs.facts import Facts
from gallery.errors import Failure
from gallery.publishing.exhibit import Exhibit
from gallery.publishing.parts.clean import shorten
from gallery.text import counted

_SHORT = {"float": "fp32", "float16": "fp16", "bfloat16": "bf16", "double": "fp64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportView:
    """An export of a model as its page shows it.

    Attributes:
        slug: What its page would be called if it had one of its own.
        label: What tells it from the others ("fp16").
        path: Path of the file.
        facts: Its facts, or None.
        failure: Why something is missing, or None.
        weights: Bytes of its weights, or None.
        macs: Multiply-accumulates by element type, most first.
        opset: Version of ONNX's own operators, or "".
        note: How it differs from the first in a way that exports should not, or "".
    """

    slug: str
    label: str
    path: str
    facts: Facts | None
    failure: Failure | None
    weights: int | None
    macs: Mapping[str, int]
    opset: str
    note: str


def export_views(exhibit: Exhibit) -> tuple[ExportView, ...]:
    """All exports of a model, that whose scan is shown first; empty if there is only one."""
    if not exhibit.exports:
        return ()
    ones = (exhibit, *exhibit.exports)
    labels = [_label(one) for one in ones]
    return tuple(
        _view(one, label if labels.count(label) == 1 else one.path, exhibit)
        for one, label in zip(ones, labels, strict=True)
    )


def short_dtype(dtype: str) -> str:
    """The usual short name of an element type.

    >>> short_dtype("float16"), short_dtype("int8")
    ('fp16', 'int8')
    """
    return _SHORT.get(dtype, dtype)


def _label(exhibit: Exhibit) -> str:
    """The export's own label, or else the type that most of its weights have."""
    if exhibit.label:
        return shorten(exhibit.label, 60)
    held = exhibit.facts.parameter_bytes if exhibit.facts else {}
    name = exhibit.path.rsplit("/", 1)[-1].removesuffix(".onnx")
    return short_dtype(max(held, key=lambda one: held[one])) if held else shorten(name, 60)


def _view(one: Exhibit, label: str, lead: Exhibit) -> ExportView:
    facts = one.facts
    return ExportView(
        slug=one.slug,
        label=label,
        path=shorten(one.path, 160),
        facts=facts,
        failure=one.failure,
        weights=sum(facts.parameter_bytes.values()) if facts else None,
        macs={short_dtype(name): n for name, n in facts.macs_by_dtype.items()} if facts else {},
        opset=str(facts.opsets.get("ai.onnx", "")) if facts else "",
        note=_difference(facts, lead.facts),
    )


def _difference(mine: Facts | None, first: Facts | None) -> str:
    """What tells that a file is not an export of the same model."""
    if mine is None or first is None:
        return ""
    counts = [(len(one.inputs), len(one.outputs)) for one in (mine, first)]
    if counts[0] == counts[1]:
        return ""
    (inputs, outputs), (wanted_inputs, wanted_outputs) = counts
    return (
        f"It has {counted(inputs, 'input')} and {counted(outputs, 'output')}, but the first has "
        f"{wanted_inputs} and "
        f"{wanted_outputs}: perhaps it is another model."
    )

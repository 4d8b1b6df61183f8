"""The measurements of a model's operators, from the files beside it and from a run here."""

# ruff: noqa: PLC0415 - see `Product`

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gallery.pipeline.products.base import Drawn, Form, NewFile, Product
from gallery.pipeline.products.profile import PROFILE, table_in
from gallery.schema import each, either, nothing, number, record, row, text
from gallery.settings.attributes import METRIC

if TYPE_CHECKING:
    from gallery.measuring.types import Measurement, Table
    from gallery.pipeline.plan import ModelPlan
    from gallery.pipeline.stages import Stages

_LARGEST = 64 << 20
_LONG = 1000


def _inputs(plan: ModelPlan) -> Mapping[str, object]:
    files = [[one.name, one.device, one.digest, one.problem] for one in plan.file.measurements]
    run = plan.keys(PROFILE)
    return {"": [plan.stage_key("load"), files, run]} if files or run else {}


def _make(stages: Stages, _: str, __: NewFile) -> Drawn:
    from gallery.measuring.joining import join
    from gallery.measuring.sums import sums

    model = stages.model()
    found: dict[str, Measurement] = {}
    notes: list[str] = []
    for table, source, device in _tables(stages, notes):
        joined = join(table, model, source=source, device=device)
        notes += joined.notes
        for one in joined.measurements:
            if one.attribute in found:
                notes.append(f"{source}: {one.title} is there already, so it is left out")
            else:
                found[one.attribute] = one
    rows = [
        {**{name: getattr(one, name) for name in _NUMBERS + _TEXTS}, "values": list(one.values)}
        | sums(one, model)
        for one in sorted(found.values(), key=lambda one: not one.unit)
    ]
    return Drawn(value={"measurements": rows, "warnings": [note[:_LONG] for note in notes[:100]]})


def _tables(stages: Stages, notes: list[str]) -> Iterator[tuple[Table, str, str]]:
    """The tables with the names of their files and devices; what cannot be read is noted."""
    from gallery.measuring.files import read
    from gallery.measuring.types import MeasurementError

    for file in stages.plan.file.measurements:
        if file.problem:
            notes.append(file.problem)
            continue
        try:
            content = zlib.decompressobj().decompress(file.content, _LARGEST)
            yield read(content, file.name), file.name, file.device
        except (MeasurementError, zlib.error) as error:
            notes.append(f"{file.name}: {error}, so it is not used")
    if PROFILE.inputs(stages.plan):
        value = stages.entry(PROFILE).value
        if value["rows"]:
            yield table_in(value), "", own_device(stages.plan)
        else:
            notes.extend(value["notes"])


def own_device(plan: ModelPlan) -> str:
    """The word for the times that the build measures: none unless a file has that place."""
    taken = any("measured" in file.attributes for file in plan.file.measurements)
    return "here" if taken else ""


def attributes_measured(plan: ModelPlan) -> tuple[str, ...]:
    """What a model can be coloured by besides what all models can, times first."""
    own = ["measured:here" if own_device(plan) else "measured"] if plan.profile.enabled else []
    files = [name for file in plan.file.measurements for name in file.attributes]
    return tuple(dict.fromkeys(sorted([*files, *own], key=lambda name: name.startswith(METRIC))))


_TEXTS = ("attribute", "title", "unit", "source", "device")
_NUMBERS = ("total", "apart", "lost", "run")


def measurements_in(value: Mapping[str, Any]) -> dict[str, Measurement]:
    """The measurements of a result, by attribute."""
    from gallery.measuring.types import Measurement

    return {
        one["attribute"]: Measurement(
            **{name: one[name] for name in _NUMBERS + _TEXTS}, values=tuple(one["values"])
        )
        for one in value["measurements"]
    }


_sums = each(row(text(400), number(-1e30, 1e30)), 20)
_value = either(number(-1e30, 1e30), nothing)


def _form(_: ModelPlan, __: str) -> Form:
    one = {
        **dict.fromkeys(_TEXTS, text(400)),
        **dict.fromkeys(_NUMBERS, number(0, 1e16)),
        "values": each(_value, 1 << 20),
        "types": _sums,
        "layers": _sums,
        "operators": _sums,
    }
    warnings = each(text(_LONG), 100)
    return Form(value=record({"measurements": each(record(one), 200), "warnings": warnings}))


MEASURED = Product(
    name="measured", module=__name__, inputs=_inputs, make=_make, form=_form, needs_scan=False
)

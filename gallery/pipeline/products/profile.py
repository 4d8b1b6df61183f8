"""The times of a model's operators in a run on the machine that builds, if the settings want them.

The only result that depends on a clock: it is kept for the model, the runtime and the machine.
"""

# ruff: noqa: PLC0415 - see `Product`

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gallery.pipeline.products.base import Drawn, Form, NewFile, Product
from gallery.schema import each, number, record, row, text, whole

if TYPE_CHECKING:
    from gallery.measuring.types import Table
    from gallery.pipeline.plan import ModelPlan
    from gallery.pipeline.stages import Stages

MACHINE = "machine"
"""Key of the machine and the runtime among a plan's versions."""

_SPARE = 256 << 20
"""Memory that a worker keeps for itself beside a run, in bytes."""

_PART = 0.5
"""Largest share of a model's time limit that measuring may take."""


def _inputs(plan: ModelPlan) -> Mapping[str, object]:
    if not plan.profile.enabled:
        return {}
    how = [plan.profile.threads, plan.profile.optimization]
    limits = [plan.profile.seconds, plan.profile.memory, plan.limits.seconds, plan.limits.memory]
    return {"": [plan.stage_key("load"), plan.versions.get(MACHINE, ""), how, limits]}


def _make(stages: Stages, _: str, __: NewFile) -> Drawn:
    import psutil

    from gallery.measuring.here import Trial, measure
    from gallery.measuring.machine import machine_key
    from gallery.measuring.types import MeasurementError

    plan = stages.plan
    try:
        if machine_key() != plan.versions.get(MACHINE, ""):
            raise MeasurementError("this is another machine than the one that plans the build")
        stages.model()  # a model that cannot be loaded fails as such
        held = psutil.Process().memory_info().rss
        table = measure(
            plan.file.path,
            Trial(
                dims=plan.dims,
                default_dim=plan.default_dim,
                shared=plan.shared_dims,
                threads=plan.profile.threads,
                level=plan.profile.optimization,
                seconds=min(plan.profile.seconds, _PART * plan.limits.seconds),
                memory=min(plan.profile.memory, plan.limits.memory - held - _SPARE),
            ),
        )
    except MeasurementError as error:
        told = f"not measured here: {error}"[:1000]
        return Drawn(value={"device": "", "run": 0.0, "rows": [], "notes": [told]})
    rows = [[one.name, one.type, one.numbers[0], list(one.operators)] for one in table.rows]
    value = {"device": table.device, "run": table.run, "rows": rows, "notes": list(table.notes)}
    return Drawn(value=value)


def table_in(value: Mapping[str, Any]) -> Table:
    """The table of a result."""
    from gallery.measuring.types import Column, Row, Table

    return Table(
        columns=(Column(name="", unit="s"),),
        rows=tuple(
            Row(name=name, type=kind, numbers=(seconds,), operators=tuple(operators))
            for name, kind, seconds, operators in value["rows"]
        ),
        device=value["device"],
        run=value["run"],
        whole=True,
        traced=True,
        notes=tuple(value["notes"]),
    )


def _form(_: ModelPlan, __: str) -> Form:
    rows = each(row(text(200), text(80), number(0, 1e9), each(whole(0, 1 << 31))), 1 << 20)
    return Form(
        value=record(
            {
                "device": text(400),
                "run": number(0, 1e9),
                "rows": rows,
                "notes": each(text(1000), 20),
            }
        )
    )


PROFILE = Product(
    name="profile", module=__name__, inputs=_inputs, make=_make, form=_form, needs_scan=False
)

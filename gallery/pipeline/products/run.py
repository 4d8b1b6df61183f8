"""What happens as the main scan's graph runs on its target: times, traffic and memory."""

# ruff: noqa: PLC0415 - see `Product`

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gallery.pipeline.products.base import Drawn, Form, NewFile, Product, load_settings
from gallery.schema import Schema, each, either, number, record, row, switch, text, whole

if TYPE_CHECKING:
    from gallery.cache import Entry
    from gallery.execution.results import RunCurves, RunSummary
    from gallery.pipeline.plan import ModelPlan
    from gallery.pipeline.stages import Stages


def _inputs(plan: ModelPlan) -> Mapping[str, object]:
    if not (plan.variants.run and plan.scans):
        return {}
    return {"": plan.stage_key("lower", plan.scans[0].scan)}


def _make(stages: Stages, _: str, __: NewFile) -> Drawn:
    from gallery.execution.curves import curves
    from gallery.execution.results import run_value
    from gallery.execution.run import run
    from gallery.execution.summary import forward_seconds, summary

    execution = run(stages.graph(stages.plan.scans[0].scan))
    forward = forward_seconds(execution, len(stages.model().operators))
    return Drawn(value=run_value(summary(execution), curves(execution), forward))


def run_in(entry: Entry) -> tuple[RunSummary, RunCurves]:
    """The run of an entry that this product made."""
    from gallery.execution.results import run_of

    return run_of(entry.value)


_LARGE = 1e30
_amount, _count, _name = number(0, _LARGE), whole(0), text()
_amounts = each(row(_name, _amount), 64)
_share = whole(0, 1000)
_bands = each(row(_name, _share, _share), 200)


def _all(names: str, schema: Schema) -> dict[str, Schema]:
    return dict.fromkeys(names.split(), schema)


_operator = {
    **_all("name type layer passes", _name),
    **_all("start seconds exchange flops bytes", _amount),
}
_numbers = {
    **_all("target processor source peak_operator peak_layer", _name),
    **_all("peak_flops vector_flops bandwidth seconds sync exchange compute received", _amount),
    **_all("capacity peak fullest_tile", _amount),
    **_all("tiles vertices steps full_tiles moments", _count),
    **_all("passes peak_kinds peak_layers", _amounts),
    "shared": switch,
    "operators": each(record(_operator), 60),
}
_charts = {
    **_all("compute exchange", each(_share, 180, 180)),
    "memory": each(each(_count, 180, 180), 7, 7),
    **_all("passes bands", _bands),
    **_all("busy filled", text(1 << 16, "[0-8]*")),
}


_FORM = Form(
    value=record(
        {
            "numbers": record(_numbers),
            "charts": either(record(_charts), record({})),
            "forward": each(_amount, 1 << 20),
        }
    )
)


def _form(_: ModelPlan, __: str) -> Form:
    return _FORM


def _settings(plan: ModelPlan, _: str) -> Mapping[str, object]:
    scan = plan.scans[0].scan
    own = {"vertices": scan.vertices, "passes": scan.passes, "target": scan.target}
    return {**load_settings(plan), **own}


def _brief(_: ModelPlan, __: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"numbers": {**value["numbers"], "operators": []}, "charts": {}, "forward": []}


RUN = Product(
    name="run",
    module=__name__,
    inputs=_inputs,
    make=_make,
    form=_form,
    settings=_settings,
    brief=_brief,
)

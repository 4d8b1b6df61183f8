"""The modelled time of what was measured, so that pages show both side by side."""

# ruff: noqa: PLC0415 - see `Product`

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gallery.pipeline.products.base import Drawn, Form, NewFile, Product
from gallery.pipeline.products.measured import MEASURED, measurements_in
from gallery.pipeline.products.run import RUN
from gallery.schema import each, number, record, row, text

if TYPE_CHECKING:
    from gallery.pipeline.plan import ModelPlan
    from gallery.pipeline.stages import Stages


def _inputs(plan: ModelPlan) -> Mapping[str, object]:
    measured, run = plan.keys(MEASURED), plan.keys(RUN)
    return {"": [measured, run]} if measured and run else {}


def _make(stages: Stages, _: str, __: NewFile) -> Drawn:
    from gallery.measuring.sums import groups

    run = stages.entry(RUN).value
    forward = dict(enumerate(run["forward"]))
    found = {}
    for name, one in measurements_in(stages.entry(MEASURED).value).items():
        if one.unit:
            rows = groups(one, stages.model())
            found[name] = {
                key: [math.fsum(forward.get(k, 0.0) for k in indices) for _, indices in of_kind]
                for key, of_kind in rows.items()
            }
    processor = run["numbers"]["processor"]
    times = [[name, rows] for name, rows in found.items()]
    return Drawn(
        value={"processor": processor, "total": math.fsum(forward.values()), "times": times}
    )


_seconds = number(0, 1e30)
_sums = each(_seconds, 20)
_rows = record({"types": _sums, "layers": _sums, "operators": _sums})


def _form(_: ModelPlan, __: str) -> Form:
    times = each(row(text(400), _rows), 200)
    return Form(value=record({"processor": text(400), "total": _seconds, "times": times}))


BESIDE = Product(name="beside", module=__name__, inputs=_inputs, make=_make, form=_form)

"""The data of the interactive viewer."""

# ruff: noqa: PLC0415 - see `Product`

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gallery.pipeline.products.base import (
    Drawn,
    Form,
    NewFile,
    Product,
    layout_settings,
)
from gallery.schema import record

if TYPE_CHECKING:
    from gallery.pipeline.plan import ModelPlan
    from gallery.pipeline.stages import Stages

_EDGES = 4
"""Most edges of a sample, per vertex."""


def _inputs(plan: ModelPlan) -> Mapping[str, object]:
    if not (plan.variants.viewer and plan.scans):
        return {}
    layout = plan.stage_key("layout", plan.scans[0].scan)
    return {"": [layout, plan.versions.get("color", ""), plan.variants.viewer_vertices]}


def _make(stages: Stages, _: str, new_file: NewFile) -> Drawn:
    from gallery.coloring import attributes_of, color
    from gallery.rendering.viewer.data import viewer_data

    most = stages.plan.variants.viewer_vertices
    model, layout = stages.model(), stages.layout(stages.plan.scans[0].scan)
    names = attributes_of(layout.graph)
    colorings = [color(layout.graph, name, positions=layout.positions) for name in names]
    path = new_file(".bin")
    told = stages.plan.provenance(VIEWER)
    budget = {"vertices": most, "edges": _EDGES * most}
    path.write_bytes(viewer_data(layout, colorings, model, **budget, provenance=told))
    return Drawn(value={}, files={"data": path})


def _form(_: ModelPlan, __: str) -> Form:
    return Form(value=record({}), files=("data",))


def _settings(plan: ModelPlan, _: str) -> Mapping[str, object]:
    most = plan.variants.viewer_vertices
    return {**layout_settings(plan, plan.scans[0].scan), "viewer_vertices": most}


VIEWER = Product(
    name="viewer", module=__name__, inputs=_inputs, make=_make, form=_form, settings=_settings
)

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
    whole_brief,
)
from gallery.schema import record

if TYPE_CHECKING:
    from gallery.coloring.types import Coloring
    from gallery.pipeline.plan import ModelPlan
    from gallery.pipeline.stages import Stages

_EDGES = 6
"""Most edges of a sample, per vertex."""


def _inputs(plan: ModelPlan) -> Mapping[str, object]:
    if not (plan.variants.viewer and plan.scans):
        return {}
    layout = plan.stage_key("layout", plan.scans[0].scan)
    most = plan.variants.viewer_vertices
    exposure = plan.scans[0].scan.exposure
    measured = plan.measured_keys()
    version = plan.versions.get("color", "")
    played = plan.variants.run
    return {"": [layout, version, most, exposure, played, _palettes(plan), *measured]}


def _palettes(plan: ModelPlan) -> dict[str, str]:
    """By attribute, the palettes of the pictures; the viewer shows the same colours."""
    return {one.scan.color: one.scan.palette for one in reversed(plan.scans) if one.scan.palette}


def _make(stages: Stages, _: str, new_file: NewFile) -> Drawn:
    from gallery.coloring import attributes_of, color, color_measured
    from gallery.execution.run import run
    from gallery.rendering.viewer.data import viewer_data

    most = stages.plan.variants.viewer_vertices
    model, layout = stages.model(), stages.layout(stages.plan.scans[0].scan)
    palettes = _palettes(stages.plan)
    execution = run(layout.graph)
    measured = stages.measurements().values()

    def colored(ground: str) -> list[Coloring]:
        by_name = [
            color(
                layout.graph,
                name,
                palette=palettes.get(name, ""),
                ground=ground,
                positions=layout.positions,
                execution=execution,
            )
            for name in attributes_of(layout.graph)
        ]
        by_number = [
            color_measured(
                layout.graph, one, palette=palettes.get(one.attribute, ""), ground=ground
            )
            for one in measured
        ]
        return by_name + by_number

    path = new_file(".bin")
    told = stages.plan.provenance(VIEWER)
    data = viewer_data(
        layout,
        colored("dark"),
        model,
        on_paper=colored("light"),
        execution=execution if stages.plan.variants.run else None,
        budget=(most, _EDGES * most),
        provenance=told,
        exposed=stages.plan.scans[0].scan.exposure,
    )
    path.write_bytes(data)
    return Drawn(value={}, files={"data": path})


def _form(_: ModelPlan, __: str) -> Form:
    return Form(value=record({}), files=("data",))


def _settings(plan: ModelPlan, _: str) -> Mapping[str, object]:
    most = plan.variants.viewer_vertices
    shaped = layout_settings(plan, plan.scans[0].scan)
    own = {"viewer_vertices": most, "run": plan.variants.run}
    return {**shaped, **own, "palettes": _palettes(plan)}


VIEWER = Product(
    name="viewer",
    module=__name__,
    inputs=_inputs,
    make=_make,
    form=_form,
    settings=_settings,
    brief=whole_brief,
)

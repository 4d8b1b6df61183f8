"""The data of the interactive viewer."""

# ruff: noqa: PLC0415 - see `Product`

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    from gallery.execution.types import Execution
    from gallery.measuring.types import Measurement
    from gallery.pipeline.plan import ModelPlan
    from gallery.pipeline.stages import Stages
    from gallery.rendering.viewer.color_data import ColorData
    from gallery.rendering.viewer.graph_data import GraphData
    from gallery.rendering.viewer.storage import Parts

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
    from gallery.rendering.viewer.data import whole_data

    shown, own = _kept(stages)
    chosen = _palettes(stages.plan)
    changed = [one.attribute for one in own if one.attribute in chosen]
    again = {one.attribute: one for one in _colored(stages, shown, changed, chosen)}
    colors = [again.get(one.attribute, one) for one in own]
    path = new_file(".bin")
    told = stages.plan.provenance(VIEWER)
    path.write_bytes(whole_data(shown, [*colors, *_measured(stages, shown, chosen)], told))
    return Drawn(value={}, files={"data": path})


def _kept(stages: Stages) -> Parts:
    """What no palette changes: all but colours, and each attribute in its own palette."""
    from gallery.coloring import attributes_of
    from gallery.execution.run import run
    from gallery.rendering.viewer.graph_data import graph_data
    from gallery.rendering.viewer.storage import parts_of, parts_value

    plan = stages.plan
    scan, most, played = plan.scans[0].scan, plan.variants.viewer_vertices, plan.variants.run

    def made() -> Parts:
        layout = stages.layout(scan)
        execution = run(layout.graph)
        shown = graph_data(
            layout,
            stages.model(),
            execution if played else None,
            budget=(most, _EDGES * most),
            exposed=scan.exposure,
        )
        every = attributes_of(layout.graph)
        return shown, tuple(_colored(stages, shown, every, {}, execution))

    inputs = [plan.stage_key("layout", scan), most, scan.exposure, played]
    return stages.stored(VIEWER, inputs, make=made, save=parts_value, restore=parts_of)


def _colored(
    stages: Stages,
    shown: GraphData,
    attributes: Sequence[str],
    palettes: Mapping[str, str],
    execution: Execution | None = None,
) -> list[ColorData]:
    """The vertices that are shown, coloured by some attributes on both grounds."""
    from gallery.coloring import color
    from gallery.rendering.viewer.color_data import color_data

    if not attributes:
        return []
    layout = stages.layout(stages.plan.scans[0].scan)

    def colored(name: str, ground: str) -> Coloring:
        return color(
            layout.graph,
            name,
            palette=palettes.get(name, ""),
            ground=ground,
            positions=layout.positions,
            execution=execution,
        )

    return [
        color_data(colored(name, "dark"), colored(name, "light"), layout.graph, shown)
        for name in attributes
    ]


def _measured(stages: Stages, shown: GraphData, palettes: Mapping[str, str]) -> list[ColorData]:
    """The same by what was measured."""
    from gallery.coloring import color_measured
    from gallery.rendering.viewer.color_data import color_data

    measured = stages.measurements().values()
    if not measured:
        return []
    graph = stages.layout(stages.plan.scans[0].scan).graph

    def colored(one: Measurement, ground: str) -> Coloring:
        palette = palettes.get(one.attribute, "")
        return color_measured(graph, one, palette=palette, ground=ground)

    return [
        color_data(colored(one, "dark"), colored(one, "light"), graph, shown) for one in measured
    ]


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

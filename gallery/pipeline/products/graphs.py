"""Graphs for other programs: operators as DOT and GraphML, vertices as a NumPy file."""

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
    load_settings,
)
from gallery.schema import each, record, text

if TYPE_CHECKING:
    from gallery.pipeline.plan import ModelPlan
    from gallery.pipeline.stages import Stages

LARGEST_GRAPH = 6_000_000
"""Largest vertex graph to offer, in bytes: hosts of static sites allow about 1 GB in total."""


def _inputs(plan: ModelPlan) -> Mapping[str, object]:
    wanted: dict[str, object] = {}
    forms = _operator_forms(plan)
    if plan.variants.diagram and forms:
        wanted["operators"] = [plan.stage_key("load"), plan.file.slug, forms]
    if plan.variants.viewer and plan.scans and "npz" in plan.variants.graphs:
        key = plan.stage_key("layout", plan.scans[0].scan)
        wanted["vertices"] = [key, plan.variants.quality]
    return wanted


def _operator_forms(plan: ModelPlan) -> list[str]:
    return [form for form in ("dot", "graphml") if form in plan.variants.graphs]


def _make(stages: Stages, what: str, new_file: NewFile) -> Drawn:
    return _operators(stages, new_file) if what == "operators" else _vertices(stages, new_file)


def _operators(stages: Stages, new_file: NewFile) -> Drawn:
    from gallery.rendering.files.graphs import operators_dot, operators_graphml

    files, told = {}, stages.plan.provenance(GRAPHS, "operators").entries()
    writers = {"dot": operators_dot, "graphml": operators_graphml}
    for form in _operator_forms(stages.plan):
        files[f"operator-graph.{form}"] = path = new_file(f".{form}")
        path.write_text(writers[form](stages.named_model(), told), "utf-8")
    return Drawn(value={}, files=files)


def _vertices(stages: Stages, new_file: NewFile) -> Drawn:
    from gallery.rendering.files.graphs import save_vertex_graph

    path = new_file(".npz")
    told = stages.plan.provenance(GRAPHS, "vertices").entries()
    compact = stages.plan.variants.quality == "good"
    save_vertex_graph(stages.layout(stages.plan.scans[0].scan), path, told, compact=compact)
    size = path.stat().st_size
    if size <= LARGEST_GRAPH:
        return Drawn(value={}, files={"vertex-graph.npz": path})
    path.unlink()
    found = f"the vertex graph is not offered for download, because it has {size / 1e6:.0f} MB"
    return Drawn(value={"warnings": [found]})


def _form(plan: ModelPlan, what: str) -> Form:
    if what == "operators":
        names = tuple(f"operator-graph.{form}" for form in _operator_forms(plan))
        return Form(value=record({}), files=names)
    value = record({}, {"warnings": each(text(1000), 10)})
    return Form(value=value, files=("vertex-graph.npz",), optional=True)


def _settings(plan: ModelPlan, what: str) -> Mapping[str, object]:
    if what == "operators":
        return load_settings(plan)
    return layout_settings(plan, plan.scans[0].scan)


GRAPHS = Product(
    name="graphs",
    module=__name__,
    inputs=_inputs,
    make=_make,
    form=_form,
    settings=_settings,
    needs_scan=False,
)

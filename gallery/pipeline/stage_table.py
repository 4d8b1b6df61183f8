"""The stages between a model and its pictures, in one tuple: what each needs, makes and saves.

    load -> lower -> layout -> color

The products draw what follows.
"""

# ruff: noqa: PLC0415 - the parent process asks for keys and must not wait for numba and ONNX

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gallery.discovery.discover import check_unchanged
from gallery.pipeline.budget import budget, decided_by
from gallery.pipeline.products.base import Drawn, NewFile
from gallery.settings.attributes import is_measured
from gallery.settings.values import ScanSettings

if TYPE_CHECKING:
    from gallery.cache import Entry
    from gallery.coloring.types import Coloring
    from gallery.graph import ComputeGraph
    from gallery.model import Model
    from gallery.pipeline.plan import ModelPlan
    from gallery.placement.types import Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A step on the way from a model to a picture.

    Attributes:
        name: "load", "lower", ...
        modules: Its version is the fingerprint of these modules and of all they import.
        inputs: What its result depends on besides the result of the stage before; JSON.
        label: What the report shows of the result beside the stage's name.
        run: Makes its result from that of the stage before.
        save: Writes a result for the cache; None if that is no quicker than running again.
        restore: Reads a saved result, from its entry and the result of the stage before.
        holds_before: Whether a result contains that of the stage before, so that restoring it
            needs both.
    """

    name: str
    modules: tuple[str, ...]
    inputs: Callable[[ModelPlan, ScanSettings], object]
    label: Callable[[ScanSettings], str]
    run: Callable[[Any, ModelPlan, ScanSettings], Any]
    save: Callable[[Any, NewFile], Drawn] | None = None
    restore: Callable[[Entry, Any], Any] | None = None
    holds_before: bool = False


def _load(_: None, plan: ModelPlan, __: ScanSettings) -> Model:
    from gallery.loading.load import load

    check_unchanged(plan.file)
    try:
        loaded = load(
            plan.file.path,
            dims=plan.dims,
            default_dim=plan.default_dim,
            shared=plan.shared_dims,
        )
    finally:
        # What was read of a changed file must not be kept under the digest of the old one; nor
        # must its errors.
        check_unchanged(plan.file)
    check_unchanged(plan.file, loaded.digest)
    return replace(loaded, name=plan.name)


def _lower(model: Model, plan: ModelPlan, scan: ScanSettings) -> ComputeGraph:
    from gallery.lowering import lower

    vertices = budget(scan.vertices, len(model.operators), plan.limits, plan.part)
    return lower(model, vertices=vertices, passes=scan.passes, target=scan.target)


def _save_graph(graph: ComputeGraph, new_file: NewFile) -> Drawn:
    from gallery.lowering.storage import save_graph

    path = new_file(".npz")
    return Drawn(value=save_graph(graph, path), files={"npz": path})


def _restore_graph(entry: Entry, _: None) -> ComputeGraph:
    from gallery.lowering.storage import load_graph

    return load_graph(entry.value, entry.files["npz"].path)


def _layout(graph: ComputeGraph, plan: ModelPlan, scan: ScanSettings) -> Layout:
    from gallery.placement import layout

    seconds = plan.limits.skeleton
    return layout(
        graph,
        skeleton=scan.skeleton,
        seed=scan.seed,
        seconds=seconds,
        arrangement=scan.arrangement,
    )


def _save_layout(layout: Layout, new_file: NewFile) -> Drawn:
    from gallery.placement.storage import save_layout

    path = new_file(".npy")
    return Drawn(value=save_layout(layout, path), files={"npy": path})


def _restore_layout(entry: Entry, graph: ComputeGraph) -> Layout:
    from gallery.placement.storage import load_layout

    return load_layout(entry.value, entry.files["npy"].path, graph)


def _color(layout: Layout, _: ModelPlan, scan: ScanSettings) -> Coloring:
    from gallery.coloring import color

    return color(
        layout.graph,
        scan.color,
        palette=scan.palette,
        ground=scan.ground,
        rules=scan.rules,
        positions=layout.positions,
    )


def _color_inputs(plan: ModelPlan, scan: ScanSettings) -> object:
    rules = [(rule.pattern, rule.color, rule.on) for rule in scan.rules]
    measured = plan.measured_keys() if is_measured(scan.color) else []
    return scan.color, scan.palette, scan.ground, rules, *measured


ANY_SCAN = ScanSettings()
"""Stands for any scan where a stage does not depend on it."""

STAGES = (
    Stage(
        name="load",
        modules=("gallery.loading.load",),
        inputs=lambda plan, _: (
            plan.file.digest,
            plan.dims,
            sorted(plan.shared_dims),
            plan.default_dim,
            plan.name,
        ),
        label=lambda _: "",
        run=_load,
    ),
    Stage(
        name="lower",
        modules=("gallery.lowering", "gallery.lowering.storage", "gallery.pipeline.budget"),
        inputs=lambda plan, scan: (
            scan.passes,
            scan.vertices,
            scan.target,
            *decided_by(scan.vertices, plan.limits, plan.part),
        ),
        label=lambda scan: f"{scan.passes} {scan.vertices}",
        run=_lower,
        save=_save_graph,
        restore=_restore_graph,
    ),
    Stage(
        name="layout",
        modules=("gallery.placement", "gallery.placement.storage"),
        inputs=lambda plan, scan: (
            scan.skeleton,
            scan.seed,
            plan.limits.skeleton,
            scan.arranged,
        ),
        label=lambda scan: f"{scan.passes} {scan.vertices} {scan.skeleton}",
        run=_layout,
        save=_save_layout,
        restore=_restore_layout,
        holds_before=True,
    ),
    Stage(
        name="color",
        modules=("gallery.coloring",),
        inputs=_color_inputs,
        label=lambda scan: scan.color,
        run=_color,
    ),
)

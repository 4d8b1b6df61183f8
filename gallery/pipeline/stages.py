"""The stages between a model and its pictures, in one tuple, and the class that runs them.

    load -> lower -> layout -> color

The products draw what follows. A stage runs only if neither memory nor the cache has its result.
"""

# ruff: noqa: PLC0415 - the parent process asks for keys and must not wait for numba and ONNX

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from gallery.cache import cache_key
from gallery.discovery.discover import check_unchanged
from gallery.pipeline.budget import budget, decided_by
from gallery.pipeline.products.base import Drawn, NewFile, Product, sound
from gallery.pipeline.products.measured import MEASURED, measurements_in
from gallery.settings.attributes import is_measured
from gallery.settings.values import ScanSettings

if TYPE_CHECKING:
    from gallery.cache import Cache, Entry
    from gallery.coloring.types import Coloring
    from gallery.graph import ComputeGraph
    from gallery.measuring.types import Measurement
    from gallery.model import Model
    from gallery.pipeline.plan import ModelPlan
    from gallery.placement.types import Layout

log = logging.getLogger(__name__)

T = TypeVar("T")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A stage or a product that starts or has ended.

    Attributes:
        stage: "load", "lower", "layout", "color", "scan", ...
        what: Which of its results, or "".
        seconds: How long it took, without the steps within it, or None if it starts.
    """

    stage: str
    what: str
    seconds: float | None


class Stages:
    """Makes the results of one model, or takes them from the cache.

    The last result of each stage is kept, because scans that differ only in colour or labels follow
    one another.
    """

    def __init__(
        self, plan: ModelPlan, cache: Cache | None, notify: Callable[[Step], None]
    ) -> None:
        """Prepare; nothing is made yet.

        Args:
            plan: The model's plan.
            cache: Where to look for results and put them, or None to make everything anew.
            notify: Called as each step starts and ends.
        """
        self.plan = plan
        self._cache = cache
        self._notify = notify
        self._kept: dict[str, tuple[str, Any, int]] = {}
        self._within = 0.0

    def model(self) -> Model:
        """The operator graph."""
        model: Model = self._result("load", ANY_SCAN)
        return model

    def graph(self, scan: ScanSettings) -> ComputeGraph:
        """The compute graph of a scan."""
        graph: ComputeGraph = self._result("lower", scan)
        return graph

    def layout(self, scan: ScanSettings) -> Layout:
        """The layout of a scan."""
        layout: Layout = self._result("layout", scan)
        return layout

    def coloring(self, scan: ScanSettings) -> Coloring:
        """The colouring of a scan."""
        coloring: Coloring = (
            self._measured(scan) if is_measured(scan.color) else self._result("color", scan)
        )
        return coloring

    def measurements(self) -> dict[str, Measurement]:
        """The measurements of the model, by attribute."""
        if not MEASURED.inputs(self.plan):
            return {}
        if self._cache:
            return measurements_in(self.entry(MEASURED).value)
        return self.keep(
            "measured",
            self.plan.stage_key("load"),
            lambda: measurements_in(MEASURED.make(self, "", Path).value),
            stage="load",
        )

    def _measured(self, scan: ScanSettings) -> Coloring:
        """The colouring by what was measured; grey if that does not fit the model."""
        from gallery.coloring import color_measured
        from gallery.measuring.types import Measurement

        graph = self.layout(scan).graph
        nothing = Measurement(
            attribute=scan.color, title="", unit="", source="", device="", values=()
        )
        found = self.measurements().get(scan.color, nothing)
        with self.timed("color", scan.color):
            return color_measured(
                graph, found, palette=scan.palette, ground=scan.ground, rules=scan.rules
            )

    def named_model(self) -> Model:
        """The operator graph under the name of its own file, not of another of the same content."""
        return replace(self.model(), name=self.plan.file.slug)

    def entry(self, product: Product, what: str = "") -> Entry:
        """A result of a product, made if the cache does not have it.

        Raises:
            GalleryError: A stage failed.
        """
        assert self._cache is not None
        key = self.plan.keys(product)[what]
        name = f"{self.plan.file.relative}: {product.name} {what}".rstrip()
        entry = sound(self._cache.get(key), product.form(self.plan, what), name)
        if entry is None:
            with self.timed(product.name, what):
                drawn = product.make(self, what, self._cache.temporary)
            entry = self._cache.put(key, drawn.value, drawn.files)
        return entry

    def missing(self, product: Product, what: str = "") -> bool:
        """Whether the cache lacks a result of a product."""
        return self._cache is None or self._cache.get(self.plan.keys(product)[what]) is None

    def stored(
        self,
        product: Product,
        inputs: object,
        *,
        make: Callable[[], T],
        save: Callable[[T], Any],
        restore: Callable[[Any], T],
    ) -> T:
        """What the results of a product have in common, from the cache or made now.

        Args:
            product: The product, with whose code its version changes.
            inputs: All that it depends on besides, JSON.
            make: Makes it.
            save: Returns it as JSON.
            restore: The opposite of `save`; may raise anything if that is damaged.
        """
        version = self.plan.versions.get(product.name, "")
        key = cache_key(f"part of {product.name}", version, inputs=inputs)
        entry = self._cache.get(key) if self._cache else None
        if entry is not None:
            try:
                return restore(entry.value["part"])
            except Exception:  # any damage to a file of the cache is a miss
                log.warning("%s: a cache file is damaged; making it again", self.plan.file.slug)
        made = make()
        if self._cache:
            self._cache.keep(key, {"part": save(made)})
        return made

    def keep(self, name: str, key: str, make: Callable[[], T], *, stage: str) -> T:
        """The value made for this name and key, kept as long as the result of a stage is."""
        if name not in self._kept or self._kept[name][0] != key:
            self._kept.pop(name, None)
            self._kept[name] = (key, make(), _number(stage))
        kept: T = self._kept[name][1]
        return kept

    @contextmanager
    def timed(self, stage: str, what: str) -> Iterator[None]:
        """Report the start and the end of a step; the time of steps within it is not counted."""
        self._notify(Step(stage=stage, what=what, seconds=None))
        started, before, self._within = time.perf_counter(), self._within, 0.0
        yield
        took = time.perf_counter() - started
        self._notify(Step(stage=stage, what=what, seconds=took - self._within))
        self._within = before + took

    def _result(self, name: str, scan: ScanSettings) -> Any:
        number = _number(name)
        stage, key = STAGES[number], self.plan.stage_key(name, scan)
        if name in self._kept:
            if self._kept[name][0] == key:
                return self._kept[name][1]
            # What was made from the last result would only take up memory.
            self._kept = {kind: one for kind, one in self._kept.items() if one[2] < number}
        value = self._restored(number, key, scan)
        if value is None:
            before = self._before(number, scan)
            with self.timed(stage.name, stage.label(scan)):
                value = stage.run(before, self.plan, scan)
            if stage.save and self._cache:
                saved = stage.save(value, self._cache.temporary)
                self._cache.put(key, saved.value, saved.files)
        self._kept[name] = (key, value, number)
        return value

    def _before(self, number: int, scan: ScanSettings) -> Any:
        return self._result(STAGES[number - 1].name, scan) if number else None

    def _restored(self, number: int, key: str, scan: ScanSettings) -> Any:
        """A result from the cache; one that cannot be read is made again."""
        stage = STAGES[number]
        entry = self._cache.get(key) if self._cache and stage.restore else None
        if entry is None or stage.restore is None:
            return None
        before = self._before(number, scan) if stage.holds_before else None
        try:
            return stage.restore(entry, before)
        except Exception:  # any damage to a file of the cache is a miss
            log.warning("%s: a cache file is damaged; making it again", self.plan.file.slug)
            return None


def _number(name: str) -> int:
    return next(number for number, stage in enumerate(STAGES) if stage.name == name)

"""Runs the stages of one model: each only if neither memory nor the cache has its result."""

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
from gallery.pipeline.products.base import Product, sound
from gallery.pipeline.products.measured import MEASURED, measurements_in
from gallery.pipeline.stage_table import ANY_SCAN, STAGES
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
        entry = sound(self._cache.verified(key), product.form(self.plan, what), name)
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
        entry = self._cache.verified(key) if self._cache and stage.restore else None
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

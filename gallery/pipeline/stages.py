"""The stages of one model, each made at most once and only where the cache does not have it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from gallery.cache import Cache, Entry
from gallery.costs.facts import Facts, facts
from gallery.costs.storage import facts_of, facts_value
from gallery.graph import ComputeGraph
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.lowering.storage import load_graph, save_graph
from gallery.model import Model
from gallery.pipeline.plan import ModelPlan, ScanPlan
from gallery.pipeline.products.poster import draw_card, draw_multiples, draw_poster, picture_of
from gallery.pipeline.products.scan import (
    Drawn,
    Easel,
    NewFile,
    colored,
    draw_diagram,
    draw_scan,
    pack_viewer,
)
from gallery.placement import Layout, layout
from gallery.placement.storage import load_layout, save_layout
from gallery.rendering.types import Picture
from gallery.settings.values import ScanSettings

log = logging.getLogger(__name__)

T = TypeVar("T")

_MULTIPLE, _SMALL = 480, 320
"""Pixels that a scan needs on the sheet of all scans, and on the poster beside the hero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A stage that starts or has ended.

    Attributes:
        stage: "load", "lower", "layout", "render", ...
        what: Which of its results, or "".
        seconds: How long it took, or None where it starts.
    """

    stage: str
    what: str
    seconds: float | None


class Workshop:
    """Makes the results of one model, from the cache where it has them.

    The model, and the last graph, layout and drawing, are kept, because scans that differ in colour
    or words alone follow each other.
    """

    def __init__(self, plan: ModelPlan, cache: Cache, tell: Callable[[Step], None]) -> None:
        self.plan = plan
        self.cache = cache
        self._tell = tell
        self._model: Model | None = None
        self._graph: tuple[str, ComputeGraph] | None = None
        self._layout: tuple[str, Layout] | None = None
        self._easel: tuple[object, Easel] | None = None

    def make_all(self) -> None:
        """Make every product of the plan that is missing.

        Raises:
            GalleryError: A stage failed.
        """
        self.facts()
        for scan in sorted(self.plan.scans, key=self._order):
            self.scan(scan)
        if self.plan.diagram:
            self.diagram()
        if self.plan.scans:
            self.card()
        if self.plan.multiples and self.plan.scans:
            self.multiples()
        if self.plan.poster and self.plan.scans:
            self.poster()
        if self.plan.viewer_vertices and self.plan.scans:
            self.viewer()

    def model(self) -> Model:
        """The operator graph; read anew for each model, since that is as quick as a cache."""
        if self._model is None:
            with self._step("load", ""):
                dims, default = self.plan.dims, self.plan.default_dim
                loaded = load(Path(self.plan.file), dims=dims, default_dim=default)
                self._model = replace(loaded, name=self.plan.slug)
        return self._model

    def facts(self) -> Facts:
        """What the model says and costs."""
        key = self.plan.load_key()
        entry = self.cache.get(key)
        if entry is None:
            model = self.model()
            with self._step("facts", ""):
                entry = self.cache.put(key, facts_value(facts(model, self.plan.bytes)))
        return facts_of(entry.value)

    def graph(self, scan: ScanSettings) -> ComputeGraph:
        """The compute graph of a scan."""
        key = self.plan.lower_key(scan)
        if self._graph and self._graph[0] == key:
            return self._graph[1]
        self._graph = None
        graph = self._stored(key, lambda entry: load_graph(entry.value, entry.files["npz"].path))
        if graph is None:
            graph = self._lower(scan)
            path = self.cache.temporary(".npz")
            self.cache.put(key, save_graph(graph, path), {"npz": path})
        self._graph = (key, graph)
        return graph

    def layout(self, scan: ScanSettings) -> Layout:
        """The layout of a scan."""
        key = self.plan.layout_key(scan)
        if self._layout and self._layout[0] == key:
            return self._layout[1]
        self._layout = None
        graph = self.graph(scan)
        placed = self._stored(
            key, lambda entry: load_layout(entry.value, entry.files["npy"].path, graph)
        )
        if placed is None:
            with self._step("layout", f"{scan.passes} {scan.vertices} {scan.skeleton}"):
                seconds = self.plan.skeleton_seconds
                placed = layout(graph, skeleton=scan.skeleton, seed=scan.seed, seconds=seconds)
            path = self.cache.temporary(".npy")
            self.cache.put(key, save_layout(placed, path), {"npy": path})
        self._layout = (key, placed)
        return placed

    def scan(self, plan: ScanPlan) -> Entry:
        """The pictures of a scan."""
        key = self.plan.render_key(plan)
        entry = self.cache.get(key)
        if entry is None:
            easel = self._easel_for(plan.scan)
            entry = self._draw("render", plan.key, key, lambda new: draw_scan(easel, plan, new))
        return entry

    def diagram(self) -> Entry:
        """The operator diagram."""
        key = self.plan.diagram_key()
        entry = self.cache.get(key)
        if entry is None:
            model = self.model()
            entry = self._draw("diagram", "", key, lambda new: draw_diagram(model, new))
        return entry

    def card(self) -> Entry:
        """The social card."""
        key = self.plan.card_key()
        entry = self.cache.get(key)
        if entry is None:
            scan = self.plan.scans[0].scan
            placed, known, front = self.layout(scan), self.facts(), self.plan.front
            entry = self._draw(
                "card", "", key, lambda new: draw_card(placed, scan, known, front, new)
            )
        return entry

    def multiples(self) -> Entry:
        """The sheet of all scans."""
        key = self.plan.multiples_key()
        entry = self.cache.get(key)
        if entry is None:
            shown = [scan for scan in self.plan.scans if scan.key != "names"]
            scans = [(scan, self._picture(scan, _MULTIPLE)) for scan in shown]
            title = self.plan.front.title or self.plan.slug
            hero = self.scan(self.plan.scans[0]).value
            note = f"{hero['vertices']:,} vertices, {hero['edges']:,} edges, {len(scans)} views"
            entry = self._draw(
                "multiples", "", key, lambda new: draw_multiples(scans, title, note, new)
            )
        return entry

    def poster(self) -> Entry:
        """The infographic."""
        key = self.plan.poster_key()
        entry = self.cache.get(key)
        if entry is None:
            plan, scan = self.plan.poster, self.plan.scans[0].scan
            assert plan is not None
            others = [(one.short, self._picture(one, _SMALL)) for one in self._poster_scans()]
            hero, words = (self.layout(scan), scan), (self.facts(), self.plan.front)
            entry = self._draw(
                "poster", "", key, lambda new: draw_poster(hero, others, words, plan, new)
            )
        return entry

    def _easel_for(self, scan: ScanSettings) -> Easel:
        """The drawing of a scan, which the same scan with its layers' names shares."""
        key = (self.plan.layout_key(scan), scan.color, scan.palette, scan.ground, scan.rules)
        if self._easel is None or self._easel[0] != key:
            self._easel = None
            placed = self.layout(scan)
            self._easel = (key, Easel(placed, colored(placed, scan, scan.ground)))
        return self._easel[1]

    def _picture(self, scan: ScanPlan, side: int) -> Picture:
        return picture_of(self.scan(scan), side)

    def viewer(self) -> Entry:
        """The viewer's data."""
        key = self.plan.viewer_key()
        entry = self.cache.get(key)
        if entry is None:
            model, placed = self.model(), self.layout(self.plan.scans[0].scan)
            most = self.plan.viewer_vertices
            entry = self._draw("viewer", "", key, lambda new: pack_viewer(placed, model, most, new))
        return entry

    def _order(self, scan: ScanPlan) -> tuple[bool, str]:
        """Scans of one layout stand together, those of the hero's layout first."""
        key, hero = self.plan.layout_key(scan.scan), self.plan.layout_key(self.plan.scans[0].scan)
        return key != hero, f"{self.plan.lower_key(scan.scan)}{key}"

    def _poster_scans(self) -> list[ScanPlan]:
        """Four scans beside the hero: training, a skeleton, two colourings, else what there is."""
        ground = self.plan.scans[0].scan.ground
        rest = [
            one for one in self.plan.scans[1:] if one.scan.ground == ground and one.key != "names"
        ]
        kinds = ("training", "skeleton", "color", "color")
        chosen: list[ScanPlan] = []
        for kind in kinds:
            chosen += [one for one in rest if one.key.startswith(kind) and one not in chosen][:1]
        return [*chosen, *(one for one in rest if one not in chosen)][:4]

    def _lower(self, scan: ScanSettings) -> ComputeGraph:
        model = self.model()
        with self._step("lower", f"{scan.passes} {scan.vertices}"):
            return lower(model, vertices=scan.vertices, passes=scan.passes, target=scan.target)

    def _stored(self, key: str, read: Callable[[Entry], T]) -> T | None:
        """A result from the cache; one that cannot be read is made again."""
        entry = self.cache.get(key)
        if entry is None:
            return None
        try:
            return read(entry)
        except Exception:  # any damage to a file of the cache is a miss
            log.warning("%s: a file of the cache is damaged; made again", self.plan.slug)
            return None

    def _draw(self, stage: str, what: str, key: str, draw: Callable[[NewFile], Drawn]) -> Entry:
        with self._step(stage, what):
            drawn = draw(self.cache.temporary)
        return self.cache.put(key, drawn.value, drawn.files)

    @contextmanager
    def _step(self, stage: str, what: str) -> Iterator[None]:
        self._tell(Step(stage=stage, what=what, seconds=None))
        started = time.perf_counter()
        yield
        self._tell(Step(stage=stage, what=what, seconds=time.perf_counter() - started))

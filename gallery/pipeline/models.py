"""The models of a build with their outcomes, for the report and for the site."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gallery.cache import Cache, cache_key
from gallery.discovery.precisions import ExportName
from gallery.errors import DamagedFileError, Failure
from gallery.files import file_digest
from gallery.pipeline.brief import Forms, dimensions_of, forms_kept
from gallery.pipeline.outcome import Outcome, known
from gallery.pipeline.pictures import shown
from gallery.pipeline.plan import ABSENT, ModelPlan, shown_keys
from gallery.pipeline.products import results_of
from gallery.pipeline.records import read
from gallery.pipeline.report import ModelReport, Report, StageRun
from gallery.publishing.exhibit import Exhibit
from gallery.settings.values import GallerySettings


def _precision(row: tuple[ModelPlan, Outcome | None]) -> tuple[int, str]:
    """The order of exports: from full to low precision."""
    file = row[0].file
    return ExportName(base="", label=file.group.label).rank, file.relative


def exhibit_of(
    plan: ModelPlan, one: Outcome | None, cache: Cache, sure: Forms = MappingProxyType({})
) -> Exhibit:
    """What the site shows of a model, of whose results some forms are known to be right."""
    # A build that changes nothing makes no exhibits and must not wait for numpy.
    from gallery.pipeline.exhibit import exhibit  # noqa: PLC0415

    entry = plan.file.catalogue
    shown = Exhibit(
        slug=plan.file.slug,
        path=plan.file.relative,
        front=plan.words.front,
        card=plan.words.card,
        notes=plan.notes,
        prose=plan.words.prose,
        failure=failure_of(plan, one),
        provenance=_carried_out(plan, one).whole_provenance(),
        label=plan.file.group.label,
        whole=plan.file.group.whole,
        role=plan.file.group.role,
        rank=plan.file.group.rank,
        archive=(entry.archive, entry.archive_sha, entry.archive_bytes),
    )
    whole = shown if one is None else exhibit(shown, one, cache, sure)
    scans = [(scan.key, scan.caption, repr(scan.scan)) for scan in one.plan.scans] if one else []
    source = cache_key("exhibit", "1", words=repr(shown), scans=scans, results=whole.source)
    return replace(whole, source=source)


def _with_others(
    one: Exhibit, pictures: Mapping[str, tuple[str, Path]], exports: Sequence[Exhibit]
) -> Exhibit:
    """An exhibit with the pictures of its prose and the other exports of its model."""
    told = {what: (name, file_digest(path)) for what, (name, path) in pictures.items()}
    sources = [one.source, *(other.source for other in exports)]
    source = cache_key("exhibits", "1", sources=sources, pictures=told)
    return replace(one, pictures=pictures, exports=tuple(exports), source=source)


def _carried_out(plan: ModelPlan, one: Outcome | None) -> ModelPlan:
    """The plan that was carried out: the build's or the smaller one."""
    return one.plan if one else plan


def failure_of(plan: ModelPlan, one: Outcome | None) -> Failure | None:
    """Why a model failed, or None."""
    return plan.failure or (one.failure if one else None)


def report_of(plan: ModelPlan, one: Outcome | None) -> ModelReport:
    """The report on a model."""
    base = ModelReport(
        slug=plan.file.slug, path=plan.file.relative, status="skipped", notes=plan.notes
    )
    if plan.file.group.absent:
        told = f"{ABSENT.found}; {ABSENT.hint}"
        return replace(base, status="done", notes=(*plan.notes, told))
    if plan.failure is not None:
        return replace(base, status="failed", failure=plan.failure)
    if one is None:
        return base
    return replace(
        base,
        status="failed" if one.failure else "done",
        failure=one.failure,
        stages=one.stages,
        notes=(*plan.notes, *one.notes),
        seconds=one.seconds,
        peak_bytes=one.peak_bytes,
    )


def forecast(plan: ModelPlan, cache: Cache) -> ModelReport:
    """What a build would do with a model."""
    one = None if plan.failure else known(plan, cache)
    if one or plan.failure:
        return report_of(plan, one)
    kept = read(plan, cache)
    stages = tuple(
        StageRun(stage=stage, what=what, seconds=0.0, cached=kept[key] is not None)
        for stage, what, key in results_of(plan)
    )
    return ModelReport(
        slug=plan.file.slug,
        path=plan.file.relative,
        status="done",
        stages=stages,
        notes=plan.notes,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gallery:
    """The models of a build with their outcomes.

    Attributes:
        plans: In the order of the models' paths.
        outcomes: By slug; models that were not reached, or cannot be built, have none.
        settings: The gallery's settings.
        cache: Holds the results.
        static: Files to publish as they are, by their path in the site.
        ready: Exhibits that have been made, with the outcomes that they show, by slug.
    """

    plans: Sequence[ModelPlan]
    settings: GallerySettings
    cache: Cache
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    static: Mapping[str, Path] = field(default_factory=dict)
    ready: dict[str, tuple[Outcome, Exhibit]] = field(default_factory=dict)

    def prepare(self, outcomes: Mapping[str, Outcome]) -> None:
        """Make the exhibits of models whose outcomes are known, for `exhibits` to take later."""
        known = [(plan, outcomes.get(plan.file.slug)) for plan in self.plans]
        whole = [(plan, one) for plan, one in known if one and one.brief]
        sure = forms_kept((one.brief, one.plan) for _, one in whole if one.brief)
        for plan, one in whole:
            # What is damaged is told when the site is made.
            with suppress(DamagedFileError):
                self.ready[plan.file.slug] = one, exhibit_of(plan, one, self.cache, sure)

    def _exhibit(self, plan: ModelPlan, one: Outcome | None) -> Exhibit:
        known = self.ready.get(plan.file.slug)
        if known and known[0] is one:
            return known[1]
        return exhibit_of(plan, one, self.cache)

    def rows(self) -> list[tuple[ModelPlan, Outcome | None]]:
        """Each model with its outcome."""
        return [(plan, self.outcomes.get(plan.file.slug)) for plan in self.plans]

    def report(self) -> Report:
        """The report on all models."""
        return Report(models=tuple(report_of(plan, one) for plan, one in self.rows()))

    def exhibits(self) -> list[Exhibit]:
        """What the site shows of each model; exports of one model are one exhibit."""
        exports: dict[str, list[Exhibit]] = defaultdict(list)
        for plan, one in sorted(self.rows(), key=_precision):
            if plan.file.group.lead:
                exports[plan.file.group.lead].append(self._exhibit(plan, one))
        return [
            _with_others(
                self._exhibit(plan, one),
                shown(plan, self.static),
                exports[plan.file.relative],
            )
            for plan, one in self.rows()
            if not plan.file.group.lead
        ]

    def dimensions(self) -> set[str]:
        """Names of the symbolic dimensions of all models that were built."""
        found: set[str] = set()
        for one in self.outcomes.values():
            if one.brief:
                found.update(one.brief.dimensions)
            else:
                found.update(dimensions_of(read(one.plan, self.cache).values()))
        return found

    def keys(self) -> list[str]:
        """Keys of all results that the site shows."""
        made = [(plan, one.plan) for plan, one in self.rows() if one]
        return [key for plan, shown in made for key in shown_keys(plan, shown)]

    def identity(self) -> str:
        """Everything about the models that the site's bytes depend on."""
        rows: list[Any] = []
        for plan, one in self.rows():
            keys = [key for _, _, key in results_of(one.plan)] if one else []
            file, failure = plan.file, failure_of(plan, one)
            told = _carried_out(plan, one).whole_provenance()
            words = [file.sidecar, file.sidecar_text, file.group, file.catalogue, file.notes]
            rows.append([file.relative, file.slug, words, keys, failure, told])
        static = {name: file_digest(path) for name, path in self.static.items()}
        return repr([rows, static])

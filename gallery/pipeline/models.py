"""Models on their way through a build: what is there, what is planned, what is said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gallery.cache import Cache
from gallery.discovery.discover import ModelFile
from gallery.errors import Failure, GalleryError, SettingsError
from gallery.pipeline.outcome import Built, outcome_key
from gallery.pipeline.plan import ModelPlan, PosterPlan, plan_scans
from gallery.pipeline.report import ModelReport, Report, StageRun
from gallery.publishing.exhibit import Exhibit
from gallery.settings.front_matter import front_matter
from gallery.settings.values import FrontMatter, GallerySettings, Limits, VariantSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A model: its file, its sidecar, and its plan or why there is none.

    Attributes:
        file: The model and the text of its sidecar.
        front: The head of the sidecar.
        prose: The rest of the sidecar.
        plan: What is to be made, or None.
        failure: Why there is no plan, or None.
    """

    file: ModelFile
    front: FrontMatter
    prose: str
    plan: ModelPlan | None
    failure: Failure | None


def item_of(file: ModelFile, settings: GallerySettings, versions: dict[str, str]) -> Item:
    """Read the sidecar of a model and plan what is to be made of it.

    Args:
        file: What `discover` found.
        settings: Of the gallery.
        versions: Of the code of each stage, see `gallery.pipeline.plan.stage_versions`.
    """
    front, prose = FrontMatter(), ""
    problem: GalleryError | None = file.problem
    try:
        front, prose = front_matter(file.sidecar_text or "", "")
    except SettingsError as error:
        problem = problem or error
    if problem is not None:
        failure = Failure(stage=problem.stage, found=problem.found, hint=problem.hint)
        return Item(file=file, front=front, prose=prose, plan=None, failure=failure)
    plan = _plan(file, front, settings, versions)
    return Item(file=file, front=front, prose=prose, plan=plan, failure=None)


def _plan(
    file: ModelFile, front: FrontMatter, settings: GallerySettings, versions: dict[str, str]
) -> ModelPlan:
    variants = settings.variants
    return ModelPlan(
        slug=file.slug,
        file=str(file.path),
        digest=file.digest,
        bytes=file.bytes,
        dims={**settings.dims, **front.dims},
        default_dim=settings.default_dim,
        front=front,
        scans=plan_scans(settings, front),
        diagram=variants.diagram,
        poster=_poster(variants),
        multiples=variants.multiples,
        viewer_vertices=variants.viewer_vertices if variants.viewer else 0,
        skeleton_seconds=settings.limits.skeleton,
        versions=versions,
    )


def _poster(variants: VariantSettings) -> PosterPlan | None:
    if not (variants.poster and variants.poster_formats):
        return None
    return PosterPlan(
        formats=variants.poster_formats, dpi=variants.poster_dpi, labels=variants.poster_labels
    )


def exhibit_of(item: Item, one: Built | None, cache: Cache) -> Exhibit:
    """What the site shows of a model."""
    # A build that changes nothing shows nothing anew and must not wait for numpy.
    from gallery.pipeline.exhibit import exhibit  # noqa: PLC0415

    shown = Exhibit(
        slug=item.file.slug,
        path=item.file.relative,
        front=item.front,
        prose=item.prose,
        failure=failure_of(item, one),
    )
    return shown if one is None else exhibit(shown, one, cache)


def failure_of(item: Item, one: Built | None) -> Failure | None:
    """Why a model has a card, or None."""
    return item.failure or (one.failure if one else None)


def report_of(item: Item, one: Built | None) -> ModelReport:
    """How a model came out."""
    base = ModelReport(slug=item.file.slug, path=item.file.relative, status="skipped")
    if item.failure is not None:
        return replace(base, status="failed", failure=item.failure)
    if one is None:
        return base
    return replace(
        base,
        status="failed" if one.failure else "done",
        failure=one.failure,
        stages=one.stages,
        notes=one.notes,
        seconds=one.seconds,
        peak_bytes=one.peak_bytes,
    )


def forecast(item: Item, cache: Cache) -> ModelReport:
    """What a build would do with a model."""
    base = ModelReport(slug=item.file.slug, path=item.file.relative, status="done")
    if item.failure is not None or item.plan is None:
        return replace(base, status="failed", failure=item.failure)
    stages = tuple(
        StageRun(stage=stage, what=what, seconds=0.0, cached=cache.get(key) is not None)
        for stage, what, key in item.plan.products()
    )
    return replace(base, stages=stages)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gallery:
    """The models of a build and how they came out.

    Attributes:
        items: In the order of their paths.
        outcomes: By slug; models that were not reached, or have no plan, have none.
        settings: Of the gallery.
        cache: Has the results.
    """

    items: Sequence[Item]
    outcomes: Mapping[str, Built]
    settings: GallerySettings
    cache: Cache

    def rows(self) -> list[tuple[Item, Built | None]]:
        """Each model with how it came out."""
        return [(item, self.outcomes.get(item.file.slug)) for item in self.items]

    def report(self) -> Report:
        """What was done with each model."""
        return Report(models=tuple(report_of(item, one) for item, one in self.rows()))

    def exhibits(self) -> list[Exhibit]:
        """What the site shows of each model."""
        return [exhibit_of(item, one, self.cache) for item, one in self.rows()]

    def keys(self) -> list[str]:
        """Keys of all results that the site shows."""
        limits = self.settings.limits
        made = [(item.plan, one.plan) for item, one in self.rows() if item.plan and one]
        return [key for plan, shown in made for key in shown_keys(plan, shown, limits)]

    def identity(self) -> str:
        """Everything of the models that the site's bytes depend on."""
        rows: list[Any] = []
        for item, one in self.rows():
            keys = [key for _, _, key in one.plan.products()] if one else []
            file, failure = item.file, failure_of(item, one)
            rows.append([file.relative, file.slug, file.sidecar_text, keys, failure])
        return repr(rows)


def shown_keys(plan: ModelPlan, shown: ModelPlan, limits: Limits) -> list[str]:
    """Keys of all that a site shows of a model.

    Args:
        plan: Of the model.
        shown: The same, or the smaller one that was made in its place.
        limits: Of the build.
    """
    return [outcome_key(plan, limits), *(key for _, _, key in shown.products())]

"""Builds a gallery: the stages in order, per model and in parallel, then the site.

discover -> plan -> (worker per model: load, lower, layout, render, ...) -> publish -> swap
"""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gallery.assemble import Built, built, exhibit, known
from gallery.cache import Cache
from gallery.configuration import FILE_NAME, read_settings
from gallery.discover import ModelFile, discover
from gallery.errors import DiscoverError, GalleryError, SettingsError
from gallery.frontmatter import front_matter
from gallery.plan import ModelPlan, plan_scans, stage_versions
from gallery.publish.exhibit import Exhibit, Failure
from gallery.report import ModelReport, Report, StageRun
from gallery.settings import FrontMatter, GallerySettings
from gallery.sites import check_place, put_site, site_key
from gallery.supervisor import Job, Result, supervise
from gallery.worker import WorkOrder

log = logging.getLogger(__name__)

Listener = Callable[[str, dict[str, Any]], None]
"""Called with the path of a model and an event: "wait", "step", "done" or "failed"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """How a build runs; nothing here changes what it makes.

    Attributes:
        cache: Directory of the cache, or None for `.cache/gallery` beside the site.
        jobs: Number of workers, or 0 for one a core.
        strict: Whether the first failure ends the build without a new site.
        dry_run: Whether it only says what it would do.
        listen: Called as the work goes on.
    """

    cache: Path | None = None
    jobs: int = 0
    strict: bool = False
    dry_run: bool = False
    listen: Listener = field(default=lambda _path, _event: None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """A model on its way: its file, its sidecar, and its plan or why there is none."""

    file: ModelFile
    front: FrontMatter
    prose: str
    plan: ModelPlan | None
    failure: Failure | None


def build(
    models: Path,
    site: Path,
    *,
    settings: GallerySettings | None = None,
    options: BuildOptions | None = None,
) -> Report:
    """Build the gallery of a directory of models.

    Args:
        models: The directory.
        site: Where the site will stand: missing, empty or an earlier site.
        settings: Of the gallery, or None to read gallery.toml in the directory.
        options: How the build runs.

    Returns:
        What was made, taken from the cache or failed. A model that fails has a card in the site
        that says why.

    Raises:
        SettingsError: gallery.toml is wrong.
        DiscoverError: The directory is none, or holds no model.
        PublishError: The site's place is taken, or it cannot be written.
    """
    started = time.perf_counter()
    options = options or BuildOptions()
    settings = settings or read_settings(models / FILE_NAME)
    site = Path(os.path.abspath(site)).resolve()
    check_place(site, models)
    cache = Cache(options.cache or site.parent / ".cache" / "gallery")
    items = [_item(file, settings) for file in _discovered(models, settings)]
    if options.dry_run:
        return Report(models=tuple(_forecast(item, cache) for item in items))
    outcomes = _make(items, cache, settings, options)
    reports = tuple(_report(item, outcomes.get(item.file.slug)) for item in items)
    report = Report(models=reports)
    if not (options.strict and report.return_code):

        def exhibits() -> list[Exhibit]:
            return [_exhibit(item, outcomes.get(item.file.slug), cache) for item in items]

        identity = _site_key(items, outcomes, settings)
        published = put_site(exhibits, site, settings, cache, identity)
        report = replace(
            report,
            site=site,
            changed=published.changed,
            files=published.files,
            bytes=published.bytes,
        )
        cache.prune(settings.limits.cache)
    return replace(report, seconds=time.perf_counter() - started)


def _discovered(models: Path, settings: GallerySettings) -> Sequence[ModelFile]:
    if not models.is_dir():
        raise DiscoverError(f"{models} is no directory", hint="give a directory of .onnx files")
    files = discover(models, settings.ignore)
    if not files:
        found = f"there is no .onnx file in {models}"
        raise DiscoverError(found, hint="give another directory or check the ignore patterns")
    return files


def _item(file: ModelFile, settings: GallerySettings) -> _Item:
    front, prose = FrontMatter(), ""
    problem: GalleryError | None = file.problem
    try:
        front, prose = front_matter(file.sidecar_text or "", "")
    except SettingsError as error:
        problem = problem or error
    if problem is not None:
        failure = Failure(stage=problem.stage, found=problem.found, hint=problem.hint)
        return _Item(file=file, front=front, prose=prose, plan=None, failure=failure)
    plan = _plan(file, front, settings)
    return _Item(file=file, front=front, prose=prose, plan=plan, failure=None)


def _plan(file: ModelFile, front: FrontMatter, settings: GallerySettings) -> ModelPlan:
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
        poster=variants.poster,
        viewer_vertices=variants.viewer_vertices if variants.viewer else 0,
        skeleton_seconds=settings.limits.skeleton,
        versions=stage_versions(),
    )


def _make(
    items: Sequence[_Item], cache: Cache, settings: GallerySettings, options: BuildOptions
) -> dict[str, Built]:
    """Make what the cache does not have; the outcomes by slug."""
    outcomes: dict[str, Built] = {}
    waiting: list[_Item] = []
    for item in items:
        one = item.plan and known(item.plan, settings.limits, cache)
        if one:
            outcomes[item.file.slug] = one
            options.listen(item.file.relative, {"event": "known"})
        elif item.plan:
            waiting.append(item)
            options.listen(item.file.relative, {"event": "wait"})
    failed = any(item.failure for item in items) or any(one.failure for one in outcomes.values())
    if not (options.strict and failed):
        _work(waiting, outcomes, cache, settings, options)
    return outcomes


def _work(
    waiting: list[_Item],
    outcomes: dict[str, Built],  # OUT
    cache: Cache,
    settings: GallerySettings,
    options: BuildOptions,
) -> None:
    """Run the workers; a model over its limits is tried once more with smaller budgets."""
    # Large files first: the last model then rarely keeps one core waiting.
    waiting.sort(key=lambda item: (-item.file.bytes, item.file.slug))
    plans = {item.file.slug: item.plan for item in waiting if item.plan}
    paths = {item.file.slug: item.file.relative for item in waiting}
    over: dict[str, str] = {}
    cores = len(os.sched_getaffinity(0))
    workers = options.jobs or cores
    environment = {"NUMBA_NUM_THREADS": str(max(1, cores // workers)), "OMP_NUM_THREADS": "1"}
    jobs = deque(_job(plan, cache) for plan in plans.values())

    def listen(job: Job, event: dict[str, Any]) -> None:
        if event["event"] == "step" and event["seconds"] is not None:
            what = f"{event['stage']} {event['what']}".rstrip()
            log.info("%s: %s in %.2f s", job.name, what, event["seconds"])
        # How a job ended is said once, by its result.
        if event["event"] in ("start", "step"):
            options.listen(paths[job.name], event)

    with closing(supervise(jobs, workers, settings.limits, listen, environment)) as results:
        for result in results:
            slug = result.job.name
            _log_result(result)
            if result.ending in ("time", "memory") and slug not in over:
                over[slug] = result.ending
                jobs.append(_job(plans[slug].smaller(), cache))
                options.listen(paths[slug], {"event": "smaller", "ending": result.ending})
                continue
            one = built(plans[slug], result, over.get(slug, ""), settings.limits, cache)
            outcomes[slug] = one
            options.listen(paths[slug], {"event": result.ending, "found": result.detail})
            if options.strict and one.failure:
                return


def _job(plan: ModelPlan, cache: Cache) -> Job:
    order = WorkOrder(plan=plan, cache=str(cache.directory.absolute()), parent=os.getpid())
    return Job(name=plan.slug, order=order)


def _log_result(result: Result) -> None:
    name, seconds, peak = result.job.name, result.seconds, result.peak_bytes / 2**20
    log.info("%s: %s in %.1f s, %.0f MiB", name, result.ending, seconds, peak)
    if result.log and result.ending != "done":
        log.info("%s: the worker's log:\n%s", name, result.log.rstrip())


def _exhibit(item: _Item, one: Built | None, cache: Cache) -> Exhibit:
    failure = item.failure or (one.failure if one else None)
    shown = Exhibit(
        slug=item.file.slug,
        path=item.file.relative,
        front=item.front,
        prose=item.prose,
        failure=failure,
    )
    return shown if one is None else exhibit(shown, one, cache)


def _report(item: _Item, one: Built | None) -> ModelReport:
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


def _forecast(item: _Item, cache: Cache) -> ModelReport:
    """What a build would do with a model."""
    base = ModelReport(slug=item.file.slug, path=item.file.relative, status="done")
    if item.failure is not None or item.plan is None:
        return replace(base, status="failed", failure=item.failure)
    stages = tuple(
        StageRun(stage=stage, what=what, seconds=0.0, cached=cache.get(key) is not None)
        for stage, what, key in item.plan.products()
    )
    return replace(base, stages=stages)


def _site_key(items: Sequence[_Item], outcomes: dict[str, Built], settings: GallerySettings) -> str:
    """Hash of everything that the site's bytes depend on."""
    rows: list[Any] = []
    for item in items:
        one = outcomes.get(item.file.slug)
        failure = item.failure or (one.failure if one else None)
        keys = [key for _, _, key in one.plan.products()] if one else []
        rows.append([item.file.relative, item.file.slug, item.file.sidecar_text, keys, failure])
    return site_key(repr(rows), settings)

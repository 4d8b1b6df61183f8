"""Makes what the cache does not have: one job a model, in worker processes or on a cluster."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gallery.cache import Cache
from gallery.pipeline.models import Item
from gallery.pipeline.outcome import Built, built, known
from gallery.pipeline.plan import ModelPlan
from gallery.pipeline.workers.supervisor import Job, Result, supervise
from gallery.pipeline.workers.worker import WorkOrder
from gallery.settings.values import Limits

log = logging.getLogger(__name__)

Listener = Callable[[str, dict[str, Any]], None]
"""Called with the path of a model and an event: "wait", "step", "done" or "failed"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """How a build runs; nothing here changes what a model looks like.

    Attributes:
        cache: Directory of the cache, or None for `.cache/gallery` beside the site.
        jobs: Number of workers, or 0 for one a core.
        scheduler: Address of a Dask scheduler whose workers do the work, or "".
        strict: Whether the first failure ends the build without a new site.
        dry_run: Whether it only says what it would do.
        reuse: Earlier sites to take results over from, such as the last deployment.
        shard: (i, n) to make the i-th of n parts of the collection, for `merge`; or None.
        listen: Called as the work goes on.
    """

    cache: Path | None = None
    jobs: int = 0
    scheduler: str = ""
    strict: bool = False
    dry_run: bool = False
    reuse: tuple[Path, ...] = ()
    shard: tuple[int, int] | None = None
    listen: Listener = field(default=lambda _path, _event: None)


def make(
    items: Sequence[Item], cache: Cache, limits: Limits, options: BuildOptions
) -> dict[str, Built]:
    """Make what the cache does not have; the outcomes by slug."""
    outcomes: dict[str, Built] = {}
    waiting: list[Item] = []
    for item in items:
        one = item.plan and known(item.plan, limits, cache)
        if one:
            outcomes[item.file.slug] = one
            options.listen(item.file.relative, {"event": "known"})
        elif item.plan:
            waiting.append(item)
            options.listen(item.file.relative, {"event": "wait"})
    failed = any(item.failure for item in items) or any(one.failure for one in outcomes.values())
    if waiting and not (options.strict and failed):
        _work(waiting, outcomes, cache, limits, options)
    return outcomes


def by_work(items: Sequence[Item]) -> list[Item]:
    """Models with much work first: the last one then rarely keeps one core waiting.

    Files without weights are as long as they have operators, and these are what costs time.
    """
    return sorted(items, key=lambda item: (-item.file.bytes, item.file.slug))


def _work(
    waiting: Sequence[Item],
    outcomes: dict[str, Built],  # OUT
    cache: Cache,
    limits: Limits,
    options: BuildOptions,
) -> None:
    """Run the jobs; a model over its limits is tried once more with smaller budgets."""
    plans = {item.file.slug: item.plan for item in by_work(waiting) if item.plan}
    paths = {item.file.slug: item.file.relative for item in waiting}
    over: dict[str, str] = {}
    jobs = deque(_job(plan, cache) for plan in plans.values())

    def listen(job: Job, event: dict[str, Any]) -> None:
        if event["event"] == "step" and event["seconds"] is not None:
            what = f"{event['stage']} {event['what']}".rstrip()
            log.info("%s: %s in %.2f s", job.name, what, event["seconds"])
        # How a job ended is said once, by its result.
        if event["event"] in ("start", "step"):
            options.listen(paths[job.name], event)

    with closing(_run(jobs, cache, limits, options, listen)) as results:
        for result in results:
            slug = result.job.name
            _log_result(result)
            if result.ending in ("time", "memory") and slug not in over:
                over[slug] = result.ending
                jobs.append(_job(plans[slug].smaller(), cache))
                options.listen(paths[slug], {"event": "smaller", "ending": result.ending})
                continue
            one = built(plans[slug], result, over.get(slug, ""), limits, cache)
            outcomes[slug] = one
            options.listen(paths[slug], {"event": result.ending, "found": result.detail})
            if options.strict and one.failure:
                return


def _run(
    jobs: deque[Job],
    cache: Cache,
    limits: Limits,
    options: BuildOptions,
    listen: Callable[[Job, dict[str, Any]], None],
) -> Generator[Result, None, None]:
    if options.scheduler:
        from gallery.pipeline.workers.dask import distribute  # noqa: PLC0415 - Dask is an extra

        return distribute(jobs, options.scheduler, cache, limits, listen)
    cores = available_cores()
    workers = options.jobs or cores
    environment = {"NUMBA_NUM_THREADS": str(max(1, cores // workers)), "OMP_NUM_THREADS": "1"}
    return supervise(jobs, workers, limits, listen, environment)


def available_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _job(plan: ModelPlan, cache: Cache) -> Job:
    order = WorkOrder(plan=plan, cache=str(cache.directory.absolute()), parent=os.getpid())
    return Job(name=plan.slug, order=order)


def _log_result(result: Result) -> None:
    name, seconds, peak = result.job.name, result.seconds, result.peak_bytes / 2**20
    log.info("%s: %s in %.1f s, %.0f MiB", name, result.ending, seconds, peak)
    if result.log and result.ending != "done":
        log.info("%s: the worker's log:\n%s", name, result.log.rstrip())

"""Makes what the cache lacks: one job per model, in worker processes or on a cluster."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from typing import Any

from gallery.cache import Cache
from gallery.pipeline.garbage import lasting
from gallery.pipeline.options import BuildOptions
from gallery.pipeline.outcome import Outcome, known, outcome_of
from gallery.pipeline.plan import ModelPlan
from gallery.pipeline.workers.jobs import Job, Result
from gallery.pipeline.workers.started import Ahead
from gallery.pipeline.workers.supervisor import UNSCALED, supervise
from gallery.rendering.ahead import compiling

log = logging.getLogger(__name__)


def worker_ahead(options: BuildOptions) -> Ahead:
    """Start a worker that `make` will probably need."""
    return Ahead(_environment(options))


def make(
    plans: Sequence[ModelPlan],
    cache: Cache,
    options: BuildOptions,
    ahead: Ahead | None = None,
    meanwhile: Callable[[Mapping[str, Outcome]], object] = len,
) -> dict[str, Outcome]:
    """Make what the cache lacks.

    Args:
        plans: What there should be.
        cache: What there is.
        options: How the build runs.
        ahead: A worker from `worker_ahead`, or None.
        meanwhile: Called with the outcomes that are known, in a thread, while workers make the
            others; it must not fail.

    Returns:
        The outcomes by slug.
    """
    outcomes: dict[str, Outcome] = {}
    waiting: list[ModelPlan] = []
    with lasting():
        for plan in plans:
            if plan.failure:
                continue
            one = known(plan, cache)
            if one:
                outcomes[plan.file.slug] = one
                options.listen(plan.file.relative, {"event": "known"})
            else:
                waiting.append(plan)
                options.listen(plan.file.relative, {"event": "wait"})
    failed = any(plan.failure for plan in plans if not plan.file.group.absent) or any(
        one.failure for one in outcomes.values()
    )
    if waiting and not (options.strict and failed):
        # This process waits for its workers.
        with ThreadPoolExecutor(1) as aside:
            aside.submit(_import_publishing)
            aside.submit(meanwhile, dict(outcomes))
            _work(waiting, outcomes, cache, options, ahead)
    return outcomes


def by_work(plans: Sequence[ModelPlan]) -> list[ModelPlan]:
    """Models with the most work first, so that the last one rarely runs on after all others.

    The size of a file without weights grows with its operators, and so does the time they take.
    """
    return sorted(plans, key=lambda plan: (-plan.file.bytes, plan.file.slug))


def _work(
    waiting: Sequence[ModelPlan],
    outcomes: dict[str, Outcome],  # OUT
    cache: Cache,
    options: BuildOptions,
    ahead: Ahead | None,
) -> None:
    """Run the jobs; a model over its limits is tried once more with smaller budgets."""
    plans = {plan.file.slug: plan for plan in by_work(waiting)}
    over: dict[str, Result] = {}
    twins = _twins(plans.values())
    later = {plan.file.slug for ones in twins.values() for plan in ones}
    jobs = deque(_job(plan, cache) for slug, plan in plans.items() if slug not in later)

    def listen(job: Job, event: dict[str, Any]) -> None:
        if event["event"] == "step" and event["seconds"] is not None:
            what = f"{event['stage']} {event['what']}".rstrip()
            log.info("%s: %s in %.2f s", job.name, what, event["seconds"])
        # How a job ended is reported once, with its result.
        if event["event"] in ("start", "step"):
            options.listen(plans[job.name].file.relative, event)

    here = nullcontext() if options.scheduler else compiling()
    with here as compiler, closing(_run(jobs, cache, options, listen, ahead)) as results:
        if compiler:
            options.listen("", {"event": "compiling"})
        for result in results:
            plan, slug = plans[result.job.name], result.job.name
            _log_result(result)
            exceeded = result.ending in ("time", "memory") and result.stage not in UNSCALED
            if exceeded and slug not in over:
                over[slug] = result
                jobs.append(_job(plan.smaller(), cache))
                options.listen(plan.file.relative, {"event": "smaller", "ending": result.ending})
                continue
            one = outcome_of(plan, result, over.get(slug), cache)
            outcomes[slug] = one
            options.listen(plan.file.relative, {"event": result.ending, "found": result.detail})
            for twin in twins.pop(slug, ()):
                if same := known(twin, cache):
                    outcomes[twin.file.slug] = same
                    options.listen(twin.file.relative, {"event": "known"})
                else:
                    jobs.append(_job(twin, cache))
            if options.strict and one.failure:
                return


def _import_publishing() -> None:
    """Import what will be needed next."""
    import gallery.publishing.site  # noqa: F401, PLC0415


def _twins(plans: Iterable[ModelPlan]) -> dict[str, list[ModelPlan]]:
    """The plans of files that equal an earlier one, by the slug of that.

    They wait for it, and then take from the cache what was made of it.
    """
    first: dict[str, str] = {}
    found: dict[str, list[ModelPlan]] = {}
    for plan in plans:
        head = first.setdefault(plan.name, plan.file.slug)
        if head != plan.file.slug:
            found.setdefault(head, []).append(plan)
    return found


def _run(
    jobs: deque[Job],
    cache: Cache,
    options: BuildOptions,
    listen: Callable[[Job, dict[str, Any]], None],
    ahead: Ahead | None,
) -> Generator[Result, None, None]:
    if options.scheduler:
        from gallery.pipeline.workers.dask import distribute  # noqa: PLC0415 - Dask is an extra

        return distribute(jobs, options.scheduler, cache, listen)
    workers = options.jobs or available_cores()
    return supervise(jobs, workers, listen, _environment(options), ahead)


def _environment(options: BuildOptions) -> dict[str, str]:
    """What workers have in their environment: each its share of the cores."""
    cores = available_cores()
    threads = max(1, cores // (options.jobs or cores))
    return {"NUMBA_NUM_THREADS": str(threads), "OMP_NUM_THREADS": "1"}


def available_cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _job(plan: ModelPlan, cache: Cache) -> Job:
    order = (plan, str(cache.directory.absolute()))
    return Job(name=plan.file.slug, order=order, limits=plan.limits)


def _log_result(result: Result) -> None:
    name, seconds, peak = result.job.name, result.seconds, result.peak_bytes / 2**20
    log.info("%s: %s in %.1f s, %.0f MiB", name, result.ending, seconds, peak)
    if result.log and result.ending != "done":
        log.info("%s: the worker's log:\n%s", name, result.log.rstrip())

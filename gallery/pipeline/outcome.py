"""The outcome of a model: what the cache holds of it, what a worker made, why it failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gallery.cache import Cache, Entry
from gallery.errors import Failure
from gallery.pipeline.brief import Brief, brief_key, kept, notes_of
from gallery.pipeline.plan import ModelPlan, outcome_key
from gallery.pipeline.products import results_of
from gallery.pipeline.records import read
from gallery.pipeline.report import StageRun
from gallery.pipeline.workers.jobs import Result

_LASTING = ("load", "facts", "lower")
"""Stages whose failures can depend on the model alone, and are then remembered."""

_OVER = {"time": "took too long", "memory": "needed too much memory"}
"""What is said of a model that exceeded a limit, by the ending of its job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of a model.

    Attributes:
        plan: The plan that was carried out: the build's or the smaller one.
        stages: What was made and what was taken from the cache.
        failure: Why something is missing, or None.
        notes: Notes for the report.
        seconds: How long the worker took.
        peak_bytes: Peak memory of the worker.
        brief: Its results in brief; None if something is missing, or if they must be read.
    """

    plan: ModelPlan
    stages: tuple[StageRun, ...]
    failure: Failure | None = None
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    peak_bytes: int = 0
    brief: Brief | None = None


def known(plan: ModelPlan, cache: Cache) -> Outcome | None:
    """The outcome if the cache holds all of it, or None."""
    return _known(plan, cache, smaller=True)


def _known(plan: ModelPlan, cache: Cache, *, smaller: bool) -> Outcome | None:
    """The outcome; with `smaller`, also of the smaller plan that was carried out instead."""
    if brief := kept(plan, cache):
        keys = dict.fromkeys(brief.keys, True)
        return Outcome(plan=plan, stages=_stages(plan, (), keys), notes=brief.notes, brief=brief)
    entries = read(plan, cache)
    outcome = entries.pop(outcome_key(plan))
    failure = None
    if outcome is not None and "failure" in outcome.value:
        failure = Failure(**outcome.value["failure"])
    if outcome is not None and "smaller" in outcome.value:
        other = _known(plan.smaller(), cache, smaller=False) if smaller else None
        if other is None:
            return None
        note = _smaller_note(outcome.value["smaller"], other.failure is not None)
        return replace(other, notes=(note, *other.notes))
    if failure is None and None in entries.values():
        return None
    return Outcome(
        plan=plan,
        stages=_stages(plan, (), _there(entries)),
        failure=failure,
        notes=notes_of(entries.values()),
    )


def outcome_of(wanted: ModelPlan, result: Result, before: Result | None, cache: Cache) -> Outcome:
    """The outcome of a job; what would be the same next time is remembered in the cache.

    Args:
        wanted: The build's plan; the worker may have had the smaller one.
        result: How the job ended.
        before: How the job with the build's plan ended if this is the one with the smaller plan.
        cache: Where the worker put its results.
    """
    plan: ModelPlan = result.job.order[0]
    failure = None
    if result.ending != "done":
        failure = Failure(stage=result.stage, found=result.detail, hint=result.hint)
    # It would tell of the results before.
    cache.drop(brief_key(plan))
    entries = read(plan, cache)
    lost = [f"{stage} {what}".strip() for stage, what, key in results_of(plan) if not entries[key]]
    if lost and not failure:
        hint = "build again; something may have changed the cache during the build"
        found = f"missing from the cache: {', '.join(lost)}"
        failure = Failure(stage=lost[0].split()[0], found=found, hint=hint)
    lasts = result.lasting and (result.ending in _OVER or result.stage in _LASTING)
    if failure and lasts:
        value = {"stage": failure.stage, "found": failure.found, "hint": failure.hint}
        cache.put(outcome_key(plan), {"failure": value})
    if before and before.lasting and (lasts or not failure):
        cache.put(outcome_key(wanted), {"smaller": before.ending})
    notes = notes_of(entries.values())
    if before:
        notes = (_smaller_note(before.ending, failure is not None), *notes)
    return Outcome(
        plan=plan,
        stages=_stages(plan, result.events, _there(entries)),
        failure=failure,
        notes=notes,
        seconds=result.seconds,
        peak_bytes=result.peak_bytes,
    )


def _there(entries: Mapping[str, Entry | None]) -> dict[str, bool]:
    return {key: entry is not None for key, entry in entries.items()}


def _stages(
    plan: ModelPlan, events: Iterable[dict[str, Any]], there: Mapping[str, bool]
) -> tuple[StageRun, ...]:
    """What a worker made, then what the cache already held."""
    ended = [event for event in events if event["event"] == "step" and event["seconds"] is not None]
    made = [
        StageRun(stage=event["stage"], what=event["what"], seconds=event["seconds"], cached=False)
        for event in ended
    ]
    names = {(run.stage, run.what) for run in made}
    kept = [
        StageRun(stage=stage, what=what, seconds=0.0, cached=True)
        for stage, what, key in results_of(plan)
        if (stage, what) not in names and there[key]
    ]
    return (*made, *kept)


def _smaller_note(ending: str, failed: bool) -> str:
    """What is said of a model that had a second try with a quarter of the vertices."""
    if failed:
        return f"with four times the vertices it {_OVER[ending]} as well"
    return f"it {_OVER[ending]}, so it was made with a quarter of the vertices"

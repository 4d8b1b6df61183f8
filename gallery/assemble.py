"""From the cache's entries to exhibits: what the pages get to know of each model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gallery.cache import Cache, Entry, cache_key
from gallery.plan import ModelPlan, ScanPlan
from gallery.publish.exhibit import Exhibit, Failure, ImageFile, ScanImages
from gallery.report import StageRun
from gallery.settings import Limits
from gallery.store import facts_of, legend_of
from gallery.supervisor import Result

_LASTING = ("load", "facts", "lower")
"""Stages whose failures depend on the model alone and are therefore remembered."""

_WHY = {"time": "took too long", "memory": "needed too much memory"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """How a model came out.

    Attributes:
        plan: What was made: the plan of the build or the smaller one.
        stages: What was made and what was taken from the cache.
        failure: Why something is missing, or None.
        notes: For the report.
        seconds: Of the worker.
        peak_bytes: Of the worker.
    """

    plan: ModelPlan
    stages: tuple[StageRun, ...]
    failure: Failure | None = None
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    peak_bytes: int = 0


def known(plan: ModelPlan, limits: Limits, cache: Cache) -> Built | None:
    """The outcome where the cache has all of it, else None."""
    outcome = cache.get(_outcome_key(plan, limits))
    failure = None
    if outcome is not None and "failure" in outcome.value:
        failure = Failure(**outcome.value["failure"])
    if outcome is not None and "smaller" in outcome.value:
        smaller = known(plan.smaller(), limits, cache)
        return smaller and replace(smaller, notes=(_smaller_note(outcome.value["smaller"]),))
    entries = {key: cache.get(key) for _, _, key in plan.products()}
    if failure is None and None in entries.values():
        return None
    return Built(
        plan=plan,
        stages=_stages(plan, (), entries),
        failure=failure,
        notes=_notes(entries.values()),
    )


def built(wanted: ModelPlan, result: Result, why: str, limits: Limits, cache: Cache) -> Built:
    """The outcome of a worker; what lasts of it is remembered in the cache.

    Args:
        wanted: The plan of the build; the worker may have had the smaller one.
        result: What the supervisor saw.
        why: The limit that the plan of the build went over ("time", "memory"), or "".
        limits: Of the build.
        cache: Where the worker put what it made.
    """
    plan: ModelPlan = result.job.order.plan
    failure = None
    if result.ending != "done":
        failure = Failure(stage=result.stage, found=result.detail, hint=result.hint)
    entries = {key: cache.get(key) for _, _, key in plan.products()}
    lost = [f"{stage} {what}".strip() for stage, what, key in plan.products() if not entries[key]]
    if lost and not failure:
        hint = "build again; the cache may have been changed meanwhile"
        failure = Failure(stage=lost[0].split()[0], found=f"lost: {', '.join(lost)}", hint=hint)
    if failure and result.ending == "failed" and result.stage in _LASTING:
        value = {"stage": failure.stage, "found": failure.found, "hint": failure.hint}
        cache.put(_outcome_key(plan, limits), {"failure": value})
    if why and not failure:
        cache.put(_outcome_key(wanted, limits), {"smaller": why})
    notes = _notes(entries.values())
    return Built(
        plan=plan,
        stages=_stages(plan, result.events, entries),
        failure=failure,
        notes=(_smaller_note(why), *notes) if why else notes,
        seconds=result.seconds,
        peak_bytes=result.peak_bytes,
    )


def exhibit(bare: Exhibit, one: Built, cache: Cache) -> Exhibit:
    """Fill an exhibit with all that the cache has of a model.

    Args:
        bare: With slug, path, sidecar and failure.
        one: How the model came out.
        cache: Where the pictures are.
    """
    plan = one.plan
    loaded = cache.get(plan.load_key())
    scans = [(scan, cache.get(plan.render_key(scan))) for scan in plan.scans]
    drawn = [_scan(scan, entry) for scan, entry in scans if entry]
    if not drawn or drawn[0].key != plan.scans[0].key:
        drawn = []
    hero = scans[0][1] if drawn else None
    poster = _files(cache.get(plan.poster_key())) if plan.poster and drawn else {}
    diagram = _files(cache.get(plan.diagram_key())) if plan.diagram else {}
    viewer = cache.get(plan.viewer_key()) if plan.viewer_vertices and drawn else None
    return replace(
        bare,
        facts=facts_of(loaded.value) if loaded else None,
        scans=tuple(drawn),
        diagram=diagram.get("diagram.svg"),
        poster=tuple(file for name, file in sorted(poster.items()) if name.startswith("poster")),
        card=poster.get("card.jpeg"),
        viewer=viewer.files["data"].path if viewer else None,
        unknown_operators=tuple(hero.value["unknown_operators"]) if hero else (),
        seconds={f"{run.stage} {run.what}".strip(): run.seconds for run in one.stages},
    )


def _scan(plan: ScanPlan, entry: Entry) -> ScanImages:
    value, scan = entry.value, plan.scan
    return ScanImages(
        key=plan.key,
        caption=plan.caption,
        passes=scan.passes,
        skeleton=value["engine"],
        fallback=value["fallback"],
        attribute=scan.color,
        palette=value["palette"],
        ground=scan.ground,
        vertices=value["vertices"],
        edges=value["edges"],
        images=tuple(_files(entry).values()),
        legend=legend_of(value["legend"]),
    )


def _files(entry: Entry | None) -> dict[str, ImageFile]:
    """The pictures of an entry by their names."""
    if entry is None:
        return {}
    return {
        name: ImageFile(source=entry.files[name].path, format=kind, width=width, height=height)
        for name, kind, width, height in entry.value["images"]
    }


def _stages(
    plan: ModelPlan, events: Iterable[dict[str, Any]], entries: Mapping[str, Entry | None]
) -> tuple[StageRun, ...]:
    """What a worker made, then what was there before."""
    ended = [event for event in events if event["event"] == "step" and event["seconds"] is not None]
    made = [
        StageRun(stage=event["stage"], what=event["what"], seconds=event["seconds"], cached=False)
        for event in ended
    ]
    names = {(run.stage, run.what) for run in made}
    kept = [
        StageRun(stage=stage, what=what, seconds=0.0, cached=True)
        for stage, what, key in plan.products()
        if (stage, what) not in names and entries[key] is not None
    ]
    return (*made, *kept)


def _notes(entries: Iterable[Entry | None]) -> tuple[str, ...]:
    """What the person who runs the build should know of the results."""
    notes: dict[str, None] = {}
    for entry in filter(None, entries):
        if entry.value.get("fallback"):
            notes[f"skeleton by {entry.value['engine']}: {entry.value['fallback']}"] = None
        unknown = entry.value.get("unknown_operators")
        if unknown:
            notes["unknown operators drawn as one vertex: " + ", ".join(unknown)] = None
        for warning in entry.value.get("warnings", ()):
            notes[warning] = None
    return tuple(notes)


def _smaller_note(why: str) -> str:
    return f"it {_WHY[why]}, so it was made with a quarter of the vertices"


def _outcome_key(plan: ModelPlan, limits: Limits) -> str:
    return cache_key(
        "outcome", "1", products=plan.products(), limits=[limits.seconds, limits.memory]
    )

"""From cache entries to exhibits: what the pages show of each model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gallery.cache import Cache, Entry
from gallery.coloring.storage import legend_of
from gallery.errors import DamagedFileError
from gallery.pipeline.brief import Forms, brief_of, digest_of, keep, told_in
from gallery.pipeline.outcome import Outcome
from gallery.pipeline.plan import ModelPlan, outcome_key
from gallery.pipeline.products import PRODUCTS, results_of
from gallery.pipeline.products.beside import BESIDE
from gallery.pipeline.products.facts import FACTS, facts_in
from gallery.pipeline.products.measured import MEASURED
from gallery.pipeline.products.run import RUN, run_in
from gallery.pipeline.products.scan import SCANS
from gallery.pipeline.records import read
from gallery.pipeline.variants import ScanPlan, without_training
from gallery.publishing.exhibit import Exhibit, ImageFile, MeasuredSums, NamedNumber, ScanImages


def exhibit(
    bare: Exhibit, one: Outcome, cache: Cache, sure: Forms = MappingProxyType({})
) -> Exhibit:
    """Complete an exhibit with what the cache holds of a model: in brief, if that is all there.

    Args:
        bare: An exhibit with slug, path, sidecar and failure.
        one: The model's outcome.
        cache: Holds the results.
        sure: Forms that its results have, see `told_in`.
    """
    plan, brief = one.plan, one.brief
    told = told_in(brief, plan, sure) if brief else None
    if brief is None or told is None:
        entries = read(plan, cache)
        del entries[outcome_key(plan)]
        whole = {key: entry for key, entry in entries.items() if entry}
        if one.failure or len(whole) < len(entries):
            if brief is not None:  # it said that they were there
                found = "a record of its results is damaged in the cache"
                raise DamagedFileError(found, plan.file.relative, hint="build again")
            return replace(_shown(bare, plan, entries), source=digest_of(entries))
        brief = brief_of(plan, whole)
        keep(brief, cache)
        told = told_in(brief, plan) or entries
    return replace(
        _shown(bare, plan, told),
        source=brief.digest,
        drawn=len(plan.scans),
        # Not a partial: a template could read its arguments.
        more=lambda: _entire(bare, plan, cache),
    )


def _entire(bare: Exhibit, plan: ModelPlan, cache: Cache) -> Exhibit:
    """The exhibit with all results of a model.

    Raises:
        DamagedFileError: One of them is not in the cache any more.
    """
    entries = read(plan, cache)
    missing = [f"{what} {name}".strip() for what, name, key in results_of(plan) if not entries[key]]
    if missing:
        found = f"missing from the cache: {', '.join(missing)}"
        raise DamagedFileError(found, plan.file.relative, hint="build again")
    return _shown(bare, plan, entries)


def _shown(bare: Exhibit, plan: ModelPlan, kept: Mapping[str, Entry | None]) -> Exhibit:
    """The exhibit with some results, by key."""
    found = {
        product.name: {what: kept[key] for what, key in plan.keys(product).items()}
        for product in PRODUCTS
    }
    facts = found[FACTS.name].get("")
    drawn = [(scan, found[SCANS.name].get(scan.key)) for scan in plan.scans]
    main = drawn[0][1] if drawn else None
    ran = found[RUN.name].get("") if main else None
    files = {
        product.name: tuple(
            file for entry in found[product.name].values() if entry for file in _files(entry)
        )
        for product in PRODUCTS
        if product is not SCANS and (main or not product.needs_scan)
    }
    return replace(
        bare,
        facts=facts_in(facts, plan.file.slug) if facts else None,
        run=run_in(ran) if ran else None,
        scans=tuple(_scan(*one) for one in _truthful(drawn)) if main else (),
        files=files,
        **_measured(found[MEASURED.name].get(""), found[BESIDE.name].get("") if main else None),
        unknown_operators=tuple(main.value["unknown_operators"]) if main else (),
    )


def _truthful(
    drawn: Sequence[tuple[ScanPlan, Entry | None]],
) -> Iterator[tuple[ScanPlan, Entry]]:
    """The scans that are there, as what they show; of nothing to train there is no variant."""
    for scan, entry in drawn:
        if entry and not entry.value["untrained"]:
            yield scan, entry
        elif entry and scan.key != "training":
            yield without_training(scan), entry


def _measured(entry: Entry | None, beside: Entry | None) -> dict[str, Any]:
    """The fields of an exhibit about what was measured, and modelled beside it."""
    if entry is None:
        return {}
    times = dict(beside.value["times"]) if beside else {}
    rows = []
    for one in entry.value["measurements"]:
        fields: dict[str, Any] = {name: one[name] for name in one if name != "values"}
        modelled = times.get(one["attribute"])
        if beside and modelled:
            fields |= {"processor": beside.value["processor"], "modelled": beside.value["total"]}
        for name in ("layers", "types", "operators"):
            seconds = modelled[name] if modelled else []
            fields[name] = tuple(
                NamedNumber(name=row, value=value, modelled=other)
                for (row, value), other in zip_longest(one[name], seconds[: len(one[name])])
            )
        rows.append(MeasuredSums(**fields))
    return {"measured": tuple(rows), "measured_notes": tuple(entry.value["warnings"])}


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
        images=_files(entry),
        legend=legend_of(value["legend"]),
    )


def _files(entry: Entry) -> tuple[ImageFile, ...]:
    """The files of an entry, pictures first and in the order in which they were made."""
    images = {
        name: (kind, width, height) for name, kind, width, height in entry.value.get("images", ())
    }
    others = [name for name in entry.files if name not in images]
    return tuple(
        ImageFile(
            name=name,
            source=entry.files[name].path,
            format=kind,
            width=width,
            height=height,
            sha256=entry.files[name].sha256,
        )
        for name in (*images, *others)
        for kind, width, height in [images.get(name, (Path(name).suffix[1:], 0, 0))]
    )

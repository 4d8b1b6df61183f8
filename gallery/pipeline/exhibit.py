"""From the cache's entries to exhibits: what the pages get to know of each model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gallery.cache import Cache, Entry
from gallery.coloring.storage import legend_of
from gallery.costs.storage import facts_of
from gallery.pipeline.outcome import Built
from gallery.pipeline.plan import ScanPlan
from gallery.publishing.exhibit import Exhibit, ImageFile, ScanImages


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
    card = _files(cache.get(plan.card_key())) if drawn else {}
    multiples = _files(cache.get(plan.multiples_key())) if plan.multiples and drawn else {}
    poster = _files(cache.get(plan.poster_key())) if plan.poster and drawn else {}
    operators = cache.get(plan.diagram_key()) if plan.diagram else None
    viewer = cache.get(plan.viewer_key()) if plan.viewer_vertices and drawn else None
    return replace(
        bare,
        facts=facts_of(loaded.value) if loaded else None,
        scans=tuple(drawn),
        diagram=_files(operators).get("diagram.svg"),
        multiples=multiples.get("multiples.webp"),
        poster=tuple(file for _, file in sorted(poster.items())),
        card=card.get("card.jpeg"),
        viewer=viewer.files["data"].path if viewer else None,
        downloads=_downloads(operators, viewer),
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


_DOWNLOADS = {
    "operators.dot": "Operator graph.dot",
    "operators.graphml": "Operator graph.graphml",
    "vertices.npz": "Vertex graph.npz",
}


def _downloads(*entries: Entry | None) -> dict[str, Path]:
    """Graphs for other programs, by their names for the visitor."""
    files = {name: file for entry in entries if entry for name, file in entry.files.items()}
    return {label: files[name].path for name, label in _DOWNLOADS.items() if name in files}


def _files(entry: Entry | None) -> dict[str, ImageFile]:
    """The pictures of an entry by their names."""
    if entry is None:
        return {}
    return {
        name: ImageFile(source=entry.files[name].path, format=kind, width=width, height=height)
        for name, kind, width, height in entry.value["images"]
    }

"""The contact sheet: all scans of a model on one sheet."""

# ruff: noqa: PLC0415 - see `Product`

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gallery.pipeline.products.base import (
    Drawn,
    Form,
    NewFile,
    Product,
    images,
    picture_settings,
)
from gallery.pipeline.products.scan import SCANS, picture_of
from gallery.schema import record

if TYPE_CHECKING:
    from gallery.pipeline.plan import ModelPlan
    from gallery.pipeline.stages import Stages
    from gallery.pipeline.variants import ScanPlan

_SIDE = 480
"""Pixels per side that a scan needs on the sheet."""

_DPI = 128


def _inputs(plan: ModelPlan) -> Mapping[str, object]:
    if not (plan.variants.multiples and plan.scans):
        return {}
    keys = plan.keys(SCANS)
    shown = [(one.short, keys[one.key]) for one in _shown(plan)]
    return {"": [shown, plan.words.front.title, plan.variants.quality]}


def _shown(plan: ModelPlan) -> list[ScanPlan]:
    """All scans but the one with layer names, which would repeat the main scan."""
    return [one for one in plan.scans if one.key != "names"]


def _make(stages: Stages, _: str, new_file: NewFile) -> Drawn:
    from gallery.rendering.compose.contact_sheet import contact_sheet
    from gallery.rendering.files.formats import save
    from gallery.rendering.sheet.sheet import sheet_picture

    plan = stages.plan
    entries = [(one.short, stages.entry(SCANS, one.key)) for one in _shown(plan)]
    main = entries[0][1].value
    note = f"{main['vertices']:,} vertices, {main['edges']:,} edges, {len(entries)} views"
    rows = [(short, picture_of(entry, _SIDE)) for short, entry in entries]
    title, ground = plan.words.front.title or plan.file.slug, plan.scans[0].scan.ground
    sheet = contact_sheet(title, note, rows, ground=ground)
    picture = sheet_picture(sheet.told(plan.provenance(CONTACT_SHEET).entries()), _DPI)
    path = new_file(".webp")
    save(picture, path, plan.variants.quality)
    images = [["multiples.webp", "webp", picture.width, picture.height]]
    return Drawn(value={"images": images}, files={"multiples.webp": path})


def _form(_: ModelPlan, __: str) -> Form:
    return Form(value=record({"images": images("multiples.webp")}), files=("multiples.webp",))


def _settings(plan: ModelPlan, _: str) -> Mapping[str, object]:
    scans = [picture_settings(plan, one) for one in _shown(plan)]
    return {"title": plan.words.front.title, "scans": scans}


CONTACT_SHEET = Product(
    name="contact sheet",
    module=__name__,
    inputs=_inputs,
    make=_make,
    form=_form,
    settings=_settings,
)

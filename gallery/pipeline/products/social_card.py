"""The social card: the picture shown where people share a link to a model's page."""

# ruff: noqa: PLC0415 - see `Product`

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from gallery.pipeline.products.base import (
    Drawn,
    Form,
    NewFile,
    Product,
    color_settings,
    images,
    whole_brief,
)
from gallery.pipeline.products.facts import FACTS, facts_in
from gallery.pipeline.products.scan import SCANS, picture_of
from gallery.schema import record

if TYPE_CHECKING:
    from gallery.pipeline.plan import ModelPlan
    from gallery.pipeline.stages import Stages
    from gallery.settings.values import ScanSettings

_WORDS = ("title", "family", "year")
"""What the card says of the sidecar."""


def _scan(plan: ModelPlan) -> ScanSettings:
    """The main scan, on the dark background of all cards."""
    return replace(plan.scans[0].scan, ground="dark")


def _inputs(plan: ModelPlan) -> Mapping[str, object]:
    if not plan.scans:
        return {}
    words = [getattr(plan.words.front, name) for name in _WORDS]
    scan = _scan(plan)
    main = plan.keys(SCANS)[plan.scans[0].key]
    look = [scan.exposure, plan.variants.quality]
    return {"": [plan.stage_key("color", scan), look, plan.keys(FACTS), words, main]}


def _settings(plan: ModelPlan, _: str) -> Mapping[str, object]:
    words = {name: getattr(plan.words.front, name) for name in _WORDS}
    return {**words, **color_settings(plan, _scan(plan))}


def _make(stages: Stages, _: str, new_file: NewFile) -> Drawn:
    from gallery.rendering.compose.social_card import CARD, SCAN, card, on_card
    from gallery.rendering.files.formats import save
    from gallery.rendering.scan import render
    from gallery.rendering.sheet.sheet import MILLIMETRES_PER_INCH, sheet_picture
    from gallery.rendering.types import RenderSettings

    scan, main = _scan(stages.plan), stages.plan.scans[0]
    plain = scan == main.scan and not (scan.labels or scan.legend)
    if plain and max(main.sizes) >= SCAN[1]:
        entry = stages.entry(SCANS, main.key)
        counts = {name.title(): str(entry.value[name]) for name in ("vertices", "edges")}
        picture = on_card(picture_of(entry, max(SCAN)).told(counts))
    else:
        look = RenderSettings(exposure=scan.exposure)
        picture = render(stages.layout(scan), stages.coloring(scan), size=SCAN, settings=look)
    sheet = card(
        facts_in(stages.entry(FACTS), stages.plan.file.slug), stages.plan.words.front, picture
    )
    sheet = sheet.told(stages.plan.provenance(SOCIAL_CARD).entries())
    path = new_file(".jpeg")
    picture = sheet_picture(sheet, MILLIMETRES_PER_INCH)
    save(picture, path, stages.plan.variants.quality, progressive=False)
    return Drawn(value={"images": [["card.jpeg", "jpeg", *CARD]]}, files={"card.jpeg": path})


_FORM = Form(value=record({"images": images("card.jpeg")}), files=("card.jpeg",))


def _form(_: ModelPlan, __: str) -> Form:
    return _FORM


SOCIAL_CARD = Product(
    name="social card",
    module=__name__,
    inputs=_inputs,
    make=_make,
    form=_form,
    settings=_settings,
    brief=whole_brief,
)

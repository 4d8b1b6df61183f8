"""Wallpapers: the main scan alone, in the sizes of screens."""

# ruff: noqa: PLC0415 - see `Product`

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gallery.pipeline.products.base import Drawn, Form, NewFile, Product, color_settings, images
from gallery.schema import record
from gallery.settings.paper import screen

if TYPE_CHECKING:
    from gallery.pipeline.plan import ModelPlan
    from gallery.pipeline.stages import Stages


def _inputs(plan: ModelPlan) -> Mapping[str, object]:
    if not plan.scans:
        return {}
    scan = plan.scans[0].scan
    key = plan.stage_key("color", scan)
    return {
        size: [key, scan.exposure, size, plan.variants.quality] for size in plan.variants.wallpapers
    }


def _make(stages: Stages, what: str, new_file: NewFile) -> Drawn:
    from gallery.rendering.compose.wallpaper import wallpaper
    from gallery.rendering.files.formats import save

    scan, size = stages.plan.scans[0].scan, screen(what)
    assert size is not None
    picture = wallpaper(stages.layout(scan), stages.coloring(scan), size, scan.exposure)
    path, name = new_file(".jpeg"), _name(what)
    told = stages.plan.provenance(WALLPAPERS, what).entries()
    save(picture.told(told), path, stages.plan.variants.quality)
    return Drawn(value={"images": [[name, "jpeg", *size]]}, files={name: path})


def _name(what: str) -> str:
    return f"wallpaper-{what}.jpeg"


def _form(_: ModelPlan, what: str) -> Form:
    return Form(value=record({"images": images(_name(what))}), files=(_name(what),))


def _settings(plan: ModelPlan, what: str) -> Mapping[str, object]:
    return {**color_settings(plan, plan.scans[0].scan), "size": what}


WALLPAPERS = Product(
    name="wallpaper", module=__name__, inputs=_inputs, make=_make, form=_form, settings=_settings
)

"""The operator diagram."""

# ruff: noqa: PLC0415 - see `Product`

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gallery.pipeline.products.base import Drawn, Form, NewFile, Product, images, whole_brief
from gallery.schema import record

if TYPE_CHECKING:
    from gallery.pipeline.plan import ModelPlan
    from gallery.pipeline.stages import Stages


def _inputs(plan: ModelPlan) -> Mapping[str, object]:
    return {"": [plan.stage_key("load"), plan.file.slug]} if plan.variants.diagram else {}


def _make(stages: Stages, _: str, new_file: NewFile) -> Drawn:
    from gallery.rendering.operator_diagram.draw import diagram

    text = diagram(stages.named_model(), metadata=stages.plan.provenance(DIAGRAM).entries())
    path = new_file(".svg")
    path.write_text(text, "utf-8")
    sides = re.match(r"<svg[^>]*? width=\"([\d.]+)\" height=\"([\d.]+)\"", text)
    width, height = (round(float(side)) for side in sides.groups()) if sides else (0, 0)
    images = [["diagram.svg", "svg", width, height]]
    return Drawn(value={"images": images}, files={"diagram.svg": path})


_FORM = Form(value=record({"images": images("diagram.svg")}), files=("diagram.svg",))


def _form(_: ModelPlan, __: str) -> Form:
    return _FORM


DIAGRAM = Product(
    name="diagram",
    module=__name__,
    inputs=_inputs,
    make=_make,
    form=_form,
    needs_scan=False,
    brief=whole_brief,
)

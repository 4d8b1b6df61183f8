"""The facts of a model: parameters, costs, shapes and operators."""

# ruff: noqa: PLC0415 - see `Product`

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gallery.pipeline.products.base import Drawn, NewFile, Product

if TYPE_CHECKING:
    from gallery.cache import Entry
    from gallery.costs.facts import Facts
    from gallery.pipeline.plan import ModelPlan
    from gallery.pipeline.stages import Stages


def _inputs(plan: ModelPlan) -> Mapping[str, object]:
    return {"": [plan.stage_key("load"), plan.file.bytes]}


def _make(stages: Stages, _: str, __: NewFile) -> Drawn:
    from gallery.costs.facts import facts
    from gallery.costs.storage import facts_value

    return Drawn(value=facts_value(facts(stages.model(), stages.plan.file.bytes)))


def facts_in(entry: Entry) -> Facts:
    """The facts of an entry that this product made."""
    from gallery.costs.storage import facts_of

    return facts_of(entry.value)


FACTS = Product(name="facts", module=__name__, inputs=_inputs, make=_make, needs_scan=False)

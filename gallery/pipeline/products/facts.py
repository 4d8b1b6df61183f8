"""The facts of a model: parameters, costs, shapes and operators."""

# ruff: noqa: PLC0415 - see `Product`

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gallery.pipeline.products.base import Drawn, Form, NewFile, Product
from gallery.schema import each, either, nothing, record, row, switch, text, whole

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

    # Files of the same content share it; each has its own name.
    model = replace(stages.model(), name="")
    return Drawn(value=facts_value(facts(model, stages.plan.file.bytes)))


def facts_in(entry: Entry, name: str) -> Facts:
    """The facts of an entry that this product made, under a model's name."""
    from gallery.costs.storage import facts_of

    return facts_of({**entry.value, "name": name})


_name, _count = text(), either(whole(), nothing)

_counts = each(row(_name, whole()))

_tensors = each(
    record({"name": _name, "dtype": _name, "shape": either(each(either(_count, _name)), nothing)})
)

_facts = record(
    {
        "name": _name,
        "digest": _name,
        "file_bytes": whole(),
        "parameters": whole(),
        "parameter_bytes": _counts,
        "macs": _count,
        "flops": _count,
        "uncounted": _counts,
        "cost_by_type": _counts,
        "activations": _count,
        "peak_bytes": _count,
        "peak_operator": _name,
        "peak_sample_bytes": _count,
        "operators": whole(),
        "histogram": _counts,
        "layers": each(
            record(
                {
                    "name": _name,
                    "path": _name,
                    "depth": whole(0),
                    "type": _name,
                    "operators": whole(),
                    "parameters": whole(),
                    "flops": whole(),
                }
            )
        ),
        "layers_found": switch,
        "depth": whole(),
        "ir_version": whole(),
        "opsets": _counts,
        "producer": _name,
        "inputs": _tensors,
        "outputs": _tensors,
        "macs_by_dtype": _counts,
        "forest": _counts,
        "tables": _counts,
        "bindings": _counts,
        "assumed": each(_name),
        "metadata": each(row(_name, _name)),
        "warnings": each(_name),
    }
)
"""By hand, because the parent process must not wait for NumPy, which `Facts` needs."""


_FORM = Form(value=_facts)


def _form(_: ModelPlan, __: str) -> Form:
    return _FORM


def _brief(_: ModelPlan, __: str, value: dict[str, Any]) -> dict[str, Any]:
    return {**value, "layers": [], "metadata": [], "warnings": []}


FACTS = Product(
    name="facts",
    module=__name__,
    inputs=_inputs,
    make=_make,
    form=_form,
    needs_scan=False,
    brief=_brief,
)

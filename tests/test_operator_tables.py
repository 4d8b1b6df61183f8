"""An operator type stands in four tables: none may forget one that is lowered."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
import pytest
from onnxruntime.capi import onnxruntime_pybind11_state

import gallery.lowering.operators  # fills the registry  # noqa: F401
from gallery.coloring.operator_types import FAMILIES as HUES
from gallery.coloring.operator_types import family, type_color
from gallery.costs import FORMULAS
from gallery.loading.contrib_types import RULES
from gallery.lowering.access.registry import FAMILIES
from gallery.lowering.operators.generation import GENERATORS

OF_BODIES = frozenset({"If", "Loop", "Scan"})
"""Types without an access relation: their work is that of their bodies."""


def domain_and_type(name: str) -> tuple[str, str]:
    """The two parts of a name in the registry of access relations."""
    domain, _, kind = name.rpartition(".")
    return domain, kind


LOWERED = sorted(domain_and_type(name) for name in FAMILIES)


def schemas(domain: str, kind: str) -> list[onnx.defs.OpSchema]:
    """ONNX's definitions of a type that a file may use, oldest first."""
    found = [
        schema
        for schema in onnx.defs.get_all_schemas_with_history()
        if (schema.domain, schema.name) == (domain, kind) and not schema.deprecated
    ]
    return sorted(found, key=lambda schema: schema.since_version)


def has_shape(domain: str, kind: str) -> bool:
    """Whether the shapes of the outputs can be told.

    Early versions of ONNX's own operators are inferred as the later ones.
    """
    if (domain, kind) in RULES:
        return True
    known = schemas(domain, kind)
    told = known if domain else known[-1:]
    return bool(told) and all(one.has_type_and_shape_inference_function for one in told)


def test_the_registry_is_filled() -> None:
    assert len(LOWERED) > 200
    assert ("", "Conv") in LOWERED
    assert ("com.microsoft", "MatMulNBits") in LOWERED
    assert {domain for domain, _ in LOWERED} >= {"", "ai.onnx.ml", "com.microsoft"}


def test_every_lowered_type_has_a_cost() -> None:
    assert [one for one in LOWERED if one not in FORMULAS] == []


def test_what_is_taken_apart_into_its_bodies_has_a_cost_too() -> None:
    for kind in OF_BODIES:
        assert ("", kind) not in LOWERED
        assert ("", kind) in FORMULAS


def test_every_lowered_type_has_a_hue() -> None:
    assert [one for one in LOWERED if family(one[1]) == "other"] == []


def test_every_lowered_type_has_shapes() -> None:
    assert [one for one in LOWERED if not has_shape(*one)] == []


@pytest.mark.parametrize("domain", ["", "com.microsoft", "me"])
def test_a_type_that_is_missing_is_found(domain: str) -> None:
    assert (domain, "Fancy") not in FORMULAS
    assert family("Fancy") == "other"
    assert not has_shape(domain, "Fancy")


UNLOWERED: Mapping[tuple[str, str], str] = {
    ("com.microsoft", "EPContext"): "what a compiled context computes is not in the file",
    ("com.microsoft", "Snpe"): "what a compiled container computes is not in the file",
}
"""Operators of ONNX Runtime that have no relation, and why."""


ATTENTION_AND_EXPERTS = (
    "Attention", "Embed", "MoE", "Padding", "RelativePositionBias", "Rotary", "CausalConvWithState",
)  # fmt: skip
"""Parts of the names of operators whose rows are those of attention, experts and embeddings."""


def of_the_runtime() -> list[tuple[str, str]]:
    """Domain and type of every operator that ONNX Runtime defines beside ONNX's."""
    schemas_ = onnxruntime_pybind11_state.get_all_operator_schema()
    domains = ("com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc")
    return sorted({(one.domain, one.name) for one in schemas_ if one.domain in domains})


def test_every_operator_of_the_runtime_is_known_or_left_out_for_a_reason() -> None:
    every = of_the_runtime()
    assert len(every) > 120
    lowered = {*LOWERED, *(("com.microsoft", kind) for kind in GENERATORS)}
    missing = [
        (domain, kind)
        for domain, kind in every
        if (domain, kind) not in lowered
        and (domain, kind) not in UNLOWERED
        and not any(part in kind for part in ATTENTION_AND_EXPERTS)
    ]
    assert missing == []
    for one in every:
        if one in lowered:
            assert one in FORMULAS
            assert one in RULES
            assert family(one[1]) != "other"
    assert [one for one in UNLOWERED if one in lowered] == []


def test_no_type_stands_in_two_hue_groups() -> None:
    types = [kind for _, group in HUES.values() for kind in group]
    assert len(types) == len(set(types))


def test_types_keep_their_colours_when_others_are_added() -> None:
    """Published pictures show these; a new type goes to the end of its group."""
    known = {
        "Conv": (37, 150, 246), "MultiHeadAttention": (70, 139, 246), "Gelu": (245, 229, 67),
        "Dropout": (252, 217, 129), "Add": (247, 97, 158), "BitShift": (246, 71, 170),
        "ReduceLogSum": (67, 217, 150), "Loss": (74, 240, 118), "MaxUnpool": (223, 138, 29),
        "NonZero": (78, 216, 218), "SimplifiedLayerNormalization": (168, 82, 243),
        "LSTM": (242, 41, 53), "Input": (238, 232, 216), "QuantizeLinear": (235, 138, 241),
    }  # fmt: skip
    for kind, color in known.items():
        assert np.abs(type_color(kind).astype(int) - color).max() <= 1, kind

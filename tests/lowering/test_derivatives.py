"""Gradients read all that they need, by ONNX's own operator tests and central differences."""

from __future__ import annotations

import dataclasses

import pytest

from gallery.graph import Kind, Pass
from tests.lowering.cases import all_cases
from tests.lowering.derivatives import Found, checked, outcome, small, usable

_GROUPS = 6


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("group", range(_GROUPS))
def test_no_gradient_misses_what_it_needs(group: int) -> None:
    total, left_out = Found(), []
    cases = list(usable(2))
    for case in cases[group::_GROUPS]:
        found = outcome(case)
        if isinstance(found, Found):
            total.add(found)
        else:
            left_out.append(case.name)
    assert len(cases) > 100
    assert len(left_out) < 6
    assert total.reached > 50
    assert total.misses == []


@pytest.mark.filterwarnings("ignore")
def test_a_gradient_that_reads_too_little_is_found() -> None:
    one = small(next(case for case in all_cases() if case.name == "test_mul_example"))
    graph = one.graph
    backward = (graph.vertex_kind == Kind.GRADIENT) & (graph.vertex_pass == Pass.BACKWARD)
    saved = backward[graph.readers()] & (graph.sources < graph.vertices // 2)
    sources = graph.sources.copy()
    sources[saved] = 0
    blind = dataclasses.replace(graph, sources=sources)
    assert checked(one).misses == []
    assert checked(dataclasses.replace(one, graph=blind)).misses

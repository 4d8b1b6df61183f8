"""No dependence that ONNX's own operator tests show is missing in the graph, and few are extra."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gallery.lowering.access.registry import FAMILIES
from tests.lowering.cases import all_cases, left_out, operator_of, prepared
from tests.lowering.operator_cases import Tally, judged, runs

_ALLOWED = {"sequence", "optional", "string", "random"}
_GROUPS = 12


def _sample() -> list[Any]:
    """Every test of an operator itself, but of each operator's many only some; no function bodies.

    The command runs them all.
    """
    kept: list[Any] = []
    seen: dict[str, int] = {}
    for case in all_cases():
        kind = operator_of(case)
        if "(expanded)" in kind or left_out(case):
            continue
        seen[kind] = seen.get(kind, 0) + 1
        if seen[kind] <= 4 or seen[kind] % 16 == 0:
            kept.append(case)
    return kept


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("group", range(_GROUPS))
def test_no_dependence_is_missed(group: int) -> None:
    total = Tally()
    for case in _sample()[group::_GROUPS]:
        one = prepared(case, constant=True)
        if runs(one):
            total.add(judged(one, budgets=(400, 12), blocks=3))
    assert total.cases > 20
    assert total.misses == []


@pytest.mark.filterwarnings("ignore")
def test_dynamic_structure_is_no_excuse() -> None:
    names = ("slice", "gather", "reshape_reordered", "pad", "scatter", "resize_upsample", "topk")
    total = Tally()
    for case in all_cases():
        wanted = any(case.name.startswith(f"test_{name}") for name in names)
        if wanted and "expanded" not in case.name and not left_out(case):
            one = prepared(case, constant=False)
            if runs(one):
                total.add(judged(one, budgets=(12,), blocks=2))
    assert total.cases > 25
    assert total.misses == []


@pytest.mark.filterwarnings("ignore")
def test_elementwise_and_contractions_are_exact() -> None:
    names = ("test_add", "test_matmul", "test_gemm", "test_transpose", "test_basic_conv")
    total = Tally()
    for case in all_cases():
        if case.name.startswith(names) and not left_out(case):
            total.add(judged(prepared(case, constant=True), budgets=(400,), blocks=4))
    assert total.reached > 200
    assert total.changed == total.reached


@pytest.mark.filterwarnings("ignore")
def test_a_missing_edge_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.lowering import operator_cases  # noqa: PLC0415
    from tests.lowering.reach import reach  # noqa: PLC0415

    def blind(model: Any, vertices: int) -> Any:
        graph = reach(model, vertices)
        graph.reached[:] = False
        return graph

    monkeypatch.setattr(operator_cases, "reach", blind)
    case = next(c for c in all_cases() if c.name == "test_add")
    assert judged(prepared(case, constant=True)).misses


@pytest.mark.filterwarnings("ignore")
def test_only_what_has_no_tensors_or_no_answer_is_left_out() -> None:
    reasons = {left_out(case) for case in all_cases()} - {""}
    assert reasons <= _ALLOWED
    plain = [case for case in all_cases() if left_out(case) == "sequence"]
    assert plain
    assert all(_has_sequence(case) for case in plain)


def _has_sequence(case: Any) -> bool:
    text = str(case.model.graph)
    return "sequence_type" in text or "Sequence" in text


def test_at_least_150_types_have_their_own_relation() -> None:
    standard = [name for name in FAMILIES if "." not in name]
    assert len(standard) >= 150
    assert np.unique(list(FAMILIES)).size == len(FAMILIES)

"""Gradients of ONNX Runtime's attentions and experts read all that they need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gallery.graph import Pass
from gallery.lowering import lower
from tests.lowering import by_schema
from tests.lowering.cases import Array
from tests.lowering.derivatives import VERTICES, Small, checked
from tests.lowering.runtime_cases import runtime_case
from tests.lowering.test_contrib_by_schema import CASES, floats

_LAST = {"l": np.array([4], np.int32), "t": np.int32(5)}
_IDS = np.array([[0, 1, 2, 1], [2, 1, 0, 0]], np.int32)

# fmt: off
MORE: dict[str, tuple[str, dict[str, Any], dict[str, Any], by_schema.Function]] = {
    "shared heads": (
        "y, m, n = GroupQueryAttention<num_heads=4, kv_num_heads=2>(q, k, v, a, c, l, t)",
        {"q": floats(1, 2, 16), "k": floats(1, 2, 8), "v": floats(1, 2, 8),
         "a": floats(1, 2, 3, 4), "c": floats(1, 2, 3, 4)}, _LAST, by_schema.group_query),
    "experts": (
        'y = MoE<k=3, activation_type="swiglu", swiglu_fusion=1>(x, r, u, p, v, q)',
        {"x": floats(2, 4), "r": floats(2, 3), "u": floats(3, 6, 4), "v": floats(3, 4, 3),
         "p": floats(3, 6), "q": floats(3, 4)}, {}, by_schema.experts),
    "embeddings": (
        "y, m, o = EmbedLayerNormalization(i, j, w, p, s, g, b)",
        {"w": floats(3, 4), "p": floats(5, 4), "s": floats(2, 4), "g": floats(4), "b": floats(4)},
        {"i": _IDS, "j": _IDS % 2}, by_schema.embedded),
}
# fmt: on
NAMES = (
    "packed, apart",
    "keys and values above each other",
    "a decoder on itself and a cache",
    "a gated bias",
)
SMALL = {name: CASES[name][:4] for name in NAMES} | MORE


def _doubles(arrays: dict[str, Any]) -> dict[str, Array]:
    found = {name: np.asarray(array) for name, array in arrays.items()}
    return {n: a.astype(np.float64) if a.dtype.kind == "f" else a for n, a in found.items()}


@pytest.mark.parametrize("name", SMALL)
def test_no_gradient_misses_what_it_needs(tmp_path: Path, name: str) -> None:
    call, feeds, held, function = SMALL[name]
    case = runtime_case(tmp_path, call, {}, {**feeds, **held})
    every = _doubles({**feeds, **held})
    values = {n: array for n, array in every.items() if array.dtype.kind == "f"}
    session = by_schema.Double(function, every)
    rng = np.random.default_rng(3)
    weights = [
        rng.uniform(0.5, 1.5, one.shape) if one.dtype.kind == "f" else None
        for one in session.run(None, values)
    ]
    one = Small(
        name=name,
        operator=case.operator,
        session=session,
        values=values,
        weights=weights,
        model=case.model,
        graph=lower(case.model, vertices=VERTICES, passes="training"),
        frozen=frozenset("acmn") if "cache" in name or name == "shared heads" else frozenset(),
    )
    found = checked(one)
    assert found.misses == []
    assert found.reached > 0


@pytest.mark.parametrize("name", ["x", "u", "v"])
def test_gradients_of_experts_read_both_sides_of_their_products(tmp_path: Path, name: str) -> None:
    """Each side's gradient is by the other: what is recomputed from them does not do instead."""
    call, feeds, held, _ = MORE["experts"]
    model = runtime_case(tmp_path, call, {}, {**feeds, **held}).model
    graph = lower(model, vertices=VERTICES, passes="training")
    tensor = next(i for i, one in enumerate(model.tensors) if one.name == name)
    readers = np.repeat(np.arange(graph.vertices), np.diff(graph.indptr))
    backward = graph.vertex_pass[readers] == Pass.BACKWARD
    assert np.isin(graph.sources[backward], graph.producers(tensor)).any()

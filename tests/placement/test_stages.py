"""Stages are found by the resolution at which operators use their parameters."""

from pathlib import Path

import numpy as np
import pytest

from gallery.loading.load import load
from gallery.lowering import lower
from gallery.placement.stages import GAPS, borders, parted, resolutions
from tests.onnx_text import loaded

MODELS = Path(__file__).parents[2] / "models"
ALONG = np.linspace(0, 50, 101)


def test_the_resolution_is_that_of_results_whatever_the_budget() -> None:
    model = load(MODELS / "resnet18.onnx")
    small, large = (lower(model, vertices=vertices) for vertices in (200, 5000))
    found, same = (
        resolutions(one, np.arange(one.vertices), one.vertex_operator, len(one.operators))
        for one in (small, large)
    )
    np.testing.assert_allclose(found, same, atol=1e-9)
    kinds = np.array([one.type for one in small.operators])
    sides = 2 ** (found[kinds == "Conv"] / 2)
    np.testing.assert_allclose(np.unique(sides.round(6)), [7, 14, 28, 56, 112])
    assert found[kinds == "Gemm"] == pytest.approx(0)
    assert np.isnan(found[kinds == "Relu"]).all()


def test_products_have_the_places_of_their_rows_if_they_have_weights(tmp_path: Path) -> None:
    weights = ",".join("1" * 64)
    text = f"""net (float[2,4,8] x) => (float[2,4,4] z) <float[8,8] w = {{{weights}}}> {{
        y = MatMul(x, w) t = Transpose<perm = [0,2,1]>(y) z = MatMul(y, t) }}"""
    graph = lower(loaded(tmp_path, text), vertices=50)
    found = resolutions(
        graph,
        np.arange(graph.vertices, dtype=np.int32),
        graph.vertex_operator,
        len(graph.operators),
    )
    kinds = [one.type for one in graph.operators]
    first, second = (at for at, kind in enumerate(kinds) if kind == "MatMul")
    assert found[first] == pytest.approx(3)
    assert np.isnan(found[second])


def test_stages_end_where_the_resolution_changes() -> None:
    value = np.where(ALONG < 20, 12.0, np.where(ALONG < 30, 10.0, 8.0))
    np.testing.assert_allclose(borders(ALONG, 50, value), [20, 30], atol=0.6)
    # Some bodies work at another one, such as those that weigh channels, and many at none.
    value[::5] = 0
    value[1::2] = np.nan
    np.testing.assert_allclose(borders(ALONG, 50, value), [20, 30], atol=1.2)


def test_the_order_of_bodies_does_not_matter() -> None:
    value = np.where(ALONG < 20, 12.0, 8.0)
    mixed = np.random.default_rng(1).permutation(len(ALONG))
    np.testing.assert_array_equal(
        borders(ALONG[mixed], 50, value[mixed]), borders(ALONG, 50, value)
    )


def test_a_short_stage_in_the_middle_belongs_to_the_next() -> None:
    value = np.where(ALONG < 20, 12.0, np.where(ALONG < 22, 10.0, 8.0))
    np.testing.assert_allclose(borders(ALONG, 50, value), [20], atol=0.6)


@pytest.mark.parametrize(
    "value",
    [
        np.full(101, 7.0),
        np.full(101, np.nan),
        np.where(ALONG < 1, 9.0, 7.0),
        np.where(ALONG > 49, 0.0, 7.0),
    ],
    ids=["one", "none", "short-first", "short-last"],
)
def test_what_is_too_short_is_no_stage(value: np.ndarray) -> None:
    assert not len(borders(ALONG, 50, value))


def test_gaps_leave_the_order_and_the_length() -> None:
    drawn, gap = parted(ALONG, 50, np.array([20.0, 30.0]))
    assert (drawn[0], drawn[-1]) == (0, 50)
    steps = np.diff(drawn)
    assert (steps > 0).all()
    assert (steps > gap).sum() == 2
    assert 2 * gap == pytest.approx(GAPS * 50)
    assert parted(ALONG, 50, np.empty(0))[0] is ALONG

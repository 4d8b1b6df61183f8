"""The laws that the benchmark checks at a million vertices, at a size for tests."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from gallery.loading.load import load
from gallery.lowering import lower
from tests.benchmarks.check_lower import MODELS, PASSES, check, coarser, quotient_findings


@pytest.mark.parametrize("passes", PASSES)
@pytest.mark.parametrize("name", ["alexnet", "lstm", "mobilenetv2", "resnet18", "unet"])
def test_coarser_graphs_are_quotients_in_every_pass(name: str, passes: str) -> None:
    graph, wrong = check(load(MODELS / f"{name}.onnx"), 40_000, passes)
    assert len(graph.levels) > 1
    assert wrong == []


def test_an_edge_too_few_or_too_many_is_found() -> None:
    model = load(MODELS / "resnet18.onnx")
    fine = lower(model, vertices=16_000, passes="training")
    coarse = coarser(model, fine)
    assert list(quotient_findings(fine, coarse)) == []
    reads = np.flatnonzero((np.diff(coarse.indptr) > 1) & (coarse.vertex_pass == 1))[0]
    moved = coarse.sources.copy()
    moved[coarse.indptr[reads]] = 0
    wrong = dataclasses.replace(coarse, sources=moved)
    assert list(quotient_findings(fine, wrong))

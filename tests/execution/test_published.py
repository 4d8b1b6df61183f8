"""Modelled times against published ones, within a factor of two.

BERT-base, one sequence of 128 tokens in half precision with TensorRT, from the table "Inference
performance" of demo/BERT/README.md in https://github.com/NVIDIA/TensorRT, commit 007c34702bc7; the
processors' rates from NVIDIA's white papers and data sheets (A100 PCIe 40 GB, A30, T4). No figure
of a Graphcore processor is here: its maker's tables of results can no longer be looked up.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from gallery.execution import run
from gallery.graph import ComputeGraph
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.lowering.tiling.targets import TARGETS, Target

MODELS = Path(__file__).parents[2] / "models"


def _gpu(tiles: int, flops: float, vector_flops: float, clock: float, memory: float) -> Target:
    """A GPU with 128 bytes of shared memory a clock for each of its multiprocessors."""
    rates = {"flops": flops, "vector_flops": vector_flops, "bandwidth": tiles * 128 * clock}
    return dataclasses.replace(TARGETS["h100"], tiles=tiles, exchange=memory, **rates)


@pytest.fixture(scope="module")
def bert() -> ComputeGraph:
    """BERT-base in half precision."""
    graph = lower(load(MODELS / "bert-base.onnx"), vertices=60_000, target="h100")
    return dataclasses.replace(graph, vertex_bytes=graph.vertex_bytes / 2)


@pytest.mark.parametrize(
    ("gpu", "published"),
    [
        (_gpu(108, 312e12, 19.5e12, 1.41e9, 1.555e12), 0.67e-3),
        (_gpu(56, 165e12, 10.3e12, 1.44e9, 0.933e12), 0.89e-3),
        (_gpu(40, 65e12, 8.1e12, 1.59e9, 0.32e12), 1.95e-3),
    ],
    ids=["A100", "A30", "T4"],
)
def test_bert_takes_as_long_as_published(bert: ComputeGraph, gpu: Target, published: float) -> None:
    assert published / 2 < run(bert, gpu).seconds < 2 * published

"""Modelled times against published ones, within a factor of two.

BERT-base, one sequence of 128 tokens in half precision with TensorRT, from the table "Inference
performance" of demo/BERT/README.md in https://github.com/NVIDIA/TensorRT, commit 007c34702bc7; the
processors' rates from NVIDIA's white papers and data sheets (A100 PCIe 40 GB, A30, T4).

ResNet-50 in half precision on a Graphcore C600, which is one Mk2 IPU of 1,472 tiles at 280
teraFLOPS: 7,062 images a second in batches of 4 and 13,542 in batches of 32, from
byte_mlperf/reports/IPU/resnet50-torch-fp32/result-fp16.json in
https://github.com/bytedance/ByteMLPerf, commit 80b7ce9ff313. Batches follow one another without a
pause there, so the time of one is its size by that rate; the latency told beside it holds the way
through the host as well. The same source's BERT is left out: its 3,134 sequences a second of 384
tokens would be four fifths of the peak, as several short sequences go as one.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import onnx
import pytest

from gallery.execution.run import run
from gallery.graph import ComputeGraph
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.targets import TARGETS, Target
from tests.onnx_text import write

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


def _c600() -> Target:
    """The second IPU at the clock of the C600."""
    ipu = TARGETS["ipu2"]
    faster = 280e12 / ipu.flops
    rates = ("flops", "vector_flops", "bandwidth", "exchange")
    return dataclasses.replace(ipu, **{name: faster * getattr(ipu, name) for name in rates})


@pytest.mark.parametrize(
    ("batch", "vertices", "published"), [(4, 200_000, 4 / 7062), (32, 300_000, 32 / 13542)]
)
def test_resnet50_takes_as_long_as_published(
    batch: int, vertices: int, published: float, tmp_path: Path
) -> None:
    proto = onnx.load(MODELS / "resnet50.onnx", load_external_data=False)
    proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value = batch
    proto.graph.output[0].type.tensor_type.shape.dim[0].dim_value = batch
    del proto.graph.value_info[:]
    graph = lower(load(write(tmp_path, proto)), vertices=vertices, target="ipu2")
    graph = dataclasses.replace(graph, vertex_bytes=graph.vertex_bytes / 2)
    assert published / 2 < run(graph, _c600()).seconds < 2 * published

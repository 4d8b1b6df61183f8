"""A large language model is lowered from its topology alone."""

from math import prod
from pathlib import Path

from gallery.graph import Kind
from gallery.loading.load import load
from gallery.lowering import lower
from tests.benchmarks.language_model import write


def test_eight_billion_parameters_are_lowered_from_a_hundred_kilobytes(tmp_path: Path) -> None:
    path = write(tmp_path / "decoder.onnx")
    assert path.stat().st_size < 200_000
    model = load(path)
    assert not model.warnings
    sizes = [tensor.sizes for tensor in model.tensors if tensor.is_parameter and tensor.sizes]
    assert round(sum(map(prod, sizes)) / 1e9, 2) == 8.03
    graph = lower(model, vertices=20_000)
    assert not graph.unknown_operators
    assert (graph.vertex_kind == Kind.PARTIAL).any()

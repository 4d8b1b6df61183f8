"""Runs with ONNX Runtime: every operator found again, and refusals that are told."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from gallery.errors import LoadError
from gallery.loading.load import load
from gallery.loading.renamed import renamed
from gallery.measuring.here import Trial, measure
from gallery.measuring.joining import join
from gallery.measuring.random_tensors import weights
from gallery.measuring.sums import sums
from gallery.measuring.types import MeasurementError
from tests.onnx_text import parse, write

NET = """<ir_version: 8, opset_import: ["" : 17, "local" : 1]>
g (float[1, 3, 64, 64] x, int64[1] n) => (float[1, 16, 62, 62] y, float[1, 16, 62, 62] z)
<int64 trips = {3}, bool go = {1}> {
    [same] c = Conv (x, w, b)
    [same] r = Relu (c)
    a = local.twice (r)
    y = Loop (trips, go, a) <body = inner (int64 i, bool k, float[1, 16, 62, 62] s)
        => (bool k2, float[1, 16, 62, 62] t) {
        [same] k2 = Identity (k)
        u = Mul (s, a)
        t = Sigmoid (u)
    }>
    z = local.twice (y)
}
<domain: "local", opset_import: ["" : 17]>
twice (x) => (y) {
    [same] h = Add (x, x)
    y = Tanh (h)
}"""


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with names used twice, functions, a loop, and weights that are not there."""
    proto = parse(NET)
    for name, dims in (("w", (16, 3, 3, 3)), ("b", (16,))):
        tensor = proto.graph.initializer.add(name=name, dims=dims, data_type=1)
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="../absent.bin")
    return write(tmp_path_factory.mktemp("net"), proto)


def test_a_renamed_model_has_the_indices_of_the_loaded_one(net: Path) -> None:
    model, (proto, absent) = load(net), renamed(net)
    found: dict[str, str] = {}

    def walk(graph: onnx.GraphProto) -> None:
        for node in graph.node:
            assert node.name not in found
            found[node.name] = node.op_type
            for attribute in node.attribute:
                walk(attribute.g)

    walk(proto.graph)
    assert found == {f"gnode{n}": one.type for n, one in enumerate(model.operators)}
    assert sorted(one.dims for one in absent) == [(16,), (16, 3, 3, 3)]


@pytest.mark.parametrize("level", ["none", "all"])
def test_all_time_belongs_to_operators(net: Path, level: str) -> None:
    model = load(net)
    table = measure(net, Trial(level=level))
    (one,) = join(table, model, source="", device="").measurements
    assert one.lost <= 0.02 * (one.total - one.apart)
    timed = {model.operators[n].type for n, value in enumerate(one.values) if value}
    assert timed >= {"Conv", "Relu", "Add", "Tanh", "Mul", "Sigmoid", "Loop"}
    assert 0 < one.total <= one.run
    found = sums(one, model)
    for rows in found.values():
        assert math.fsum(float(value) for _, value in rows) == pytest.approx(
            one.total - one.apart - one.lost
        )
    assert "ONNX Runtime" in one.device


_LITTLE = "more than 1 MiB|map segment|memory|ended with"
"""Who notices first depends on the machine: the one that watches, the system, or the runtime."""


@pytest.mark.parametrize(
    ("text", "trial", "said"),
    [
        ("g (float[2] x) => (float[2] y) { y = other.Thing (x) }", {}, "refused it: .*other"),
        ("g (float[2] x) => (float[2] y) { y = Relu (x) }", {"seconds": 0.01}, "more than 0.01 s"),
        ("g (float[2] x) => (float[2] y) { y = Relu (x) }", {"memory": 1 << 20}, _LITTLE),
    ],
)
def test_what_cannot_run_is_told(
    tmp_path: Path, text: str, trial: dict[str, int], said: str
) -> None:
    path = write(tmp_path, f'<ir_version: 8, opset_import: ["" : 17, "other" : 1]> {text}')
    with pytest.raises(MeasurementError, match=said):
        measure(path, Trial(**trial))  # type: ignore[arg-type]


def test_no_file_that_a_model_names_is_opened(tmp_path: Path) -> None:
    proto = parse("g (float[2] x) => (float[2] y) { c = Constant <value = float[2] {1, 2}> () "
                  "y = Add (x, c) }")  # fmt: skip
    tensor = proto.graph.node[0].attribute[0].t
    tensor.ClearField("float_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/hostname")
    with pytest.raises(LoadError, match="lies in another file"):
        renamed(write(tmp_path, proto))


def test_random_weights_keep_the_size_of_what_they_read() -> None:
    random = np.random.default_rng(0)
    x = random.standard_normal((4, 64)).astype(np.float32)
    for _ in range(60):
        x = np.maximum(x @ weights("float", (64, 64), random), 0)
    assert 1e-6 < np.abs(x).max() < 1e6
    assert (weights("float", (64,), random) >= 0.5).all()
    assert not weights("int64", (4,), random).any()
    assert numpy_helper.from_array(weights("float16", (2, 2), random)).data_type == 10


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="it waits for ever at a pipe")
def test_the_process_that_runs_a_model_ends_with_the_one_that_started_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "request.json")
    with subprocess.Popen(
        [sys.executable, "-m", "gallery.measuring.runner", str(tmp_path)], stdin=subprocess.PIPE
    ) as process:
        try:
            assert process.stdin
            process.stdin.close()  # as the system does for a process that is killed
            assert process.wait(timeout=300) == 1
        finally:
            process.kill()

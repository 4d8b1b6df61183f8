"""Memory of activations, one operator after another, against ONNX Runtime's own account of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import onnxruntime
import pytest

from gallery.cli.facts import facts_table
from gallery.costs import sequential
from gallery.costs.facts import facts
from gallery.costs.sequential import run_order, sequential_memory
from gallery.loading.load import load
from gallery.model import Model
from tests.onnx_text import write

MODELS = Path(__file__).parents[2] / "models"

NET = """
net (float[2, 8] x) => (float[2, 8] y)
<float[8, 8] w = {}>
{{
    a = MatMul(x, w)
    b = Relu(a)
    c = MatMul(b, w)
    d = Add(c, b)
    y = Add(d, d)
}}
""".format("{ " + ", ".join(["0.5"] * 64) + " }")

BRANCHES = """
net (float[2, 8] x, bool go) => (float[2, 8] y)
{
    y = If (go) <
        then_branch = then () => (float[2, 8] t) { u = Tanh(x)  v = Mul(u, x)  t = Sub(v, u) },
        else_branch = other () => (float[2, 8] e) { e = Neg(x) }
    >
}
"""


class Held(NamedTuple):
    """What a node that ran leaves in memory, in bytes: what was requested, and what is held."""

    type: str
    requested: int
    held: int


def held_by_runtime(path: Path, folder: Path) -> list[Held]:
    """What ONNX Runtime's events tell of memory, in the order in which nodes ran.

    Before any optimisation, on one thread; what was there before the first node does not count.
    The arena rounds requests up and gives whole regions away, so it holds more than is requested.
    """
    model = onnx.load(path, load_external_data=False)
    for number, node in enumerate(model.graph.node):
        node.name = f"n{number}"
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.enable_mem_pattern = False
    options.enable_profiling = True
    options.profile_file_prefix = str(folder / "profile")
    absent = [one for one in model.graph.initializer if one.external_data]
    values = [
        np.full(tuple(one.dims), 0.01, onnx.helper.tensor_dtype_to_np_dtype(one.data_type))
        for one in absent
    ]
    if absent:
        held = [onnxruntime.OrtValue.ortvalue_from_numpy(one) for one in values]
        options.add_external_initializers([one.name for one in absent], held)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    kinds = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(bool)": np.bool_}
    sizes = load(path).bindings
    fed = {
        one.name: np.ones([sizes.get(size, size) for size in one.shape], kinds[one.type])
        for one in session.get_inputs()
    }
    session.run(None, fed)
    events = json.loads(Path(session.end_profiling()).read_text())
    nodes = [one["args"] for one in events if one["name"].endswith("_kernel_time")]
    first = nodes[0]
    before = int(first["mem_bytes_requested_in_use"]) - int(first["mem_requested_in_use_delta"])
    other = int(first["mem_bytes_in_use"]) - int(first["mem_in_use_delta"])
    return [
        Held(
            one["op_name"],
            int(one["mem_bytes_requested_in_use"]) - before,
            int(one["mem_bytes_in_use"]) - other,
        )
        for one in nodes
    ]


@pytest.mark.parametrize("name", ["resnet18", "mobilenetv2", "pointnet", "lstm"])
def test_the_peak_is_that_of_onnx_runtime(name: str, tmp_path: Path) -> None:
    model = load(MODELS / f"{name}.onnx")
    found = sequential_memory(model)
    assert found is not None
    measured = held_by_runtime(MODELS / f"{name}.onnx", tmp_path)
    ran = [model.operators[index].type for index in found.order]
    assert ran == [kind for kind, _, _ in measured]
    peak = max(requested for _, requested, _ in measured)
    assert found.peak == pytest.approx(peak, rel=0.05)
    same = sum(a == b for a, (_, b, _) in zip(found.bytes, measured, strict=True))
    assert same >= 0.95 * len(measured)
    assert all(arena >= requested for _, requested, arena in measured)


def _memory(folder: Path, text: str) -> tuple[Model, tuple[int, ...], int, int]:
    model = load(write(folder, text, "net.onnx"))
    found = sequential_memory(model)
    assert found is not None
    return model, found.bytes, found.peak, found.sample


def test_places_are_shared_where_nothing_else_needs_them(tmp_path: Path) -> None:
    # a and b share a place, which lasts until d is made; d has one of its own, and y, an output.
    model, over_time, peak, sample = _memory(tmp_path, NET)
    assert over_time == (64, 64, 128, 192, 128)
    assert (peak, sample) == (192, 96)
    told = facts(model, 0)
    assert (told.peak_bytes, told.peak_sample_bytes) == (192, 96)
    name = model.operators[3].name
    assert told.peak_operator == name
    line = f"peak         192 bytes of activations at {name}; 96 more for each further sample"
    assert line in facts_table(told).splitlines()


def test_a_branch_counts_with_what_its_owner_makes(tmp_path: Path) -> None:
    _, over_time, peak, _ = _memory(tmp_path, BRANCHES)
    assert over_time == (64 + 192,)
    assert peak == 256


@pytest.mark.parametrize("levels", [2, 12])
def test_a_body_in_a_body_counts_once(
    levels: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each level holds its own output of 64 bytes; the innermost branch holds three such tensors.
    body = "u = Tanh(x) v = Mul(u, x) t0 = Sub(v, u)"
    for level in range(1, levels + 1):
        made = "y" if level == levels else f"t{level}"
        other = f"else_branch = o{level} () => (float[2, 8] e{level}) {{ e{level} = Neg(x) }}"
        then = f"then_branch = b{level} () => (float[2, 8] t{level - 1}) {{ {body} }}"
        body = f"{made} = If (go) < {then}, {other} >"
    text = f"net (float[2, 8] x, bool go) => (float[2, 8] y) {{ {body} }}"
    graphs: list[Sequence[int]] = []

    def noted(model: Model, operators: Sequence[int]) -> tuple[int, ...]:
        graphs.append(operators)
        return run_order(model, operators)

    monkeypatch.setattr(sequential, "run_order", noted)
    _, over_time, peak, _ = _memory(tmp_path, text)
    assert (over_time, peak) == ((64 * levels + 192,), 64 * levels + 192)
    assert len(graphs) == 1 + 2 * levels


def test_unknown_sizes_make_an_unknown_peak(tmp_path: Path) -> None:
    text = "net (float[4] x) => (int64[1, n] y) { y = NonZero(x) }"
    model = load(write(tmp_path, text, "net.onnx"))
    assert sequential_memory(model) is None
    assert facts(model, 0).peak_bytes is None

"""The laws of a run: order, one vertex a tile at a time, conservation, memory by definition."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.errors import LowerError
from gallery.execution.results import Held
from gallery.execution.run import run
from gallery.execution.types import Execution, held
from gallery.graph import ComputeGraph, Kind, Pass
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.model import Model
from gallery.targets import TARGETS
from tests.execution.graphs import small, working_graphs
from tests.lowering.runtime_cases import runtime_case
from tests.strategies import path, star

MODELS = Path(__file__).parents[2] / "models"
PROCESSORS = st.sampled_from(["ipu2", "h100"])


def model_of(name: str) -> Model:
    """A sample model."""
    return load(MODELS / f"{name}.onnx")


def _still(graph: ComputeGraph) -> np.ndarray:
    return np.isin(graph.vertex_kind, (Kind.INPUT, Kind.PARAMETER))


def assert_in_order(execution: Execution) -> None:
    """No vertex starts before what it reads has ended, nor before its step."""
    graph, ends = execution.graph, execution.vertex_start + execution.vertex_time
    readers = graph.readers()
    room = 1e-12 * max(execution.seconds, 1e-9)
    assert (ends[graph.sources] <= execution.vertex_start[readers] + room).all()
    busy = ~_still(graph)
    assert (execution.vertex_step[graph.sources] <= execution.vertex_step[readers]).all()
    assert (ends[busy] <= execution.seconds + room).all()
    begin = execution.step_start[execution.vertex_step]
    assert (execution.vertex_start >= begin - room).all()


@settings(max_examples=50)
@given(graph=working_graphs(), tiles=st.integers(1, 9), name=PROCESSORS)
def test_nothing_runs_before_what_it_reads(graph: ComputeGraph, tiles: int, name: str) -> None:
    assert_in_order(run(graph, small(name, tiles)))


@settings(max_examples=50)
@given(graph=working_graphs(), tiles=st.integers(1, 9), name=PROCESSORS)
def test_a_tile_runs_one_vertex_at_a_time(graph: ComputeGraph, tiles: int, name: str) -> None:
    execution = run(graph, small(name, tiles))
    assert set(execution.vertex_tile.tolist()) <= set(range(tiles))
    busy = np.flatnonzero(execution.vertex_time > 0)
    order = busy[np.lexsort((execution.vertex_start[busy], execution.vertex_tile[busy]))]
    ends = (execution.vertex_start + execution.vertex_time)[order]
    same = execution.vertex_tile[order][1:] == execution.vertex_tile[order][:-1]
    room = 1e-12 * max(execution.seconds, 1e-9)
    assert (execution.vertex_start[order][1:] >= ends[:-1] - room)[same].all()
    assert execution.tile_busy.sum() == pytest.approx(execution.vertex_time.sum())


@settings(max_examples=50)
@given(graph=working_graphs(), tiles=st.integers(1, 9))
def test_what_is_sent_is_received_and_is_what_other_tiles_read(
    graph: ComputeGraph, tiles: int
) -> None:
    graph = dataclasses.replace(graph, vertex_flops=graph.vertex_flops + 1)
    execution = run(graph, small("ipu2", tiles))
    tile, step = execution.vertex_tile, execution.vertex_step
    read = {
        (source, int(tile[reader]), int(step[reader]))
        for reader, source in zip(graph.readers().tolist(), graph.sources.tolist(), strict=True)
        if tile[reader] != tile[source]
    }
    sent = np.zeros(graph.vertices)
    for source, _, _ in read:
        sent[source] += graph.vertex_bytes[source]
    np.testing.assert_allclose(execution.vertex_sent, sent)
    assert execution.step_received.sum() == pytest.approx(sent.sum())


def test_a_block_is_sent_once_to_all_readers_of_a_tile() -> None:
    graph = dataclasses.replace(
        star(8),
        vertex_operator=np.array([0] + [1] * 8, np.int32),
        vertex_bytes=np.full(9, 16, np.float32),
    )
    execution = run(graph, small("ipu2", 3))
    assert execution.vertex_sent.tolist() == [32] + [0] * 8
    assert execution.step_exchange[1] == pytest.approx(16 / (execution.target.exchange / 3))


@settings(max_examples=50)
@given(graph=working_graphs(), tiles=st.integers(1, 8), more=st.integers(1, 5), name=PROCESSORS)
def test_more_tiles_are_never_slower_in_compute(
    graph: ComputeGraph, tiles: int, more: int, name: str
) -> None:
    few, many = (run(graph, small(name, n)).step_compute for n in (tiles, tiles + more))
    assert (many <= few * (1 + 1e-8)).all()
    work = run(graph, small(name, tiles)).vertex_time
    assert few.sum() <= work.sum() * (1 + 1e-8)
    assert few.sum() >= work.sum() / tiles * (1 - 1e-8)


@settings(max_examples=50)
@given(graph=working_graphs(), tiles=st.integers(1, 9), moments=st.integers(0, 2))
def test_memory_is_what_is_made_and_still_needed(
    graph: ComputeGraph, tiles: int, moments: int
) -> None:
    execution = run(graph, small("ipu2", tiles), moments=moments)
    rows = [graph.sources[graph.indptr[v] : graph.indptr[v + 1]] for v in range(graph.vertices)]
    last = {}
    for reader, row in enumerate(rows):
        for source in row.tolist():
            last[source] = max(last.get(source, 0), int(execution.vertex_step[reader]))
    whole = np.zeros(execution.steps)
    for v in range(graph.vertices):
        stays = graph.vertex_kind[v] == Kind.PARAMETER
        begin = 0 if stays else int(execution.vertex_step[v])
        end = execution.steps - 1 if stays else last.get(v, execution.steps - 1)
        whole[begin : end + 1] += graph.vertex_bytes[v]
    np.testing.assert_allclose(held(execution.memory), whole)
    if execution.steps:
        assert whole[execution.peak_step] == whole.max()
        alive = graph.vertex_bytes[execution.alive()].sum(dtype=float)
        assert alive == pytest.approx(whole.max())


@pytest.fixture(scope="module")
def training() -> Execution:
    return run(lower(model_of("resnet18"), vertices=20_000, passes="training"))


def test_a_training_step_keeps_activations_and_state(training: Execution) -> None:
    graph, memory = training.graph, training.memory
    assert_in_order(training)
    parameters = graph.vertex_bytes[graph.vertex_kind == Kind.PARAMETER].sum(dtype=float)
    assert memory[:, Held.PARAMETERS].tolist() == pytest.approx([parameters] * training.steps)
    assert memory[:, Held.OPTIMISER].tolist() == pytest.approx([2 * parameters] * training.steps)
    backward = int(np.flatnonzero(training.step_pass == Pass.BACKWARD)[0])
    kept = memory[:, Held.KEPT]
    assert (np.diff(kept[:backward]) >= 0).all()
    assert (np.diff(kept[backward:]) <= 0).all()
    gradients = memory[:, Held.PARAMETER_GRADIENTS]
    assert gradients[:backward].max() == 0
    trained = graph.gradient_of[graph.vertex_kind == Kind.UPDATE]
    assert gradients[-1] == pytest.approx(graph.vertex_bytes[trained].sum(dtype=float))
    assert training.step_pass[-1] == Pass.UPDATE


def test_operators_use_all_tiles_and_exchange_less_than_at_random(training: Execution) -> None:
    forward = run(lower(model_of("resnet50"), vertices=50_000))
    busiest = int(np.argmax(forward.step_flops))
    mine = (forward.vertex_step == busiest) & (forward.vertex_time > 0)
    used = np.unique(forward.vertex_tile[mine])
    assert len(used) == min(forward.target.tiles, np.count_nonzero(mine))
    assert forward.tile_busy.min() > 0.3 * forward.tile_busy.mean()
    tiles = np.random.default_rng(0).integers(0, forward.target.tiles, forward.graph.vertices)
    graph = forward.graph
    pairs = np.stack([graph.sources, tiles[graph.readers()]]), tiles[graph.sources]
    far = pairs[0][:, pairs[0][1] != pairs[1]]
    random = graph.vertex_bytes[np.unique(far, axis=1)[0]].sum(dtype=float)
    assert forward.step_received.sum() < 0.9 * random


def test_a_gpu_reads_its_memory_and_launches_kernels() -> None:
    graph = lower(model_of("resnet18"), vertices=20_000, target="h100")
    execution = run(graph)
    assert execution.target is TARGETS["h100"]
    assert_in_order(execution)
    assert (execution.step_sync > 0).all()
    bytes_once = graph.vertex_bytes.sum(dtype=float)
    assert execution.seconds > bytes_once / execution.target.exchange


def test_matrix_units_do_what_is_mostly_products_whatever_its_type(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    x, w = (rng.normal(size=size).astype(np.float32) for size in ((9, 64), (64, 192)))
    heads = "y = PackedAttention<num_heads=2>(x, w, b, o, c)"
    places = {"o": np.arange(9, dtype=np.int32)[None], "c": np.array([0, 9], np.int32)}
    attention = runtime_case(tmp_path, heads, {"x": x}, {"w": w, "b": w[0], **places}).model
    gelu = runtime_case(tmp_path, "y = BiasGelu(x, b)", {"x": x}, {"b": x[0]}).model
    slow = dataclasses.replace(TARGETS["ipu2"], vector_flops=1e9)
    same = {
        one.operators[0].type: run(lower(one, vertices=100), slow).seconds
        == run(lower(one, vertices=100), "ipu2").seconds
        for one in (attention, gelu)
    }
    assert same == {"PackedAttention": True, "BiasGelu": False}


def test_same_input_same_bytes(training: Execution) -> None:
    again = run(training.graph)
    for name in ("vertex_start", "vertex_tile", "memory", "tile_memory", "step_exchange"):
        assert getattr(again, name).tobytes() == getattr(training, name).tobytes()


@pytest.mark.parametrize("vertices", [0, 1])
def test_graphs_of_next_to_nothing_run(vertices: int) -> None:
    execution = run(dataclasses.replace(path(vertices), target="ipu1"))
    assert execution.steps == vertices
    assert execution.seconds >= 0


def test_wrong_targets_and_moments_are_named() -> None:
    with pytest.raises(LowerError, match="there is no target ''"):
        run(path(2))
    with pytest.raises(LowerError, match="choose 0, 1 or 2 moments"):
        run(path(2), "ipu2", moments=-1)

"""The viewer's schedule is that of the run, and its clock keeps the run's laws."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gallery.execution.curves import COLUMNS, curves
from gallery.execution.results import Held
from gallery.execution.run import run
from gallery.execution.summary import summary
from gallery.execution.types import Execution, held
from gallery.model import Model
from gallery.placement.types import Layout
from gallery.rendering.viewer.check import checked
from gallery.rendering.viewer.container import pack, varints, zigzag
from gallery.rendering.viewer.data import viewer_data
from gallery.rendering.viewer.decode import from_varints, signed
from gallery.rendering.viewer.sample import sample
from gallery.rendering.viewer.schedule import PARTS, TICKS
from tests.execution.graphs import small
from tests.rendering.viewer_net import colorings, net

_FEW = (200, 1000)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Layout]:
    return net(tmp_path_factory.mktemp("net"))


@pytest.fixture(scope="module", params=["ipu2", "h100"])
def execution(request: pytest.FixtureRequest, whole: tuple[Model, Layout]) -> Execution:
    """On few tiles, which run several vertices of a step one after another."""
    return run(whole[1].graph, small(request.param, 3))


@pytest.fixture(params=["whole", "sample"])
def budget(request: pytest.FixtureRequest) -> tuple[int, int]:
    return _FEW if request.param == "sample" else (10_000, 100_000)


class _Player:
    """What the player reads, read slowly."""

    def __init__(self, data: bytes) -> None:
        self.head, sections = checked(data)
        self.told = self.head["run"]
        parts = from_varints(sections["clock"]).reshape(3, -1)
        ends = np.cumsum(parts.T.reshape(-1)).reshape(-1, 3)
        self.sync, self.exchange, self.compute = parts
        self.start = np.concatenate([[0], ends[:-1, 2]])
        self.computing, self.end = ends[:, 1], ends[:, 2]
        self.step = np.cumsum(signed(from_varints(sections["step"])))
        self.last = self.step + from_varints(sections["last"])
        begin, end = (np.frombuffer(sections[n], np.uint8) / PARTS for n in ("begin", "end"))
        self.begins = self.computing[self.step] + begin * self.compute[self.step]
        self.ends = self.computing[self.step] + end * self.compute[self.step]
        changes = signed(from_varints(sections["memory"])).reshape(len(self.told["held"]), -1)
        self.memory = np.cumsum(changes, axis=1) * self.told["unit"]
        self.operators = from_varints(sections["runs"])
        self.passes = np.frombuffer(sections["run_pass"], np.uint8)


@pytest.fixture
def player(whole: tuple[Model, Layout], execution: Execution, budget: tuple[int, int]) -> _Player:
    model, layout = whole
    few = colorings(layout)[:1]
    return _Player(viewer_data(layout, few, model, execution=execution, budget=budget))


def test_the_strip_has_the_numbers_of_the_summary(player: _Player, execution: Execution) -> None:
    told, numbers = player.told, summary(execution)
    assert (told["steps"], told["seconds"]) == (numbers.steps, numbers.seconds)
    assert (told["processor"], told["shared"]) == (numbers.processor, numbers.shared)
    tick = execution.seconds / TICKS
    for ticks, seconds in (
        (player.sync, numbers.sync),
        (player.exchange, numbers.exchange),
        (player.compute, numbers.compute),
    ):
        assert ticks.sum() * tick == pytest.approx(seconds, rel=1e-4)
    np.testing.assert_allclose(player.start * tick, execution.step_start, atol=1.01 * tick)
    total = player.memory.sum(axis=0)
    assert total.argmax() == told["peak"] == execution.peak_step
    assert total.max() == pytest.approx(numbers.peak, rel=1e-5)
    at_peak = {
        title: int(player.memory[k, told["peak"]]) for k, (_, title) in enumerate(told["held"])
    }
    assert {k: v for k, v in at_peak.items() if v} == pytest.approx(numbers.peak_kinds, rel=1e-5)
    np.testing.assert_array_equal(player.operators, execution.step_operator)
    np.testing.assert_array_equal(player.passes, execution.step_pass)


def test_it_is_the_chart_of_the_page(player: _Player, execution: Execution) -> None:
    edges = np.linspace(0, TICKS, COLUMNS + 1)
    done = np.cumsum(player.compute)
    times = np.stack([player.computing, player.end], axis=1).reshape(-1)
    reached = np.interp(edges, times, np.stack([done - player.compute, done], axis=1).reshape(-1))
    shares = np.diff(reached) / (TICKS / COLUMNS)
    np.testing.assert_allclose(shares, np.array(curves(execution).compute) / 1000, atol=1e-3)


def test_no_vertex_starts_before_what_it_reads_ends(
    player: _Player, whole: tuple[Model, Layout], budget: tuple[int, int]
) -> None:
    layout = whole[1]
    shown = sample(layout.graph, vertices=budget[0], edges=budget[1])
    known = np.isin(layout.graph.sources, shown.vertices)
    readers, sources = layout.graph.readers()[known], layout.graph.sources[known]
    known = np.isin(readers, shown.vertices)
    reader, source = (np.searchsorted(shown.vertices, v[known]) for v in (readers, sources))
    assert len(reader) > 20
    assert (player.begins[reader] >= player.ends[source]).all()
    assert (player.last[source] >= player.step[reader]).all()
    assert (player.ends >= player.begins).all()
    assert player.ends.max() <= TICKS


def test_what_is_shown_runs_when_it_runs(
    player: _Player, whole: tuple[Model, Layout], execution: Execution, budget: tuple[int, int]
) -> None:
    at = sample(whole[1].graph, vertices=budget[0], edges=budget[1]).vertices
    assert (len(at) == len(execution.vertex_step)) == (budget != _FEW)
    np.testing.assert_array_equal(player.step, execution.vertex_step[at])
    np.testing.assert_array_equal(player.last, execution.vertex_last[at])
    tick = execution.seconds / TICKS
    # Rounded by a part of the step, and where it only holds what is there, to when it is read.
    slack = execution.step_compute[player.step] / PARTS + 2 * tick
    working = execution.vertex_time[at] > 0
    late = player.begins * tick - execution.vertex_start[at]
    assert (np.abs(late) <= slack)[working].all()
    long = player.ends * tick - execution.vertex_start[at] - execution.vertex_time[at]
    assert (np.abs(long) <= slack)[working].all()


def test_alive_are_those_that_fill_the_memory(
    whole: tuple[Model, Layout], execution: Execution
) -> None:
    """What glows at the peak is what `live` colours, and weighs what the strip says."""
    player = _Player(viewer_data(whole[1], colorings(whole[1])[:1], execution=execution))
    peak, graph = player.told["peak"], whole[1].graph
    stays = execution.vertex_held == Held.PARAMETERS
    alive = ((player.step <= peak) | stays) & (player.last >= peak)
    alive &= graph.vertex_pass != 2
    np.testing.assert_array_equal(alive, execution.alive())
    weight = graph.vertex_bytes[alive].astype(float).sum()
    optimiser = execution.memory[peak, Held.OPTIMISER]
    assert weight + optimiser == pytest.approx(held(execution.memory)[peak])


def test_large_amounts_are_told_in_larger_units(
    whole: tuple[Model, Layout], execution: Execution
) -> None:
    large = replace(execution, memory=execution.memory * 1e9)
    player = _Player(viewer_data(whole[1], colorings(whole[1])[:1], execution=large))
    assert player.memory.sum(axis=0).max() == pytest.approx(held(large.memory).max(), rel=1e-6)


def test_a_run_without_time_is_not_told(tmp_path: Path) -> None:
    model, layout = net(tmp_path, vertices=1, passes="forward")
    still = replace(
        run(layout.graph),
        **{
            f"step_{n}": np.zeros(run(layout.graph).steps)
            for n in ("start", "sync", "exchange", "compute")
        },
    )
    assert viewer_data(layout, colorings(layout), model, execution=still) == viewer_data(
        layout, colorings(layout), model
    )


def _below_zero(memory: bytes) -> bytes:
    return varints(zigzag(-signed(from_varints(memory))))


_WRONG = {
    "run.peak": lambda head, _: head["run"].update(peak=head["run"]["steps"]),
    "sections.clock": lambda _, parts: parts.update(clock=varints([1] * 3 * 99)),
    "sections.memory": lambda _, parts: parts.update(memory=_below_zero(parts["memory"])),
    "sections.step": lambda _, parts: parts.update(step=parts["step"][:-1] + b"\x7f"),
    "sections.end": lambda _, parts: parts.update(begin=b"\xff" * len(parts["begin"])),
}


@pytest.mark.parametrize("where", _WRONG)
def test_schedules_that_cannot_be_are_refused(whole: tuple[Model, Layout], where: str) -> None:
    data = viewer_data(whole[1], colorings(whole[1])[:1], execution=run(whole[1].graph))
    head, sections = checked(data)
    _WRONG[where](head, sections)
    with pytest.raises(ValueError, match=where):
        checked(pack(head, sections))

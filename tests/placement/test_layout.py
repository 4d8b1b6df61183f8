"""Laws of the whole layout."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from gallery.errors import LayoutError
from gallery.graph import ComputeGraph
from gallery.placement import ENGINES, LayoutSettings, free, layout
from gallery.placement.graph_levels import undirected
from gallery.placement.graphviz_engines import started
from gallery.placement.quality import cover, quality, stress
from tests.benchmarks.synthetic import resnet
from tests.invariants import assert_layout_finite
from tests.strategies import compute_graph, compute_graphs, mesh, path, star


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_places_a_chain_apart(engine: str) -> None:
    placed = layout(path(12), skeleton=engine)
    assert (placed.engine, placed.fallback) == (engine, "")
    assert_layout_finite(placed)
    assert len(np.unique(placed.positions, axis=0)) == 12


@settings(max_examples=25, deadline=None)
@given(graph=compute_graphs())
def test_any_graph_gets_finite_places(graph: ComputeGraph) -> None:
    assert_layout_finite(layout(graph))


@pytest.mark.parametrize(
    "graph",
    [compute_graph(0, []), compute_graph(1, []), path(3), compute_graph(40, []), star(2000)],
    ids=["empty", "one", "three", "no-edges", "star"],
)
def test_small_and_odd_graphs(graph: ComputeGraph) -> None:
    placed = layout(graph)
    assert_layout_finite(placed)
    # Rays of a star that lie in one cell of the charges' grid may meet.
    assert len(np.unique(placed.positions, axis=0)) >= 0.99 * graph.vertices


def test_a_mesh_is_drawn_as_a_mesh() -> None:
    assert quality(layout(mesh(40, 40))).stress < 0.08


def test_a_chain_coils_as_far_as_it_is_told_to() -> None:
    graph = path(3000)
    long = layout(graph, settings=LayoutSettings(fill=0))
    coiled = layout(graph)
    assert cover(graph, long.positions) < 0.1
    assert cover(graph, coiled.positions) > 5 * cover(graph, long.positions)


def test_a_network_fills_its_square_with_bodies() -> None:
    measured = quality(layout(resnet(per_operator=64)))
    assert measured.cover > 0.3
    assert measured.separation > 0.9
    assert measured.stress < 0.15


def test_parts_that_nothing_joins_lie_apart_and_look_as_they_do_alone() -> None:
    one = [(a, a + 1) for a in range(39)] + [(a, a + 7) for a in range(0, 30, 7)]
    alone = layout(compute_graph(40, one), skeleton="dot")
    both = layout(
        compute_graph(80, one + [(a + 40, b + 40) for a, b in one]), skeleton="dot"
    ).positions
    first, second = both[:40], both[40:]
    gap = np.sqrt(((first[:, None] - second[None]) ** 2).sum(axis=2)).min()
    assert gap > 0.4
    neighbours = undirected(alone.graph.indptr, alone.graph.sources)
    random = np.random.default_rng
    for part in (first, second):
        found = stress(*neighbours, part, random(1))
        assert found == pytest.approx(stress(*neighbours, alone.positions, random(1)), abs=0.03)


def test_same_bytes_in_a_run_with_another_number_of_threads() -> None:
    program = (
        "import hashlib; from gallery.placement import layout;"
        "from tests.benchmarks.synthetic import resnet;"
        "print(hashlib.sha256(layout(resnet(per_operator=256)).positions.tobytes()).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"NUMBA_NUM_THREADS": threads, "PYTHONHASHSEED": threads, "PATH": ""},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(found) == 1


def test_another_seed_is_another_drawing() -> None:
    one, two = (layout(resnet(per_operator=16), seed=seed).positions for seed in (1, 2))
    assert not np.array_equal(one, two)


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(LayoutError, match=r"'spring'.*choose one of dot, neato"):
        layout(path(3), skeleton="spring")


def test_an_engine_that_is_late_gives_way_to_the_next() -> None:
    placed = layout(path(200), skeleton="circo", seconds=0.001)
    assert placed.engine == "layers"
    assert "circo did not finish within 0.001 s of processor time; sfdp did not" in placed.fallback
    assert_layout_finite(placed)


def test_an_engine_that_crashes_is_named_with_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(engine, seconds, part):  # type: ignore[no-untyped-def]
        return started("no-such" if engine == "neato" else engine, seconds, part)

    monkeypatch.setattr(free, "started", broken)
    placed = layout(path(5), skeleton="neato")
    assert placed.engine == "sfdp"
    assert "no-such failed with exit status 1: " in placed.fallback
    assert "Use one of: circo dot" in placed.fallback

"""The drawing of operators: whose aims weigh how much, and what is a hub."""

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest

from gallery.jit import calls
from gallery.placement import stress as bodies
from gallery.placement.descent import descend
from gallery.placement.distances import hops
from gallery.placement.hierarchy import Hierarchy, reads_of
from gallery.placement.settings import LayoutSettings
from gallery.placement.stress import Bodies, _paths, draw
from gallery.placement.tournament import tournament
from tests.strategies import compute_graph


def test_the_pair_that_stands_for_more_has_its_way() -> None:
    """Three in a triangle that cannot be: two short sides and a long one."""
    wanted = np.array([[0, 1, 4], [1, 0, 1], [4, 1, 0]], np.float32)
    start = np.array([[0.0, 0.0], [1.0, 0.3], [2.0, 0.0]])
    pairs = tournament(3, 200, seed=1)

    def long_side(weight: float) -> float:
        weights = np.ones((3, 3), np.float32)
        weights[0, 2] = weights[2, 0] = weight
        places = descend(pairs, start, pairs.of(wanted), pairs.of(weights), 1.0, 200)
        return float(np.hypot(*(places[0] - places[2])))

    light, usual, heavy = (long_side(weight) for weight in (0.05, 1.0, 100.0))
    assert light < usual < heavy
    assert heavy == pytest.approx(4, abs=0.2)
    assert light == pytest.approx(2, abs=0.2)


def test_where_many_have_many_edges_none_is_a_hub() -> None:
    """Layers whose blocks all read all blocks before them keep their true distances."""
    layers, blocks = 5, 12
    count = layers * blocks
    edges = [
        (one, two)
        for one in range(count)
        for two in range(count)
        if one // blocks + 1 == two // blocks
    ]
    level = reads_of(compute_graph(count, edges)).whole()
    counted = hops(Hierarchy(levels=(level,), parents=()))
    paths, closer = _paths(level, counted)
    np.testing.assert_allclose(paths, counted.distances())
    assert closer is None


@pytest.mark.parametrize(("size", "pools"), [(2, 0), (40, 3)])
def test_small_parts_are_worth_no_threads(
    monkeypatch: pytest.MonkeyPatch, size: int, pools: int
) -> None:
    """Hundreds of pairs, as of an operator on single elements, took twice as long with them."""
    started: list[int] = []

    def pool(threads: int) -> ThreadPoolExecutor:
        started.append(threads)
        return ThreadPoolExecutor(threads)

    monkeypatch.setattr(calls, "ThreadPoolExecutor", pool)
    monkeypatch.setattr(numba, "get_num_threads", lambda: 2)
    edges = [(part * size + k, part * size + k + 1) for part in range(3) for k in range(size - 1)]
    level = reads_of(compute_graph(3 * size, edges)).whole()
    unknown = np.full(3 * size, np.nan)
    counted = hops(Hierarchy(levels=(level,), parents=()))
    start = np.random.default_rng(1).random((3 * size, 2), np.float32)
    pairs = Bodies(level=level, hops=counted, resolution=unknown)
    drawn = draw(pairs, start, keep=0.0, seed=1, settings=LayoutSettings())
    assert np.isfinite(drawn.places).all()
    assert started == [2] * pools


def test_a_hub_draws_blocks_nearer_and_keeps_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long chain all of whose blocks read one mask: no two are more than two edges apart."""
    count = 60
    edges = [(0, block) for block in range(1, count)]
    edges += [(block, block + 1) for block in range(1, count - 1)]
    level = reads_of(compute_graph(count, edges)).whole()
    counted = hops(Hierarchy(levels=(level,), parents=()))
    graph = Bodies(level=level, hops=counted, resolution=np.full(count, np.nan))
    # As far from the order as a skeleton can be.
    start = np.random.default_rng(2).standard_normal((count, 2)).astype(np.float32)

    def drawn(around: float, closer: float, worth: float) -> tuple[float, float]:
        monkeypatch.setattr(bodies, "_AROUND", around)
        monkeypatch.setattr(bodies, "_CLOSER", closer)
        monkeypatch.setattr(bodies, "_WORTH", worth)
        drawing = draw(graph, start, keep=0, seed=1, settings=LayoutSettings(fill=0))
        chain = drawing.places[1:]
        near, far = (
            np.hypot(*(chain[apart:] - chain[:-apart]).T).mean() for apart in (1, count // 2)
        )
        return counted.stress(drawing.places, np.zeros(count, np.float32)), float(near / far)

    usual, closer, worth = bodies._AROUND, bodies._CLOSER, bodies._WORTH
    stress, disorder = drawn(usual, closer, -10.0)
    unsettled, ordered = drawn(usual, closer, 10.0)
    as_far, _ = drawn(usual, usual, -10.0)
    _, mixed = drawn(0.0, 0.0, 10.0)
    assert stress < min(unsettled, as_far)
    assert ordered < mixed / 2
    assert disorder < mixed / 2
    # What spares little is left as it was.
    assert drawn(usual, closer, worth) == (unsettled, ordered)

"""The field and the relaxation against slow and obvious sums."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from gallery.graph import ComputeGraph
from gallery.placement.forces import _LAST, _STIFFEST, Anchors, Forces, relax
from gallery.placement.graph_levels import FloatArray, finest
from gallery.placement.hierarchy import reads_of
from gallery.placement.motion import divided, yields
from gallery.placement.quotients import quotient
from gallery.placement.repulsion import field, potential, spread_out, square_over
from tests.strategies import compute_graph, compute_graphs, mesh

REACH = 0.2


def exact(at: FloatArray, positions: FloatArray, charge: FloatArray) -> FloatArray:
    """The push on unit charges: the sum over charges of K1(r / reach) / reach, away from them."""
    apart = at[:, None].astype(np.float64) - positions[None]
    distance = np.sqrt((apart**2).sum(axis=2))
    pushed = special.k1(distance / REACH) / REACH / distance
    return (apart * (pushed * charge)[:, :, None]).sum(axis=1)


@pytest.mark.parametrize("nodes", [128, 256])
def test_the_field_is_the_exact_sum_within_two_percent(nodes: int) -> None:
    random = np.random.default_rng(3)
    positions = random.random((300, 2), np.float32)
    charge = random.random(300, np.float32)
    square = square_over(np.array([0.5, 0.5]), 1.2, nodes)
    push = field(square, potential(square, REACH), spread_out(square, positions, charge))
    index = np.stack(np.meshgrid(np.arange(nodes), np.arange(nodes)), axis=2).reshape(-1, 2)
    index = index[((index > 1) & (index < nodes - 2)).all(axis=1)]
    at = (square.origin + index * square.cell).astype(np.float32)
    nearest = np.sqrt(((at[:, None] - positions[None]) ** 2).sum(axis=2)).min(axis=1)
    # Nearer than three cells the charges are discs of a cell, as they should be.
    far = nearest > 3 * square.cell
    true = exact(at[far], positions, charge)
    found = push[index[far][:, 1], index[far][:, 0]]
    error = np.sqrt(((found - true) ** 2).sum(axis=1).mean())
    assert error < 0.02 * np.sqrt((true**2).sum(axis=1).mean())


def test_no_charge_pushes_itself() -> None:
    square = square_over(np.zeros(2), 1.0, 64)
    for place in np.random.default_rng(4).random((5, 2)) * 0.5 - 0.25:
        one = spread_out(square, place[None].astype(np.float32), np.ones(1, np.float32))
        push = field(square, potential(square, REACH), one)
        x, y = (place - square.origin) / square.cell
        j, i = int(x), int(y)
        weights = np.outer([1 - (y - i), y - i], [1 - (x - j), x - j])
        read = (push[i : i + 2, j : j + 2] * weights[:, :, None]).sum(axis=(0, 1))
        assert np.abs(read).max() < 1e-3 * np.abs(push).max()


def start_of(turn: FloatArray, shift: FloatArray) -> FloatArray:
    random = np.random.default_rng(5)
    places = random.standard_normal((64, 2)).astype(np.float32)
    return (places @ turn.T + shift).astype(np.float32)


@pytest.mark.parametrize("angle", [0.0, 0.4, np.pi / 2])
def test_moving_and_turning_the_start_moves_and_turns_the_result(angle: float) -> None:
    reads = reads_of(mesh(8, 8))
    level = finest(reads)
    forces = Forces(hold=0.3, push=0.2, reach=0.5)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shift = np.array([3.0, -2.0])

    def relaxed(turn: FloatArray, shift: FloatArray) -> FloatArray:
        start = start_of(turn, shift)
        body = np.arange(64, dtype=np.int32)
        anchors = Anchors(places=start, body=body, margin=2.0)
        placed = relax(level, start.copy(), anchors, forces, 12)
        same = relax(reads.whole(), start.copy(), anchors, forces, 12)
        np.testing.assert_array_equal(placed, same)
        return placed

    plain = relaxed(np.eye(2), np.zeros(2))
    np.testing.assert_allclose(relaxed(turn, shift), plain @ turn.T + shift, atol=0.02)


def test_a_body_spreads_to_the_area_that_its_charge_asks_for() -> None:
    """Charges held by springs to one place fill a disc of area pi push Q / hold."""
    level = reads_of(compute_graph(4000, [])).whole()
    forces = Forces(hold=1.0, push=0.5, reach=20.0)
    start = np.random.default_rng(6).standard_normal((4000, 2)).astype(np.float32)
    anchors = Anchors(
        places=np.zeros((1, 2), np.float32), body=np.zeros(4000, np.int32), margin=2.0
    )
    placed = relax(level, start, anchors, forces, 200)
    radius = np.sqrt((placed**2).sum(axis=1))
    # The mean square of the radius of a disc is half of its radius squared.
    assert 2 * (radius**2).mean() == pytest.approx(forces.push, rel=0.05)


def test_an_edge_draws_its_ends_together() -> None:
    level = reads_of(compute_graph(2, [(0, 1)])).whole()
    places = np.array([[-1, 0], [1, 0]], np.float32)
    anchors = Anchors(places=places, body=np.arange(2, dtype=np.int32), margin=2.0)
    forces = Forces(hold=0.5, push=0.0, reach=1.0)
    placed = relax(level, places.copy(), anchors, forces, 200)
    # unit (2 x) = q hold (1 - x) with unit = q = 1/2: x = hold / (2 + hold).
    np.testing.assert_allclose(placed, [[-0.2, 0], [0.2, 0]], atol=1e-3)


def test_a_margin_of_two_reaches_stands_for_empty_space_all_around() -> None:
    random = np.random.default_rng(7)
    positions = random.random((300, 2), np.float32)
    charge = random.random(300, np.float32)
    side = 1 + 4 * REACH
    open_, joined = (
        square_over(np.array([0.5, 0.5]), side, 128, margin) for margin in (0.0, 2 * REACH)
    )
    assert potential(joined, REACH).size < potential(open_, REACH).size
    true, found = (
        field(square, potential(square, REACH), spread_out(square, positions, charge))
        for square in (open_, joined)
    )
    inside = slice(30, 98)
    error = np.abs(found - true)[inside, inside].max()
    assert error < 0.02 * np.abs(true)[inside, inside].max()


@pytest.mark.parametrize("wave", [1, 3, 10, 20, 30])
def test_steps_even_out_a_wave_as_the_polynomial_says(wave: int) -> None:
    """On a ring, a wave is an eigenvector; W(cos t) = sin((k + 1/2) t) / sin(t / 2)."""
    count, steps = 60, 9
    level = reads_of(
        compute_graph(count, [*((v, v + 1) for v in range(count - 1)), (0, count - 1)])
    ).whole()
    turn = 2 * np.pi * wave / count
    start = np.stack([np.cos(turn * np.arange(count)), np.zeros(count)], axis=1)
    anchors = Anchors(
        places=np.array([[-1, -1], [1, 1]], np.float32), body=np.zeros(count, np.int32), margin=2.0
    )
    forces = Forces(hold=0.0, push=0.0, reach=100.0)
    placed = relax(level, start.astype(np.float32), anchors, forces, steps)
    stiffness = 1 - np.cos(turn)
    angle = np.arccos(1 - 2 * stiffness / _STIFFEST)
    left = np.sin((steps - 0.5) * angle) / np.sin(angle / 2) / (2 * steps - 1)
    left *= 1 - _LAST * stiffness
    np.testing.assert_allclose(placed, left * start, atol=1e-4)


@settings(max_examples=50, deadline=None)
@given(graph=compute_graphs(), chunks=st.integers(1, 9), whole=st.booleans())
def test_chunks_have_about_as_many_ends_of_edges(
    graph: ComputeGraph, chunks: int, whole: bool
) -> None:
    reads = reads_of(graph)
    level = reads.whole() if whole else finest(reads)
    before = reads.whole().indptr
    wanted = np.searchsorted(before * chunks, before[-1] * np.arange(chunks + 1))
    wanted[-1] = graph.vertices
    assert divided(level.runs(), chunks).tolist() == wanted.tolist()


def test_a_vertex_yields_as_its_springs_do() -> None:
    reads = reads_of(mesh(5, 4))
    whole = reads.whole()
    coarse = quotient(reads, (np.arange(20) // 2).astype(np.int32), 10)
    once = np.ones(whole.ends)
    for level, indptr, weights in (
        (finest(reads), whole.indptr, once),
        (whole, whole.indptr, once),
        (coarse, coarse.indptr, coarse.weights),
    ):
        give = np.empty(level.vertices, np.float32)
        yields(level.runs(), level.charge, np.float32(2), np.float32(0.5), give)
        stiffness = np.add.reduceat(weights, indptr[:-1])
        np.testing.assert_allclose(1 / give, 2 * stiffness + 0.5 * level.charge, rtol=1e-6)

"""What must hold of any noun of its kind, with names."""

from __future__ import annotations

import numpy as np

from gallery.graph import ComputeGraph
from gallery.placement import Layout
from gallery.placement.graph_levels import Level


def assert_acyclic(graph: ComputeGraph) -> None:
    """Every vertex reads earlier ones only."""
    assert (graph.sources < graph.readers()).all()


def assert_layout_finite(layout: Layout) -> None:
    """Every vertex has a place, and a drawing that is free lies around the origin."""
    positions = layout.positions
    assert positions.dtype == np.float32
    assert positions.shape == (layout.graph.vertices, 2)
    assert np.isfinite(positions).all()
    if len(positions) and layout.arrangement == "free":
        middle = (positions.min(axis=0) + positions.max(axis=0)) / 2
        assert np.abs(middle).max() <= 1e-3 * (1 + np.abs(positions).max())


def assert_symmetric(level: Level) -> None:
    """Every edge is listed at both its ends, with one weight, and joins two vertices."""
    n = level.vertices
    ends = np.repeat(np.arange(n), np.diff(level.indptr))
    weights = level.weights if len(level.weights) else np.ones(len(ends), np.float32)
    table = np.zeros((n, n))
    np.add.at(table, (ends, level.neighbours), weights)
    assert (table == table.T).all()
    assert not table.diagonal().any()


def assert_is_coarsening(fine: Level, coarse: Level, parents: np.ndarray) -> None:
    """Charge is kept, and every edge between two classes is counted."""
    assert parents.shape == (fine.vertices,)
    if not fine.vertices:
        return
    assert set(parents.tolist()) == set(range(coarse.vertices))
    charge = np.zeros(coarse.vertices)
    np.add.at(charge, parents, fine.charge)
    np.testing.assert_allclose(coarse.charge, charge, rtol=1e-5)
    ends = np.repeat(np.arange(fine.vertices), np.diff(fine.indptr))
    weights = fine.weights if len(fine.weights) else np.ones(len(ends))
    table = np.zeros((coarse.vertices, coarse.vertices))
    np.add.at(table, (parents[ends], parents[fine.neighbours]), weights)
    np.fill_diagonal(table, 0)
    found = np.zeros_like(table)
    rows = np.repeat(np.arange(coarse.vertices), np.diff(coarse.indptr))
    assert len(set(zip(rows.tolist(), coarse.neighbours.tolist(), strict=True))) == len(rows)
    found[rows, coarse.neighbours] = coarse.weights
    np.testing.assert_array_equal(found, table)

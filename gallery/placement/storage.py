"""Layouts as JSON and array files, for the cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gallery.graph import ComputeGraph
from gallery.placement.types import Layout
from gallery.schema import record, text, whole

_check = record(
    {
        "skeleton": text(80),
        "engine": text(80),
        "fallback": text(),
        "seed": whole(0, 1 << 62),
        "arrangement": text(80),
    }
)


def save_layout(layout: Layout, path: Path) -> dict[str, Any]:
    """Write the positions of a layout to a file; return the rest as JSON, without the graph."""
    with path.open("wb") as stream:
        np.save(stream, layout.positions, allow_pickle=False)
    return {
        "skeleton": layout.skeleton,
        "engine": layout.engine,
        "fallback": layout.fallback,
        "seed": layout.seed,
        "arrangement": layout.arrangement,
    }


def load_layout(value: dict[str, Any], path: Path, graph: ComputeGraph) -> Layout:
    """Read a layout that `save_layout` wrote, for the graph that was laid out.

    Raises:
        ValueError: The value or the file is not what was written.
        LayoutError: The file holds other positions than those of the graph's vertices.
    """
    _check(value)
    positions = np.load(path, allow_pickle=False)
    return Layout(graph=graph, positions=positions, **value)

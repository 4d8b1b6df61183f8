"""Draw a layout by another version of the code, so that pictures of the same layout are compared.

The other version runs in a process of its own. It is given plain values and takes those that it
knows, since its types may have other fields.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gallery.coloring import color
from gallery.graph import ComputeGraph, GraphOperator
from gallery.model import Layer
from gallery.placement.types import Layout
from gallery.rendering.scan import render

Pixels = npt.NDArray[np.uint8]

_LEFT_OUT = ("graph", "sets", "levels", "operators", "layers")


def drawn_by(
    tree: Path, placed: Layout, attribute: str, grounds: tuple[str, ...], size: int
) -> list[Pixels]:
    """The pictures of a layout on several grounds as the code in another checkout draws them.

    Args:
        tree: The checkout.
        placed: The layout.
        attribute: What to colour by, with the palette that the other version gives it.
        grounds: Each "dark" or "light".
        size: Side in pixels.

    Returns:
        uint8 (size, size, 3) of each.
    """
    with tempfile.TemporaryDirectory() as folder:
        asked, drawn = Path(folder) / "asked", Path(folder) / "drawn.npy"
        asked.write_bytes(pickle.dumps((_plain(placed), attribute, grounds, size), protocol=5))
        subprocess.run(
            [sys.executable, "-P", __file__, str(asked), str(drawn)],
            env={**os.environ, "PYTHONPATH": str(tree)},
            cwd=tree,
            check=True,
        )
        return list(np.load(drawn))


def _values(one: object, left_out: tuple[str, ...] = ()) -> dict[str, Any]:
    names = [field.name for field in fields(one) if field.name not in left_out]  # type: ignore[arg-type]
    return {name: getattr(one, name) for name in names}


def _plain(placed: Layout) -> dict[str, Any]:
    graph = placed.graph
    return {
        "layout": _values(placed, _LEFT_OUT),
        "graph": _values(graph, _LEFT_OUT),
        "operators": [_values(one) for one in graph.operators],
        "layers": [_values(one) for one in graph.layers],
    }


def _known(kind: type, values: dict[str, Any]) -> Any:
    names = {field.name for field in fields(kind)}
    return kind(**{name: value for name, value in values.items() if name in names})


def main(asked: Path, drawn: Path) -> None:
    """Draw what is asked for, by the code that is found."""
    plain, attribute, grounds, size = pickle.loads(asked.read_bytes())
    tables = {
        "operators": tuple(_known(GraphOperator, one) for one in plain["operators"]),
        "layers": tuple(_known(Layer, one) for one in plain["layers"]),
    }
    graph = _known(ComputeGraph, plain["graph"] | tables)
    placed = _known(Layout, plain["layout"] | {"graph": graph})
    pictures = []
    for ground in grounds:
        found = color(graph, attribute, ground=ground, positions=placed.positions)
        pictures.append(render(placed, found, size=size).pixels)
    np.save(drawn, np.stack(pictures))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

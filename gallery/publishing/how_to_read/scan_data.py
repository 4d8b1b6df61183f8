"""A scan read back from its viewer's data, for the figures that explain how to read one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gallery.coloring.types import Coloring
from gallery.errors import GalleryError
from gallery.graph import ComputeGraph, ComputeSet, GraphOperator, Kind
from gallery.model import Layer
from gallery.placement.types import Layout
from gallery.rendering.provenance import Provenance
from gallery.rendering.viewer.check import checked
from gallery.rendering.viewer.decode import (
    Numbers,
    from_planes,
    from_smooth,
    from_varints,
    signed,
)

_SIDE = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScanData:
    """A scan as stored for its viewer.

    Attributes:
        layout: The shown vertices with their positions; the longer side of the picture is 1,000.
        colorings: By attribute; they have no legend.
        tensors: Name, element type and shape of the tensors that `layout.graph.sets` point to.
        whole: Whether no vertex or edge is left out, so that a vertex has all the edges to what it
            reads; a large scan may be coarser, as it is in its viewer.
        made: What it was made from.
    """

    layout: Layout
    colorings: dict[str, Coloring]
    tensors: tuple[tuple[str, str, str], ...]
    whole: bool
    made: Provenance

    def told(self, attribute: str) -> dict[str, str]:
        """Metadata of a picture by an attribute; the palettes of others do not shape it."""
        settings = dict(self.made.settings)
        if isinstance(palettes := settings.get("palettes"), dict):
            own = {name: one for name, one in palettes.items() if name == attribute}
            settings["palettes"] = own
        return replace(self.made, settings=settings).entries()


def read_scan(data: bytes) -> ScanData:
    """Read a viewer's container.

    Args:
        data: As `viewer_data` packs it.

    Raises:
        ValueError: The bytes are not a container, or have another form.
    """
    try:
        head, sections = checked(data)
        graph = _graph(head, sections)
        places = np.stack([from_smooth(sections["x"]), from_smooth(sections["y"])], axis=1)
        colorings = [
            _coloring(number, one, sections) for number, one in enumerate(head["colorings"])
        ]
        layout = Layout(
            graph=graph,
            positions=(places * (head["step"] * _SIDE / 65_535)).astype(np.float32),
            skeleton=head["skeleton"],
            engine=head["skeleton"],
        )
        made = Provenance.of(head.get("provenance"))
    except (ValueError, KeyError, IndexError, TypeError, GalleryError) as error:
        raise ValueError(f"the viewer's data have another form: {error}") from error
    by_attribute = {one.attribute: one for one in colorings}
    if "layer" not in by_attribute:
        raise ValueError("the viewer's data have no colouring by layer")
    return ScanData(
        layout=layout,
        colorings=by_attribute,
        tensors=tuple((name, dtype, shape) for name, dtype, shape in head["tensors"]),
        whole=head["complete"],
        made=made,
    )


def _graph(head: dict[str, Any], sections: dict[str, bytes]) -> ComputeGraph:
    degree = from_varints(sections["degree"])
    count = len(degree)
    amounts = {
        name: np.frombuffer(sections[f"{name}_table"], "<f4")[from_planes(sections[name])]
        for name in ("flops", "bytes")
    }
    names = head["operators"]
    return ComputeGraph(
        model=head["model"],
        vertex_operator=np.cumsum(signed(from_varints(sections["operator"]))).astype(np.int32),
        vertex_kind=np.frombuffer(sections["kind"], np.uint8),
        vertex_pass=np.frombuffer(sections["pass"], np.uint8),
        vertex_flops=amounts["flops"].astype(np.float32),
        vertex_bytes=amounts["bytes"].astype(np.float32),
        indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(degree)]),
        sources=_sources(degree, signed(from_varints(sections["edges"]))).astype(np.int32),
        operators=tuple(
            GraphOperator(name=name, type=kind, layer=layer, operator=-1)
            for name, kind, layer in zip(names["name"], names["type"], names["layer"], strict=True)
        ),
        layers=tuple(
            Layer(name=name, path=path, parent=parent)
            for name, path, parent in zip(
                *(head["layers"][one] for one in ("name", "path", "parent")), strict=True
            )
        ),
        sets=_sets(head["sets"], np.frombuffer(sections["kind"], np.uint8), count),
    )


def _sets(
    columns: dict[str, Sequence[Any]], kinds: npt.NDArray[np.uint8], count: int
) -> tuple[ComputeSet, ...]:
    """The grids whose first vertex is shown; vertex numbers are valid in a whole scan only."""
    rows = zip(
        *(columns[name] for name in ("first", "shape", "splits", "rank", "tensor", "period")),
        strict=True,
    )
    return tuple(
        ComputeSet(
            first=first,
            shape=tuple(shape),
            splits=tuple(splits),
            rank=rank,
            tensors=(tensor,) if tensor >= 0 else (),
            kind=Kind(int(kinds[first])),
            period=period,
        )
        for first, shape, splits, rank, tensor, period in rows
        if first < count
    )


def _coloring(number: int, table: dict[str, Any], sections: dict[str, bytes]) -> Coloring:
    return Coloring(
        attribute=table["attribute"],
        palette=table["palette"],
        ground="dark",
        categorical=table["categorical"],
        index=from_planes(sections[f"rows{number}"]).astype(np.uint16),
        colors=np.frombuffer(sections[f"colors{number}"], np.uint8).reshape(-1, 3),
        legend=(),
    )


def _sources(degree: Numbers, changes: Numbers) -> Numbers:
    """Sources from changes of the distance between a vertex and its k-th source, for each k."""
    readers = np.repeat(np.arange(len(degree)), degree)
    rank = np.arange(len(readers)) - np.repeat(np.cumsum(degree) - degree, degree)
    order = np.argsort(rank, kind="stable")
    total = np.cumsum(changes[order])
    start = np.flatnonzero(np.diff(rank[order], prepend=-1))
    before = np.concatenate([[0], total[start[1:] - 1]])[: len(start)]
    down = np.empty(len(readers), np.int64)
    down[order] = total - np.repeat(before, np.diff(np.append(start, len(order))))
    return np.asarray(readers - down, np.int64)

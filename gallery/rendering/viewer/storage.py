"""Parts of the viewer's data as JSON, for the cache."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gallery.rendering.viewer.color_data import ColorData
from gallery.rendering.viewer.container import (
    Part,
    Stretch,
    inflated,
    steps,
    varints,
    zigzag,
)
from gallery.rendering.viewer.decode import from_varints, signed
from gallery.rendering.viewer.graph_data import GraphData

Parts = tuple[GraphData, tuple[ColorData, ...]]
"""What no colour changes, and some colourings of it."""


def parts_value(parts: Parts) -> dict[str, Any]:
    """Parts as JSON."""
    shown, colors = parts
    return {
        "vertices": _text(zlib.compress(varints(zigzag(steps(shown.vertices))))),
        "graph": _part_value(shown.part),
        # As text, since the cache sorts the names in what it holds, and bytes must be the same.
        "colors": [[json.dumps(dict(one.table)), _part_value(one.part)] for one in colors],
    }


def parts_of(value: Mapping[str, Any]) -> Parts:
    """The opposite of `parts_value`; may raise anything if the value has another form."""
    numbers = signed(from_varints(inflated(_bytes(value["vertices"]))))
    shown = GraphData(vertices=np.cumsum(numbers).astype(np.int32), part=_part_of(value["graph"]))
    colors = (
        ColorData(table=json.loads(table), part=_part_of(part)) for table, part in value["colors"]
    )
    return shown, tuple(colors)


def _part_value(part: Part) -> list[Any]:
    return [_stretch_value(part.members), _stretch_value(part.sections), list(part.sizes.items())]


def _part_of(value: Sequence[Any]) -> Part:
    members, sections, sizes = value
    return Part(members=_stretch_of(members), sections=_stretch_of(sections), sizes=dict(sizes))


def _stretch_value(stretch: Stretch) -> list[Any]:
    return [_text(stretch.deflated), stretch.size, stretch.adler]


def _stretch_of(value: Sequence[Any]) -> Stretch:
    deflated, size, adler = value
    return Stretch(deflated=_bytes(deflated), size=int(size), adler=int(adler))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)

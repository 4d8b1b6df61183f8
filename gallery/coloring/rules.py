"""Colour rules: colours by pattern that override those of an attribute."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gallery.coloring.hex_codes import Colors, from_hex
from gallery.errors import RenderError
from gallery.graph import ComputeGraph
from gallery.text import visible

if TYPE_CHECKING:  # so that a change in the settings redraws nothing
    from gallery.settings.color_rules import ColorRule

Index = npt.NDArray[np.uint16]
Painted = tuple[str, Colors, npt.NDArray[np.bool_]]


def painted_by(graph: ComputeGraph, rules: Sequence[ColorRule]) -> list[Painted]:
    """Label, colour and vertices of each rule that applies to any."""
    found: list[Painted] = []
    for rule in rules:
        if rule.on not in ("layer", "operator"):
            said = f"a colour rule applies to {rule.on!r}"
            raise RenderError(said, graph.model, 'set its "on" to "layer" or "operator"')
        layer_hit = [fnmatch.fnmatchcase(layer.path, rule.pattern) for layer in graph.layers]
        hit = np.array(
            [
                layer_hit[operator.layer]
                if rule.on == "layer"
                else fnmatch.fnmatchcase(operator.name, rule.pattern)
                or fnmatch.fnmatchcase(operator.type, rule.pattern)
                for operator in graph.operators
            ],
            bool,
        )
        color = from_hex(rule.color)
        touched = hit[graph.vertex_operator] if len(hit) else np.zeros(0, bool)
        if touched.any():
            found.append((tidy(rule.pattern), color, touched))
    return found


def repainted(
    colors: Colors, index: Index, color: Colors, touched: npt.NDArray[np.bool_]
) -> tuple[Colors, Index]:
    """The colours with one more, which the touched vertices have."""
    colors = np.concatenate([colors, color[None]])
    return colors, np.where(touched, len(colors) - 1, index).astype(np.uint16)


def tidy(name: str, limit: int = 48) -> str:
    """The name as a legend shows it."""
    text = visible(name)
    return text if len(text) <= limit else text[: limit - 1] + "…"

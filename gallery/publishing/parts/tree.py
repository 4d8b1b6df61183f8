"""The layer tree, nested for `<details>` elements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gallery.publishing.parts.clean import shorten

if TYPE_CHECKING:
    from gallery.costs.facts import LayerFact

ROWS = 900
"""Most rows of a tree; at about 350 bytes each a page stays well under 1 MB."""

DEPTH = 30
"""Most nested layers, because a template's recursion has a limit of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A layer with the layers below it.

    Attributes:
        name: Its own part of the path.
        type: Class of the module, or "".
        operators: Number of operators in it.
        parameters: Number of parameters first read in it.
        flops: Floating-point operations.
        share: Its share of the model's parameters, 0 to 100.
        work: Its share of the model's FLOPs, 0 to 100.
        below: Layers in it.
    """

    name: str
    type: str
    operators: int
    parameters: int
    flops: int
    share: float
    work: float
    below: tuple[Branch, ...]


def layer_tree(layers: Sequence[LayerFact], rows: int = ROWS) -> tuple[Branch | None, int]:
    """Nest the layers.

    Whole depths are left out, the deepest first, until at most `rows` layers are left; if the first
    depth alone is too long, it is cut.

    Args:
        layers: Parents before their children; the whole model first.
        rows: Most layers to keep.

    Returns:
        The whole model as a branch (None if there are no layers), and how many layers were left
        out.
    """
    if not layers:
        return None, 0
    kept = _fitting(layers, rows)
    below: dict[str, list[LayerFact]] = {}
    for layer in kept[1:]:
        below.setdefault(_parent(layer), []).append(layer)
    top = kept[0]
    known = {layer.path for layer in kept}
    orphans = [one for path, ones in below.items() if path not in known for one in ones]
    if orphans:
        below[top.path] = [*below.get(top.path, []), *orphans]
    return _branch(top, below, top, frozenset()), len(layers) - len(kept)


def _fitting(layers: Sequence[LayerFact], rows: int) -> list[LayerFact]:
    """The layers of the depths that fit, in their order."""
    by_depth = Counter(layer.depth for layer in layers)
    deepest, total = 0, 0
    for depth in sorted(by_depth)[:DEPTH]:
        total += by_depth[depth]
        if depth > 1 and total > rows:
            break
        deepest = depth
    return [layer for layer in layers if layer.depth <= deepest][:rows]


def _parent(layer: LayerFact) -> str:
    """Path of the layer that contains it."""
    if layer.path == layer.name:
        return ""
    return layer.path.removesuffix("/" + layer.name)


def _branch(
    layer: LayerFact, below: dict[str, list[LayerFact]], top: LayerFact, above: frozenset[str]
) -> Branch:
    """The layer and, recursively, what is below it; a path never contains itself."""
    inside = () if layer.path in above else below.get(layer.path, ())
    seen = above | {layer.path}
    return Branch(
        name=shorten(layer.name, 80),
        type=shorten(layer.type, 60),
        operators=layer.operators,
        parameters=layer.parameters,
        flops=layer.flops,
        share=round(100 * layer.parameters / top.parameters, 1) if top.parameters else 0.0,
        work=round(100 * layer.flops / top.flops, 1) if top.flops else 0.0,
        below=tuple(_branch(one, below, top, seen) for one in inside),
    )

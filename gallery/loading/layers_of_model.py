"""The layers of a flattened model: those that names tell, else those found from structure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gallery.loading.flat import Flat
from gallery.loading.layers import Naming, named_scopes, root_type, tree
from gallery.loading.pieces import pieces
from gallery.loading.scope_names import Scope
from gallery.loading.structure_layers import structure_scopes
from gallery.loading.values import pairs, text_of
from gallery.model import Layer

_CROWD = 16
"""From so many layers on, none in another, blocks are looked for around them."""


def layers_of(flat: Flat) -> tuple[tuple[Layer, ...], list[int], bool]:
    """The layers, parents first; the layer of each operator; and whether structure told them.

    Where only parameters have names, and these tell no modules but single layers (as Paddle's
    `conv2d_12.w_0`), the layers are put in the blocks that structure tells.

    Args:
        flat: After shape inference.
    """
    namings = _namings(flat)
    named = named_scopes(namings)
    root = root_type(namings)
    crowd = named.source == "tensors" and _is_flat_crowd(named.scopes)
    if any(named.scopes) and not crowd:
        return *tree(named.scopes, root), False
    found = structure_scopes(pieces(flat))
    if found is None:
        return *tree(named.scopes, root), False
    inside = [
        (*around, *own) if given else around
        for around, own, given in zip(found, named.scopes, named.given, strict=True)
    ]
    places = sorted(set(found), key=_numbers)
    layers, layer_of = tree([*places, *inside], root)
    return layers, layer_of[len(places) :], True


def _numbers(place: Scope) -> list[int]:
    return [int(number) for name, _ in place for number in re.findall(r"\d+", name)[:1]]


def _is_flat_crowd(scopes: Sequence[Scope]) -> bool:
    return len(set(scopes)) > _CROWD and all(len(scope) < 2 for scope in scopes)


def _namings(flat: Flat) -> list[Naming]:
    maker = {index: at for at, step in enumerate(flat.steps) for index in step.outputs}
    values = flat.values
    return [
        Naming(
            name=text_of(step.node.name),
            type=step.type,
            metadata=pairs(step.node.metadata_props),
            calls=step.calls,
            parameters=tuple(
                values[i].name for i in step.inputs if i >= 0 and values[i].is_parameter
            ),
            outputs=tuple(values[i].name for i in step.outputs if i >= 0),
            sources=tuple(maker[i] for i in step.inputs if i in maker and i >= 0),
        )
        for step in flat.steps
    ]

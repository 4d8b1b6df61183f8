"""Folds what stands side by side in a diagram: of 300 heads alike, one box stands for all.

Two blocks are alike if they are of one kind and type, and so is all that leads to them and all that
follows from them. More than `ABREAST` alike are folded into one, unless what they read or what
reads them tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gallery.model import Layer

if TYPE_CHECKING:
    from gallery.rendering.operator_diagram.blocks import Block

ABREAST = 12
"""Most blocks alike that are drawn side by side; about as many as fit on a screen."""

Neighbours = list[list[int]]


def fold(
    blocks: Sequence[Block], pairs: Iterable[tuple[int, int]], layers: Sequence[Layer]
) -> tuple[list[Block], list[int]]:
    """Fold blocks that are alike.

    Args:
        blocks: The boxes, each after what it reads.
        pairs: Source and reader of each arrow.
        layers: Of the model, parents first.

    Returns:
        The boxes that remain, and the place among them of each of `blocks`.
    """
    sources: Neighbours = [[] for _ in blocks]
    readers: Neighbours = [[] for _ in blocks]
    for source, reader in pairs:
        sources[reader].append(source)
        readers[source].append(reader)
    kinds = [_kind(block) for block in blocks]
    before = _classes(kinds, sources, range(len(blocks)))
    after = _classes(kinds, readers, range(len(blocks) - 1, -1, -1))
    alike = list(zip(before, after, strict=True))
    folded = set().union(*(_large(alike)))
    apart = [_others(folded, sources[v]) + _others(folded, readers[v]) for v in range(len(blocks))]
    groups = _large([(*alike[v], apart[v]) if v in folded else v for v in range(len(blocks))])
    first = {v: group[0] for group in groups for v in group}
    kept = [v for v in range(len(blocks)) if first.get(v, v) == v]
    places = {v: place for place, v in enumerate(kept)}
    members = {group[0]: [blocks[v] for v in group] for group in groups}
    boxes = [_one(members[v], layers) if v in members else blocks[v] for v in kept]
    return boxes, [places[first.get(v, v)] for v in range(len(blocks))]


def _kind(block: Block) -> tuple[object, ...]:
    return block.type, min(block.operators, 2)


def _classes(kinds: Sequence[object], read: Neighbours, order: Iterable[int]) -> list[int]:
    """A number for each block, the same for those whose trees of neighbours are the same."""
    known: dict[object, int] = {}
    found = [-1] * len(kinds)
    for v in order:
        below = tuple(sorted(found[other] for other in read[v]))
        found[v] = known.setdefault((kinds[v], below), len(known))
    return found


def _others(folded: set[int], neighbours: Sequence[int]) -> tuple[int, ...]:
    return tuple(sorted(v for v in neighbours if v not in folded))


def _large(keys: Sequence[object]) -> list[list[int]]:
    """The groups of more than `ABREAST` blocks with one key, each ascending."""
    groups: dict[object, list[int]] = {}
    for v, key in enumerate(keys):
        groups.setdefault(key, []).append(v)
    return [group for group in groups.values() if len(group) > ABREAST]


def _one(alike: Sequence[Block], layers: Sequence[Layer]) -> Block:
    """The box that stands for others, with the notes that they share."""
    first, last = alike[0], alike[-1]
    title = f"{len(alike)} × {first.title}"
    names: tuple[str, ...] = ()
    if any(block.title != first.title for block in alike):
        what = f"{first.type.lower()}s" if not first.members else "layers alike"
        title, names = f"{len(alike)} {what}", (f"{first.title} … {last.title}",)
    shared = (note for note in first.notes if all(note in block.notes for block in alike))
    return replace(
        first,
        title=title,
        notes=(*names, *shared),
        layer=common_layer([block.layer for block in alike], layers),
        members=tuple(sorted(v for block in alike for v in block.members)),
    )


def common_layer(inside: Sequence[int], layers: Sequence[Layer]) -> int:
    """The innermost layer that holds all of these."""

    def path(layer: int) -> list[int]:
        found = [layer]
        while layers and layers[found[-1]].parent >= 0:
            found.append(layers[found[-1]].parent)
        return found[::-1]

    shared = path(inside[0])
    for layer in set(inside):
        other = path(layer)
        shared = [a for a, b in zip(shared, other, strict=False) if a == b]
    return shared[-1]

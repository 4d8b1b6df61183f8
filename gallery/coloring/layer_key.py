"""What the colours of layers stand for: one entry for each part of the model that is seen."""

from __future__ import annotations

import heapq
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.coloring.layer_order import TreePlaces, layer_name, main_layers
from gallery.model import Layer

_OWN = 3
"""Most entries for operators around main layers, before "other"."""

_LEAST = 0.001
"""Smallest share of all vertices of such an entry."""

_STRANGE = 2
_NUMBERED = re.compile(r"(.*?)(\d+)", re.DOTALL)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerKey:
    """The entries of a legend of layers, in palette order.

    Attributes:
        labels: Of each entry.
        place: float64 (k,), 0 to 1, rising: where on the palette the middle of each entry is.
        entry: int64 (layers,), entry of the vertices that each layer holds itself; -1 for none.
    """

    labels: tuple[str, ...]
    place: Floats
    entry: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    label: str
    place: float
    layers: tuple[int, ...]


def layer_key(
    layers: Sequence[Layer], tree: TreePlaces, own: npt.NDArray[np.int64], most: int
) -> LayerKey:
    """Entries that together name every vertex: main layers, and operators around them.

    Main layers beyond what fits are joined with their neighbours. The operators of a layer that is
    shown by the layers inside it are an entry, those of many such layers one entry, "other".

    Args:
        layers: Parents first.
        tree: Their places.
        own: int64 (layers,), number of vertices of each without those inside it.
        most: Most entries; at least 5.

    Returns:
        The entries; operators around the main layers that are less than a thousandth of all
        vertices have none.
    """
    heads = [head for head, _ in main_layers(layers, tree)]
    inside = _heads_of(layers, heads)
    around = [layer for layer in np.flatnonzero(own).tolist() if inside[layer] < 0]
    entries = [*_own_entries(layers, tree, own, around, bool(heads))]
    entries += _main_entries(layers, tree, heads, most - len(entries))
    entries.sort(key=lambda one: one.place)
    entry = np.full(len(layers), -1, np.int64)
    for number, one in enumerate(entries):
        entry[list(one.layers)] = number
    main = np.array(heads, np.int64)
    entry = np.where(inside >= 0, entry[main[inside]] if heads else entry, entry)
    return LayerKey(
        labels=tuple(one.label for one in entries),
        place=np.array([one.place for one in entries], np.float64),
        entry=entry,
    )


def joined(counts: Sequence[int], parents: Sequence[int], most: int) -> list[tuple[int, int]]:
    """Ranges of neighbours, at most `most`: again and again the two smallest are joined.

    Neighbours of different parents count as larger.

    >>> joined([5, 1, 1, 5], [0, 0, 0, 0], 3)
    [(0, 1), (1, 3), (3, 4)]
    """
    stop = list(range(1, len(counts) + 1))
    size, kin = list(counts), list(parents)
    before = list(range(-1, len(counts) - 1))
    gone = [False] * len(counts)

    def pair(left: int) -> tuple[int, int, int]:
        right = stop[left]
        weight = 1 if kin[left] == kin[right] >= 0 else _STRANGE
        return weight * (size[left] + size[right]), left, right

    waiting = [pair(left) for left in range(len(counts) - 1)]
    heapq.heapify(waiting)
    left_over = len(counts)
    while left_over > most and waiting:
        one = heapq.heappop(waiting)
        _, left, right = one
        if gone[left] or stop[left] != right or one != pair(left):
            continue
        size[left] += size[right]
        kin[left] = kin[left] if kin[left] == kin[right] else -1
        stop[left], gone[right] = stop[right], True
        left_over -= 1
        if stop[left] < len(counts):
            before[stop[left]] = left
            heapq.heappush(waiting, pair(left))
        if before[left] >= 0:
            heapq.heappush(waiting, pair(before[left]))
    return [(start, stop[start]) for start in range(len(counts)) if not gone[start]]


def run_label(first: str, last: str) -> str:
    """A label for all from one name to another.

    >>> run_label("features.3", "features.12"), run_label("conv1", "pool")
    ('features.3–12', 'conv1 – pool')
    """
    one, other = _NUMBERED.fullmatch(first), _NUMBERED.fullmatch(last)
    if one and other and one[1] == other[1]:
        return f"{first}–{other[2]}"
    return f"{first} – {last}"


def apart(place: Floats, least: float, end: float) -> Floats:
    """The nearest rising places in 0..end of which neighbours are at least so far apart.

    By isotonic regression of `place - least * rank`; places that are far enough apart stay.

    Args:
        place: float64 (k,), 0 to `end`, rising.
        least: Distance wanted; less, if k places do not fit.
        end: Largest place.
    """
    if not len(place) or np.diff(place).min(initial=end) >= least:
        return place
    step = min(least, end / max(len(place) - 1, 1)) * np.arange(len(place))
    level: list[tuple[float, int]] = []
    for value in (place - step).tolist():
        mean, count = value, 1
        while level and level[-1][0] > mean:
            above, others = level.pop()
            mean = (mean * count + above * others) / (count + others)
            count += others
        level.append((mean, count))
    rising = np.repeat([mean for mean, _ in level], [count for _, count in level])
    return np.asarray(np.clip(rising, 0, end - step[-1]) + step, np.float64)


def _heads_of(layers: Sequence[Layer], heads: Sequence[int]) -> npt.NDArray[np.int64]:
    """The position in `heads` of the main layer around each layer, or -1."""
    found = np.full(len(layers), -1, np.int64)
    found[list(heads)] = np.arange(len(heads))
    for layer, record in enumerate(layers):
        if record.parent >= 0 and found[layer] < 0:
            found[layer] = found[record.parent]
    return found


def _own_entries(
    layers: Sequence[Layer],
    tree: TreePlaces,
    own: npt.NDArray[np.int64],
    around: Sequence[int],
    forked: bool,
) -> list[_Entry]:
    least = _LEAST * int(own.sum()) if forked else 0
    seen = [layer for layer in around if own[layer] >= least]
    largest = sorted(seen, key=lambda layer: (-int(own[layer]), layer))
    found = []
    for layer in largest[: _OWN if len(largest) > _OWN + 1 else None]:
        name = layer_name(layers, layer)
        if forked:
            name = f"{name} (own operators)" if layer else "outside all layers"
        label = name or "model"
        found.append(_Entry(label=label, place=float(tree.place[layer]), layers=(layer,)))
    rest = tuple(largest[len(found) :])
    if rest:
        found.append(_Entry(label="other", place=float(tree.place[rest[0]]), layers=rest))
    return found


def _main_entries(
    layers: Sequence[Layer], tree: TreePlaces, heads: Sequence[int], most: int
) -> list[_Entry]:
    parents = [layers[head].parent for head in heads]
    found = []
    for start, stop in joined(tree.counts[list(heads)].tolist(), parents, most):
        members = tuple(heads[start:stop])
        ends = members[0], members[-1]
        first, last = (layer_name(layers, end) for end in ends)
        label = first if len(members) == 1 else run_label(first, last)
        place = float(tree.middle[ends[0]] + tree.middle[ends[1]]) / 2
        found.append(_Entry(label=label, place=place, layers=members))
    return found

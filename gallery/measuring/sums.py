"""Where the time of a run goes: sums by operator type and by layer, and the longest operators."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from gallery.costs.facts import label
from gallery.measuring.types import Measurement
from gallery.model import Model
from gallery.text import cut, printable

_MOST = 14
_LONG = 200
"""Most characters of a name."""

_FEW = 8
"""Rows from which layers are not opened further."""

Rows = list[list[str | float]]
Groups = dict[str, list[tuple[str, tuple[int, ...]]]]


def groups(one: Measurement, model: Model) -> Groups:
    """Operators that are told of together, by the kind of chart.

    Args:
        one: A measurement of the model.
        model: The model.

    Returns:
        Rows of a name and indices in `Model.operators`, largest sum first, at most 15; the last may
        be "", the rest. Of times, by operator "types", by "layers", and the longest "operators"; of
        other numbers the largest "operators" alone.
    """
    known = {index: value for index, value in enumerate(one.values) if value is not None}
    alone = [(model.operators[index].name, (index,)) for index in known]
    if not one.unit:
        largest = sorted(alone, key=lambda row: (-abs(known[row[1][0]]), row[0]))[:_MOST]
        return {"types": [], "layers": [], "operators": [(_name(n), at) for n, at in largest]}
    types: dict[str, list[int]] = defaultdict(list)
    for index in known:
        types[label(model.operators[index])].append(index)
    return {
        "types": _ranked(types.items(), known),
        "layers": _ranked(_layers(known, model).items(), known),
        "operators": _ranked(alone, known),
    }


def sums(one: Measurement, model: Model) -> dict[str, Rows]:
    """The sums of the rows of `groups`: lists of a name and a number."""
    return {
        key: [[name, math.fsum(one.values[k] or 0.0 for k in indices)] for name, indices in rows]
        for key, rows in groups(one, model).items()
    }


def _layers(values: Mapping[int, float], model: Model) -> dict[str, list[int]]:
    """Operators by layer, at a depth that shows a few; "" is what lies in no layer.

    The whole model is opened into its layers, then the largest of these into theirs as long as
    there are few.
    """
    below: dict[int, list[float]] = defaultdict(list)
    direct: dict[int, list[int]] = defaultdict(list)
    for index, value in values.items():
        layer = model.operators[index].layer
        direct[layer].append(index)
        while layer >= 0:
            below[layer].append(value)
            layer = model.layers[layer].parent
    whole = {layer: math.fsum(parts) for layer, parts in below.items()}
    inside: dict[int, list[int]] = defaultdict(list)
    for layer in sorted(whole):
        if layer:
            inside[model.layers[layer].parent].append(layer)
    shown, opened, closed = {0}, set[int](), set[int]()
    while len(shown) < _FEW and (left := shown - opened - closed):
        largest = max(left, key=lambda n: (whole.get(n, 0.0), -n))
        children = inside.get(largest, [])
        if not children or len(shown) + len(children) > 3 * _FEW:
            closed.add(largest)
            continue
        opened.add(largest)
        if not direct.get(largest):
            shown.discard(largest)
        shown.update(children)
    found: dict[str, list[int]] = {}
    for layer in sorted(shown):
        rows = direct.get(layer, []) if layer in opened else _within(layer, direct, inside)
        if rows:
            found[model.layers[layer].path] = rows
    return found


def _within(
    layer: int, direct: Mapping[int, list[int]], inside: Mapping[int, list[int]]
) -> list[int]:
    """Operators of a layer and of all layers in it."""
    found, waiting = list[int](), [layer]
    while waiting:
        one = waiting.pop()
        found += direct.get(one, [])
        waiting += inside.get(one, [])
    return found


def _ranked(
    rows: Iterable[tuple[str, Sequence[int]]], values: Mapping[int, float]
) -> list[tuple[str, tuple[int, ...]]]:
    whole = [(name, tuple(row), math.fsum(values[k] for k in row)) for name, row in rows]
    ordered = [(_name(n), row) for n, row, _ in sorted(whole, key=lambda one: (-one[2], one[0]))]
    if len(ordered) <= _MOST + 1:
        return ordered
    rest = tuple(index for _, row in ordered[_MOST:] for index in row)
    return [*ordered[:_MOST], ("", rest)]


def _name(name: str) -> str:
    return cut(printable(name), _LONG)

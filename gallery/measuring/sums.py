"""Where the time of a run goes: sums by operator type and by layer, and the longest operators."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

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


def sums(one: Measurement, model: Model) -> dict[str, Rows]:
    """Rows of a name and a number, largest first, at most 15; the last may be "", the rest.

    Args:
        one: A measurement of the model.
        model: The model.

    Returns:
        Of times, sums by operator "types" and by "layers", and the longest "operators"; of other
        numbers the largest "operators" alone.
    """
    known = [(index, value) for index, value in enumerate(one.values) if value is not None]
    operators = ((model.operators[index].name, value) for index, value in known)
    if not one.unit:
        largest = sorted(operators, key=lambda row: (-abs(row[1]), row[0]))[:_MOST]
        return {"types": [], "layers": [], "operators": [_row(*row) for row in largest]}
    types: dict[str, list[float]] = defaultdict(list)
    for index, value in known:
        types[label(model.operators[index])].append(value)
    return {
        "types": _ranked((name, math.fsum(values)) for name, values in types.items()),
        "layers": _ranked(by_layer(dict(known), model).items()),
        "operators": _ranked(operators),
    }


def by_layer(values: Mapping[int, float], model: Model) -> dict[str, float]:
    """Sums by layer, at a depth that shows a few; "" is what lies in no layer.

    The whole model is opened into its layers, then the largest of these into theirs as long as
    there are few.

    Args:
        values: By operator.
        model: The model.
    """
    below: dict[int, list[float]] = defaultdict(list)
    direct: dict[int, list[float]] = defaultdict(list)
    for index, value in values.items():
        layer = model.operators[index].layer
        direct[layer].append(value)
        while layer >= 0:
            below[layer].append(value)
            layer = model.layers[layer].parent
    whole = {layer: math.fsum(parts) for layer, parts in below.items()}
    inside: dict[int, list[int]] = defaultdict(list)
    for layer in sorted(whole):
        if layer:
            inside[model.layers[layer].parent].append(layer)
    shown, closed = {0}, set()
    while len(shown) < _FEW and (open_ones := [n for n in shown if n not in closed]):
        largest = max(open_ones, key=lambda n: (whole.get(n, 0.0), -n))
        children = inside.get(largest, [])
        if not children or len(shown) + len(children) > 3 * _FEW:
            closed.add(largest)
            continue
        closed.add(largest)
        if not direct.get(largest):
            shown.discard(largest)
        whole[largest] = math.fsum(direct.get(largest, []))
        shown.update(children)
    return {model.layers[layer].path: whole[layer] for layer in sorted(shown) if layer in whole}


def _ranked(rows: Iterable[tuple[str, float]]) -> Rows:
    ordered = sorted(rows, key=lambda row: (-row[1], row[0]))
    if len(ordered) <= _MOST + 1:
        return [_row(*row) for row in ordered]
    rest = math.fsum(value for _, value in ordered[_MOST:])
    return [*(_row(*row) for row in ordered[:_MOST]), ["", rest]]


def _row(name: str, value: float) -> list[str | float]:
    return [cut(printable(name), _LONG), value]

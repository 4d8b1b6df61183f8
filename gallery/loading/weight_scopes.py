"""The layers in the names of the parameters that operators read.

Exporters keep equal parameters once, under the name of one of them: that of another layer, perhaps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gallery.loading.scope_names import Scope, tensor_scope

_VECTORS = (
    "BatchNormalization",
    "LayerNormalization",
    "InstanceNormalization",
    "Add",
    "Mul",
    "Sub",
    "Div",
    "PRelu",
    "GroupNormalization",
    "RMSNormalization",
    "QuantizeLinear",
    "DequantizeLinear",
)
"""Types of operators whose parameters are vectors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What the parameters of an operator tell.

    Attributes:
        scope: The layer in the name of one of them.
        alone: Whether no operator before reads the same.
    """

    scope: Scope
    alone: bool


def weight_scopes(operators: Sequence[tuple[str, tuple[str, ...]]]) -> list[Weights | None]:
    """What the parameters of each operator tell; best those that it alone reads.

    Scales and shifts are often equal (all ones, all zeros): where others read all of them, they
    tell the layer of their first reader alone. A matrix that several read is a layer used again.

    Args:
        operators: Type and names of parameters of each, in topological order.
    """
    readers = Counter(name for _, names in operators for name in set(names))
    known: set[str] = set()
    found: list[Weights | None] = []
    for kind, names in operators:
        scopes = {name: scope for name in names if (scope := tensor_scope(name))}
        own = next((name for name in scopes if readers[name] == 1), None)
        name = own or next(iter(scopes), None)
        again = name is not None and own is None and name in known
        known.update(scopes)
        told = name is not None and not (again and kind in _VECTORS)
        found.append(Weights(scope=scopes[name], alone=not again) if name and told else None)
    return found

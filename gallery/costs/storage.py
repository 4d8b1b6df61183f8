"""Facts as JSON, for the cache."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from gallery.costs.facts import Facts, LayerFact, TensorFact

_KINDS = {
    one.name: kind
    for one in fields(Facts)
    for kind in (dict, tuple)
    if str(one.type).startswith(kind.__name__)
}
"""Fields that are dictionaries or tuples, which JSON does not tell from lists."""


def facts_value(facts: Facts) -> dict[str, Any]:
    """Facts as JSON; dicts become lists of pairs, so that their order is kept."""
    value = asdict(facts)
    for name, kept in value.items():
        if isinstance(kept, dict):
            value[name] = list(kept.items())
    return value


def facts_of(value: dict[str, Any]) -> Facts:
    """Facts from what `facts_value` returned, even after a round trip through JSON."""
    known = dict(value)
    for name, kind in _KINDS.items():
        known[name] = kind(known[name])
    known["layers"] = tuple(LayerFact(**row) for row in known["layers"])
    for name in ("inputs", "outputs"):
        known[name] = tuple(_tensor_fact(row) for row in known[name])
    return Facts(**known)


def _tensor_fact(row: dict[str, Any]) -> TensorFact:
    shape = None if row["shape"] is None else tuple(row["shape"])
    return TensorFact(name=row["name"], dtype=row["dtype"], shape=shape)

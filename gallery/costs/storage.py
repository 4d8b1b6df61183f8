"""Facts as JSON, for the cache."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from gallery.costs.facts import Facts, LayerFact, TensorFact


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
    for field in fields(Facts):
        for kind in (dict, tuple):
            if str(field.type).startswith(kind.__name__):
                known[field.name] = kind(known[field.name])
    known["layers"] = tuple(LayerFact(**row) for row in known["layers"])
    for name in ("inputs", "outputs"):
        known[name] = tuple(_tensor_fact(row) for row in known[name])
    return Facts(**known)


def _tensor_fact(row: dict[str, Any]) -> TensorFact:
    shape = None if row["shape"] is None else tuple(row["shape"])
    return TensorFact(name=row["name"], dtype=row["dtype"], shape=shape)

"""Similar models, by their operators and their size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gallery.costs.facts import Facts


def similar(facts: Sequence[Facts | None], most: int = 4) -> list[tuple[int, ...]]:
    """For each model the indices of the models most similar to it.

    Similarity is the cosine of the operator histograms, each count c as ln(1 + c) so that depth
    alone does not decide, times exp(-|ln(p / q)| / 4) for the parameters p and q.

    Args:
        facts: Facts of each model; a model without facts is similar to none.
        most: Most indices per model.

    Returns:
        For each model, indices of others, the most similar first; ties by index.
    """
    known = [i for i, one in enumerate(facts) if one is not None and one.histogram]
    result: list[tuple[int, ...]] = [()] * len(facts)
    if len(known) < 2:
        return result
    ours = [one for i in known if (one := facts[i]) is not None]
    types = {name: j for j, name in enumerate(sorted({n for one in ours for n in one.histogram}))}
    table = np.zeros((len(known), len(types)))
    for row, one in enumerate(ours):
        for name, value in one.histogram.items():
            table[row, types[name]] = math.log1p(value)
    table /= np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-12)
    logs = np.array([math.log(max(one.parameters, 1)) for one in ours])
    for row, index in enumerate(known):
        similarity = (table @ table[row]) * np.exp(-np.abs(logs - logs[row]) / 4)
        similarity[row] = -1
        similarity = np.round(similarity, 9)
        least = -np.partition(-similarity, most - 1)[most - 1] if len(known) > most else 0
        near = np.flatnonzero((similarity >= least) & (similarity > 0))
        order = near[np.argsort(-similarity[near], kind="stable")]
        result[index] = tuple(known[j] for j in order[:most])
    return result

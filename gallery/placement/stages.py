"""Finds a network's stages: the parts of its way that work at one resolution.

A resolution is at how many places of an image or a sequence an operator uses its parameters: the
pixels of a convolution's result, the rows of a product with a matrix. It does not depend on how
finely the computation is split.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gallery.graph import ComputeGraph, Kind
from gallery.numerics.elementary import log
from gallery.placement.graph_levels import IntArray

DoubleArray = npt.NDArray[np.float64]

GAPS = 0.3
"""The share of a way that is for gaps between its stages. Set by eye."""

_STEPS = 200
_WINDOW = 0.04
"""Half of the part of the way over which the usual resolution is taken."""

_SHORTEST = 0.05
"""Shortest stage, relative to the way."""

_STEP = 0.5
"""Smallest change of the logarithm of the resolution to the base of 2 that ends a stage."""


def resolutions(
    graph: ComputeGraph, vertices: IntArray, body: IntArray, bodies: int
) -> DoubleArray:
    """The mean logarithm to the base of 2 of the resolution of each body's vertices: (bodies,).

    NaN where a body has no parameters.

    Args:
        graph: The compute graph.
        vertices: int32 (k,), some of its vertices.
        body: int32 (k,), the body of each.
        bodies: Number of bodies.
    """
    own = np.full(len(graph.operators), np.nan)
    learned = np.zeros(len(graph.operators), np.bool_)
    learned[graph.vertex_operator[graph.vertex_kind == Kind.PARAMETER]] = True
    for made in graph.sets:
        operator = int(graph.vertex_operator[made.first])
        if made.tensors and learned[operator] and made.kind not in {Kind.INPUT, Kind.PARAMETER}:
            places = _places(graph.operators[operator].type, made.shape[: made.rank])
            if places:
                own[operator] = float(log(float(places))) / float(log(2.0))
    found = own[graph.vertex_operator[vertices]]
    known = ~np.isnan(found)
    number = np.bincount(body[known], minlength=bodies)
    total = np.bincount(body[known], found[known], bodies)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def _places(operator_type: str, shape: tuple[int, ...]) -> int:
    """At how many places an operator uses its parameters, or 0 if its type does not tell."""
    if "Conv" in operator_type:
        return math.prod(shape[2:])
    if "MatMul" in operator_type or "Gemm" in operator_type:
        return math.prod(shape[:-1])
    return 0


def borders(along: DoubleArray, length: float, resolution: DoubleArray) -> DoubleArray:
    """Where one stage ends and the next begins, ascending: float64 (k,), within 0 to `length`.

    Args:
        along: float64 (n,), where bodies lie along the way, from 0 to `length`.
        length: Length of the way.
        resolution: float64 (n,), from `resolutions`.
    """
    known = np.flatnonzero(~np.isnan(resolution))
    if not len(known) or not length > 0:
        return np.empty(0)
    known = known[np.argsort(along[known], kind="stable")]
    place, value = along[known] / length, resolution[known]
    steps = (np.arange(_STEPS) + 0.5) / _STEPS
    first = np.searchsorted(place, steps - _WINDOW)
    last = np.searchsorted(place, steps + _WINDOW)
    usual = np.full(_STEPS, np.nan)
    for step in np.flatnonzero(last > first):
        inside = np.sort(value[first[step] : last[step]])
        usual[step] = inside[len(inside) // 2]
    return _changes(steps, usual) * length


def _changes(steps: DoubleArray, usual: DoubleArray) -> DoubleArray:
    """Where values change and stay so for the length of a stage."""
    there = np.flatnonzero(~np.isnan(usual))
    found: list[float] = []
    begin, value = 0.0, usual[there[0]]
    for one, two in pairwise(there):
        ahead = usual[two : two + round(_SHORTEST * _STEPS)]
        if not (np.abs(ahead[~np.isnan(ahead)] - value) > _STEP).all():
            continue
        border = float(steps[one] + steps[two]) / 2
        # What is shorter than a stage belongs to the next one, or at the end to the one before.
        if border - begin >= _SHORTEST and 1 - border >= _SHORTEST:
            found.append(border)
            begin = border
        value = usual[two]
    return np.array(found, np.float64)


def parted(along: DoubleArray, length: float, borders: DoubleArray) -> tuple[DoubleArray, float]:
    """The way with a gap at each border, as long as before, and the length of a gap.

    Args:
        along: float64 (n,), places along the way, from 0 to `length`.
        length: Length of the way.
        borders: float64 (k,), where stages end.
    """
    if not len(borders):
        return along, 0.0
    gap = GAPS * length / len(borders)
    return np.asarray((1 - GAPS) * along + gap * np.searchsorted(borders, along)), gap

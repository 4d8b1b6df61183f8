"""Folds a network's longest path like a shell or a river, so that its drawing is round.

Each body has a place along the longest path. The path is laid along a curve of one of two kinds. A
shell winds inwards and leaves as much space inside as its rest takes. A river meanders: its
direction turns to and fro as a sine of the way (Langbein and Leopold, River meanders: theory of
minimum variance, 1966, https://doi.org/10.3133/pp422H), so that half a wave is an open ring, a
whole one an S. Both bend most between a network's stages, which lie apart and so become lobes. Only
distances along the path become those along the curve; what lies beside the path, such as blocks and
their branches, keeps its true distance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gallery.numerics.elementary import cos, exp, interpolate, raised, sin
from gallery.placement.graph_levels import FloatArray
from gallery.placement.stages import borders, parted

DoubleArray = npt.NDArray[np.float64]

_STEPS = 200
"""Steps of the curve."""

_SMOOTH = 8
"""Standard deviation of the window that smooths the charge along the path, in steps."""

_THIN = 0.1
"""Parts are taken for at least this thin, relative to the thickest."""

_SLENDER = 0.3
"""The same for shells, relative to the mean."""

_TIGHT, _CORE = 0.6, 0.15
"""Least radius of a shell's turns, relative to its own width and to the whole's radius."""

_CORNERED = 0.6
"""The share of all bends that lies between stages, so that they show as lobes. Set by eye."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """How to fold a path.

    Attributes:
        bends: How often it turns round, to the right and to the left in turns; any number.
        turn: Angle of each bend, in half turns; 0 leaves the path straight.
        taper: Thin parts bend more than thick ones by this power of their charge.
        coil: If not 0, the path is a shell that winds inwards instead, around what of it is still
            to come: its width, relative to the tightest one's.
    """

    bends: float = 1.0
    turn: float = 0.0
    taper: float = 0.0
    coil: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Way:
    """Where bodies lie along the longest path.

    Attributes:
        along: float64 (n,), from 0 to `length`; no two bodies differ by more than their distance.
        drawn: float64 (n,), the same with gaps between the stages.
        corners: float64 (k,), the middles of these gaps.
        gap: Their length.
        length: Length of the path.
        charge: float64 (steps,), charge along the path, smoothed.
    """

    along: DoubleArray
    drawn: DoubleArray
    corners: DoubleArray
    gap: float
    length: float
    charge: DoubleArray

    def of(self, inside: npt.NDArray[np.int64]) -> Way:
        """The path with some of the bodies beside it."""
        return replace(self, along=self.along[inside], drawn=self.drawn[inside])


def way(paths: DoubleArray, charge: FloatArray, resolution: DoubleArray) -> Way:
    """The longest path, from the one of its ends that comes first.

    Args:
        paths: float64 (n, n), distances along the data.
        charge: float32 (n,), how much each body counts.
        resolution: float64 (n,), at which the bodies work, NaN where they have none.
    """
    first, last = divmod(int(np.argmax(paths)), len(paths))
    first, last = min(first, last), max(first, last)
    length = float(paths[first, last])
    along = np.asarray((paths[first] - paths[last] + length) / 2)
    ends = borders(along, length, resolution)
    drawn, gap = parted(along, length, ends)
    corners = parted(ends, length, ends)[0] + gap / 2
    step = np.minimum((drawn / length * _STEPS).astype(np.int64), _STEPS - 1)
    thick = np.bincount(step, charge.astype(np.float64), _STEPS).astype(np.float64)
    return Way(
        along=along, drawn=drawn, corners=corners, gap=gap, length=length, charge=_smooth(thick)
    )


def _smooth(values: DoubleArray) -> DoubleArray:
    window = exp(-0.5 * (np.arange(-3 * _SMOOTH, 3 * _SMOOTH + 1) / _SMOOTH) ** 2)
    padded = np.pad(values, 3 * _SMOOTH, mode="edge")
    found = np.zeros(len(values))
    for offset, weight in enumerate(window / window.sum()):
        found += weight * padded[offset : offset + len(values)]
    return found


def guide(way: Way, fold: Fold) -> DoubleArray:
    """Where the folded path is beside each body: float64 (n, 2), around the origin."""
    bend = _shell(way, fold) if fold.coil else _river(way, fold)
    angle = np.cumsum(_cornered(bend, way))
    steps = np.stack([cos(angle), sin(angle)], axis=1) * (way.length / _STEPS)
    curve = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
    ways = np.linspace(0, way.length, _STEPS + 1)
    places = np.stack([interpolate(way.drawn, ways, curve[:, axis]) for axis in (0, 1)], axis=1)
    return np.asarray(places - places.mean(axis=0))


def _river(way: Way, fold: Fold) -> DoubleArray:
    """Bends before the steps of a meander."""
    thick = np.maximum(way.charge, _THIN * way.charge.max())
    share = np.cumsum(raised(thick, -fold.taper) if fold.taper else np.ones(_STEPS))
    share = np.concatenate([[0.0], share / share[-1]])
    middle = (share[1:] + share[:-1]) / 2
    angle = np.pi / 2 * fold.turn * cos(np.pi * fold.bends * middle)
    return np.diff(angle, prepend=angle[:1])


def _cornered(bend: DoubleArray, way: Way) -> DoubleArray:
    """Bends of which a share is moved to the nearest gap, so that stages are straighter."""
    if not len(way.corners):
        return bend
    middle = (np.arange(_STEPS) + 0.5) * way.length / _STEPS
    nearest = np.searchsorted((way.corners[1:] + way.corners[:-1]) / 2, middle)
    found = (1 - _CORNERED) * bend
    for number, corner in enumerate(way.corners):
        inside = np.abs(middle - corner) <= way.gap / 2
        found[inside] += _CORNERED * bend[nearest == number].sum() / inside.sum()
    return found


def _shell(way: Way, fold: Fold) -> DoubleArray:
    """Bends before the steps of a spiral that leaves as much space inside as its rest takes.

    A band of length L that is folded k times has the area of a disc of radius L / (k sqrt(pi)).
    """
    thick = np.maximum(way.charge, _SLENDER * way.charge.mean())
    share = thick / thick.sum()
    rest = 1 - np.cumsum(share) + share / 2
    step = way.length / _STEPS
    disc = way.length / (fold.bends * np.sqrt(np.pi))
    width = np.pi * disc * disc * share / step
    disc *= fold.coil
    inner = np.maximum(disc * np.sqrt(rest) - width / 2, np.maximum(_TIGHT * width, _CORE * disc))
    return np.asarray(-step / inner)


def beside(paths: DoubleArray, way: Way) -> DoubleArray:
    """The squares of what distances have beside the path, however it is folded: float64 (n, n).

    Bodies are as far apart as the path is beside them, and as that in a direction of its own.

    Args:
        paths: float64 (n, n), distances along the data.
        way: Where the bodies lie along the path.
    """
    along = way.along[:, None] - way.along[None, :]
    return np.maximum(paths * paths - along * along, 0)

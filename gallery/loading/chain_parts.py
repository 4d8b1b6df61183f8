"""Puts the operators that weights feed in a chain, and cuts it where only one tensor passes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.loading.pieces import Piece

_SHAPES = ("Shape", "Size")
_RISING = ("Resize", "Upsample", "ConvTranspose", "DepthToSpace", "MaxUnpool", "GridSample")
_CHANNELS_FIRST = (
    "Conv",
    "Pool",
    "Resize",
    "Upsample",
    "DepthToSpace",
    "SpaceToDepth",
    "BatchNorm",
)
_CHANNELS_LAST = ("MatMul", "Gemm", "LayerNorm", "RMSNorm", "Attention", "Gather", "Nhwc")
_SUMS = ("Add", "Sum", "QLinearAdd")
_HUB = 6
"""Readers from which on a tensor that is read all over the chain closes no body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What lies between two cuts of the chain: places start..stop-1.

    Attributes:
        start: The first place.
        stop: The place after the last.
        types: Operator types, in order.
        weighted: Whether one of the operators reads weights.
        joined: Whether it has branches, which its last operator joins.
        resolution: Number of places (pixels, tokens) of what it makes, if that is known.
    """

    start: int
    stop: int
    types: tuple[str, ...]
    weighted: bool
    joined: bool
    resolution: float | None

    @property
    def size(self) -> int:
        """Number of operators."""
        return self.stop - self.start

    @property
    def is_body(self) -> bool:
        """Whether it has branches and weights."""
        return self.joined and self.weighted

    @property
    def is_residual(self) -> bool:
        """Whether it is a body whose branches are added."""
        return self.is_body and self.types[-1] in _SUMS


def chains(whole: Sequence[Piece]) -> tuple[list[int], list[int]]:
    """The operators that weights feed, in the file's order, and each as late as its readers allow.

    The first keeps what exporters know of modules, the second holds branches together in files
    that were sorted otherwise.
    """
    fed = [False] * len(whole)
    readers = [0] * len(whole)
    for at, piece in enumerate(whole):
        through = piece.type not in _SHAPES
        fed[at] = piece.owner < 0 and (
            piece.weighted or (through and any(fed[source] for source in piece.sources))
        )
        for source in piece.sources if fed[at] else ():
            readers[source] += 1
    ready = [at for at, one in enumerate(fed) if one and not readers[at]]
    last_first: list[int] = []
    while ready:
        at = ready.pop()
        last_first.append(at)
        for source in whole[at].sources:
            readers[source] -= 1
            if fed[source] and not readers[source]:
                ready.append(source)
    return [at for at, one in enumerate(fed) if one], last_first[::-1]


def parts_of(whole: Sequence[Piece], chain: Sequence[int]) -> list[Part]:
    """Cut the chain wherever at most one tensor passes."""
    width = _widths(whole, chain)
    places = _resolutions(whole, chain)
    ends = (np.flatnonzero(width <= 1) + 1).tolist()
    found = []
    start = 0
    for stop in ends:
        inside = [whole[at] for at in chain[start:stop]]
        found.append(
            Part(
                start=start,
                stop=stop,
                types=tuple(piece.type for piece in inside),
                weighted=any(piece.weighted for piece in inside),
                joined=len(inside) > 3 and start > 0 and bool(width[start - 1]),
                resolution=places[stop - 1],
            )
        )
        start = stop
    return found


def _widths(whole: Sequence[Piece], chain: Sequence[int]) -> npt.NDArray[np.int64]:
    """How many tensors pass the place behind each operator of the chain.

    What is read again across an increase of the resolution (in a U-Net), or by many operators all
    over the chain (a mask), is left out: it closes no body.
    """
    place = {at: k for k, at in enumerate(chain)}
    rises = np.cumsum([whole[at].type in _RISING for at in chain]).tolist()
    first, last = list(range(len(chain))), list(range(len(chain)))
    readers = [0] * len(chain)
    for k, at in enumerate(chain):
        for source in whole[at].sources:
            made = place.get(source, -1)
            if made < 0 or rises[k - 1] > rises[made]:
                continue
            first[made] = k if not readers[made] else first[made]
            last[made] = k
            readers[made] += 1
    change = np.zeros(len(chain) + 1, np.int64)
    for k, end in enumerate(last):
        wide = readers[k] >= _HUB and end - k > len(chain) // 4
        change[k] += 1
        change[first[k] if wide else end] -= 1
    return np.cumsum(change)[:-1]


def _resolutions(whole: Sequence[Piece], chain: Sequence[int]) -> list[float | None]:
    """The number of places (pixels, tokens) of what each operator makes, if it is known."""
    is_last: dict[int, bool] = {}
    found: list[float | None] = []
    for at in chain:
        piece = whole[at]
        if any(word in piece.type for word in _CHANNELS_LAST):
            is_last[at] = True
        elif any(word in piece.type for word in _CHANNELS_FIRST):
            is_last[at] = False
        else:
            above = next((is_last[s] for s in piece.sources if s in is_last), False)
            is_last[at] = above != piece.swaps
        shape = piece.shape
        sizes = None if shape is None else shape[1:-1] if is_last[at] else shape[2:]
        whole_sizes = [size for size in sizes or () if isinstance(size, int)]
        known = sizes is not None and len(whole_sizes) == len(sizes)
        found.append(float(math.prod(whole_sizes)) if known else None)
    return found

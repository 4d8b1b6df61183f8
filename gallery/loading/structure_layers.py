"""Layers found from the structure of a graph, for models whose files name none.

    input  Conv  Relu │ Conv ─ Relu ─ Conv ─ Add │ Relu  Conv ─ …
                      └──────────────────────────┘
            stage 1        stage 2, block 1        stage 2, block 2

The operators that weights feed are put in a chain. Where a single tensor passes from one part of
the chain to the next, the chain is cut: what lies between two cuts is one operator, or a body with
branches that a join closes. A stage is a run of parts of one resolution; in a stage, repeated
sequences of parts are blocks, and so are bodies with branches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from onnx import TensorProto

from gallery.loading.flatten import Flat, FlatNode
from gallery.loading.repeats import repeats
from gallery.loading.scope_names import Scope, common
from gallery.loading.types import dims_of
from gallery.model import Shape

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
_NO_WEIGHTS = (TensorProto.BOOL, TensorProto.INT32, TensorProto.INT64, TensorProto.STRING)
_FEWEST = 8
_MOST_STAGES = 24
_MOST_BLOCKS = 100
"""Of a stage; of more, neighbours are one layer."""

_HUB = 6
_CHANGE = 1.5
"""Ratio of the numbers of places from which on a resolution counts as another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What an operator is in the structure of a graph.

    Attributes:
        type: Operator type.
        sources: Positions of the operators that make its inputs; all are smaller than its own.
        shape: Of its first output.
        weighted: Whether it reads a parameter that has at least two dimensions above 1.
        swaps: Whether it moves the channels from the second axis to the last, or back.
        owner: Position of the control-flow operator whose body holds it, or -1.
    """

    type: str
    sources: tuple[int, ...] = ()
    shape: Shape = None
    weighted: bool = False
    swaps: bool = False
    owner: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What lies between two cuts of the chain: places start..stop-1."""

    start: int
    stop: int
    types: tuple[str, ...]
    weighted: bool
    joined: bool
    resolution: float | None

    @property
    def size(self) -> int:
        return self.stop - self.start

    @property
    def is_body(self) -> bool:
        return self.joined and self.weighted

    @property
    def is_residual(self) -> bool:
        return self.is_body and self.types[-1] in _SUMS


def pieces(flat: Flat) -> list[Piece]:
    """The structure of a flattened model after shape inference."""
    maker = {i: at for at, step in enumerate(flat.steps) for i in step.outputs if i >= 0}
    held = {i for i, value in enumerate(flat.values) if value.is_parameter}
    held.update(i for step in flat.steps if step.type == "Constant" for i in step.outputs)
    return [
        Piece(
            type=step.type,
            sources=tuple(maker[i] for i in step.inputs if i in maker and maker[i] < at),
            shape=next((dims_of(flat.values[i].kind) for i in step.outputs if i >= 0), None),
            weighted=any(_is_matrix(flat, i) for i in step.inputs if i >= 0 and i in held),
            swaps=_swaps(step),
            owner=step.owner,
        )
        for at, step in enumerate(flat.steps)
    ]


def structure_scopes(found: Sequence[Piece]) -> list[Scope] | None:
    """The stage and block of each operator by structure, or None if there is nothing to tell apart.

    The time is nearly linear in the operators and their inputs.
    """
    whole = _without_bodies(found)
    chains = [(chain, _parts(whole, chain)) for chain in _chains(whole)]
    chain, parts = max(chains, key=lambda one: len(one[1]))
    if len(chain) < _FEWEST:
        return None
    stages = _stages(parts)
    blocks = [_blocks(stage) for stage in stages]
    if len(stages) < 2 and not blocks[0]:
        return None
    scopes: dict[int, Scope] = {}
    for number, (stage, inside) in enumerate(zip(stages, blocks, strict=True), 1):
        above: Scope = ((f"stage {number}", ""),) if len(stages) > 1 else ()
        scopes.update(dict.fromkeys(chain[stage[0].start : stage[-1].stop], above))
        step = -(-len(inside) // _MOST_BLOCKS)
        for place, (start, stop) in enumerate(inside):
            below = (*above, (_block_name(place - place % step + 1, step, len(inside)), ""))
            scopes.update(dict.fromkeys(chain[start:stop], below))
    return _with_others(found, whole, scopes)


def _block_name(first: int, step: int, count: int) -> str:
    last = min(first + step - 1, count)
    return f"block {first}" if first == last else f"blocks {first} to {last}"


def _is_matrix(flat: Flat, value: int) -> bool:
    kind = flat.values[value].kind
    if kind is None or kind.tensor_type.elem_type in _NO_WEIGHTS:
        return False
    sizes = dims_of(kind) or ()
    return sum(isinstance(size, int) and size > 1 for size in sizes) > 1


def _swaps(step: FlatNode) -> bool:
    order = step.attributes.get("perm")
    if step.type != "Transpose" or not isinstance(order, tuple) or len(order) < 3:
        return False
    last = len(order) - 1
    return order in ((0, *range(2, last + 1), 1), (0, last, *range(1, last)))


def _without_bodies(found: Sequence[Piece]) -> list[Piece]:
    """The same with what bodies read given to their owners, and nothing left in the bodies."""
    outer = _outermost(found)
    sources: list[dict[int, None]] = [{} for _ in found]
    weighted = [False] * len(found)
    for at, piece in enumerate(found):
        weighted[outer[at]] |= piece.weighted
        for source in piece.sources:
            if outer[source] < outer[at]:
                sources[outer[at]][outer[source]] = None
    return [
        replace(piece, sources=tuple(sources[at]), weighted=weighted[at])
        for at, piece in enumerate(found)
    ]


def _outermost(found: Sequence[Piece]) -> list[int]:
    outer = list(range(len(found)))
    for at in range(len(found) - 1, -1, -1):
        owner = found[at].owner
        outer[at] = outer[owner] if at < owner < len(found) else at
    return outer


def _chains(whole: Sequence[Piece]) -> tuple[list[int], list[int]]:
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


def _parts(whole: Sequence[Piece], chain: Sequence[int]) -> list[_Part]:
    """Cut the chain wherever at most one tensor passes."""
    width = _widths(whole, chain)
    places = _resolutions(whole, chain)
    ends = (np.flatnonzero(width <= 1) + 1).tolist()
    found = []
    start = 0
    for stop in ends:
        inside = [whole[at] for at in chain[start:stop]]
        found.append(
            _Part(
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


def _stages(parts: Sequence[_Part]) -> list[list[_Part]]:
    """Runs of parts of one resolution; a run without weights joins the next, or the one before."""
    stages: list[list[_Part]] = [[]]
    now: float | None = None
    for part in parts:
        there = part.resolution
        changed = now is not None and there is not None and _differ(now, there)
        if changed and any(one.weighted for one in stages[-1]):
            stages.append(_taken_after_join(stages[-1]))
        stages[-1].append(part)
        now = now if there is None else there
    if len(stages) > 1 and not any(part.weighted for part in stages[-1]):
        stages[-2:] = [stages[-2] + stages[-1]]
    return stages if len(stages) <= _MOST_STAGES else [list(parts)]


def _taken_after_join(stage: list[_Part]) -> list[_Part]:
    """Take from the end of a stage what follows its last residual join, if that holds weights.

    A block that lowers the resolution in its middle begins there.
    """
    joins = [k for k, part in enumerate(stage) if part.is_residual]
    end = joins[-1] + 1 if joins else len(stage)
    while end < len(stage) and not stage[end].weighted:
        end += 1
    taken = stage[end:]
    del stage[end:]
    return taken


def _differ(one: float, other: float) -> bool:
    return max(one, other) > _CHANGE * max(min(one, other), 1)


def _blocks(stage: Sequence[_Part]) -> list[tuple[int, int]]:
    """The blocks of a stage as ranges of the chain, in order; none if there would be only one."""
    numbers: dict[tuple[str, ...], int] = {}
    kinds = np.array([numbers.setdefault(part.types, len(numbers)) for part in stage], np.int64)
    sizes = np.array([part.size for part in stage], np.int64)
    weighted = np.array([part.weighted for part in stage], bool)
    bodies = np.array([part.is_body for part in stage], bool)
    found: list[tuple[int, int]] = []
    free = 0
    runs = repeats(kinds, sizes, bodies if bodies.any() else weighted, bodies)
    limits = [*(run[0] for run in runs[1:]), len(stage)]
    for (start, period, copies), limit in zip(runs, limits, strict=False):
        found += _unrepeated(stage, free, start)
        found += [(start + k * period, start + (k + 1) * period) for k in range(copies)]
        free = end = start + copies * period
        while free < min(end + period, limit) and kinds[free] == kinds[free - period]:
            free += 1
        if weighted[end:free].any():  # a further copy that is cut short
            found.append((end, free))
        else:
            free = end
    found += _unrepeated(stage, free, len(stage))
    if len(found) < 2:
        return []
    return [(stage[start].start, stage[stop - 1].stop) for start, stop in found]


def _unrepeated(stage: Sequence[_Part], start: int, stop: int) -> list[tuple[int, int]]:
    """Blocks where nothing repeats: each body with branches begins one.

    What stands before the first or behind the last residual join belongs to the stage, or is a
    block of its own if it is large.
    """
    heads: list[int] = []
    bodies = [k for k in range(start, stop) if stage[k].is_body]
    for k in bodies:
        if not heads or not _completes(stage[heads[-1]], stage[k]):
            heads.append(k)
    if not heads:
        return _if_large(stage, start, stop)
    first = heads[0] if stage[heads[0]].is_residual else start
    end = bodies[-1] + 1 if stage[bodies[-1]].is_residual else stop
    while end < stop and not stage[end].weighted:
        end += 1
    inside = list(pairwise([first, *heads[1:], end]))
    return [*_if_large(stage, start, first), *inside, *_if_large(stage, end, stop)]


def _if_large(stage: Sequence[_Part], start: int, stop: int) -> list[tuple[int, int]]:
    """The parts as one block, if they are half as large as the largest body of the stage."""
    largest = max((part.size for part in stage if part.is_body), default=0)
    inside = stage[start:stop]
    weighted = any(part.weighted for part in inside)
    large = largest > 0 and 2 * sum(part.size for part in inside) >= largest
    return [(start, stop)] if weighted and large else []


def _completes(body: _Part, other: _Part) -> bool:
    """Whether a body is the second half of a transformer's block that another begins."""
    attends = [any("Softmax" in t or "Attention" in t for t in p.types) for p in (body, other)]
    return attends == [True, False] and not any("Conv" in kind for kind in other.types)


def _with_others(
    found: Sequence[Piece], whole: Sequence[Piece], scopes: dict[int, Scope]
) -> list[Scope]:
    """The scope of every operator: what weights do not feed joins all that reads it."""
    outer = _outermost(found)
    around: dict[int, Scope] = {}
    for at in range(len(whole) - 1, -1, -1):
        if outer[at] != at:
            continue
        mine = scopes.get(at, around.get(at, ()))
        around[at] = mine
        for source in whole[at].sources:
            around[source] = common(around[source], mine) if source in around else mine
    return [around[outer[at]] for at in range(len(found))]

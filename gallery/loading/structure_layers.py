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

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from gallery.loading.chain_parts import Part, chains, parts_of
from gallery.loading.pieces import Piece, outermost, without_bodies
from gallery.loading.repeats import repeats
from gallery.loading.scope_names import Scope, common

_FEWEST = 8
_MOST_STAGES = 24
_MOST_BLOCKS = 100
"""Of a stage; of more, neighbours are one layer."""

_CHANGE = 1.5
"""Ratio of the numbers of places from which on a resolution counts as another."""


def structure_scopes(found: Sequence[Piece]) -> list[Scope] | None:
    """The stage and block of each operator by structure, or None if there is nothing to tell apart.

    The time is nearly linear in the operators and their inputs.
    """
    whole = without_bodies(found)
    cut = [(chain, parts_of(whole, chain)) for chain in chains(whole)]
    chain, parts = max(cut, key=lambda one: len(one[1]))
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


def _stages(parts: Sequence[Part]) -> list[list[Part]]:
    """Runs of parts of one resolution; a run without weights joins the next, or the one before."""
    stages: list[list[Part]] = [[]]
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


def _taken_after_join(stage: list[Part]) -> list[Part]:
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


def _blocks(stage: Sequence[Part]) -> list[tuple[int, int]]:
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


def _unrepeated(stage: Sequence[Part], start: int, stop: int) -> list[tuple[int, int]]:
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


def _if_large(stage: Sequence[Part], start: int, stop: int) -> list[tuple[int, int]]:
    """The parts as one block, if they are half as large as the largest body of the stage."""
    largest = max((part.size for part in stage if part.is_body), default=0)
    inside = stage[start:stop]
    weighted = any(part.weighted for part in inside)
    large = largest > 0 and 2 * sum(part.size for part in inside) >= largest
    return [(start, stop)] if weighted and large else []


def _completes(body: Part, other: Part) -> bool:
    """Whether a body is the second half of a transformer's block that another begins."""
    attends = [any("Softmax" in t or "Attention" in t for t in p.types) for p in (body, other)]
    return attends == [True, False] and not any("Conv" in kind for kind in other.types)


def _with_others(
    found: Sequence[Piece], whole: Sequence[Piece], scopes: dict[int, Scope]
) -> list[Scope]:
    """The scope of every operator: what weights do not feed joins all that reads it."""
    outer = outermost(found)
    around: dict[int, Scope] = {}
    for at in range(len(whole) - 1, -1, -1):
        if outer[at] != at:
            continue
        mine = scopes.get(at, around.get(at, ()))
        around[at] = mine
        for source in whole[at].sources:
            around[source] = common(around[source], mine) if source in around else mine
    return [around[outer[at]] for at in range(len(found))]

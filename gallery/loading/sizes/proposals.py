"""Which sizes to try next, after those that were tried and the contradictions that they met."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from gallery.loading.sizes.candidates import COMMON, LARGEST, ORDER, Candidate, Unknowns, pairs
from gallery.loading.sizes.misfits import Misfit
from gallery.loading.sizes.words import Role, role_of

_LINES, _LINE_WIDTH = (48, 32, 64), 320
"""Heights and width of pictures of lines of text."""

_SQUARES = (Role.PIXELS, Role.LATENTS, Role.VOXELS)
"""Roles of axes that networks take together with another of the same size."""

_STUCK = 3
"""After so many sizes of a role at the same contradiction, its axes are changed one by one."""

_APART = 1.25
"""Factor from which on two sizes of an axis are not made one by rounding."""

_NEAR = 0.15
"""How far a common size may be from the exact one, as a share of it."""


def proposals(
    what: Unknowns, best: Candidate, tried: Sequence[tuple[Candidate, Sequence[Misfit]]]
) -> Iterator[Candidate]:
    """What to try after the best candidate so far, in order."""
    active = {guess.role for guess in what.guesses}
    active |= {role for one in what.found for name in one.names if (role := role_of(name))}
    active |= {Role.SEQUENCE} if Role.TOTAL in active else set()
    changed = [role for role in ORDER if role in active]
    for role in changed:
        yield from _one_by_one(what, role, best, tried)
    for role in changed:
        if role is not Role.BATCH:
            for size in _pointed(role, best, tried):
                yield best.at(role, size)
    if Role.TOTAL in active:
        yield replace(best, more=1)
    yield replace(best, apart=False)
    if Role.PIXELS in active:
        heights = [first for first, _ in pairs(what, Role.PIXELS)]
        lines = best.at(Role.PIXELS, _LINE_WIDTH)
        yield from (replace(lines, own=dict.fromkeys(heights, high)) for high in _LINES)
    for role in changed:
        for size in COMMON[role]:
            yield best.at(role, size)


def _pointed(
    role: Role, best: Candidate, tried: Sequence[tuple[Candidate, Sequence[Misfit]]]
) -> Iterator[int]:
    """The sizes of a role to which the first contradiction of the best candidate points.

    Sizes within a network grow about evenly with those of its inputs or, where two axes are taken
    together, with their square: so two tries at the same operator point to a third.
    """
    first = next(misfits[0] for candidate, misfits in tried if candidate is best)
    if first.pieces and first.sizes:
        yield from _multiples(best.sizes[role], *first.sizes)
    seen: list[tuple[int, tuple[int, int]]] = []
    for candidate, misfits in tried:
        same = candidate.at(role, best.sizes[role]).key() == best.key()
        if same and misfits and misfits[0].position == first.position and misfits[0].sizes:
            seen.append((candidate.sizes[role], misfits[0].sizes))
    if _idle(seen):
        return
    for side in (1, 0):
        want, points = _aim(seen, side)
        for power in (0.5, 1.0) if role in _SQUARES else (1.0, 0.5):
            for exact in _between(points, want, power):
                yield from _near(role, exact)


def _idle(seen: Sequence[tuple[int, tuple[int, int]]]) -> bool:
    """Whether a contradiction stays as it is when a size changes, which then does not matter.

    Sizes that are nearly alike may become one by rounding and do not tell.
    """
    return any(
        both == others and max(at, other) > _APART * min(at, other)
        for (at, both), (other, others) in combinations(seen, 2)
    )


def _aim(
    seen: Sequence[tuple[int, tuple[int, int]]], side: int
) -> tuple[int, list[tuple[int, int]]]:
    """What is wanted if it is this side of the pairs that were met, and the two nearest tries.

    Where this side differs from try to try, it is not what is wanted, and there are no tries.

    Args:
        seen: Sizes that were tried, each with the two sizes that contradicted each other.
        side: Which of the two is the one wanted.
    """
    wants = {sizes[side] for _, sizes in seen}
    if len(wants) != 1:
        return 0, []
    want = wants.pop()
    near = sorted((abs(sizes[1 - side] - want), at, sizes[1 - side]) for at, sizes in seen)
    return want, [(at, got) for _, at, got in near if got > 0][:2]


def _one_by_one(
    what: Unknowns, role: Role, best: Candidate, tried: Sequence[tuple[Candidate, Sequence[Misfit]]]
) -> Iterator[Candidate]:
    """Sizes for one of several axes of a role, where weights want another of one of them alone.

    Such are the times and the bands of a spectrum. The last axis comes first: what weights fix is
    more often the size of an inner axis.
    """
    first = next(misfits[0] for candidate, misfits in tried if candidate is best)
    here = [(c, m[0]) for c, m in tried if m and m[0].position == first.position]
    common = best.sizes[role]
    alike = [(c.sizes[role], m) for c, m in here if c.at(role, common).key() == best.key()]
    if len({*map(_wanted, (m for _, m in alike))} - {None}) < _STUCK:
        return
    for name in reversed({name: None for pair in pairs(what, role) for name in pair}):
        at = best.own.get(name, common)
        met = [
            (c.own.get(name, common), _wanted(m))
            for c, m in here
            if c.alone(name, at) == best.alone(name, at)
        ]
        seen = [(size, sizes) for size, sizes in met if sizes]
        want, points = (0, []) if _idle(seen) else _aim(seen, 1)
        for exact in _between(points, want, 1.0):
            if 0.5 <= exact <= LARGEST:
                yield from (best.alone(name, size) for size in _whole(exact))


def _wanted(told: Misfit) -> tuple[int, int] | None:
    """What was met and what weights want instead, if they do."""
    return told.inner or (told.sizes if told.fixed else None)


def _whole(exact: float) -> tuple[int, ...]:
    return max(1, round(exact)), math.ceil(exact), max(1, math.floor(exact))


def _multiples(size: int, whole: int, piece: int) -> Iterator[int]:
    """The size from this one on at which what grows with it is a multiple of a piece."""
    if size > 0 and whole > 0 and piece > 0 and whole % size == 0:
        step = piece // math.gcd(piece, whole // size)
        multiple = -(-size // step) * step
        if multiple <= LARGEST:
            yield multiple


def _near(role: Role, exact: float) -> Iterator[int]:
    """Whole sizes near one: first those that are common or round."""
    if not 0.5 <= exact <= LARGEST:
        return
    common = [size for size in COMMON[role] if abs(size / exact - 1) < _NEAR and size]
    yield from sorted(common, key=lambda size: abs(size - exact))
    for step in (32, 8, 4):
        if exact > 4 * step:
            yield round(exact / step) * step
    yield from _whole(exact)


def _between(points: Sequence[tuple[int, int]], want: int, power: float) -> Iterator[float]:
    """The sizes at which something that grows with a power of it would be as large as wanted."""
    if not points or want <= 0:
        return
    (at, got), *more = points
    for other, there in more:
        slope = (got**power - there**power) / (at - other) if at != other else 0.0
        if slope > 0:
            yield at + (want**power - got**power) / slope
    yield at * (want / got) ** power

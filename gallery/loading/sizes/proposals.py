"""Which sizes to try next, after those that were tried and the contradictions that they met."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from gallery.loading.sizes.candidates import COMMON, LARGEST, ORDER, Candidate, Unknowns
from gallery.loading.sizes.misfits import Misfit
from gallery.loading.sizes.words import Role, role_of

_LINES, _LINE_WIDTH = (48, 32, 64), 320
"""Heights and width of pictures of lines of text."""

_SQUARES = (Role.PIXELS, Role.LATENTS, Role.VOXELS)
"""Roles of axes that networks take together with another of the same size."""

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
        if role is not Role.BATCH:
            for size in _pointed(role, best, tried):
                yield best.at(role, size)
    if Role.TOTAL in active:
        yield replace(best, more=1)
    yield replace(best, apart=False)
    if Role.PIXELS in active:
        yield from (replace(best.at(Role.PIXELS, _LINE_WIDTH), line=high) for high in _LINES)
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
    for want_at in (1, 0):
        wants = {sizes[want_at] for _, sizes in seen}
        if len(wants) != 1:
            continue
        want = wants.pop()
        near = sorted(
            (abs(sizes[1 - want_at] - want), at, sizes[1 - want_at]) for at, sizes in seen
        )
        points = [(at, got) for _, at, got in near if got > 0][:2]
        for power in (0.5, 1.0) if role in _SQUARES else (1.0, 0.5):
            for exact in _between(points, want, power):
                yield from _near(role, exact)


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
    yield from (max(1, round(exact)), math.ceil(exact), max(1, math.floor(exact)))


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

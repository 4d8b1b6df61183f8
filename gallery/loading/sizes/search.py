"""Chooses sizes for the open dimensions of a model: the usual ones, or those at which all fits.

The usual sizes of each role are tried first. While sizes contradict each other somewhere, others
follow: those that the two contradicting sizes point to, then the common ones of each role. A try
whose first contradiction is further on becomes the one to go on from.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from gallery.loading.flatten import Flat
from gallery.loading.sizes.misfits import Misfit
from gallery.loading.sizes.roles import roles
from gallery.loading.sizes.symbols import Binding, Symbol, bind, evaluate
from gallery.loading.sizes.words import Guess, Role, role_of
from gallery.loading.types import dims_of

COMMON: Mapping[Role, tuple[int, ...]] = {
    Role.BATCH: (1, 2, 4, 8),
    Role.PIXELS: (
        *(224, 256, 384, 512, 640, 288, 320, 299, 518, 336, 448, 240, 192, 128, 96, 64, 32, 28),
        *(112, 160, 768, 1024),
    ),
    Role.LATENTS: (64, 32, 128),
    Role.VOXELS: (64, 96, 128, 160, 32),
    Role.PICTURES: (16, 8, 32, 4, 1),
    Role.SEQUENCE: (128, 64, 77, 256, 32, 512, 16, 8, 4, 1, 1024),
    Role.SAMPLES: (16_000, 16_384, 512, 24_000, 32_000, 48_000, 65_536, 8000, 1024, 256, 160_000),
    Role.FRAMES: (100, 96, 128, 112, 104, 200, 64, 256, 300, 1000, 3000),
    Role.POINTS: (1024, 2048, 512, 256, 4096),
    Role.PAST: (0, 1, 16, 128),
    Role.OTHER: (1, 2, 3, 4, 8, 16, 32, 64, 128, 256),
}
"""Sizes of each role, the usual one first: images of 224, a second at 16 kHz or in 100 frames."""

_ORDER = (
    *(Role.PIXELS, Role.SEQUENCE, Role.SAMPLES, Role.FRAMES, Role.OTHER, Role.LATENTS),
    *(Role.VOXELS, Role.PICTURES, Role.POINTS, Role.PAST, Role.BATCH),
)
"""Which roles to change first."""

_LINES, _LINE_WIDTH = (48, 32, 64), 320
"""Heights and width of pictures of lines of text."""

_SQUARES = (Role.PIXELS, Role.LATENTS, Role.VOXELS)
"""Roles of axes that networks take together with another of the same size."""

_MOST_TRIES = 32
_MOST_VISITS = 100_000
_FEWEST_TRIES = 4
"""A search visits at most so many operators, but makes a few tries of a large model, too."""

_LARGEST = 1 << 20

Attempt = Callable[[Binding], Sequence[Misfit]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Sizes of all open dimensions.

    Attributes:
        binding: The sizes.
        assumed: Those that nobody chose, by name.
        misfits: Contradictions that remain, in order.
        tries: How many choices were tried.
    """

    binding: Binding
    assumed: Mapping[str, int]
    misfits: Sequence[Misfit]
    tries: int

    @property
    def contradictions(self) -> list[Misfit]:
        """Those that cannot be avoided by the way that is taken through the model."""
        return [one for one in self.misfits if not one.avoidable]

    @property
    def score(self) -> tuple[bool, int]:
        """How good it is: whether it fits, and how far all does on every way."""
        first = self.misfits[0].position if self.misfits else _LARGEST
        return not self.contradictions, first


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknowns:
    """What there is to choose in a model.

    Attributes:
        found: The open dimensions.
        guesses: What each stands for.
        dims: The sizes that the user chose.
        tokens: Number of tokens that the file sets, or 0.
        past: Number of earlier tokens that the file sets, or 0.
    """

    found: Sequence[Symbol]
    guesses: Sequence[Guess]
    dims: Mapping[str, int]
    tokens: int = 0
    past: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is tried.

    Attributes:
        sizes: By role.
        line: The height of pictures of lines of text, or 0 for pictures as high as wide.
        more: How much longer a total is than past and sequence together.
        apart: Whether dimensions of one name but different roles are set apart.
    """

    sizes: Mapping[Role, int]
    line: int = 0
    more: int = 0
    apart: bool = True

    def key(self) -> tuple[object, ...]:
        """What tells it from others."""
        return (*self.sizes.values(), self.line, self.more, self.apart)

    def at(self, role: Role, size: int) -> _Plan:
        """The same with another size for a role."""
        return replace(self, sizes={**self.sizes, role: size})


def unknowns(found: Sequence[Symbol], flat: Flat, dims: Mapping[str, int]) -> Unknowns:
    """What there is to choose in a model whose types are not inferred yet."""
    tokens, past = fixed_lengths(flat)
    guesses = roles(found, flat) if found else []
    return Unknowns(found=found, guesses=guesses, dims=dims, tokens=tokens, past=past)


def choose(what: Unknowns, attempt: Attempt, operators: int) -> Choice:
    """Choose sizes.

    Args:
        what: The open dimensions.
        attempt: Infers all types with these sizes, and returns what contradicts, in order.
        operators: Their number, which bounds the tries.
    """
    limit = min(_MOST_TRIES, max(_FEWEST_TRIES, _MOST_VISITS // max(operators, 1)))
    best = _Plan(sizes={role: sizes[0] for role, sizes in COMMON.items()})
    choice = _choice(what, best, attempt)
    tried = [(best, choice.misfits)]
    known = [choice.binding.shapes]
    while choice.misfits and len(tried) < limit:
        plans = _proposals(what, best, tried)
        plan = next((one for one in plans if _bound(what, one).shapes not in known), None)
        if plan is None:
            break
        other = _choice(what, plan, attempt)
        known.append(other.binding.shapes)
        tried.append((plan, other.misfits))
        if other.score > choice.score:
            best, choice = plan, other
    return replace(choice, tries=len(tried))


def _choice(what: Unknowns, plan: _Plan, attempt: Attempt) -> Choice:
    binding = _bound(what, plan)
    chosen = {*what.dims}
    chosen |= {one.where for one in what.found if one.text in what.dims}
    assumed = {name: size for name, size in binding.sizes.items() if name not in chosen}
    misfits = sorted(
        (one for one in attempt(binding) if one.of_sizes), key=lambda one: one.position
    )
    return Choice(binding=binding, assumed=assumed, misfits=misfits, tries=1)


def _bound(what: Unknowns, plan: _Plan) -> Binding:
    return bind(what.found, what.dims, _sizes(what, plan))


def _sizes(what: Unknowns, plan: _Plan) -> dict[str, int]:
    """The size of each name in a plan and, where the plan sets dimensions apart, of those."""
    by_name: dict[str, Guess] = {}
    for one, guess in zip(what.found, what.guesses, strict=True):
        if len(one.names) == 1 and one.names[0] in (one.text, one.where):
            known = by_name.get(one.names[0])
            by_name[one.names[0]] = guess if known is None else min(known, guess, key=_rank)
    sizes = {name: _size(what, plan, guess) for name, guess in by_name.items()}
    for one, guess in zip(what.found, what.guesses, strict=True):
        for name in one.names:
            if name not in sizes:
                role = role_of(name)
                size = _size(what, plan, Guess(role=role)) if role else 0
                sizes[name] = size if role else _inverse(one, _size(what, plan, guess))
    if plan.line:
        sizes |= dict.fromkeys(_heights(what), plan.line)
    totals = {name for name, guess in by_name.items() if guess.role is Role.TOTAL}
    if totals:
        sizes |= dict.fromkeys(totals, _total(what, plan, sizes))
    if plan.apart:
        for one, guess in zip(what.found, what.guesses, strict=True):
            if guess.role is not Role.TOTAL and by_name.get(one.text, guess).role != guess.role:
                sizes[one.where] = _size(what, plan, guess)
    return sizes


def _heights(what: Unknowns) -> set[str]:
    """The names of the first axes of pictures, where the second ones have other names."""
    pixels = [o for o, g in zip(what.found, what.guesses, strict=True) if g.role is Role.PIXELS]
    pairs = [(one, two) for one, two in pairwise(pixels) if one.input == two.input]
    return {one.names[0] for one, two in pairs if one.names != two.names}


def _size(what: Unknowns, plan: _Plan, guess: Guess) -> int:
    if guess.role is Role.CHANNELS:
        return guess.size if 0 < guess.size <= _LARGEST else plan.sizes[Role.OTHER]
    return plan.sizes.get(guess.role, 1)


def _rank(guess: Guess) -> int:
    return _ORDER.index(guess.role) if guess.role in _ORDER else -1


def _inverse(one: Symbol, wanted: int) -> int:
    """The size of the names in an expression at which it is about as large as wanted."""
    first, second = (evaluate(one.text, dict.fromkeys(one.names, at)) or 0 for at in (64, 128))
    slope = (second - first) / 64
    return max(1, round(64 + (wanted - first) / slope)) if slope > 0 else 1


def _total(what: Unknowns, plan: _Plan, sizes: Mapping[str, int]) -> int:
    """The number of earlier and new tokens together."""
    lengths = {Role.SEQUENCE: what.tokens, Role.PAST: what.past}
    for one, guess in zip(what.found, what.guesses, strict=True):
        first = guess.role in lengths and not lengths[guess.role]
        if first and len(one.names) == 1 and not re.search(r"encoder", one.input + one.text):
            name = one.names[0]
            lengths[guess.role] = what.dims.get(one.where, what.dims.get(name, sizes[name]))
    tokens = lengths[Role.SEQUENCE] or plan.sizes[Role.SEQUENCE]
    return lengths[Role.PAST] + tokens + plan.more


def _proposals(
    what: Unknowns, best: _Plan, tried: Sequence[tuple[_Plan, Sequence[Misfit]]]
) -> Iterator[_Plan]:
    """What to try after the best plan so far, in order."""
    active = {guess.role for guess in what.guesses}
    active |= {role for one in what.found for name in one.names if (role := role_of(name))}
    active |= {Role.SEQUENCE} if Role.TOTAL in active else set()
    changed = [role for role in _ORDER if role in active]
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
    role: Role, best: _Plan, tried: Sequence[tuple[_Plan, Sequence[Misfit]]]
) -> Iterator[int]:
    """The sizes of a role to which the first contradiction of the best plan points.

    Sizes within a network grow about evenly with those of its inputs or, where two axes are taken
    together, with their square: so two tries at the same operator point to a third.
    """
    first = next(misfits[0] for plan, misfits in tried if plan is best)
    if first.pieces and first.sizes:
        yield from _multiples(best.sizes[role], *first.sizes)
    seen: list[tuple[int, tuple[int, int]]] = []
    for plan, misfits in tried:
        same = plan.at(role, best.sizes[role]).key() == best.key()
        if same and misfits and misfits[0].position == first.position and misfits[0].sizes:
            seen.append((plan.sizes[role], misfits[0].sizes))
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
        yield from filter(lambda at: at <= _LARGEST, (-(-size // step) * step,))


def _near(role: Role, exact: float) -> Iterator[int]:
    """Whole sizes near one: first those that are common or round."""
    if not 0.5 <= exact <= _LARGEST:
        return
    common = [size for size in COMMON[role] if abs(size / exact - 1) < _NEAR and size]
    yield from sorted(common, key=lambda size: abs(size - exact))
    for step in (32, 8, 4):
        if exact > 4 * step:
            yield round(exact / step) * step
    yield from (max(1, round(exact)), math.ceil(exact), max(1, math.floor(exact)))


_NEAR = 0.15


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


def fixed_lengths(flat: Flat) -> tuple[int, int]:
    """The numbers of tokens and of earlier tokens that the inputs' shapes fix; 0 for others."""
    tokens = past = 0
    for index in flat.inputs:
        shape, name = dims_of(flat.values[index].kind) or (), flat.values[index].name.lower()
        length = shape[-2] if len(shape) > _ROWS else shape[-1] if shape else None
        if not isinstance(length, int) or length <= 0:
            continue
        if len(shape) == _ROWS and "ids" in name and "encoder" not in name:
            tokens = tokens or length
        if len(shape) > _ROWS and "past" in name and "encoder" not in name:
            past = past or length
    return tokens, past


_ROWS = 2

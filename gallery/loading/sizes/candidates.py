"""Candidates for the sizes of open dimensions: from a size for each role to one for each name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from gallery.loading.flat import Flat
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

ORDER = (
    *(Role.PIXELS, Role.SEQUENCE, Role.SAMPLES, Role.FRAMES, Role.OTHER, Role.LATENTS),
    *(Role.VOXELS, Role.PICTURES, Role.POINTS, Role.PAST, Role.BATCH),
)
"""Which roles to change first."""

LARGEST = 1 << 20
"""The largest size that is tried."""

_ROWS = 2
"""Number of axes of token ids, samples by tokens."""


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
class Candidate:
    """Sizes to try.

    Attributes:
        sizes: By role.
        own: Those of single names that differ from their role's, as of pictures of lines of text.
        more: How much longer a total is than past and sequence together.
        apart: Whether dimensions of one name but different roles are set apart.
    """

    sizes: Mapping[Role, int]
    own: Mapping[str, int] = field(default_factory=dict)
    more: int = 0
    apart: bool = True

    def key(self) -> tuple[object, ...]:
        """What tells it from others."""
        return (*self.sizes.values(), *sorted(self.own.items()), self.more, self.apart)

    def at(self, role: Role, size: int) -> Candidate:
        """The same with another size for a role."""
        return replace(self, sizes={**self.sizes, role: size})

    def alone(self, name: str, size: int) -> Candidate:
        """The same with another size for one name."""
        return replace(self, own={**self.own, name: size})


def unknowns(found: Sequence[Symbol], flat: Flat, dims: Mapping[str, int]) -> Unknowns:
    """What there is to choose in a model whose types are not inferred yet."""
    tokens, past = fixed_lengths(flat)
    guesses = roles(found, flat) if found else []
    return Unknowns(found=found, guesses=guesses, dims=dims, tokens=tokens, past=past)


def bound(what: Unknowns, candidate: Candidate) -> Binding:
    """The sizes of all open dimensions that follow from a candidate and the user's choice."""
    return bind(what.found, what.dims, _sizes(what, candidate))


def _sizes(what: Unknowns, candidate: Candidate) -> dict[str, int]:
    """The size of each name in a candidate, and of the dimensions that it sets apart."""
    by_name: dict[str, Guess] = {}
    for one, guess in zip(what.found, what.guesses, strict=True):
        if len(one.names) == 1 and one.names[0] in (one.text, one.where):
            known = by_name.get(one.names[0])
            by_name[one.names[0]] = guess if known is None else min(known, guess, key=_rank)
    sizes = {name: _size(what, candidate, guess) for name, guess in by_name.items()}
    for one, guess in zip(what.found, what.guesses, strict=True):
        for name in one.names:
            if name not in sizes:
                role = role_of(name)
                size = _size(what, candidate, Guess(role=role)) if role else 0
                sizes[name] = size if role else _inverse(one, _size(what, candidate, guess))
    sizes |= {name: size for name, size in candidate.own.items() if name in sizes}
    totals = {name for name, guess in by_name.items() if guess.role is Role.TOTAL}
    if totals:
        sizes |= dict.fromkeys(totals, _total(what, candidate, sizes))
    if candidate.apart:
        for one, guess in zip(what.found, what.guesses, strict=True):
            if guess.role is not Role.TOTAL and by_name.get(one.text, guess).role != guess.role:
                sizes[one.where] = _size(what, candidate, guess)
    return sizes


def pairs(what: Unknowns, role: Role) -> list[tuple[str, str]]:
    """The names of axes of a role that follow each other in one input under different names."""
    axes = [one for one, g in zip(what.found, what.guesses, strict=True) if g.role is role]
    return [
        (one.names[0], two.names[0])
        for one, two in pairwise(axes)
        if one.input == two.input and one.names != two.names
    ]


def _size(what: Unknowns, candidate: Candidate, guess: Guess) -> int:
    if guess.role is Role.CHANNELS:
        return guess.size if 0 < guess.size <= LARGEST else candidate.sizes[Role.OTHER]
    return candidate.sizes.get(guess.role, 1)


def _rank(guess: Guess) -> int:
    return ORDER.index(guess.role) if guess.role in ORDER else -1


def _inverse(one: Symbol, wanted: int) -> int:
    """The size of the names in an expression at which it is about as large as wanted."""
    first, second = (evaluate(one.text, dict.fromkeys(one.names, at)) or 0 for at in (64, 128))
    slope = (second - first) / 64
    return max(1, round(64 + (wanted - first) / slope)) if slope > 0 else 1


def _total(what: Unknowns, candidate: Candidate, sizes: Mapping[str, int]) -> int:
    """The number of earlier and new tokens together."""
    lengths = {Role.SEQUENCE: what.tokens, Role.PAST: what.past}
    for one, guess in zip(what.found, what.guesses, strict=True):
        first = guess.role in lengths and not lengths[guess.role]
        if first and len(one.names) == 1 and not re.search(r"encoder", one.input + one.text):
            name = one.names[0]
            lengths[guess.role] = what.dims.get(one.where, what.dims.get(name, sizes[name]))
    tokens = lengths[Role.SEQUENCE] or candidate.sizes[Role.SEQUENCE]
    return lengths[Role.PAST] + tokens + candidate.more


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

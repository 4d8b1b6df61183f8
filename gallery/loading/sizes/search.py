"""Chooses sizes for the open dimensions of a model: the usual ones, or those at which all fits.

The usual sizes of each role are tried first. While sizes contradict each other somewhere, others
follow: those that the two contradicting sizes point to, then the common ones of each role. A try
whose first contradiction is further on becomes the one to go on from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from gallery.loading.sizes.candidates import COMMON, LARGEST, Candidate, Unknowns, bound
from gallery.loading.sizes.misfits import Misfit
from gallery.loading.sizes.proposals import proposals
from gallery.loading.sizes.symbols import Binding

_MOST_TRIES = 32
_MOST_VISITS = 100_000
_FEWEST_TRIES = 4
"""A search visits at most so many operators, but makes a few tries of a large model, too."""

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
        first = self.misfits[0].position if self.misfits else LARGEST
        return not self.contradictions, first


def choose(what: Unknowns, attempt: Attempt, operators: int) -> Choice:
    """Choose sizes.

    Args:
        what: The open dimensions.
        attempt: Infers all types with these sizes, and returns what contradicts, in order.
        operators: Their number, which bounds the tries.
    """
    limit = min(_MOST_TRIES, max(_FEWEST_TRIES, _MOST_VISITS // max(operators, 1)))
    best = Candidate(sizes={role: sizes[0] for role, sizes in COMMON.items()})
    choice = _choice(what, best, attempt)
    tried = [(best, choice.misfits)]
    known = [choice.binding.shapes]
    while choice.misfits and len(tried) < limit:
        candidates = proposals(what, best, tried)
        candidate = next((one for one in candidates if bound(what, one).shapes not in known), None)
        if candidate is None:
            break
        other = _choice(what, candidate, attempt)
        known.append(other.binding.shapes)
        tried.append((candidate, other.misfits))
        if other.score > choice.score:
            best, choice = candidate, other
    return replace(choice, tries=len(tried))


def _choice(what: Unknowns, candidate: Candidate, attempt: Attempt) -> Choice:
    binding = bound(what, candidate)
    chosen = {*what.dims}
    chosen |= {one.where for one in what.found if one.text in what.dims}
    assumed = {name: size for name, size in binding.sizes.items() if name not in chosen}
    misfits = sorted(
        (one for one in attempt(binding) if one.of_sizes), key=lambda one: one.position
    )
    return Choice(binding=binding, assumed=assumed, misfits=misfits, tries=1)

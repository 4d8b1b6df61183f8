"""Repeated sequences in a list of numbers, such as the blocks in a chain of operators."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_LONGEST = 64
_MOST = 32

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def repeats(
    kinds: Numbers, sizes: Numbers, needed: Flags, unlike: Flags
) -> list[tuple[int, int, int]]:
    """Sequences that follow themselves at once, the largest first chosen, none in another.

    Args:
        kinds: int64 (m,), equal for equal items.
        sizes: int64 (m,), how much each item counts; a sequence has at least two.
        needed: bool (m,); a sequence holds one such item.
        unlike: bool (m,); of such items, a sequence holds no two of one kind.

    Returns:
        Start, length and number of copies of each, in order; lengths are at most 64.

    >>> one, none = np.ones(7, np.int64), np.zeros(7, bool)
    >>> repeats(np.array([9, 1, 2, 1, 2, 1, 2]), one, one > 0, none)
    [(1, 2, 3)]
    """
    found: list[tuple[int, int, int]] = []
    waiting = [(0, len(kinds))]
    again = _distances(kinds, unlike)
    while waiting and len(found) < _MOST:
        start, stop = waiting.pop()
        inside = slice(start, stop)
        best = _largest(kinds[inside], sizes[inside], needed[inside], again[inside])
        if best is None:
            continue
        first, period, copies = best
        found.append((start + first, period, copies))
        waiting += [(start, start + first), (start + first + period * copies, stop)]
    return sorted(found)


def _distances(kinds: Numbers, unlike: Flags) -> Numbers:
    """How far behind each item the next of its kind is, among those that count."""
    places = np.flatnonzero(unlike)
    order = places[np.argsort(kinds[places], kind="stable")]
    found = np.full(len(kinds), len(kinds) + 1, np.int64)
    same = kinds[order[1:]] == kinds[order[:-1]]
    found[order[:-1][same]] = (order[1:] - order[:-1])[same]
    return found


def _largest(
    kinds: Numbers, sizes: Numbers, needed: Flags, again: Numbers
) -> tuple[int, int, int] | None:
    before = np.concatenate([[0], np.cumsum(sizes)])
    held = np.concatenate([[0], np.cumsum(needed)])
    best: tuple[int, int, int] | None = None
    most = 0
    for period in range(1, min(_LONGEST, len(kinds) // 2) + 1):
        close = np.concatenate([[0], np.cumsum(again < period)])
        first, length = _stretches(kinds, period)
        copies = length // period
        stop = first + period
        good = (held[stop] > held[first]) & (before[stop] - before[first] > 1)
        good &= close[first + length - period] == close[first]
        covered = np.where(good, before[first + copies * period] - before[first], 0)
        if not len(covered) or covered.max() <= most:
            continue
        at = int(covered.argmax())
        if _repeats_itself(kinds[first[at] : stop[at]]):
            continue
        spare = int(length[at] - copies[at] * period)
        # Of the places that leave as many copies, one begins at the largest item.
        begin = int(first[at]) + int(np.argmax(sizes[first[at] : first[at] + spare + 1]))
        best, most = (begin, period, int(copies[at])), int(covered[at])
    return best


def _repeats_itself(kinds: Numbers) -> bool:
    return any(
        len(kinds) % part == 0 and bool((kinds[part:] == kinds[:-part]).all())
        for part in range(1, len(kinds) // 2 + 1)
    )


def _stretches(kinds: Numbers, period: int) -> tuple[Numbers, Numbers]:
    """Starts and lengths of what repeats itself after `period` items, at least twice as long."""
    same = np.concatenate([[False], kinds[period:] == kinds[:-period], [False]])
    start, stop = np.flatnonzero(same[1:] != same[:-1]).reshape(-1, 2).T
    long = stop - start >= period
    return start[long], (stop - start + period)[long]

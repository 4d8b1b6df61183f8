"""What chooses keys for ONNX Runtime's sparse attentions, in NumPy by the text of its schemas.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tests.lowering.by_schema import Function
from tests.lowering.cases import Array
from tests.lowering.sparse_schemas import normed

RATIO = 2
"""Tokens of an entry in all cases."""


def halves_turned(x: Array, place: int, v: Mapping[str, Array]) -> Array:
    """The first elements of [..., d] by tables `o` and `p` as wide as they are many."""
    cosines, sines = v["o"][place], v["p"][place]
    wide = len(cosines)
    one, two = np.split(x[..., :wide], 2, axis=-1)
    made = x[..., :wide] * cosines + np.concatenate([-two, one], axis=-1) * sines
    return np.concatenate([made, x[..., wide:]], axis=-1)


def pairs_turned(x: Array, place: int, v: Mapping[str, Array]) -> Array:
    """The last elements of [..., d], two for each column of the tables."""
    cosines, sines = v["o"][place], v["p"][place]
    start = x.shape[-1] - 2 * len(cosines)
    one, two = x[..., start::2], x[..., start + 1 :: 2]
    made = x.copy()
    made[..., start::2] = one * cosines - two * sines
    made[..., start + 1 :: 2] = two * cosines + one * sines
    return made


def best(scores: Array, most: int) -> list[int]:
    """The numbers of the highest scores, the first of equal ones before."""
    return [int(at) for at in np.argsort(-scores, kind="stable")[:most]]


def padded(row: list[int], columns: int) -> list[int]:
    """A row with -1 behind it."""
    return row + [-1] * (columns - len(row))


def tokens_of(
    query: Array, keys: Array, past: int, visible: Array, budget: int, v: Mapping[str, Array]
) -> list[list[int]]:
    """Chosen tokens for queries [s, h, d] behind `past` others, of keys [t, d]."""
    found = []
    for at, heads in enumerate(query):
        place = past + at
        seen = [t for t in range(place + 1) if visible[t]]
        blocks = [seen[i : i + RATIO] for i in range(0, len(seen) - RATIO + 1, RATIO)]
        own = halves_turned(normed(heads, v["g"]), place, v)
        pooled = [
            halves_turned(normed(keys[block].mean(axis=0), v["j"]), block[0], v) for block in blocks
        ]
        scores = np.array([np.maximum(own @ entry, 0).sum() for entry in pooled])
        chosen = [t for number in best(scores, budget // RATIO) for t in blocks[number]]
        found.append(padded(chosen + seen[len(blocks) * RATIO :], budget + RATIO - 1))
    return found


def heads_and_keys(v: Mapping[str, Array]) -> tuple[Array, Array]:
    """Queries of two heads [..., h, d] and keys [..., d], which may be beside them."""
    size = len(v["g"])
    query = v["q"][..., : 2 * size].astype(np.float64)
    key = v["k"] if "k" in v else v["q"][..., 2 * size :]
    return query.reshape(*query.shape[:-1], 2, size), key


def by_token(budget: int) -> Function:
    """Old keys `a`, of which `f` are filled, a mask `m`."""

    def run(v: Mapping[str, Array]) -> list[Array]:
        query, key = heads_and_keys(v)
        length = query.shape[1]
        past = int(v["f"][0]) if "f" in v else v["a"].shape[1]
        if not 0 <= past <= v["a"].shape[1] - length * ("f" in v):
            raise ValueError("past")
        if "f" in v:
            keys = v["a"].copy()
            keys[:, past : past + length] = key
        else:
            keys = np.concatenate([v["a"], key], axis=1)
        shown = v.get("m", np.ones((len(keys), past + length)))
        rows = [
            tokens_of(*one, past, mask, budget, v)
            for *one, mask in zip(query, keys, shown, strict=True)
        ]
        return [np.array(rows, np.int32), keys]

    return run


def compressed(tokens: Array, gates: Array, first: int, v: Mapping[str, Array]) -> list[Array]:
    """Entries of tokens [t, 2 d]; a window that waits before them is there if `first` is set."""
    size, made = len(v["g"]), []
    biased = gates + np.tile(v["b"], (len(gates) // RATIO + 1, 1))[: len(gates)]
    for begin in range(first, len(tokens) - RATIO + 1, RATIO):
        now, old = slice(begin, begin + RATIO), slice(begin - RATIO, begin)
        keys, logits = tokens[now, size:], biased[now, size:]
        if begin:
            keys = np.concatenate([tokens[old, :size], keys])
            logits = np.concatenate([biased[old, :size], logits])
        weights = np.exp(logits - logits.max(axis=0))
        made.append((keys * weights / weights.sum(axis=0)).sum(axis=0))
    return made


def entries_of(
    query: Array, state: Array, weights: Array, places: Array, most: int, v: Mapping[str, Array]
) -> list[list[int]]:
    """Chosen entries for queries [s, h, d] at positions, of entries [e, d]."""
    found = []
    for heads, own, place in zip(query, weights, places.tolist(), strict=True):
        turned = pairs_turned(normed(heads, v["g"]), place, v)
        many = min((place + 1) // RATIO, len(state))
        scores = (np.maximum(turned @ state[:many].T, 0) * own[:, None]).sum(axis=0)
        found.append(padded(best(scores, most), most))
    return found


def by_entry(most: int) -> Function:
    """Old entries `a`, of which `f` are filled, gates `e`, bias `b`, weights `w`, positions `i`.

    Tokens and gates that wait are `u`.
    """

    def run(v: Mapping[str, Array]) -> list[Array]:
        query, key = heads_and_keys(v)
        waiting = v["u"].shape[2] if "u" in v else 0
        past = int(v["f"][0]) if "f" in v else v["a"].shape[1]
        first = RATIO if waiting >= RATIO else 0
        rows, states, left = [], [], []
        for b in range(len(query)):
            both = [key[b], v["e"][b]]
            if waiting:
                both = [np.concatenate([v["u"][at, b], one]) for at, one in enumerate(both)]
            made = compressed(*both, first, v)
            ready = [
                pairs_turned(normed(entry, v["j"]), (past + at) * RATIO, v)
                for at, entry in enumerate(made)
            ]
            state = v["a"][b].astype(np.float64)
            if "f" in v:
                if not 0 <= past <= len(state) - len(ready):
                    raise ValueError("past")
                state[past : past + len(ready)] = ready
            else:
                state = np.concatenate([state, *[one[None] for one in ready]])
            filled = state[: past + len(ready)]
            rows.append(entries_of(query[b], filled, v["w"][b], v["i"][b], most, v))
            states.append(state)
            used = len(made) * RATIO + first
            begin = used - RATIO if used else 0
            left.append(np.stack([one[begin:] for one in both]))
        kept = np.stack(left, axis=1).astype(np.float32)
        return [np.array(rows, np.int32), np.stack(states), kept]

    return run


def packed_tokens(budget: int) -> Function:
    """Limits `c`, past lengths `t`, entries `a`, tokens that wait `u`, lengths of both `l`."""

    def run(v: Mapping[str, Array]) -> list[Array]:
        query, key = heads_and_keys(v)
        states, buffers, lengths = v["a"].copy(), v["u"].copy(), v["l"].copy()
        found = np.full((len(query), budget + RATIO - 1), -1, np.int32)
        counts = np.zeros(len(query), np.int32)
        if v["c"][0] or v["c"][-1] != len(query) or (np.diff(v["c"]) < 0).any():
            raise ValueError("limits")
        for b, (low, high) in enumerate(zip(v["c"][:-1], v["c"][1:], strict=True)):
            many, waiting = (int(one) for one in lengths[b])
            if min(many, waiting) < 0 or waiting >= RATIO or v["t"][b] != many * RATIO + waiting:
                raise ValueError("lengths")
            wait = list(buffers[b, :waiting])
            for row in range(int(low), int(high)):
                place = many * RATIO + len(wait)
                wait.append(key[row])
                if len(wait) == RATIO:
                    pooled = np.mean(wait, axis=0)
                    states[b, many] = halves_turned(normed(pooled, v["j"]), many * RATIO, v)
                    many, wait = many + 1, []
                own = halves_turned(normed(query[row], v["g"]), place, v)
                scores = np.maximum(own @ states[b, :many].T, 0).sum(axis=0)
                chosen = [
                    number * RATIO + i
                    for number in best(scores, budget // RATIO)
                    for i in range(RATIO)
                ] + list(range(many * RATIO, place + 1))
                counts[row] = len(chosen)
                found[row] = padded(chosen, found.shape[1])
            buffers[b, : len(wait)] = np.array(wait).reshape(len(wait), -1)
            lengths[b] = many, len(wait)
        return [found, counts, states, buffers, lengths]

    return run


def packed_entries(most: int) -> Function:
    """As `packed_tokens`, with gates `e`, those that wait `h`, bias `b`, weights `w`, at `i`."""

    def run(v: Mapping[str, Array]) -> list[Array]:
        query, key = heads_and_keys(v)
        states, lengths = v["a"].copy(), v["l"].copy()
        buffers = [v["u"].copy(), v["h"].copy()]
        found = np.full((len(query), most), -1, np.int32)
        if v["c"][0] or v["c"][-1] != len(query) or (np.diff(v["c"]) < 0).any():
            raise ValueError("limits")
        for b, (low, high) in enumerate(zip(v["c"][:-1], v["c"][1:], strict=True)):
            many, waiting = (int(one) for one in lengths[b])
            if min(many, waiting) < 0 or waiting >= 2 * RATIO:
                raise ValueError("lengths")
            first = RATIO if waiting >= RATIO else 0
            both = [
                np.concatenate([old[b, :waiting], new[low:high]])
                for old, new in zip(buffers, (key, v["e"]), strict=True)
            ]
            for entry in compressed(*both, first, v):
                states[b, many] = pairs_turned(normed(entry, v["j"]), many * RATIO, v)
                many += 1
            own = slice(int(low), int(high))
            rows = entries_of(query[own], states[b, :many], v["w"][own], v["i"][own], most, v)
            found[own] = np.array(rows, np.int32).reshape(-1, most)
            used = (len(both[0]) - first) // RATIO * RATIO + first
            for buffer, one in zip(buffers, both, strict=True):
                left = one[used - RATIO if used else 0 :]
                buffer[b, : len(left)] = left
            lengths[b] = many, len(both[0]) - (used - RATIO if used else 0)
        return [found, (found >= 0).sum(axis=1).astype(np.int32), states, *buffers, lengths]

    return run


def merged(columns: int) -> Function:
    """Rows `i` of `n` places by number `r`, then from `s` to `e`, or rows `a` of `m` places."""

    def run(v: Mapping[str, Array]) -> list[Array]:
        rows, counts, states = [], [], []
        for at, row in enumerate(v["r"].tolist()):
            if not 0 <= row < len(v["i"]) or not 0 <= v["n"][row] <= v["i"].shape[1]:
                one: list[int] | None = None
            else:
                one = v["i"][row, : v["n"][row]].tolist()
                more = range(v["s"][at], v["e"][at]) if "s" in v else v["a"][at, : v["m"][at]]
                one = list(dict.fromkeys([*one, *(int(place) for place in more)]))
            state = 1 if one is None or min(one, default=0) < 0 else 2 * (len(one) > columns)
            kept = one if one is not None and not state else []
            rows.append(padded(kept, columns))
            counts.append(len(kept))
            states.append(state)
        return [np.array(one, np.int32) for one in (rows, counts, states)]

    return run

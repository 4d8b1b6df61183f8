"""ONNX Runtime's operators that it has no CPU kernel for, in NumPy by the text of their schemas.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tests.lowering.cases import Array

Function = Callable[[Mapping[str, Array]], list[Array]]


@dataclass(frozen=True)
class Schema:
    """A session of a function of the inputs and initializers, by name."""

    function: Function
    held: Mapping[str, Array]

    def run(self, wanted: None, feeds: dict[str, Array]) -> list[Array]:
        """The outputs."""
        made = self.function({**self.held, **feeds})
        return [one.astype(np.float32) if one.dtype == np.float64 else one for one in made]


class Double(Schema):
    """The same without rounding to single precision."""

    def run(self, wanted: None, feeds: dict[str, Array]) -> list[Array]:
        """The outputs."""
        return self.function({**self.held, **feeds})


def softmax(scores: Array) -> Array:
    """Along the last dimension."""
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def attend(query: Array, key: Array, value: Array, seen: Array | None = None) -> Array:
    """[s, h, d], [k, h, d] and [k, h, w] to [s, h * w]; `seen` is bool [s, k]."""
    shared = query.shape[1] // key.shape[1]
    key, value = np.repeat(key, shared, axis=1), np.repeat(value, shared, axis=1)
    scores = np.einsum("qhd,khd->hqk", query, key) / np.sqrt(query.shape[2])
    if seen is not None:
        scores = np.where(seen, scores, -np.inf)
    made = np.einsum("hqk,khw->qhw", softmax(scores), value)
    return np.asarray(made.reshape(len(query), -1))


def split(columns: Array, heads: int, *sizes: int) -> list[Array]:
    """Columns [s, n] in parts of so many columns, each by head [s, h, d]."""
    parts = np.split(columns, np.cumsum(sizes)[:-1], axis=-1)
    return [part.reshape(len(part), heads, -1) for part in parts]


def packed(v: Mapping[str, Array], added: bool = False) -> list[Array]:
    """Two heads; sequences from `c`, queries, keys and values from `q`, `k`, `v` or `x` and `w`."""
    if "x" in v:
        query, key, value = split(v["x"] @ v["w"] + v["b"], 2, *[v["w"].shape[1] // 3] * 3)
    elif v["q"].ndim == 4:
        query, key, value = (v["q"][:, :, at] for at in range(3))
    else:
        bias = np.split(v["b"], [8, 16])
        query, key, value = (
            (v[name] + one).reshape(len(v[name]), 2, -1)
            for name, one in zip("qkv", bias, strict=True)
        )
    made = []
    for low, high in zip(v["c"][:-1], v["c"][1:], strict=True):
        made.append(attend(query[low:high], key[low:high], value[low:high]))
    return [np.concatenate(made)]


def paged(v: Mapping[str, Array]) -> list[Array]:
    """Four heads of 4 on two; `p` past lengths, `t` the pages of each sequence."""
    tokens = len(v["q"])
    query = v["q"].reshape(tokens, 4, 4)
    key, value = v["k"].reshape(tokens, 2, 4), v["v"].reshape(tokens, 2, 4)
    keys, values = v["a"].copy(), v["d"].copy()
    size = keys.shape[1]
    made = []
    for at, (low, high) in enumerate(zip(v["c"][:-1], v["c"][1:], strict=True)):
        slots = np.array([p * size + i for p in v["t"][at] for i in range(size)])
        past, new = int(v["p"][at]), high - low
        keys.reshape(-1, 2, 4)[slots[past : past + new]] = key[low:high]
        values.reshape(-1, 2, 4)[slots[past : past + new]] = value[low:high]
        used = slots[: past + new]
        seen = np.arange(past + new)[None] <= past + np.arange(new)[:, None]
        own = (table.reshape(-1, 2, 4)[used] for table in (keys, values))
        made.append(attend(query[low:high], *own, seen))
    return [np.concatenate(made), keys, values]


def longformer(v: Mapping[str, Array]) -> list[Array]:
    """Two heads, a window of 2 to each side; `f` flags those that see all."""
    length = v["x"].shape[1]
    place = np.arange(length)
    near = np.abs(place[:, None] - place[None]) <= 2
    made = []
    for data, mask, flags in zip(v["x"], v["m"], v["f"].astype(bool), strict=True):
        local = split(data @ v["w"] + v["b"], 2, 6, 6, 6)
        every = split(data @ v["u"] + v["d"], 2, 6, 6, 6)
        shown = mask >= 0
        one = attend(*local, (near | flags[None]) & shown[None])
        all_ = attend(*every, np.broadcast_to(shown[None], near.shape))
        made.append(np.where(flags[:, None], all_, one))
    return [np.stack(made)]


def decoder(static: bool, cached: bool) -> Function:
    """Two heads of 4; inputs are [s, b, 8]."""

    def by_head(rows: Array) -> Array:
        return np.asarray(rows.reshape(*rows.shape[:2], 2, 4).transpose(1, 2, 0, 3))

    def run(v: Mapping[str, Array]) -> list[Array]:
        bias = np.split(v["b"], 3)
        query = v["x"] @ v["w"] + bias[0]
        source = v["k"] if static else v["x"]
        both = np.split(source @ v["u"], 2, axis=-1)
        keys, values = (by_head(one + two) for one, two in zip(both, bias[1:], strict=True))
        if cached and static:
            keys, values = v["m"], v["n"]
        elif cached:
            keys = np.concatenate([v["m"], keys], axis=2)
            values = np.concatenate([v["n"], values], axis=2)
        scores = np.einsum("bhqd,bhkd->bhqk", by_head(query), keys) / 2
        scores = np.where(v["s"][:, None, None], -1e4, scores) if "s" in v else scores
        made = np.einsum("bhqk,bhkd->qbhd", softmax(scores), values)
        return [made.reshape(v["x"].shape), keys, values]

    return run


def multi_head(v: Mapping[str, Array]) -> list[Array]:
    """Two heads; keys and values, or queries, too, above each other within heads."""
    if v["q"].ndim == 5:
        parts = [v["q"][:, :, :, at] for at in range(3)]
    else:
        parts = [v["q"].reshape(*v["q"].shape[:2], 2, -1), *(v["k"][:, :, :, at] for at in (0, 1))]
    return [np.stack([attend(*one) for one in zip(*parts, strict=True)])]


def gated_bias(v: Mapping[str, Array]) -> list[Array]:
    """Two heads of 4, as the schema's lines of PyTorch."""
    batch, length, _ = v["q"].shape
    query = (v["q"] + v["b"]).reshape(batch, length, 2, 4).transpose(0, 2, 1, 3)
    product = (query @ v["w"] + v["d"]).reshape(batch, 2, length, 2, -1).sum(-1)
    gates = 1 / (1 + np.exp(-product))
    gate = gates[..., :1] * (gates[..., 1:] * v["e"] - 1) + 2
    return [gate * v["r"]]


def relative_bias(both: bool) -> Function:
    """Of 5 queries and 7 keys, from a table [8, 2] in column-major order, for distances to 16."""

    def bucket(distance: int) -> int:
        many, side = (4, 4 * (distance > 0)) if both else (8, 0)
        away = abs(distance) if both else max(-distance, 0)
        exact = many // 2
        if away < exact:
            return side + away
        far = np.log(away / exact) / np.log(16 / exact) * (many - exact)
        return side + min(exact + int(far), many - 1)

    def run(v: Mapping[str, Array]) -> list[Array]:
        table = v["t"].ravel().reshape(2, 8)
        made = [[[table[h, bucket(k - q)] for k in range(7)] for q in range(5)] for h in range(2)]
        return [np.array([made], np.float32)]

    return run


def gemma(v: Mapping[str, Array]) -> list[Array]:
    """Queries `q` and turned ones `r`, keys `k` and turned ones `s`."""
    sines, cosines = (table(v["e"])[:, None].astype(np.float16) for table in (np.sin, np.cos))
    return [v["q"] * cosines + v["r"] * sines, v["k"] * cosines + v["s"] * sines]


def remove_padding(v: Mapping[str, Array]) -> list[Array]:
    """Tokens without the padding behind each sequence; where they were; limits; the longest."""
    counts = v["n"]
    batch, length, _ = v["x"].shape
    kept = np.arange(length)[None] < counts[:, None]
    place = np.arange(batch * length).reshape(batch, length)
    offsets = np.concatenate([place[kept], place[~kept]]).reshape(batch, length)
    limits = np.concatenate([[0], np.cumsum(counts)])
    return [
        v["x"][kept],
        offsets.astype(np.int32),
        limits.astype(np.int32),
        counts.max(keepdims=True).astype(np.int32),
    ]


def restore_padding(v: Mapping[str, Array]) -> list[Array]:
    """Tokens at the places of `t`, zeros at the others."""
    made = np.zeros((v["t"].size, v["x"].shape[1]), np.float32)
    made[v["t"].ravel()[: len(v["x"])]] = v["x"]
    return [made.reshape(*v["t"].shape, -1)]


def group_query(v: Mapping[str, Array]) -> list[Array]:
    """Four heads of 4 on two, each query on the cache, its own and what came before it."""
    query = v["q"][0].reshape(-1, 4, 4)
    fresh = (v[name][0].reshape(-1, 2, 4) for name in "kv")
    old = (v[name][0].transpose(1, 0, 2) for name in "ac")
    keys, values = (np.concatenate(pair) for pair in zip(old, fresh, strict=True))
    past = len(keys) - len(query)
    seen = np.arange(len(keys))[None] <= past + np.arange(len(query))[:, None]
    caches = [one.transpose(1, 0, 2)[None] for one in (keys, values)]
    return [attend(query, keys, values, seen)[None], *caches]


def experts(v: Mapping[str, Array]) -> list[Array]:
    """All experts, with biases and gates between: g * sigmoid(g) * (l + 1)."""
    routes = softmax(v["r"])
    made = np.einsum("th,efh->tef", v["x"], v["u"]) + v["p"]
    gate, linear = made[..., ::2], made[..., 1::2]
    active = gate / (1 + np.exp(-gate)) * (linear + 1)
    each = np.einsum("tei,ehi->teh", active, v["v"]) + v["q"]
    return [np.einsum("te,teh->th", routes, each)]


def embedded(v: Mapping[str, Array]) -> list[Array]:
    """Rows of words, places and sides, normalised; and their sum."""
    length = v["i"].shape[1]
    total = v["w"][v["i"]] + v["p"][:length] + v["s"][v["j"]]
    centred = total - total.mean(-1, keepdims=True)
    scale = np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
    return [centred / scale * v["g"] + v["b"], np.zeros(len(total), np.int32), total]


def projecting(rotary: int = 0, interleaved: bool = False, heads: int = 2) -> Function:
    """Heads from `x`, `w`, `b`, behind a cache `a`; a mask `m` [b, 1, n, n] of positions.

    The first `rotary` elements of a head are rotated.
    """

    def rotated(x: Array, past: int) -> Array:
        half = rotary // 2
        steps = 10000.0 ** (-np.arange(half) / half)
        angles = (past + np.arange(len(x)))[:, None, None] * steps
        one, two = (x[..., at : rotary : 2] if interleaved else x[..., at * half : (at + 1) * half]
                    for at in (0, 1))  # fmt: skip
        pair = [one * np.cos(angles) - two * np.sin(angles),
                two * np.cos(angles) + one * np.sin(angles)]  # fmt: skip
        turned = np.stack(pair, -1).reshape(*x.shape[:2], -1) if interleaved else np.concatenate(
            pair, axis=-1)  # fmt: skip
        return np.concatenate([turned, x[..., rotary:]], axis=-1)

    def run(v: Mapping[str, Array]) -> list[Array]:
        made, caches = [], []
        past = v["a"].shape[3] if "a" in v else 0
        for at, rows in enumerate(v["x"]):
            query, key, value = split(rows @ v["w"] + v["b"], heads, *[v["w"].shape[1] // 3] * 3)
            if rotary:
                query, key = rotated(query, past), rotated(key, past)
            if past:
                old = v["a"][:, at].transpose(0, 2, 1, 3)
                key, value = np.concatenate([old[0], key]), np.concatenate([old[1], value])
            seen = np.ones((len(query), len(key)), bool)
            if "m" in v:
                seen = v["m"][at, 0, past : past + len(query), : len(key)] > 0
            made.append(attend(query, key, value, seen))
            caches.append(np.stack([key, value]).transpose(0, 2, 1, 3))
        return [np.stack(made), np.stack(caches, axis=1)]

    return run

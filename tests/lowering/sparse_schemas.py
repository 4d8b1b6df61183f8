"""Attentions on chosen keys that ONNX Runtime runs on other processors alone.

In NumPy, by the text of their schemas, as `tests.lowering.by_schema`.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tests.lowering.by_schema import Function
from tests.lowering.cases import Array
from tests.lowering.decoder_schemas import turned


def one_query(query: Array, keys: Array, values: Array, sinks: Array | None) -> Array:
    """[h, d] on [k, g, d] and [k, g, w] to [h * w]; zeros where there are no keys and no sinks."""
    if not len(keys):
        return np.zeros(query.shape[0] * values.shape[2])
    shared = query.shape[0] // keys.shape[1]
    keys, values = np.repeat(keys, shared, axis=1), np.repeat(values, shared, axis=1)
    scores = np.einsum("hd,khd->hk", query, keys) / np.sqrt(query.shape[1])
    least = scores.max(axis=1, keepdims=True)
    weights = np.exp(scores - least)
    total = weights.sum(axis=1)
    if sinks is not None:
        total = total + np.exp(sinks - least[:, 0])
    return np.asarray(np.einsum("hk,khw->hw", weights / total[:, None], values).ravel())


def picked(row: Array, count: int, limit: int) -> list[int]:
    """The chosen positions of a row, which must be below a limit and different."""
    found = [int(place) for place in row[:count]]
    if not 0 <= count <= len(row) or len(set(found)) < len(found):
        raise ValueError("counts or places twice")
    if any(not 0 <= place < limit for place in found):
        raise ValueError("a place that there is not")
    return found


def normed(x: Array, scale: Array) -> Array:
    """By the root mean square of the last dimension."""
    return np.asarray(x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6) * scale)


def side_by_side(v: Mapping[str, Array]) -> Sequence[Array]:
    """Queries of four heads, keys and values of two, [..., h, 4]."""
    parts = [v[name] for name in "qkv"] if "k" in v else np.split(v["q"], [16, 24], axis=-1)
    return [one.reshape(*one.shape[:-1], -1, 4).astype(np.float64) for one in parts]


def dynamic(local: int = 0, beside: bool = False, turn: bool = False) -> Function:
    """Caches `a` and `c`, chosen `i` and `n`, lengths less one `l`, another cache `e` and `f`.

    Norms `g` and `j`, sinks `h`, tables `o` and `p` by positions `r`, scales of bytes `x` and `u`.
    """

    def run(v: Mapping[str, Array]) -> list[Array]:
        query, key, value = side_by_side(v)
        length = query.shape[1]
        if "g" in v:
            query, key = normed(query, v["g"]), normed(key, v["j"])
        past = v["l"] + 1 - length if "a" in v else v["l"] * 0
        if turn:
            ids = v["r"] if "r" in v else past[:, None] + np.arange(length)
            angles = [v[name][ids][:, :, None] for name in "op"]
            query, key = turned(query, *angles), turned(key, *angles)
        scales = [v[name].reshape(2, 4) if name in v else None for name in "xu"]
        made = []
        caches = [v[name].copy() if name in v else np.zeros((len(query), 2, length, 4), np.float32)
                  for name in "ac"]  # fmt: skip
        for b, begin in enumerate(past.tolist()):
            if begin < 0 or begin + length > caches[0].shape[2]:
                raise ValueError("lengths")
            used = []
            for cache, new, scale in zip(caches, (key, value), scales, strict=True):
                rows = new[b] if scale is None else np.clip(np.rint(new[b] / scale), -128, 127)
                cache[b, :, begin : begin + length] = rows.transpose(1, 0, 2)
                own = cache[b].transpose(1, 0, 2).astype(np.float64)
                used.append(own if scale is None else own * scale)
            for s in range(length):
                row, at = b * length + s, begin + s
                keys, values = used
                if beside:
                    others = [v["e"][b].transpose(1, 0, 2), v["f"][b].transpose(1, 0, 2)]
                    chosen = picked(v["i"][row], int(v["n"][row]), len(others[0]))
                    near = slice(max(at - local + 1, 0), at + 1)
                    keys = np.concatenate([keys[near], others[0][chosen]])
                    values = np.concatenate([values[near], others[1][chosen]])
                else:
                    chosen = picked(v["i"][row], int(v["n"][row]), begin + length)
                    chosen = [place for place in chosen if place <= at]
                    keys, values = keys[chosen], values[chosen]
                made.append(one_query(query[b, s], keys, values, v.get("h")))
        output = np.stack(made).reshape(*query.shape[:2], -1)
        return [output, *caches, np.zeros(1, np.int32)]

    return run


def paged(local: int = 0, beside: bool = False) -> Function:
    """Pages `a` and `d`, limits `c`, past lengths `p`, pages of each sequence `t`.

    Chosen `i` and `n`; another cache `e` and `f` of lengths `w`; sinks `h`.
    """

    def run(v: Mapping[str, Array]) -> list[Array]:
        query, key, value = side_by_side(v)
        pages = [v["a"].copy(), v["d"].copy()]
        size = pages[0].shape[1]
        if v["c"][0] or v["c"][-1] != len(query) or (np.diff(v["c"]) < 0).any():
            raise ValueError("limits")
        made = []
        for b, (low, high) in enumerate(zip(v["c"][:-1], v["c"][1:], strict=True)):
            slots = np.array([p * size + i for p in v["t"][b] for i in range(size)])
            past, new = int(v["p"][b]), int(high - low)
            if past < 0 or past + new > len(slots) or min(slots) < 0:
                raise ValueError("lengths")
            for cache, rows in zip(pages, (key, value), strict=True):
                flat = cache.reshape(-1, 2, 4)
                flat[slots[past : past + new]] = rows[low:high]
            own = [cache.reshape(-1, 2, 4)[slots[: past + new]] for cache in pages]
            for s in range(new):
                row, at = int(low) + s, past + s
                if beside:
                    chosen = picked(v["i"][row], int(v["n"][row]), int(v["w"][b]))
                    near = slice(max(at - local + 1, 0), at + 1)
                    parts = [
                        np.concatenate([mine[near], _both(v[name][b][chosen])])
                        for mine, name in zip(own, "ef", strict=True)
                    ]
                else:
                    chosen = picked(v["i"][row], int(v["n"][row]), past + new)
                    chosen = [place for place in chosen if place <= at]
                    parts = [mine[chosen] for mine in own]
                made.append(one_query(query[row], *parts, v.get("h")))
        return [np.stack(made).astype(v["q"].dtype), *pages]

    return run


def _both(rows: Array) -> Array:
    """One head of keys or values for both that there are."""
    return rows.repeat(2 // rows.shape[1], 1)

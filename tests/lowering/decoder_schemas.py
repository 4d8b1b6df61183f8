"""Experts, rotations and quantised attentions that ONNX Runtime runs on other processors alone.

In NumPy, by the text of their schemas, as `tests.lowering.by_schema`.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tests.lowering.by_schema import Function, attend, softmax
from tests.lowering.cases import Array


def sigmoid(x: Array) -> Array:
    """Element by element."""
    return np.asarray(1 / (1 + np.exp(-x)))


def turned(x: Array, cosines: Array, sines: Array, interleaved: bool = False) -> Array:
    """The first elements of [..., d] rotated by tables that broadcast to [..., half of them]."""
    half = cosines.shape[-1]
    made = x.copy()
    if interleaved:
        one, two = x[..., : 2 * half : 2], x[..., 1 : 2 * half : 2]
        made[..., : 2 * half : 2] = one * cosines - two * sines
        made[..., 1 : 2 * half : 2] = two * cosines + one * sines
        return made
    one, two = x[..., :half], x[..., half : 2 * half]
    made[..., :half] = one * cosines - two * sines
    made[..., half : 2 * half] = two * cosines + one * sines
    return made


def three_positions(streams: Sequence[int], heads: int, interleaved: bool = False) -> Function:
    """Angle j of positions `i` [3, b, s] is by position `streams[j]` of the three."""

    def run(v: Mapping[str, Array]) -> list[Array]:
        own = np.stack([v["i"][stream] for stream in streams], -1)  # [b, s, half]
        cosines, sines = (v[name][own, np.arange(len(streams))] for name in "cs")
        by_head = v["x"].ndim == 4
        x = v["x"] if by_head else v["x"].reshape(*own.shape[:2], heads, -1)
        places = (slice(None), None) if by_head else (slice(None), slice(None), None)
        return [turned(x, cosines[places], sines[places], interleaved).reshape(v["x"].shape)]

    return run


def normed_rotation(start: int, width: int, flat: bool = False) -> Function:
    """A slice of heads `x` [b, s, h, n], scale `g`, positions `i`, tables `c` and `s`."""

    def run(v: Mapping[str, Array]) -> list[Array]:
        x = v["x"][..., start : start + width].astype(np.float64)
        normal = x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6) * v["g"]
        batch, length = x.shape[:2]
        ids = v["i"] if v["i"].ndim == 2 else v["i"][0] + np.arange(length)[None]
        cosines, sines = (v[name][ids][:, :, None] for name in "cs")
        made = turned(normal, cosines, sines).astype(np.float16)
        rows = (1, batch * length) if flat else (batch, length)
        return [made.reshape(*rows, -1), normal]

    return run


def group_router(groups: int, kept: int, best: int, top: int) -> Function:
    """Logits `x`, bias `b`: `top` experts of the `kept` groups with the best sums of `best`."""

    def run(v: Mapping[str, Array]) -> list[Array]:
        scores = sigmoid(v["x"].reshape(-1, len(v["b"])).astype(np.float64))
        biased = scores + v["b"]
        by_group = biased.reshape(len(scores), groups, -1)
        sums = np.sort(by_group, axis=-1)[..., -best:].sum(-1)
        order = np.argsort(-sums, axis=-1, kind="stable")[:, :kept]
        shown = np.zeros_like(sums, bool)
        np.put_along_axis(shown, order, True, axis=-1)
        shown = np.repeat(shown, by_group.shape[2], axis=-1)
        order = np.argsort(-np.where(shown, biased, -np.inf), axis=-1, kind="stable")[:, :top]
        chosen = np.zeros_like(shown)
        np.put_along_axis(chosen, order, True, axis=-1)
        return [np.where(chosen, np.log(np.maximum(scores, 1e-20)), -1e4)]

    return run


def full_scores(v: Mapping[str, Array]) -> list[Array]:
    """Rows `x` times weights `w`: with a bias, and without."""
    scores = sigmoid(v["x"].astype(np.float64) @ v["w"].T)
    return [scores + v["b"], scores]


def packed_experts(top: int, full: bool = False) -> Function:
    """Rows of bytes are a scale and then signed weights, a format of the test's own."""

    def matrix(rows: Array) -> Array:
        return np.asarray((rows[..., 1:] - 100.0) * rows[..., :1] / 4e4)

    def run(v: Mapping[str, Array]) -> list[Array]:
        shown = np.argsort(-v["r"], axis=-1, kind="stable")[:, :top]
        routes = np.zeros(v["r"].shape)
        mixing = v["m"].astype(np.float64) if full else softmax(v["r"].astype(np.float64))
        np.put_along_axis(routes, shown, np.take_along_axis(mixing, shown, -1), -1)
        routes = routes / routes.sum(-1, keepdims=True)
        x = v["x"].reshape(-1, v["x"].shape[-1]).astype(np.float64)
        gate = np.einsum("th,efh->tef", x, matrix(v["g"]))
        if "u" in v:
            active = gate * sigmoid(gate) * np.einsum("th,efh->tef", x, matrix(v["u"]))
        else:
            active = np.maximum(gate, 0) ** 2
        each = np.einsum("tei,ehi->teh", active, matrix(v["d"]))
        made = np.einsum("te,teh->th", routes, each)
        return [made.reshape(v["x"].shape).astype(np.float16)]

    return run


def quantised(x: Array, scale: Array) -> Array:
    """Signed bytes."""
    return np.clip(np.rint(x / scale), -128, 127).astype(np.int8)


def ordered_attention(causal: bool = False) -> Function:
    """Two heads; rows `x`, weights `u`, `v`, `w`, their scales `d`, `e`, `f`, biases `a`, `b`, `c`.

    `s` scales the input, `t` the projections and the output.
    """

    def run(v: Mapping[str, Array]) -> list[Array]:
        made = []
        for at, rows in enumerate(v["x"]):
            real = rows.astype(np.float64) * v["s"]
            query, key, value = (
                (real @ (v[one].astype(np.float64) * v[scale]) + v[bias]).reshape(len(rows), 2, -1)
                for one, scale, bias in zip("uvw", "def", "abc", strict=True)
            )
            place = np.arange(len(rows))
            seen = place[None] <= place[:, None] if causal else np.ones((len(rows),) * 2, bool)
            if "m" in v:
                seen = seen & (v["m"][at] > 0)[None]
            made.append(quantised(attend(query, key, value, seen), v["t"]))
        return [np.stack(made)]

    return run


def ordered_longformer(v: Mapping[str, Array]) -> list[Array]:
    """Two heads, a window of 2: rows `x`, weights `w` and `u`, biases `b` and `d`, flags `f`."""
    place = np.arange(v["x"].shape[1])
    near = np.abs(place[:, None] - place[None]) <= 2
    made = []
    for rows, mask, flags in zip(v["x"], v["m"], v["f"].astype(bool), strict=True):
        real = rows.astype(np.float64) * v["s"]
        local, every = (
            [
                part.reshape(len(rows), 2, -1)
                for part in np.split(real @ (v[weights] * 0.02) + v[bias], 3, axis=-1)
            ]
            for weights, bias in (("w", "b"), ("u", "d"))
        )
        shown = mask >= 0
        one = attend(*local, (near | flags[None]) & shown[None])
        all_ = attend(*every, np.broadcast_to(shown[None], near.shape))
        made.append(quantised(np.where(flags[:, None], all_, one), v["t"]))
    return [np.stack(made)]

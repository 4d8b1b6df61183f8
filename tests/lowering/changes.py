"""Runs a model with one input block changed at a time and says which output elements change."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from onnx.reference import ReferenceEvaluator

from tests.lowering.cases import Array, Case
from tests.lowering.reach import Box

Mask = npt.NDArray[np.bool_]

BASES = 6
"""Values of the inputs that changes are made to: the test's own first, then shuffled ones."""

NAN_SPREADS = frozenset(
    {
        "Attention", "CausalConvWithState", "DFT", "DeformConv", "Det", "Einsum", "EyeLike",
        "FlexAttention", "GridSample", "LinearAttention", "MaxRoiPool",
        "NegativeLogLikelihoodLoss", "OneHot", "Resize", "RoiAlign", "STFT",
        "SoftmaxCrossEntropyLoss", "Trilu", "Upsample",
    }
)  # fmt: skip
"""Operators that the reference evaluator computes with products by zero or sums with -inf, where
NaN comes out of elements that cannot be told apart by any number."""


class Session(Protocol):
    """Runs a model, as ONNX Runtime's sessions do."""

    def run(self, wanted: None, feeds: dict[str, Array]) -> Any:
        """The outputs for these inputs."""


class Probe:
    """One case under changes; all runs start from a few base values of its inputs."""

    def __init__(self, case: Case, seed: int = 1, session: Session | None = None) -> None:
        """Prepare.

        Args:
            case: The case.
            seed: Seed of the changes.
            session: What runs the model, or None for ONNX's reference evaluator.
        """
        self.case = case
        self.session = session or ReferenceEvaluator(case.proto)
        self.rng = np.random.default_rng(seed)
        self.bases = [case.feeds]
        self.results: list[list[Array] | None] = [self.run(case.feeds)]
        self.most = 2 if case.operator.endswith("(expanded)") else BASES
        self.nan = case.operator.split(" ")[0] not in NAN_SPREADS

    def run(self, feeds: dict[str, Array]) -> list[Array] | None:
        """The outputs, or None where these inputs are not valid."""
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                return [np.asarray(value) for value in self.session.run(None, feeds)]
        except Exception:
            # An index out of range raises whatever numpy raises.
            return None

    def base(self, number: int) -> tuple[dict[str, Array], list[Array] | None]:
        """Base values and what they give."""
        while len(self.bases) <= number:
            feeds = {name: self._shuffled(array) for name, array in self.case.feeds.items()}
            self.bases.append(feeds)
            results = self.run(feeds)
            first = self.results[0]
            if first and results and _shapes(first) != _shapes(results):
                results = None
            self.results.append(results)
        return self.bases[number], self.results[number]

    def _shuffled(self, array: Array) -> Array:
        if array.dtype == bool:
            return self.rng.integers(0, 2, array.shape).astype(bool)
        flat = array.ravel().copy()
        if array.dtype.kind == "f" and array.size > 1 and (flat == flat[0]).all():
            flat = self.rng.uniform(-1.0, 1.0, flat.shape).astype(array.dtype)
        self.rng.shuffle(flat)
        if array.dtype.kind == "f" and array.dtype.itemsize >= 2:
            flat = (flat * self.rng.choice([-1.0, 0.5, 1.0, 1.5], flat.shape)).astype(array.dtype)
        return flat.reshape(array.shape)

    def changed(self, name: str, box: Box) -> Iterator[list[Mask]]:
        """Elements of each output that differ, for one change of a block after the other."""
        for number in range(self.most):
            feeds, before = self.base(number)
            if before is None:
                continue
            for value in self._values(feeds[name], box, number):
                array = feeds[name].copy()
                array[box] = value
                after = self.run({**feeds, name: array})
                if after is not None:
                    yield [differs(a, b) for a, b in zip(before, after, strict=True)]

    def _values(self, array: Array, box: Box, number: int) -> Iterator[Any]:
        """New values for a block; all stay in what the type of data allows."""
        old = array[box]
        if array.dtype == bool:
            yield ~old
            yield self.rng.integers(0, 2, old.shape).astype(bool)
            return
        if array.dtype.kind in "iu":
            yield from self._integers(array, old)
            return
        if self.nan and number == 0:
            yield np.full(old.shape, np.nan).astype(array.dtype)
        noise = self.rng.uniform(0.5, 1.0, old.shape)
        yield (old.astype(_wide(array)) * -1.5 + noise).astype(array.dtype)
        top = 1.0 + float(np.nanmax(np.abs(np.where(np.isfinite(_real(array)), _real(array), 0))))
        for scale in (4 * top, -4 * top, 0.1 if number else 0.0, top):
            yield (noise * scale).astype(array.dtype)
        if self.nan and number == 0:
            yield np.full(old.shape, np.inf).astype(array.dtype)

    def _integers(self, array: Array, old: Array) -> Iterator[Any]:
        low, high = int(array.min()), int(array.max())
        yield self.rng.choice(array.ravel(), old.shape)
        yield self.rng.integers(low, high, old.shape, endpoint=True).astype(array.dtype)
        limits = np.iinfo(array.dtype)
        for step in (1, -1, 3, -7, 40):
            wide = old.astype(object) + step
            yield np.clip(wide, limits.min, limits.max).astype(array.dtype)
        others = [a for a in self.case.feeds.values() if a.dtype == array.dtype and a.size]
        for other in others:
            yield self.rng.choice(other.ravel(), old.shape)


def _shapes(arrays: list[Array]) -> list[tuple[int, ...]]:
    return [array.shape for array in arrays]


def _wide(array: Array) -> Any:
    return array.dtype if array.dtype.kind in "fc" else np.float32


def _real(array: Array) -> Array:
    if not array.size:
        return np.zeros(1)
    return np.abs(array) if array.dtype.kind == "c" else array.astype(np.float64)


def differs(one: Array, two: Array) -> Mask:
    """Elements that differ, NaN being like NaN; all of them where the shape itself does."""
    if one.shape != two.shape:
        return np.ones(one.shape, bool)
    if one.dtype.kind not in "biufc":
        one, two = one.astype(np.float32), two.astype(np.float32)
    same = one == two
    if one.dtype.kind in "fc":
        same |= np.isnan(one) & np.isnan(two)
    return ~np.asarray(same)

"""The butterflies of `gallery.numerics.convolution`, sixteen columns at once.

Numba compiles a loop over the columns to one number at a time, as two rows might be the same
memory; with vectors it takes a quarter of the time. LLVM splits them into registers as wide as the
processor's, which changes no result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16
"""Columns that are transformed together."""

_VECTOR = ir.VectorType(ir.FloatType(), LANES)
_in_line = cast(Callable[[Callable[..., Any]], Callable[..., None]], intrinsic)


class _Rows:
    """Four rows of a panel, and two numbers, while LLVM's code is built."""

    def __init__(self, context: Any, builder: Any, signature: Any, values: Any) -> None:
        panel, rows, wave = values
        self.builder = builder
        data = context.make_array(signature.args[0])(context, builder, panel).data
        self.pointers = [
            builder.bitcast(builder.gep(data, [row]), _VECTOR.as_pointer())
            for row in cgutils.unpack_tuple(builder, rows)
        ]
        self.numbers = [builder.load(pointer, align=4) for pointer in self.pointers]
        self.cosine, self.sine = (self._all(x) for x in cgutils.unpack_tuple(builder, wave))

    def _all(self, number: Any) -> Any:
        made = ir.Constant(_VECTOR, ir.Undefined)
        for lane in range(LANES):
            made = self.builder.insert_element(made, number, ir.IntType(32)(lane))
        return made

    def turned(self, p: Any, q: Any) -> tuple[Any, Any]:
        """Two vectors times the rows (cosine, sine) and (sine, -cosine)."""
        add, subtract, times = self.builder.fadd, self.builder.fsub, self.builder.fmul
        return (
            add(times(self.cosine, p), times(self.sine, q)),
            subtract(times(self.sine, p), times(self.cosine, q)),
        )

    def store(self, *numbers: Any) -> None:
        """Write the rows; where both pairs are the same rows, what is given for the first stays."""
        pairs = list(zip(self.pointers, numbers, strict=True))
        for pointer, number in reversed(pairs):
            self.builder.store(number, pointer, align=4)


@_in_line
def divide(context: Any, panel: Any, rows: Any, wave: Any) -> tuple[Any, Callable[..., Any]]:
    """Replace two pairs of rows by their sums and their turned differences.

    Args:
        context: Numba's typing context.
        panel: float32 (n, LANES), in C order.
        rows: Four uint64, where the rows start: of the one pair, then of the other.
        wave: Two float32, cosine and sine.
    """

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        four = _Rows(context, builder, signature, values)
        a, a_far, b, b_far = four.numbers
        p, q = four.turned(builder.fsub(a, a_far), builder.fsub(b, b_far))
        four.store(builder.fadd(a, a_far), p, builder.fadd(b, b_far), q)
        return context.get_dummy_value()

    return types.void(panel, rows, wave), build


@_in_line
def unite(context: Any, panel: Any, rows: Any, wave: Any) -> tuple[Any, Callable[..., Any]]:
    """Replace two pairs of rows by sum and difference of one and the turned other.

    Args:
        context: Numba's typing context.
        panel: float32 (n, LANES), in C order.
        rows: Four uint64, where the rows start: of the one pair, then of the other.
        wave: Two float32, cosine and sine.
    """

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        four = _Rows(context, builder, signature, values)
        a, a_far, b, b_far = four.numbers
        p, q = four.turned(a_far, b_far)
        four.store(builder.fadd(a, p), builder.fsub(a, p), builder.fadd(b, q), builder.fsub(b, q))
        return context.get_dummy_value()

    return types.void(panel, rows, wave), build

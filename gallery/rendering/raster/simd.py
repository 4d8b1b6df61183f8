"""Adds the light of strokes to the four sums of a pixel with SIMD instructions.

A line is drawn in two loops. The first finds, for eight columns at a time, which pixels each column
of the line covers, and how much of them; a vector holds one number of eight columns. The second
adds the light of column after column; a vector holds red, green, blue and weight of one pixel.
Every lane does the same operations in the same order, so the width of a processor's registers does
not change the result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_in_line = cast(Callable[[Callable[..., Any]], Callable[..., None]], intrinsic)

LANES = 8
"""Columns of a line that are done at a time; arrays of columns need as many more at their end."""

_Built = tuple[Any, Callable[..., Any]]
_INT, _LONG = ir.IntType(32), ir.IntType(64)
_COLUMNS = ir.VectorType(ir.FloatType(), LANES)
_PIXEL = ir.VectorType(ir.FloatType(), 4)


def _vector(builder: Any, values: Sequence[Any]) -> Any:
    """Numbers in one register; LLVM hoists those that are constant out of the loop."""
    made = ir.Constant(ir.VectorType(values[0].type, len(values)), ir.Undefined)
    for lane, value in enumerate(values):
        made = builder.insert_element(made, value, _INT(lane))
    return made


def _all(builder: Any, value: Any, lanes: int = LANES) -> Any:
    """One number in all lanes."""
    one = builder.insert_element(
        ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined), value, _INT(0)
    )
    first = ir.Constant(ir.VectorType(_INT, lanes), [0] * lanes)
    return builder.shuffle_vector(one, one, first)


def _floats(value: float) -> Any:
    return ir.Constant(_COLUMNS, [value] * LANES)


def _larger(builder: Any, one: Any, other: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", one, other), one, other)


def _smaller(builder: Any, one: Any, other: Any) -> Any:
    return builder.select(builder.fcmp_ordered("<", one, other), one, other)


def _add(builder: Any, data: Any, at: Any, light: Any, cover: Any) -> None:
    pointer = builder.bitcast(builder.gep(data, [at]), light.type.as_pointer())
    more = builder.fmul(light, _all(builder, cover, 4))
    total = builder.fadd(builder.load(pointer, align=4), more)
    builder.store(total, pointer, align=4)


class _Arrays:
    """The arrays of a call: their data, and the length of their rows."""

    def __init__(self, context: Any, builder: Any, signature: Any) -> None:
        self._context, self._builder, self._types = context, builder, signature.args

    def _made(self, place: int, value: Any) -> Any:
        return self._context.make_array(self._types[place])(self._context, self._builder, value)

    def data(self, place: int, value: Any) -> Any:
        return self._made(place, value).data

    def row(self, place: int, value: Any) -> Any:
        return cgutils.unpack_tuple(self._builder, self._made(place, value).shape)[1]


@_in_line
def add_dot(context: Any, light: Any, at: Any, tone: Any, cover: Any) -> _Built:
    """Add tone * cover to `light[at:at + 4]`, without bounds checks.

    Args:
        context: Numba's typing context.
        light: float32 (k,), contiguous.
        at: uint64.
        tone: Four float32: red, green, blue, weight.
        cover: float32.
    """
    signature = types.void(light, at, tone, cover)

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        array, at, tone, cover = values
        data = _Arrays(context, builder, signature).data(0, array)
        light = _vector(builder, cgutils.unpack_tuple(builder, tone))
        _add(builder, data, at, light, cover)
        return context.get_dummy_value()

    return signature, build


def _covers(builder: Any, near: Any, wide: Any, pixels: int) -> list[Any]:
    """Shares that a line covers of some pixels, the first of which it enters at `near`."""
    far = builder.fadd(near, wide)
    rest = [_larger(builder, builder.fsub(far, _floats(k)), _floats(0.0)) for k in range(1, pixels)]
    full = [_smaller(builder, one, _floats(1.0)) for one in rest[:-1]]
    first = builder.fsub(_smaller(builder, far, _floats(1.0)), near)
    return [first, *full, rest[-1]]


def columns_of(pixels: int) -> Callable[..., None]:
    """A function that finds what the columns of a line cover, if no more pixels of a column."""

    @_in_line
    def find(context: Any, many: Any, spots: Any, covers: Any, line: Any, steps: Any) -> _Built:
        """Find the first pixel of each column of a line and how much of each pixel it covers.

        Args:
            context: Numba's typing context.
            many: int64, number of columns.
            spots: int32 (k,), OUT: place of the first pixel.
            covers: float32 (pixels, k), OUT: share of each pixel, times the strength.
            line: Four float32: where the near side of the line is in the middle of the first
                column, its slope, its width across and its strength.
            steps: Three int64 that fit 32 bits: place of pixel 0 of the first column, from one
                column to the next, from one pixel to the next.
        """
        signature = types.void(many, spots, covers, line, steps)

        def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            many, spots, covers, line, steps = values
            arrays = _Arrays(context, builder, signature)
            places, shares = arrays.data(1, spots), arrays.data(2, covers)
            row = arrays.row(2, covers)
            base, slope, wide, strength = (
                _all(builder, value) for value in cgutils.unpack_tuple(builder, line)
            )
            start, step, across = (
                _all(builder, builder.trunc(value, _INT))
                for value in cgutils.unpack_tuple(builder, steps)
            )
            lanes = ir.Constant(ir.VectorType(_INT, LANES), list(range(LANES)))
            with cgutils.for_range_slice(builder, _LONG(0), many, _LONG(LANES), _LONG) as (j, _):
                column = builder.add(_all(builder, builder.trunc(j, _INT)), lanes)
                low = builder.fadd(base, builder.fmul(slope, builder.sitofp(column, _COLUMNS)))
                pixel = builder.fptosi(low, column.type)
                near = builder.fsub(low, builder.sitofp(pixel, _COLUMNS))
                spot = builder.add(builder.mul(column, step), builder.mul(pixel, across))
                to = builder.bitcast(builder.gep(places, [j]), spot.type.as_pointer())
                builder.store(builder.add(start, spot), to, align=4)
                for k, share in enumerate(_covers(builder, near, wide, pixels)):
                    at = builder.add(j, builder.mul(_LONG(k), row))
                    to = builder.bitcast(builder.gep(shares, [at]), _COLUMNS.as_pointer())
                    builder.store(builder.fmul(share, strength), to, align=4)
            return context.get_dummy_value()

        return signature, build

    return find


def adder_of(pixels: int) -> Callable[..., None]:
    """A function that adds the light of columns of a line that cover so many pixels each."""

    @_in_line
    def add(context: Any, counts: Any, light: Any, spots: Any, covers: Any, tones: Any) -> _Built:
        """Add the light of the columns of a line, without bounds checks.

        Args:
            context: Numba's typing context.
            counts: Two int64: number of columns, and from one pixel of a column to the next.
            light: float32 (n,), contiguous, INOUT.
            spots: int32 (k,), from `columns_of`.
            covers: float32 (pixels, k), from `columns_of`.
            tones: Two times four float32: red, green, blue and weight of the first column, and
                their change from one to the next.
        """
        signature = types.void(counts, light, spots, covers, tones)

        def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            counts, light, spots, covers, tones = values
            many, across = cgutils.unpack_tuple(builder, counts)
            arrays = _Arrays(context, builder, signature)
            data, places = arrays.data(1, light), arrays.data(2, spots)
            shares, row = arrays.data(3, covers), arrays.row(3, covers)
            parts = cgutils.unpack_tuple(builder, tones)
            change = _vector(builder, parts[4:])
            held = cgutils.alloca_once_value(builder, _vector(builder, parts[:4]))
            with cgutils.for_range(builder, many) as loop:
                tone = builder.load(held)
                at = builder.sext(builder.load(builder.gep(places, [loop.index])), _LONG)
                for k in range(pixels):
                    place = builder.add(loop.index, builder.mul(_LONG(k), row))
                    _add(builder, data, at, tone, builder.load(builder.gep(shares, [place])))
                    at = builder.add(at, across)
                builder.store(builder.fadd(tone, change), held)
            return context.get_dummy_value()

        return signature, build

    return add


@_in_line
def lay_over(context: Any, light: Any, at: Any, tone: Any, keep: Any) -> _Built:
    """Make `light[at:at + 4]` that times keep, plus tone, without bounds checks.

    Args:
        context: Numba's typing context.
        light: float32 (k,), contiguous.
        at: uint64.
        tone: Four float32: red, green, blue, weight.
        keep: float32.
    """
    signature = types.void(light, at, tone, keep)

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        array, at, tone, keep = values
        data = _Arrays(context, builder, signature).data(0, array)
        more = _vector(builder, cgutils.unpack_tuple(builder, tone))
        pointer = builder.bitcast(builder.gep(data, [at]), more.type.as_pointer())
        old = builder.fmul(builder.load(pointer, align=4), _all(builder, keep, 4))
        builder.store(builder.fadd(old, more), pointer, align=4)
        return context.get_dummy_value()

    return signature, build

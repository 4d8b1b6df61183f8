"""Adds the light of strokes to the four sums of a pixel with SIMD instructions.

A line is drawn in two loops. The first finds, for eight columns at a time, which pixels each column
of the line covers, and how much of them; a vector holds one number of eight columns. The second
adds the light of column after column; a vector holds red, green, blue and weight of one pixel, or
of two that lie side by side.
Every lane does the same operations in the same order, so the width of a processor's registers does
not change the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from gallery.rendering.raster import batch

_in_line = cast(Callable[[Callable[..., Any]], Callable[..., None]], intrinsic)

LANES = 8
"""Columns of a line that are done at a time; arrays of columns need as many more at their end."""

DISC = 4
"""Most pixels of a disc along either axis."""

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


def _add(builder: Any, data: Any, at: Any, light: Any, shares: Any) -> None:
    """Add shares of light, as many numbers each, to pixels from `data[at]` on."""
    pointer = builder.bitcast(builder.gep(data, [at]), light.type.as_pointer())
    total = builder.fadd(builder.load(pointer, align=4), builder.fmul(light, shares))
    builder.store(total, pointer, align=4)


class _Arrays:
    """The arrays of a call: their data, and the length of their rows."""

    def __init__(self, context: Any, builder: Any, signature: Any) -> None:
        self._context, self._builder, self._types = context, builder, signature.args

    def _made(self, value: Any, *place: int) -> Any:
        # The place of an argument, and within it, if it is a tuple.
        kind: Any = self._types
        for one in place:
            kind = kind[one]
        return self._context.make_array(kind)(self._context, self._builder, value)

    def data(self, value: Any, *place: int) -> Any:
        return self._made(value, *place).data

    def row(self, value: Any, *place: int) -> Any:
        return cgutils.unpack_tuple(self._builder, self._made(value, *place).shape)[1]


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
        data = _Arrays(context, builder, signature).data(array, 0)
        light = _vector(builder, cgutils.unpack_tuple(builder, tone))
        _add(builder, data, at, light, _all(builder, cover, 4))
        return context.get_dummy_value()

    return signature, build


@_in_line
def add_disc(context: Any, light: Any, at: Any, stride: Any, tone: Any, disc: Any) -> _Built:
    """Add a disc that covers at most `DISC` by `DISC` pixels, without bounds checks.

    The light falls from its middle as (1 - d²/r²)².

    Args:
        context: Numba's typing context.
        light: float32 (k,), contiguous.
        at: uint64, the first pixel of the first row.
        stride: int64, from one row to the next.
        tone: Four float32: red, green, blue, weight.
        disc: Four float32: from its middle to that of the first pixel, across and down; 1 / r²;
            its light.
    """
    signature = types.void(light, at, stride, tone, disc)

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        array, at, stride, tone, disc = values
        data = _Arrays(context, builder, signature).data(array, 0)
        tones = _twice(builder, _vector(builder, cgutils.unpack_tuple(builder, tone)))
        across, down, inverse, weight = cgutils.unpack_tuple(builder, disc)
        steps = ir.Constant(_PIXEL, [float(column) for column in range(DISC)])
        columns = builder.fadd(_all(builder, across, 4), steps)
        inverse, weight = _all(builder, inverse, 4), _all(builder, weight, 4)
        columns = builder.fmul(builder.fmul(columns, columns), inverse)
        for row in range(DISC):
            beside = _all(builder, builder.fadd(down, ir.Constant(down.type, float(row))), 4)
            beside = builder.fmul(builder.fmul(beside, beside), inverse)
            inside = builder.fsub(builder.fsub(ir.Constant(_PIXEL, [1.0] * 4), beside), columns)
            inside = _larger(builder, inside, ir.Constant(_PIXEL, [0.0] * 4))
            cover = builder.fmul(builder.fmul(weight, inside), inside)
            for pair in range(0, DISC, 2):
                place = builder.add(at, _LONG(4 * pair))
                both = _lanes([pair] * 4 + [pair + 1] * 4)
                _add(builder, data, place, tones, builder.shuffle_vector(cover, cover, both))
            at = builder.add(at, stride)
        return context.get_dummy_value()

    return signature, build


class _Line:
    """Code that draws a line; `pixels` of a column, or as many as a call tells if that is 0."""

    def __init__(self, builder: Any, arrays: _Arrays, values: Any, pixels: int, pair: bool) -> None:
        self._builder, self._pixels, self._pair = builder, pixels, pair
        light, colors, line, room, steps = values
        numbers, places, self._k = cgutils.unpack_tuple(builder, line)
        spots, covers = cgutils.unpack_tuple(builder, room)
        self._step, self._across, self._many = cgutils.unpack_tuple(builder, steps)
        self._light = arrays.data(light, 0)
        self._numbers, self._places = arrays.data(numbers, 2, 0), arrays.data(places, 2, 1)
        self._spots, self._covers = arrays.data(spots, 3, 0), arrays.data(covers, 3, 1)
        self._row = arrays.row(covers, 3, 1)
        tints = arrays.data(colors, 1)
        self._first = self._color(tints, self._place(batch.TINT_FIRST))
        self._more = builder.fsub(self._color(tints, self._place(batch.TINT_LAST)), self._first)
        self._wide, self._weight = self._number(batch.WIDE), self._number(batch.WEIGHT)

    def _color(self, tints: Any, row: Any) -> Any:
        builder = self._builder
        pointer = builder.gep(tints, [builder.mul(row, _LONG(4))])
        return builder.load(builder.bitcast(pointer, _PIXEL.as_pointer()), align=4)

    def _kept(self, data: Any, field: int) -> Any:
        at = self._builder.add(self._builder.zext(self._k, _LONG), _LONG(field))
        return self._builder.load(self._builder.gep(data, [at]))

    def _number(self, field: int) -> Any:
        return self._kept(self._numbers, field)

    def _place(self, field: int) -> Any:
        return self._builder.sext(self._kept(self._places, field), _LONG)

    def _tone(self, share: Any) -> Any:
        more = self._builder.fmul(self._more, _all(self._builder, share, 4))
        return self._builder.fadd(self._first, more)

    def _add(self, at: Any, tone: Any, cover: Callable[[Any], Any]) -> None:
        """Add a column: its pixels from `at` on, of which it covers `cover(pixel)`."""
        builder = self._builder
        if not self._pixels:
            with cgutils.for_range(builder, self._many) as loop:
                place = builder.add(at, builder.mul(loop.index, self._across))
                share = _all(builder, cover(loop.index), 4)
                _add(builder, self._light, place, tone, share)
            return
        pixel = 0
        while pixel < self._pixels:
            if self._pair and pixel + 1 < self._pixels:
                one, other = (_all(builder, cover(pixel + k)) for k in range(2))
                both = builder.shuffle_vector(one, other, _lanes([0, 1, 2, 3, 12, 13, 14, 15]))
                _add(builder, self._light, at, _twice(builder, tone), both)
                pixel += 1
                at = builder.add(at, self._across)
            else:
                _add(builder, self._light, at, tone, _all(builder, cover(pixel), 4))
            pixel += 1
            at = builder.add(at, self._across)

    def end(self, spot: int, near: int, strength: int, share: int) -> None:
        """Add the first column or the last."""
        builder = self._builder
        within = self._number(near)
        far = builder.fadd(within, self._wide)
        light = builder.fmul(self._number(strength), self._weight)

        def cover(pixel: Any) -> Any:
            return builder.fmul(_cover(builder, within, far, pixel), light)

        self._add(self._place(spot), self._tone(self._number(share)), cover)

    def between(self) -> None:
        """Add the columns between."""
        builder = self._builder
        many = builder.sub(self._place(batch.COLUMNS), _LONG(2))
        with cgutils.for_range_slice(builder, _LONG(0), many, _LONG(LANES), _LONG) as (j, _):
            self._find(j)
        tone = cgutils.alloca_once_value(builder, self._tone(self._number(batch.SHARE)))
        change = builder.fmul(self._more, _all(builder, self._number(batch.STEP), 4))
        with cgutils.for_range(builder, many) as loop:
            now = builder.load(tone)
            at = builder.sext(builder.load(builder.gep(self._spots, [loop.index])), _LONG)

            def cover(pixel: Any) -> Any:
                place = builder.add(loop.index, builder.mul(self._long(pixel), self._row))
                return builder.load(builder.gep(self._covers, [place]))

            self._add(at, now, cover)
            builder.store(builder.fadd(now, change), tone)

    def _long(self, pixel: Any) -> Any:
        return _LONG(pixel) if isinstance(pixel, int) else pixel

    def _find(self, j: Any) -> None:
        """Find the first pixel of some columns and how much of each pixel they cover."""
        builder = self._builder
        step, across = (
            _all(builder, builder.trunc(one, _INT)) for one in (self._step, self._across)
        )
        lanes = ir.Constant(ir.VectorType(_INT, LANES), list(range(LANES)))
        column = builder.add(_all(builder, builder.trunc(j, _INT)), lanes)
        slope = _all(builder, self._number(batch.SLOPE))
        low = _all(builder, self._number(batch.LOW))
        low = builder.fadd(low, builder.fmul(slope, builder.sitofp(column, _COLUMNS)))
        pixel = builder.fptosi(low, column.type)
        near = builder.fsub(low, builder.sitofp(pixel, _COLUMNS))
        start = _all(builder, builder.trunc(self._place(batch.START), _INT))
        spot = builder.add(builder.mul(column, step), builder.mul(pixel, across))
        to = builder.bitcast(builder.gep(self._spots, [j]), spot.type.as_pointer())
        builder.store(builder.add(start, spot), to, align=4)
        far = builder.fadd(near, _all(builder, self._wide))
        strength = _all(builder, self._weight)

        def keep(pixel: Any) -> None:
            share = builder.fmul(_cover(builder, near, far, pixel), strength)
            at = builder.add(j, builder.mul(self._long(pixel), self._row))
            to = builder.bitcast(builder.gep(self._covers, [at]), _COLUMNS.as_pointer())
            builder.store(share, to, align=4)

        if self._pixels:
            for pixel in range(self._pixels):
                keep(pixel)
        else:
            with cgutils.for_range(builder, self._many) as loop:
                keep(loop.index)


def _lanes(numbers: Iterable[int]) -> Any:
    """Which lanes to take, for LLVM's shuffles."""
    chosen = list(numbers)
    return ir.Constant(ir.VectorType(_INT, len(chosen)), chosen)


def _twice(builder: Any, color: Any) -> Any:
    """A colour for two pixels."""
    return builder.shuffle_vector(color, color, _lanes([0, 1, 2, 3, 0, 1, 2, 3]))


def _cover(builder: Any, near: Any, far: Any, pixel: Any) -> Any:
    """The share that lines cover of a pixel, if they reach from `near` to `far`, in pixels."""
    kind = near.type

    def number(value: float) -> Any:
        return ir.Constant(kind, [value] * LANES if kind == _COLUMNS else value)

    if isinstance(pixel, int):
        if pixel == 0:
            return builder.fsub(_smaller(builder, far, number(1)), near)
        rest = builder.fsub(far, number(pixel))
        return _smaller(builder, _larger(builder, rest, number(0)), number(1))
    place = builder.sitofp(pixel, ir.FloatType())
    first = builder.icmp_signed("==", pixel, _LONG(0))
    if kind == _COLUMNS:
        place = _all(builder, place)
    rest = builder.fsub(far, place)
    rest = _smaller(builder, _larger(builder, rest, number(0)), number(1))
    return builder.fsub(rest, builder.select(first, near, number(0)))


def line_of(pixels: int, *, steep: bool) -> Callable[..., None]:
    """A function that draws a line that covers at most so many pixels of a column; 0 for any."""

    @_in_line
    def draw(context: Any, light: Any, colors: Any, line: Any, room: Any, steps: Any) -> _Built:
        """Draw a line, without bounds checks.

        Args:
            context: Numba's typing context.
            light: float32 (n,), contiguous, INOUT.
            colors: float32 (k, 4), contiguous: red, green, blue and 1.
            line: Numbers and places of its batch (`raster.batch`), and its number there.
            room: int32 (c,) and float32 (p, c), to keep what columns cover.
            steps: Three int64: from one column to the next, from one pixel of it to the next, and
                the number of pixels, if the function is for any.
        """
        signature = types.void(light, colors, line, room, steps)

        def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            arrays = _Arrays(context, builder, signature)
            made = _Line(builder, arrays, values, pixels, steep)
            made.end(batch.FIRST, batch.NEAR_FIRST, batch.STRENGTH_FIRST, batch.SHARE_FIRST)
            made.between()
            made.end(batch.LAST, batch.NEAR_LAST, batch.STRENGTH_LAST, batch.SHARE_LAST)
            return context.get_dummy_value()

        return signature, build

    return draw


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
        data = _Arrays(context, builder, signature).data(array, 0)
        more = _vector(builder, cgutils.unpack_tuple(builder, tone))
        pointer = builder.bitcast(builder.gep(data, [at]), more.type.as_pointer())
        old = builder.fmul(builder.load(pointer, align=4), _all(builder, keep, 4))
        builder.store(builder.fadd(old, more), pointer, align=4)
        return context.get_dummy_value()

    return signature, build

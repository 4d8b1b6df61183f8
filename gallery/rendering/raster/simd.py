"""Adds the light of strokes to the four sums of a pixel with SIMD instructions.

A line is drawn in two loops. The first finds, for 16 columns at a time, which pixels each column
of the line covers, and how much of them; a vector holds one number of 16 columns. The second
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

LANES = 16
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
        weight = _all(builder, self._number(batch.WEIGHT), 4)
        first = self._color(tints, self._place(batch.TINT_FIRST))
        more = builder.fsub(self._color(tints, self._place(batch.TINT_LAST)), first)
        self._first, self._more = (builder.fmul(one, weight) for one in (first, more))
        self._wide = self._number(batch.WIDE)

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
        """The colour at a share of the way, for each pixel that is done at once."""
        tone = self._builder.fadd(self._first, self._change(share))
        return _twice(self._builder, tone) if self._pair else tone

    def _change(self, share: Any) -> Any:
        return self._builder.fmul(self._more, _all(self._builder, share, 4))

    def _add(self, at: Any, tone: Any, cover: Callable[[Any], Any], both: Any) -> None:
        """Add a column: its pixels from `at` on, of which it covers `cover(pixel)`.

        Of a pair, `both` are the covers of its pixels.
        """
        builder = self._builder
        if not self._pixels:
            with cgutils.for_range(builder, self._many) as loop:
                place = builder.add(at, builder.mul(loop.index, self._across))
                share = _all(builder, cover(loop.index), 4)
                _add(builder, self._light, place, tone, share)
            return
        if self._pair:
            shares = builder.shuffle_vector(both, both, _lanes([0] * 4 + [1] * 4))
            _add(builder, self._light, at, tone, shares)
            tone = builder.shuffle_vector(tone, tone, _lanes(range(4)))
        for pixel in self._alone():
            place = builder.add(at, builder.mul(self._across, _LONG(pixel)))
            _add(builder, self._light, place, tone, _all(builder, cover(pixel), 4))

    def _alone(self) -> range:
        """The pixels of a column that are not in a pair."""
        return range(2 if self._pair else 0, self._pixels)

    def end(self, spot: int, near: int, strength: int, share: int) -> None:
        """Add the first column or the last."""
        builder = self._builder
        within = self._number(near)
        far = builder.fadd(within, self._wide)
        light = self._number(strength)

        def cover(pixel: Any) -> Any:
            return builder.fmul(_cover(builder, within, far, pixel, self._pixels), light)

        both = _vector(builder, [cover(0), cover(1)]) if self._pair else None
        self._add(self._place(spot), self._tone(self._number(share)), cover, both)

    def between(self) -> None:
        """Add the columns between."""
        builder = self._builder
        many = builder.sub(self._place(batch.COLUMNS), _LONG(2))
        with cgutils.for_range_slice(builder, _LONG(0), many, _LONG(LANES), _LONG) as (j, _):
            self._find(j)
        tone = cgutils.alloca_once_value(builder, self._tone(self._number(batch.SHARE)))
        change = self._change(self._number(batch.STEP))
        change = _twice(builder, change) if self._pair else change
        with cgutils.for_range(builder, many) as loop:
            now = builder.load(tone)
            at = builder.sext(builder.load(builder.gep(self._spots, [loop.index])), _LONG)

            def cover(pixel: Any) -> Any:
                return builder.load(self._cover_at(loop.index, pixel))

            both = builder.load(self._both_at(loop.index, 2), align=4) if self._pair else None
            self._add(at, now, cover, both)
            builder.store(builder.fadd(now, change), tone)

    def _cover_at(self, j: Any, pixel: Any) -> Any:
        """Where the cover of a pixel of column j is kept."""
        place = self._builder.add(j, self._builder.mul(self._long(pixel), self._row))
        return self._builder.gep(self._covers, [place])

    def _both_at(self, j: Any, many: int) -> Any:
        """Where those of a pair are kept, side by side in the place of two rows."""
        place = self._builder.gep(self._covers, [self._builder.mul(j, _LONG(2))])
        kind = ir.VectorType(ir.FloatType(), many)
        return self._builder.bitcast(place, kind.as_pointer())

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

        def share(pixel: Any) -> Any:
            return _cover(builder, near, far, pixel, self._pixels)

        def keep(pixel: Any) -> None:
            to = builder.bitcast(self._cover_at(j, pixel), _COLUMNS.as_pointer())
            builder.store(share(pixel), to, align=4)

        if not self._pixels:
            with cgutils.for_range(builder, self._many) as loop:
                keep(loop.index)
            return
        if self._pair:
            in_turn = _lanes(lane for k in range(LANES) for lane in (k, LANES + k))
            both = builder.shuffle_vector(share(0), share(1), in_turn)
            builder.store(both, self._both_at(j, 2 * LANES), align=4)
        for pixel in self._alone():
            keep(pixel)


def _lanes(numbers: Iterable[int]) -> Any:
    """Which lanes to take, for LLVM's shuffles."""
    chosen = list(numbers)
    return ir.Constant(ir.VectorType(_INT, len(chosen)), chosen)


def _twice(builder: Any, color: Any) -> Any:
    """A colour for two pixels."""
    return builder.shuffle_vector(color, color, _lanes([0, 1, 2, 3, 0, 1, 2, 3]))


def _cover(builder: Any, near: Any, far: Any, pixel: Any, pixels: int) -> Any:
    """The share that lines cover of a pixel, if they reach from `near` to `far`, in pixels.

    They reach to the end of as many pixels at most, if that is not 0.
    """
    kind = near.type

    def number(value: float) -> Any:
        return ir.Constant(kind, [value] * LANES if kind == _COLUMNS else value)

    if isinstance(pixel, int):
        if pixel == 0:
            return builder.fsub(_smaller(builder, far, number(1)), near)
        rest = _larger(builder, builder.fsub(far, number(pixel)), number(0))
        return rest if pixel == pixels - 1 else _smaller(builder, rest, number(1))
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

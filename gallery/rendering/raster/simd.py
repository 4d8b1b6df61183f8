"""Adds the light of strokes to the four sums of a pixel with SIMD instructions.

A line is drawn in two loops. The first finds, for 16 columns at a time, which pixels each column
of the line covers, and how much of them; a vector holds one number of 16 columns. The second, once
for each colouring, adds the light of column after column; a vector holds red, green, blue and
weight of one pixel, or of two that lie side by side.
Every lane does the same operations in the same order, so the width of a processor's registers does
not change the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from gallery.rendering.raster import batch

_in_line = cast(Callable[[Callable[..., Any]], Callable[..., None]], intrinsic)

LANES = 16
"""Columns of a line that are done at a time; arrays of columns need as many more at their end."""

GROUP = 16
"""Lines of which all columns are found before they are drawn."""

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

    def shape(self, value: Any, *place: int) -> Any:
        return cgutils.unpack_tuple(self._builder, self._made(value, *place).shape)


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


class _Lines:
    """Code that draws lines; `pixels` of a column, or as many as a call tells if that is 0.

    Where the pixels of a column lie side by side (`pair`), the first two are done at once: what is
    covered of them is kept side by side too.
    """

    def __init__(self, builder: Any, arrays: _Arrays, values: Any, pixels: int, pair: bool) -> None:
        self._builder, self._pixels, self._pair = builder, pixels, pair
        light, paints, lines, room, steps = values
        colors, tints = cgutils.unpack_tuple(builder, paints)
        numbers, places, order = cgutils.unpack_tuple(builder, lines)
        spots, covers = cgutils.unpack_tuple(builder, room)
        self._begin, self._end, self._step, self._across, self._many = (
            one if one.type == _LONG else builder.sext(one, _LONG)
            for one in cgutils.unpack_tuple(builder, steps)
        )
        self._lights = arrays.data(light, 0)
        self._colorings, self._size = arrays.shape(light, 0)
        self._palettes, self._palette = arrays.data(colors, 1, 0), arrays.shape(colors, 1, 0)[1]
        self._all_tints = arrays.data(tints, 1, 1)
        self._numbers, self._places = arrays.data(numbers, 2, 0), arrays.data(places, 2, 1)
        self._order = arrays.data(order, 2, 2)
        self._spots, self._covers = arrays.data(spots, 3, 0), arrays.data(covers, 3, 1)
        self._row = arrays.shape(covers, 3, 1)[1]
        self._light: Any = None
        self._colors: Any = None
        self._tints: Any = None
        self._line: Any = None

    def draw(self) -> None:
        """Draw them, some at a time: what is found of a line is long ready when it is needed."""
        builder = self._builder
        room = builder.sdiv(self._row, _LONG(GROUP))
        with _loop(builder, self._begin, self._end, GROUP) as at:
            left = builder.sub(self._end, at)
            many = builder.select(builder.icmp_signed("<", left, _LONG(GROUP)), left, _LONG(GROUP))
            with _loop(builder, _LONG(0), many) as place:
                self._choose(builder.add(at, place))
                kept = builder.mul(place, room)
                with _loop(builder, _LONG(0), self._place(batch.COLUMNS), LANES) as column:
                    self._find(column, builder.add(kept, column))
            with _loop(builder, _LONG(0), self._colorings) as one:
                self._paint(one)
                with _loop(builder, _LONG(0), many) as place:
                    self._choose(builder.add(at, place))
                    columns = self._place(batch.COLUMNS)
                    with builder.if_then(builder.icmp_signed(">", columns, _LONG(0)), likely=True):
                        self._add_all(builder.mul(place, room), columns)

    def _paint(self, one: Any) -> None:
        """Go on with a colouring."""
        builder = self._builder
        self._light = builder.gep(self._lights, [builder.mul(one, self._size)])
        colors = builder.mul(one, builder.mul(self._palette, _LONG(4)))
        self._colors = builder.gep(self._palettes, [colors])
        tints = builder.mul(one, _LONG(batch.TINTS * batch.BATCH))
        self._tints = builder.gep(self._all_tints, [tints])

    def _choose(self, at: Any) -> None:
        builder = self._builder
        self._line = builder.sext(builder.load(builder.gep(self._order, [at])), _LONG)

    def _kept(self, data: Any, field: int) -> Any:
        at = self._builder.add(self._line, _LONG(field))
        return self._builder.load(self._builder.gep(data, [at]))

    def _number(self, field: int) -> Any:
        return self._kept(self._numbers, field)

    def _place(self, field: int) -> Any:
        return self._builder.sext(self._kept(self._places, field), _LONG)

    def _find(self, j: Any, kept: Any) -> None:
        """Find the first pixel of columns from j on and how much of each pixel they cover."""
        builder = self._builder
        step, across = (
            _all(builder, builder.trunc(one, _INT)) for one in (self._step, self._across)
        )
        lanes = ir.Constant(ir.VectorType(_INT, LANES), list(range(LANES)))
        column = builder.add(_all(builder, builder.trunc(j, _INT)), lanes)
        # Along the line, from the middle of the second column.
        place = builder.sitofp(column, _COLUMNS)
        left, right = (builder.fsub(place, _floats(edge)) for edge in (1.5, 0.5))
        # The line may begin and end within a column.
        left = _larger(builder, left, _all(builder, self._number(batch.BEGIN)))
        right = _smaller(builder, right, _all(builder, self._number(batch.END)))
        middle = builder.fmul(builder.fadd(left, right), _floats(0.5))
        low = builder.fmul(_all(builder, self._number(batch.SLOPE)), middle)
        low = builder.fadd(_all(builder, self._number(batch.LOW)), low)
        pixel = builder.fptosi(low, column.type)
        near = builder.fsub(low, builder.sitofp(pixel, _COLUMNS))
        start = _all(builder, builder.trunc(self._place(batch.START), _INT))
        spot = builder.add(builder.mul(column, step), builder.mul(pixel, across))
        to = builder.bitcast(builder.gep(self._spots, [kept]), spot.type.as_pointer())
        builder.store(builder.add(start, spot), to, align=4)
        far = builder.fadd(near, _all(builder, self._number(batch.WIDE)))
        part = builder.fsub(right, left)

        def share(pixel: Any) -> Any:
            return builder.fmul(_cover(builder, near, far, pixel, self._pixels), part)

        def keep(pixel: Any, shares: Any) -> None:
            to = builder.bitcast(self._cover_at(kept, pixel), shares.type.as_pointer())
            builder.store(shares, to, align=4)

        if not self._pixels:
            with _loop(builder, _LONG(0), self._many) as pixel:
                keep(pixel, share(pixel))
            return
        if self._pair:
            in_turn = [lane for k in range(LANES) for lane in (k, LANES + k)]
            keep(0, builder.shuffle_vector(share(0), share(1), _lanes(in_turn)))
        for pixel in self._single():
            keep(pixel, share(pixel))

    def _single(self) -> range:
        """The pixels of a column that are done one at a time."""
        return range(2 if self._pair else 0, self._pixels)

    def _cover_at(self, kept: Any, pixel: Any) -> Any:
        """Where the cover of a pixel is kept; for the first of a pair, those of both."""
        builder = self._builder
        if self._pair and pixel == 0:
            return builder.gep(self._covers, [builder.mul(kept, _LONG(2))])
        row = builder.mul(_LONG(pixel) if isinstance(pixel, int) else pixel, self._row)
        return builder.gep(self._covers, [builder.add(kept, row)])

    def _add_all(self, kept: Any, columns: Any) -> None:
        """Add all columns; the middles of the first and the last are not a step from the next."""
        builder = self._builder
        first = self._color(batch.TINT_FIRST)
        more = builder.fsub(self._color(batch.TINT_LAST), first)

        def change(share: int) -> Any:
            lanes = 8 if self._pair else 4
            return builder.fmul(more, _all(builder, self._number(share), lanes))

        last = builder.sub(columns, _LONG(1))
        self._add(kept, builder.fadd(first, change(batch.SHARE_FIRST)))
        tone = cgutils.alloca_once(builder, first.type)
        builder.store(builder.fadd(first, change(batch.SHARE)), tone)
        step = change(batch.STEP)
        with _loop(builder, _LONG(1), last) as column:
            now = builder.load(tone)
            self._add(builder.add(kept, column), now)
            builder.store(builder.fadd(now, step), tone)
        with builder.if_then(builder.icmp_signed(">", last, _LONG(0)), likely=True):
            end = builder.fadd(first, change(batch.SHARE_LAST))
            self._add(builder.add(kept, last), end)

    def _color(self, tint: int) -> Any:
        """The colour at an end, for each pixel done at once."""
        builder = self._builder
        row = builder.sext(self._kept(self._tints, tint), _LONG)
        pointer = builder.gep(self._colors, [builder.mul(row, _LONG(4))])
        color = builder.load(builder.bitcast(pointer, _PIXEL.as_pointer()), align=4)
        color = builder.fmul(color, _all(builder, self._number(batch.WEIGHT), 4))
        return _twice(builder, color) if self._pair else color

    def _add(self, kept: Any, tone: Any) -> None:
        """Add a column."""
        builder = self._builder
        at = builder.sext(builder.load(builder.gep(self._spots, [kept])), _LONG)
        if not self._pixels:
            with _loop(builder, _LONG(0), self._many) as pixel:
                self._add_one(at, tone, kept, pixel)
            return
        if self._pair:
            # Both to either half, and then one of them within each: that is two instructions.
            both = builder.bitcast(self._cover_at(kept, 0), ir.DoubleType().as_pointer())
            halves = _all(builder, builder.load(both, align=4), 4)
            covers = builder.bitcast(halves, ir.VectorType(ir.FloatType(), 8))
            shares = builder.shuffle_vector(covers, covers, _lanes([0] * 4 + [5] * 4))
            _add(builder, self._light, at, tone, shares)
            tone = builder.shuffle_vector(tone, tone, _lanes(range(4)))
        for pixel in self._single():
            self._add_one(at, tone, kept, _LONG(pixel))

    def _add_one(self, at: Any, tone: Any, kept: Any, pixel: Any) -> None:
        builder = self._builder
        place = builder.add(at, builder.mul(pixel, self._across))
        cover = builder.load(self._cover_at(kept, pixel))
        _add(builder, self._light, place, tone, _all(builder, cover, 4))


@contextmanager
def _loop(builder: Any, first: Any, end: Any, step: int = 1) -> Iterator[Any]:
    """A loop over whole numbers."""
    with cgutils.for_range_slice(builder, first, end, _LONG(step), _LONG) as (number, _):
        yield number


def _lanes(numbers: Iterable[int]) -> Any:
    """Which lanes to take, for LLVM's shuffles."""
    chosen = list(numbers)
    return ir.Constant(ir.VectorType(_INT, len(chosen)), chosen)


def _twice(builder: Any, color: Any) -> Any:
    """A colour for two pixels."""
    return builder.shuffle_vector(color, color, _lanes([0, 1, 2, 3, 0, 1, 2, 3]))


def _cover(builder: Any, near: Any, far: Any, pixel: Any, pixels: int) -> Any:
    """The share that columns cover of a pixel, if they reach from `near` to `far`, in pixels.

    They reach to the end of as many pixels at most, if that is not 0.
    """
    if isinstance(pixel, int):
        if pixel == 0:
            return builder.fsub(_smaller(builder, far, _floats(1)), near)
        rest = _larger(builder, builder.fsub(far, _floats(pixel)), _floats(0))
        return rest if pixel == pixels - 1 else _smaller(builder, rest, _floats(1))
    place = _all(builder, builder.sitofp(pixel, ir.FloatType()))
    first = builder.icmp_signed("==", pixel, _LONG(0))
    rest = builder.fsub(far, place)
    rest = _smaller(builder, _larger(builder, rest, _floats(0)), _floats(1))
    return builder.fsub(rest, builder.select(first, near, _floats(0)))


def lines_of(pixels: int, *, steep: bool) -> Callable[..., None]:
    """A function that draws lines that cover at most so many pixels of a column; 0 for any."""

    @_in_line
    def draw(context: Any, light: Any, paints: Any, lines: Any, room: Any, steps: Any) -> _Built:
        """Draw lines in each of some colourings, without bounds checks.

        Args:
            context: Numba's typing context.
            light: float32 (c, n), contiguous, INOUT.
            paints: float32 (c, k, 4), contiguous: red, green, blue and 1; and the tints of a batch
                (`raster.batch`).
            lines: Numbers and places of a batch (`raster.batch`), and the order of the lines.
            room: int32 (r,) and float32 (p, r), to keep what columns cover; r / GROUP is at least
                the number of columns of a line and LANES.
            steps: Five int64: the first line in the order, the one after the last; from one column
                to the next, from one pixel of it to the next; and the number of pixels, if the
                function is for any.
        """
        signature = types.void(light, paints, lines, room, steps)

        def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            arrays = _Arrays(context, builder, signature)
            _Lines(builder, arrays, values, pixels, steep).draw()
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

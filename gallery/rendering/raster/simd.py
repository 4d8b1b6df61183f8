"""Adds to all four sums of a pixel with one SIMD instruction.

The drawing loop adds to red, green, blue and weight of some hundred pixels per stroke. Numba
compiles each to four loads, additions and stores; with vectors of four, and the three pixels of a
step unrolled, the loop takes two thirds of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_in_line = cast(Callable[[Callable[..., Any]], Callable[..., None]], intrinsic)


def _vector(builder: Any, values: Sequence[Any]) -> Any:
    """Four numbers in one register; LLVM hoists those that are constant out of the loop."""
    made = ir.Constant(ir.VectorType(ir.FloatType(), 4), ir.Undefined)
    for lane, value in enumerate(values):
        made = builder.insert_element(made, value, ir.IntType(32)(lane))
    return made


def _add(builder: Any, data: Any, at: Any, light: Any, cover: Any) -> None:
    pointer = builder.bitcast(builder.gep(data, [at]), light.type.as_pointer())
    more = builder.fmul(light, _vector(builder, [cover] * 4))
    total = builder.fadd(builder.load(pointer, align=4), more)
    builder.store(total, pointer, align=4)


@_in_line
def add_dot(
    context: Any, light: Any, at: Any, tone: Any, cover: Any
) -> tuple[Any, Callable[..., Any]]:
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
        data = context.make_array(signature.args[0])(context, builder, array).data
        light = _vector(builder, cgutils.unpack_tuple(builder, tone))
        _add(builder, data, at, light, cover)
        return context.get_dummy_value()

    return signature, build


@_in_line
def add_step(
    context: Any, light: Any, places: Any, tones: Any, along: Any, covers: Any
) -> tuple[Any, Callable[..., Any]]:
    """Add one step of a line to the pixels that it covers, without bounds checks.

    Args:
        context: Numba's typing context.
        light: float32 (k,), contiguous.
        places: uint64, index of the first pixel, and the distance from one pixel to the next.
        tones: Two times four float32: red, green, blue and weight at the line's start, and their
            change per unit of length.
        along: float32, distance from the start, and strength of the step.
        covers: float32, share of each pixel that is covered.
    """
    signature = types.void(light, places, tones, along, covers)

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        array, *groups = values
        data = context.make_array(signature.args[0])(context, builder, array).data
        places, tones, along, covers = (cgutils.unpack_tuple(builder, one) for one in groups)
        at, step = places
        first, change = _vector(builder, tones[:4]), _vector(builder, tones[4:])
        place, strength = (_vector(builder, [value] * 4) for value in along)
        tone = builder.fadd(first, builder.fmul(change, place))
        tone = builder.fmul(tone, strength)
        for cover in covers:
            _add(builder, data, at, tone, cover)
            at = builder.add(at, step)
        return context.get_dummy_value()

    return signature, build


@_in_line
def lay_over(
    context: Any, light: Any, at: Any, tone: Any, keep: Any
) -> tuple[Any, Callable[..., Any]]:
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
        data = context.make_array(signature.args[0])(context, builder, array).data
        more = _vector(builder, cgutils.unpack_tuple(builder, tone))
        pointer = builder.bitcast(builder.gep(data, [at]), more.type.as_pointer())
        old = builder.fmul(builder.load(pointer, align=4), _vector(builder, [keep] * 4))
        builder.store(builder.fadd(old, more), pointer, align=4)
        return context.get_dummy_value()

    return signature, build

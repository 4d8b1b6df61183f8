"""Guesses what each open dimension of an input stands for: from names, layouts and readers.

A name that says what it is ("height", "past_sequence_length") decides; then the first operator that
tells the axes apart, such as a convolution; then the layout that is usual for the rank.
"""

from __future__ import annotations

from collections.abc import Sequence

import onnx

from gallery.loading.flat import Flat, Value
from gallery.loading.sizes import words
from gallery.loading.sizes.readers import readers
from gallery.loading.sizes.symbols import Symbol
from gallery.loading.sizes.words import COLOURS, PICTURE, Guess, Role, has_bands, is_latent, role_of
from gallery.loading.types import dims_of, element_of

_INTEGERS = frozenset((onnx.TensorProto.INT32, onnx.TensorProto.INT64, onnx.TensorProto.STRING))
_TIMES = (Role.SAMPLES, Role.FRAMES, Role.POINTS)
_VIDEO = 5
"""Rank of a video."""
_CLOUD, _PLANE = 3, 2
"""Rank of a cloud of points, and number of coordinates of points that are none."""


def roles(found: Sequence[Symbol], flat: Flat) -> list[Guess]:
    """A guess for each open dimension.

    Args:
        found: The open dimensions.
        flat: The model, before its types are inferred.
    """
    inputs = {flat.values[index].name: flat.values[index] for index in flat.inputs}
    read = readers(flat)
    first = {flat.values[index].name: index for index in flat.inputs}
    queried = any(words.QUERY_INPUT.search(name.lower()) for name in inputs)
    guesses = []
    for one in found:
        value, reader = inputs[one.input], read.get((first[one.input], one.axis))
        owner = value.name.lower()
        # Keys and values that come with queries are those of the same tokens.
        keys = not queried and words.KEYS_INPUT.search(owner)
        past = bool(keys or words.PAST_INPUT.search(owner))
        named = _by_name(one, value, past=past)
        if named and named.role is Role.SEQUENCE and reader and reader.role in _TIMES:
            named = reader  # a length of waves and of spectrograms is often called a sequence
        guesses.append(named or reader or _by_layout(one, value, past=past))
    return guesses


def _by_name(one: Symbol, value: Value, *, past: bool) -> Guess | None:
    shape = dims_of(value.kind) or ()
    owner = value.name.lower()
    text, role = one.text.lower(), role_of(one.text) if one.where not in one.names else None
    if role is Role.SAMPLES and one.axis == 0 and len(shape) > 1:
        return Guess(role=Role.BATCH)
    if (text == "n" and one.axis) or (role is Role.PIXELS and len(shape) < PICTURE):
        return None
    if role in (Role.FRAMES, Role.SEQUENCE) and len(shape) == _VIDEO:
        return Guess(role=Role.PICTURES)
    if role is Role.PAST and len(shape) <= 2 and "mask" in owner:
        return Guess(role=Role.TOTAL)
    if role is Role.SEQUENCE and len(shape) >= 3 and one.axis and past:
        encoded = "encoder" in text or ".encoder." in owner
        return Guess(role=Role.SEQUENCE if encoded else Role.PAST)
    if role is Role.PIXELS and is_latent(owner, shape):
        return Guess(role=Role.LATENTS)
    if role in (Role.PIXELS, Role.POINTS) and words.STATE_INPUT.search(owner):
        return Guess(role=Role.OTHER)  # states of video matting begin as one element
    if role is Role.POINTS and (len(shape) < _CLOUD or shape[-1] == _PLANE):
        return Guess(role=Role.OTHER)  # clicks on a picture
    return Guess(role=role) if role else None


def _by_layout(one: Symbol, value: Value, *, past: bool) -> Guess:
    shape, owner, integers = dims_of(value.kind) or (), value.name.lower(), _integers(value)
    rank, last = len(shape), shape[-1] if shape else None
    if rank >= 3 and one.axis and past:
        return Guess(role=Role.PAST if one.axis == rank - 2 else Role.OTHER)
    picture = element_of(value.kind) == onnx.TensorProto.UINT8 or words.IMAGE_INPUT.search(owner)
    if rank == 1 and words.SOUND_INPUT.search(owner) and not integers:
        return Guess(role=Role.SAMPLES)
    if one.axis == 0 and not (rank == 3 and last in COLOURS and picture):
        return Guess(role=Role.BATCH)
    if rank == 3 and one.axis == 1 and isinstance(last, int) and words.STATE_INPUT.search(owner):
        return Guess(role=Role.BATCH)
    sounds = bool(words.SOUND_INPUT.search(owner)) and not integers
    if rank == 2:
        text = integers or words.TEXT_INPUT.search(owner)
        return Guess(role=Role.SAMPLES if sounds else Role.SEQUENCE if text else Role.OTHER)
    if rank == 3 and words.POINT_INPUT.search(owner):
        return Guess(role=Role.POINTS)
    if rank == 3 and (words.FRAMES_INPUT.search(owner) or (has_bands(shape) and sounds)):
        return Guess(role=Role.FRAMES)
    if rank == 3 and sounds:
        return Guess(role=Role.SAMPLES)
    if rank == 3 and picture:
        return Guess(role=Role.PIXELS)
    if rank == 3:
        return Guess(role=Role.SEQUENCE)
    channel = rank - 1 if last in COLOURS else 1
    if rank == 4 and one.axis != channel:
        return Guess(role=Role.LATENTS if is_latent(owner, shape) else Role.PIXELS)
    if rank == 5:
        return Guess(role=Role.PIXELS if one.axis in (3, 4) else Role.PICTURES)
    return Guess(role=Role.OTHER)


def _integers(value: Value) -> bool:
    return element_of(value.kind) in _INTEGERS

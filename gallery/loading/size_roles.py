"""Guesses what each open dimension of an input stands for: from names, layouts and readers.

A name that says what it is ("height", "past_sequence_length") decides; then the first operator that
tells the axes apart, such as a convolution; then the layout that is usual for the rank.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import onnx

from gallery.loading.flatten import Flat, FlatNode, Value
from gallery.loading.symbolic_dims import Symbol
from gallery.loading.types import dims_of, element_of
from gallery.model import Shape


class Role(StrEnum):
    """What a dimension counts; see `NATURAL` for the sizes."""

    BATCH = "batch"
    PIXELS = "pixels"
    LATENTS = "latents"
    VOXELS = "voxels"
    PICTURES = "pictures"
    SEQUENCE = "sequence"
    SAMPLES = "samples"
    FRAMES = "frames"
    POINTS = "points"
    PAST = "past"
    TOTAL = "total"
    CHANNELS = "channels"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What a dimension stands for.

    Attributes:
        role: What it counts.
        size: The size that weights give it, or 0.
    """

    role: Role
    size: int = 0


def roles(found: Sequence[Symbol], flat: Flat) -> list[Guess]:
    """A guess for each open dimension.

    Args:
        found: The open dimensions.
        flat: The model, before its types are inferred.
    """
    inputs = {flat.values[index].name: flat.values[index] for index in flat.inputs}
    read = _readers(flat)
    first = {flat.values[index].name: index for index in flat.inputs}
    guesses = []
    for one in found:
        value, reader = inputs[one.input], read.get((first[one.input], one.axis))
        named = _by_name(one, value)
        if named and named.role is Role.SEQUENCE and reader and reader.role in _TIMES:
            named = reader  # a length of waves and of spectrograms is often called a sequence
        guesses.append(named or reader or _by_layout(one, value))
    return guesses


def role_of(name: str) -> Role | None:
    """What a name says that its dimension counts, or None.

    >>> role_of("pastSequenceLength"), role_of("unk__12")
    (<Role.PAST: 'past'>, None)
    """
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    if _MADE_UP.fullmatch(text):
        return None
    return next((role for pattern, role in _NAMES if pattern.search(text)), None)


_MADE_UP = re.compile(r"unk__\d+|.*dynamicdimension\.\d+|s\d+|\W*|.*\[\d+\]|dim_?\d*|\w*axes?_?\d*")
"""Names of dimensions that exporters make up."""

_NAMES: Sequence[tuple[re.Pattern[str], Role]] = tuple(
    (re.compile(pattern), role)
    for pattern, role in (
        (r"batch|^(n|b|bs|bsz|nb)$|^n_?batch|num_(images|examples|crops)", Role.BATCH),
        (r"total|attention_mask|past.*(\+|plus).*seq|kv_(seq|len)|^all_", Role.TOTAL),
        (r"past|cache", Role.PAST),
        (
            r"^(h|w|ih|iw|hh|ww|y|x)$|height|width|(^|_)(img|image|pixel)s?_?(h|w|size)?$",
            Role.PIXELS,
        ),
        (r"mel|frame|spectr|fbank|(^|_)feat(ure)?s?_?(len|length|size)$", Role.FRAMES),
        (r"sample|audio|wav|pcm|signal", Role.SAMPLES),
        (r"point|vert(ex|ices)|pcd", Role.POINTS),
        (r"seq|len|tok|time|text|word|phon|char|position|^(t|l|s|steps?)$", Role.SEQUENCE),
    )
)

_PAST_INPUT = re.compile(r"past|cache|key_values|(^|[._])(k|v|kv)(cache)?([._]|\d|$)|mems?(_|\d|$)")
_STATE_INPUT = re.compile(r"state|^r\d+i$|hidden|(^|_)(h|c|hx|cx|hn|cn|h0|c0|rnn|gru|lstm)\d*($|_)")
_TEXT_INPUT = re.compile(r"ids|mask|token|position|segment|text|phon")
_SOUND_INPUT = re.compile(r"audio|wav|sound|speech|pcm|signal|input_values")
_FRAMES_INPUT = re.compile(r"mel|fbank|spec|feats?$|features$|mfcc")
_IMAGE_INPUT = re.compile(r"image|img|pixel|photo|picture|frame")
_LATENT_INPUT = re.compile(r"latent|^(noisy_|noise_)?sample$|^z$")
_POINT_INPUT = re.compile(r"point|pcd|cloud")

_INTEGERS = frozenset((onnx.TensorProto.INT32, onnx.TensorProto.INT64, onnx.TensorProto.STRING))
_TIMES = (Role.SAMPLES, Role.FRAMES, Role.POINTS)
_COLOURS = (1, 3, 4)
_PICTURE, _VIDEO = 3, 5
"""Least rank of a picture, and rank of a video."""
_CLOUD, _PLANE = 3, 2
"""Rank of a cloud of points, and number of coordinates of points that are none."""
_SOUNDTRACKS = 2
_LATENT_CHANNELS = (4, 8, 16)


def _by_name(one: Symbol, value: Value) -> Guess | None:
    shape = dims_of(value.kind) or ()
    owner = value.name.lower()
    text, role = one.text.lower(), role_of(one.text) if one.where not in one.names else None
    if role is Role.SAMPLES and one.axis == 0 and len(shape) > 1:
        return Guess(role=Role.BATCH)
    if (text == "n" and one.axis) or (role is Role.PIXELS and len(shape) < _PICTURE):
        return None
    if role is Role.FRAMES and len(shape) == _VIDEO:
        return Guess(role=Role.PICTURES)
    if role is Role.PAST and len(shape) <= 2 and "mask" in owner:
        return Guess(role=Role.TOTAL)
    if role is Role.SEQUENCE and len(shape) >= 3 and one.axis and _PAST_INPUT.search(owner):
        encoded = "encoder" in text or ".encoder." in owner
        return Guess(role=Role.SEQUENCE if encoded else Role.PAST)
    if role is Role.PIXELS and _is_latent(value, shape):
        return Guess(role=Role.LATENTS)
    if role in (Role.PIXELS, Role.POINTS) and _STATE_INPUT.search(owner):
        return Guess(role=Role.OTHER)  # states of video matting begin as one element
    if role is Role.POINTS and (len(shape) < _CLOUD or shape[-1] == _PLANE):
        return Guess(role=Role.OTHER)  # clicks on a picture
    return Guess(role=role) if role else None


def _by_layout(one: Symbol, value: Value) -> Guess:
    shape, owner, integers = dims_of(value.kind) or (), value.name.lower(), _integers(value)
    rank, last = len(shape), shape[-1] if shape else None
    if rank >= 3 and one.axis and _PAST_INPUT.search(owner):
        return Guess(role=Role.PAST if one.axis == rank - 2 else Role.OTHER)
    picture = element_of(value.kind) == onnx.TensorProto.UINT8 or _IMAGE_INPUT.search(owner)
    if rank == 1 and _SOUND_INPUT.search(owner) and not integers:
        return Guess(role=Role.SAMPLES)
    if one.axis == 0 and not (rank == 3 and last in _COLOURS and picture):
        return Guess(role=Role.BATCH)
    if rank == 3 and one.axis == 1 and isinstance(last, int) and _STATE_INPUT.search(owner):
        return Guess(role=Role.BATCH)
    sounds = bool(_SOUND_INPUT.search(owner)) and not integers
    if rank == 2:
        text = integers or _TEXT_INPUT.search(owner)
        return Guess(role=Role.SAMPLES if sounds else Role.SEQUENCE if text else Role.OTHER)
    if rank == 3 and _POINT_INPUT.search(owner):
        return Guess(role=Role.POINTS)
    if rank == 3 and (_FRAMES_INPUT.search(owner) or (_has_bands(shape) and sounds)):
        return Guess(role=Role.FRAMES)
    if rank == 3 and sounds:
        return Guess(role=Role.SAMPLES)
    if rank == 3 and picture:
        return Guess(role=Role.PIXELS)
    if rank == 3:
        return Guess(role=Role.SEQUENCE)
    channel = rank - 1 if last in _COLOURS else 1
    if rank == 4 and one.axis != channel:
        return Guess(role=Role.LATENTS if _is_latent(value, shape) else Role.PIXELS)
    if rank == 5:
        return Guess(role=Role.PIXELS if one.axis in (3, 4) else Role.PICTURES)
    return Guess(role=Role.OTHER)


def _is_latent(value: Value, shape: Sequence[object]) -> bool:
    deep = len(shape) == 4 and shape[1] in _LATENT_CHANNELS
    return deep and bool(_LATENT_INPUT.search(value.name.lower()))


def _has_bands(shape: Sequence[object]) -> bool:
    """Whether an axis has as many elements as spectrograms have bands."""
    return any(size in _MELS for size in shape[1:])


def _integers(value: Value) -> bool:
    return element_of(value.kind) in _INTEGERS


Axes = tuple[int | None, ...]
"""The axis of an input that each axis of a tensor comes from; None if it is none."""

Told = dict[tuple[int, int], Guess]


def _readers(flat: Flat) -> Told:
    """What the first operators that tell axes apart say of (input, axis)."""
    told: Told = {}
    seen: dict[int, tuple[int, Axes]] = {}
    for index in flat.inputs:
        shape = dims_of(flat.values[index].kind)
        if shape is not None:
            seen[index] = index, tuple(range(len(shape)))
    for step in flat.steps:
        for slot, index in enumerate(step.inputs):
            if index not in seen:
                continue
            source, axes = seen[index]
            says = _SAYS.get(step.type) if step.domain in ("", _ML) else None
            if says is not None:
                for axis, guess in says(step, slot, flat, source, axes).items():
                    if axis < len(axes) and axes[axis] is not None:
                        told.setdefault((source, int(axes[axis] or 0)), guess)
            after = _after(step, slot, axes, flat)
            if after is not None and step.outputs and step.outputs[0] >= 0:
                seen.setdefault(step.outputs[0], (source, after))
    return told


def _after(step: FlatNode, slot: int, axes: Axes, flat: Flat) -> Axes | None:
    """Where the axes of the first output come from, or None if that is not followed."""
    if step.type in _KEEPS or (step.type in _ARITHMETIC and not step.domain):
        return axes
    if slot or step.domain:
        return None
    if step.type == "Transpose":
        order = step.attributes.get("perm", tuple(reversed(range(len(axes)))))
        return tuple(axes[at] for at in order) if len(order) == len(axes) else None
    if step.type not in ("Squeeze", "Unsqueeze"):
        return None
    given = step.attributes.get("axes")
    if given is None and len(step.inputs) > 1 and step.inputs[1] >= 0:
        value = flat.values[step.inputs[1]].value
        given = None if value is None else tuple(int(at) for at in value.reshape(-1))
    if given is None:
        return None
    if step.type == "Squeeze":
        gone = {at % len(axes) for at in given} if axes else set()
        return tuple(axis for at, axis in enumerate(axes) if at not in gone)
    rank = len(axes) + len(given)
    new, rest = {at % rank for at in given}, iter(axes)
    return tuple(None if at in new else next(rest, None) for at in range(rank))


def _conv(step: FlatNode, slot: int, flat: Flat, source: int, axes: Axes) -> dict[int, Guess]:
    weight = _shape(flat, step, 3 if step.type == "QLinearConv" else 1)
    kernel = step.attributes.get("kernel_shape")
    if weight is None and isinstance(kernel, tuple):
        weight = (None, None, *kernel)
    if slot or weight is None or not 3 <= len(weight) <= 5 or len(weight) != len(axes):
        return {}
    group, channels = step.attributes.get("group", 1), weight[1]
    wanted = channels * group if isinstance(channels, int) and isinstance(group, int) else 0
    value = flat.values[source]
    shape = dims_of(value.kind) or ()
    role = _SPATIAL[len(weight)](value, shape, wanted)
    spatial = {axis: Guess(role=role) for axis in range(2, len(axes))}
    if role is Role.VOXELS and wanted in _COLOURS[1:]:
        spatial = {
            2: Guess(role=Role.PICTURES),
            3: Guess(role=Role.PIXELS),
            4: Guess(role=Role.PIXELS),
        }
    return {0: Guess(role=Role.BATCH), 1: Guess(role=Role.CHANNELS, size=wanted), **spatial}


def _line(value: Value, _: Sequence[object], channels: int) -> Role:
    owner = value.name.lower()
    if _POINT_INPUT.search(owner):
        return Role.POINTS
    if channels in _MELS or _FRAMES_INPUT.search(owner):
        return Role.FRAMES
    if 0 < channels <= _SOUNDTRACKS or _SOUND_INPUT.search(owner):
        return Role.SAMPLES
    return Role.SEQUENCE


def _plane(value: Value, shape: Sequence[object], channels: int) -> Role:
    owner = value.name.lower()
    sounds = bool(_SOUND_INPUT.search(owner))
    bands = _has_bands(shape) and (sounds or bool(_FRAMES_INPUT.search(owner)))
    if bands or (_FRAMES_INPUT.search(owner) and not _IMAGE_INPUT.search(owner) and channels == 1):
        return Role.FRAMES
    if sounds and len(shape) <= _PICTURE:
        return Role.SAMPLES
    return Role.LATENTS if _is_latent(value, shape) else Role.PIXELS


def _space(_: Value, __: Sequence[object], ___: int) -> Role:
    return Role.VOXELS


_SPATIAL: Mapping[int, Callable[[Value, Sequence[object], int], Role]] = {
    3: _line,
    4: _plane,
    5: _space,
}
_MELS = (40, 64, 80, 96, 120, 128)


def _table(step: FlatNode, slot: int, flat: Flat, _: int, axes: Axes) -> dict[int, Guess]:
    """Of the indices into a table of embeddings, the last axis is the sequence."""
    table = _shape(flat, step, 0)
    if slot != 1 or not axes or (table is not None and len(table) != _TABLE):
        return {}
    batch = dict.fromkeys(range(len(axes) - 1), Guess(role=Role.BATCH))
    return {**batch, len(axes) - 1: Guess(role=Role.SEQUENCE)}


def _spectrum(_: FlatNode, slot: int, __: Flat, ___: int, axes: Axes) -> dict[int, Guess]:
    return {0: Guess(role=Role.BATCH), 1: Guess(role=Role.SAMPLES)} if not slot else {}


def _recurrence(step: FlatNode, slot: int, flat: Flat, _: int, axes: Axes) -> dict[int, Guess]:
    weight = _shape(flat, step, 1)
    if len(axes) != 3 or slot not in (0, 5, 6):
        return {}
    if slot:
        return {1: Guess(role=Role.BATCH)}
    wide = weight[2] if weight is not None and len(weight) == 3 else None
    width = Guess(role=Role.CHANNELS, size=wide) if isinstance(wide, int) else None
    steps = {0: Guess(role=Role.SEQUENCE), 1: Guess(role=Role.BATCH)}
    return {**steps, 2: width} if width else steps


def _product(step: FlatNode, slot: int, flat: Flat, _: int, axes: Axes) -> dict[int, Guess]:
    weight = _shape(flat, step, 1)
    if slot or weight is None or len(weight) < 2 or len(axes) < 2:
        return {}
    wide = weight[-1 if step.attributes.get("transB") else -2]
    if not isinstance(wide, int):
        return {}
    return {0: Guess(role=Role.BATCH), len(axes) - 1: Guess(role=Role.CHANNELS, size=wide)}


def _columns(step: FlatNode, slot: int, _: Flat, __: int, axes: Axes) -> dict[int, Guess]:
    """Features of classical models: as many as their parameters speak of."""
    given = step.attributes
    used = given.get("nodes_featureids")
    one_each = given.get("offset") or given.get("scale")
    weights, rows = given.get("coefficients"), max(1, len(given.get("intercepts") or ()))
    if isinstance(used, tuple) and used:
        wide = max(used) + 1
    elif isinstance(one_each, tuple) and len(one_each) > 1:
        wide = len(one_each)
    elif step.type in ("LinearRegressor", "LinearClassifier") and isinstance(weights, tuple):
        wide = len(weights) // rows
    else:
        return {}
    return {0: Guess(role=Role.BATCH), 1: Guess(role=Role.CHANNELS, size=wide)} if not slot else {}


def _shape(flat: Flat, step: FlatNode, slot: int) -> Shape:
    """The shape of an input that is in the file."""
    if slot >= len(step.inputs) or step.inputs[slot] < 0:
        return None
    return dims_of(flat.values[step.inputs[slot]].kind)


_KEEPS = frozenset(
    (
        *("Abs", "Cast", "CastLike", "Clip", "Dropout", "Identity", "Log", "Neg", "Pad", "Relu"),
        *("DequantizeLinear", "DynamicQuantizeLinear", "QuantizeLinear", "Resize", "Slice", "Sqrt"),
        *("BatchNormalization", "InstanceNormalization", "LayerNormalization", "Upsample", "Tanh"),
    )
)
_TABLE = 2
_ARITHMETIC = frozenset(("Add", "Sub", "Mul", "Div", "Pow", "Concat", "Where"))

_ML = "ai.onnx.ml"
_SAYS: Mapping[str, Callable[[FlatNode, int, Flat, int, Axes], dict[int, Guess]]] = {
    **dict.fromkeys(("Conv", "ConvInteger", "ConvTranspose", "QLinearConv"), _conv),
    **dict.fromkeys(("RNN", "GRU", "LSTM"), _recurrence),
    **dict.fromkeys(("MatMul", "Gemm", "MatMulInteger"), _product),
    **dict.fromkeys(("LinearClassifier", "LinearRegressor", "Scaler"), _columns),
    **dict.fromkeys(("TreeEnsembleClassifier", "TreeEnsembleRegressor"), _columns),
    "STFT": _spectrum,
    "Gather": _table,
}

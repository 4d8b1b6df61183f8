"""Finds the operators that tell the axes of an input apart, such as a convolution."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gallery.loading.flat import Flat, FlatNode, Value
from gallery.loading.sizes import words
from gallery.loading.sizes.words import BANDS, COLOURS, PICTURE, Guess, Role, has_bands, is_latent
from gallery.loading.types import dims_of
from gallery.model import Shape

_SOUNDTRACKS = 2
"""Most channels of a sound."""

Axes = tuple[int | None, ...]
"""The axis of an input that each axis of a tensor comes from; None if it is none."""

Told = dict[tuple[int, int], Guess]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """A model, and the operator that makes each tensor."""

    flat: Flat
    makers: Mapping[int, FlatNode]


def readers(flat: Flat) -> Told:
    """What the first operators that tell axes apart say of (input, axis)."""
    told: Told = {}
    look = _Look(flat=flat, makers={i: step for step in flat.steps for i in step.outputs[:1]})
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
            try:
                says = _said(step, slot, look, source, axes)
                after = _after(step, slot, axes, flat)
            except (LookupError, TypeError, ValueError, ArithmeticError):
                continue  # attributes that the operator cannot have
            for axis, guess in says.items():
                if axis < len(axes) and axes[axis] is not None:
                    told.setdefault((source, int(axes[axis] or 0)), guess)
            if after is not None and step.outputs and step.outputs[0] >= 0:
                seen.setdefault(step.outputs[0], (source, after))
    return told


def _said(step: FlatNode, slot: int, look: _Look, source: int, axes: Axes) -> dict[int, Guess]:
    says = _SAYS.get(step.type) if step.domain in ("", _ML) else None
    return says(step, slot, look, source, axes) if says else {}


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


def _conv(step: FlatNode, slot: int, look: _Look, source: int, axes: Axes) -> dict[int, Guess]:
    weight = _shape(look, step, 3 if step.type == "QLinearConv" else 1)
    kernel = step.attributes.get("kernel_shape")
    if weight is None and isinstance(kernel, tuple):
        weight = (None, None, *kernel)
    if slot or weight is None or not 3 <= len(weight) <= 5 or len(weight) != len(axes):
        return {}
    group, channels = step.attributes.get("group", 1), weight[1]
    wanted = channels * group if isinstance(channels, int) and isinstance(group, int) else 0
    value = look.flat.values[source]
    shape = dims_of(value.kind) or ()
    wanted = wanted or int(axes[1] is None)  # a channel that was put in
    role = _SPATIAL[len(weight)](value, shape, wanted)
    spatial = {axis: Guess(role=role) for axis in range(2, len(axes))}
    if role is Role.VOXELS and wanted in COLOURS[1:]:
        spatial = {
            2: Guess(role=Role.PICTURES),
            3: Guess(role=Role.PIXELS),
            4: Guess(role=Role.PIXELS),
        }
    return {0: Guess(role=Role.BATCH), 1: Guess(role=Role.CHANNELS, size=wanted), **spatial}


def _line(value: Value, _: Sequence[object], channels: int) -> Role:
    owner = value.name.lower()
    if words.POINT_INPUT.search(owner):
        return Role.POINTS
    if channels in BANDS or words.FRAMES_INPUT.search(owner):
        return Role.FRAMES
    if 0 < channels <= _SOUNDTRACKS or words.SOUND_INPUT.search(owner):
        return Role.SAMPLES
    return Role.SEQUENCE


def _plane(value: Value, shape: Sequence[object], channels: int) -> Role:
    owner = value.name.lower()
    sounds = bool(words.SOUND_INPUT.search(owner))
    spectral = bool(words.FRAMES_INPUT.search(owner)) and not words.IMAGE_INPUT.search(owner)
    if (has_bands(shape) and (sounds or spectral)) or (spectral and channels == 1):
        return Role.FRAMES
    if sounds and len(shape) <= PICTURE:
        return Role.SAMPLES
    return Role.LATENTS if is_latent(owner, shape) else Role.PIXELS


def _space(_: Value, __: Sequence[object], ___: int) -> Role:
    return Role.VOXELS


_SPATIAL: Mapping[int, Callable[[Value, Sequence[object], int], Role]] = {
    3: _line,
    4: _plane,
    5: _space,
}


def _table(step: FlatNode, slot: int, look: _Look, _: int, axes: Axes) -> dict[int, Guess]:
    """Of the indices into a table of embeddings, the last axis is the sequence."""
    table = _shape(look, step, 0)
    if slot != 1 or not axes or (table is not None and len(table) != _TABLE):
        return {}
    batch = dict.fromkeys(range(len(axes) - 1), Guess(role=Role.BATCH))
    return {**batch, len(axes) - 1: Guess(role=Role.SEQUENCE)}


def _spectrum(_: FlatNode, slot: int, __: _Look, ___: int, axes: Axes) -> dict[int, Guess]:
    return {0: Guess(role=Role.BATCH), 1: Guess(role=Role.SAMPLES)} if not slot else {}


def _recurrence(step: FlatNode, slot: int, look: _Look, _: int, axes: Axes) -> dict[int, Guess]:
    weight = _shape(look, step, 1)
    if len(axes) != 3 or slot not in (0, 5, 6):
        return {}
    if slot:
        return {1: Guess(role=Role.BATCH)}
    wide = weight[2] if weight is not None and len(weight) == 3 else None
    width = Guess(role=Role.CHANNELS, size=wide) if isinstance(wide, int) else None
    steps = {0: Guess(role=Role.SEQUENCE), 1: Guess(role=Role.BATCH)}
    return {**steps, 2: width} if width else steps


def _product(step: FlatNode, slot: int, look: _Look, _: int, axes: Axes) -> dict[int, Guess]:
    weight = _shape(look, step, 1)
    if slot or weight is None or len(weight) < 2 or len(axes) < 2:
        return {}
    wide = weight[-1 if step.attributes.get("transB") else -2]
    if not isinstance(wide, int):
        return {}
    return {0: Guess(role=Role.BATCH), len(axes) - 1: Guess(role=Role.CHANNELS, size=wide)}


def _columns(step: FlatNode, slot: int, _: _Look, __: int, axes: Axes) -> dict[int, Guess]:
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


def _shape(look: _Look, step: FlatNode, slot: int) -> Shape:
    """The shape of an input that is in the file, be it as a Constant or quantised."""
    index = step.inputs[slot] if slot < len(step.inputs) else -1
    maker = look.makers.get(index)
    if maker is not None and maker.type in ("Cast", "DequantizeLinear", "Identity"):
        index, maker = maker.inputs[0], look.makers.get(maker.inputs[0])
    if maker is not None and maker.type == "Constant":
        held = next((one.t for one in maker.plain if one.name == "value"), None)
        return tuple(held.dims) if held is not None else None
    return dims_of(look.flat.values[index].kind) if index >= 0 else None


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
_SAYS: Mapping[str, Callable[[FlatNode, int, _Look, int, Axes], dict[int, Guess]]] = {
    **dict.fromkeys(("Conv", "ConvInteger", "ConvTranspose", "QLinearConv"), _conv),
    **dict.fromkeys(("RNN", "GRU", "LSTM"), _recurrence),
    **dict.fromkeys(("MatMul", "Gemm", "MatMulInteger"), _product),
    **dict.fromkeys(("LinearClassifier", "LinearRegressor", "Scaler"), _columns),
    **dict.fromkeys(("TreeEnsembleClassifier", "TreeEnsembleRegressor"), _columns),
    "STFT": _spectrum,
    "Gather": _table,
}

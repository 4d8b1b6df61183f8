"""What each operator type asks of the sizes of its inputs (https://onnx.ai/onnx/operators/)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from gallery.loading.flat import FlatNode, Value
from gallery.loading.types import dims_of


@dataclass(frozen=True, slots=True)
class Told:
    """What is wrong at an operator; the other fields are those of `Misfit`."""

    found: str
    sizes: tuple[int, int] | None = None
    fixed: bool = False
    pieces: bool = False
    inner: tuple[int, int] | None = None


class Fed:
    """What an operator reads."""

    def __init__(self, step: FlatNode, values: Sequence[Value | None]) -> None:
        self.step = step
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def shape(self, slot: int) -> tuple[int, ...] | None:
        """The sizes of an input, if all are known."""
        value = self.values[slot] if slot < len(self.values) else None
        shape = dims_of(value.kind) if value is not None else None
        if shape is None or not all(isinstance(size, int) for size in shape):
            return None
        return tuple(int(size) for size in shape if isinstance(size, int))

    def data(self, slot: int) -> npt.NDArray[Any] | None:
        """The value of an input, if it is known."""
        value = self.values[slot] if slot < len(self.values) else None
        return value.value if value is not None else None

    def fixed(self, slot: int) -> bool:
        """Whether an input is in the file, and so are its sizes."""
        value = self.values[slot] if slot < len(self.values) else None
        return value is not None and (value.source is not None or value.value is not None)

    def get(self, name: str, default: Any) -> Any:
        """An attribute, or its default."""
        given = self.step.attributes.get(name)
        return default if given is None else given


def _conv(fed: Fed) -> Told | None:
    slots = {"QLinearConv": (0, 3)}.get(fed.step.type, (0, 1))
    data, weight = map(fed.shape, slots)
    if data is None or weight is None:
        return None
    if len(data) != len(weight):
        return Told(f"an input of {len(data)} dimensions meets weights of {len(weight)}")
    wanted = weight[1] * fed.get("group", 1)
    if data[1] != wanted:
        return Told(f"{data[1]} channels meet weights for {wanted}", (data[1], wanted))
    axes = len(data) - 2
    kernel = fed.get("kernel_shape", weight[2:])
    dilations = fed.get("dilations", (1,) * axes)
    padded = fed.get("auto_pad", "NOTSET") in ("SAME_UPPER", "SAME_LOWER")
    pads = fed.get("pads", (0,) * (2 * axes))
    for axis in range(0 if padded else axes):
        space = data[2 + axis] + pads[axis] + pads[axes + axis]
        window = (kernel[axis] - 1) * dilations[axis] + 1
        if space < window:
            return Told(f"a window of {window} does not fit into {space}", (space, window))
    return None


def _product(fed: Fed) -> Told | None:
    slots = {"QLinearMatMul": (0, 3)}.get(fed.step.type, (0, 1))
    left, right = map(fed.shape, slots)
    if not left or not right:
        return None
    one, two = left[-1], right[-2] if len(right) > 1 else right[0]
    if one != two:
        return _unequal(one, two, fixed=fed.fixed(slots[1]))
    return _broadcast([left[:-2], right[:-2]])


def _gemm(fed: Fed) -> Told | None:
    left, right = fed.shape(0), fed.shape(1)
    if left is None or right is None or len(left) != 2 or len(right) != 2:
        return None
    one = left[0 if fed.get("transA", 0) else 1]
    two = right[1 if fed.get("transB", 0) else 0]
    return _unequal(one, two, fixed=fed.fixed(1)) if one != two else None


def _elementwise(fed: Fed) -> Told | None:
    if fed.step.version < _NUMPY_BROADCASTS:
        return None
    shapes = {slot: shape for slot in range(len(fed)) if (shape := fed.shape(slot)) is not None}
    weights = [shape for slot, shape in shapes.items() if fed.fixed(slot)]
    return _broadcast([*shapes.values()], weights)


def _expand(fed: Fed) -> Told | None:
    data, wanted = fed.shape(0), fed.data(1)
    if data is None or wanted is None:
        return None
    return _broadcast([data, tuple(int(size) for size in wanted.reshape(-1))])


def _broadcast(
    shapes: Sequence[Sequence[int]], weights: Sequence[Sequence[int]] = ()
) -> Told | None:
    rank = max(map(len, shapes), default=0)
    for axis in range(1, rank + 1):
        sizes = sorted({shape[-axis] for shape in shapes if axis <= len(shape)} - {1})
        if len(sizes) > 1:
            held = {shape[-axis] for shape in weights if axis <= len(shape)}
            sizes.sort(key=lambda size: size in held)
            return _unequal(sizes[0], sizes[1], fixed=sizes[1] in held)
    return None


def _one_way(fed: Fed) -> Told | None:
    data, slope = fed.shape(0), fed.shape(1)
    if data is None or slope is None or fed.step.version < _NUMPY_BROADCASTS:
        return None
    for one, two in zip(reversed(data), reversed(slope), strict=False):
        if two not in (1, one):
            return _unequal(one, two, fixed=fed.fixed(1))
    return None


def _normalized(fed: Fed) -> Told | None:
    data, scale = fed.shape(0), fed.shape(1)
    if not data or scale is None or not -len(data) <= (axis := fed.get("axis", -1)) < len(data):
        return None
    one, two = math.prod(data[axis:]), math.prod(scale)
    return _unequal(one, two) if two not in (1, one) and len(scale) == len(data[axis:]) else None


def _reshape(fed: Fed) -> Told | None:
    data, wanted = fed.shape(0), fed.data(1)
    given = fed.get("shape", None) if wanted is None else [int(size) for size in wanted.reshape(-1)]
    if data is None or given is None:
        return None
    zero = bool(fed.get("allowzero", 0))
    if not zero and any(not size and at >= len(data) for at, size in enumerate(given)):
        return Told(f"a dimension is kept that {list(data)} does not have")
    sizes = [data[at] if not size and not zero else size for at, size in enumerate(given)]
    whole, known = math.prod(data), math.prod(size for size in sizes if size != -1)
    if sizes.count(-1) == 1 and (whole % known if known else whole):
        return Told(
            f"{whole:,} elements are not a multiple of {known:,}",
            (whole, known),
            pieces=True,
            inner=(math.prod(data[1:]), known) if sizes[0] == -1 and data else None,
        )
    if -1 not in sizes and whole != known:
        return Told(f"{whole:,} elements do not make {sizes}", (whole, known))
    return None


def _concat(fed: Fed) -> Told | None:
    shapes = [shape for shape in map(fed.shape, range(len(fed))) if shape is not None]
    rank = len(shapes[0]) if shapes else 0
    if any(len(shape) != rank for shape in shapes):
        return Told("tensors of different ranks are joined")
    joined = fed.get("axis", 1) % rank if rank else 0
    for axis in range(rank):
        sizes = sorted({shape[axis] for shape in shapes if 0 not in shape})
        if axis != joined and len(sizes) > 1:
            return _unequal(sizes[0], sizes[1])
    return None


def _gather(fed: Fed) -> Told | None:
    data, indices = fed.shape(0), fed.data(1)
    axis = fed.get("axis", 0)
    if not data or indices is None or not indices.size or not -len(data) <= axis < len(data):
        return None
    size, last, first = data[axis], int(indices.max()), int(indices.min())
    if last >= size:
        return Told(f"entry {last} of {size} is read", (last + 1, size))
    return Told(f"entry {first} of {size} is read", (-first, size)) if first < -size else None


def _gather_nd(fed: Fed) -> Told | None:
    data, indices = fed.shape(0), fed.data(1)
    if not data or indices is None or not indices.size or fed.get("batch_dims", 0):
        return None
    rows = indices.reshape(-1, indices.shape[-1])
    for axis, column in enumerate(rows.T[: len(data)]):
        last = int(column.max())
        if last >= data[axis]:
            return Told(f"entry {last} of {data[axis]} is read", (last + 1, data[axis]))
    return None


def _recurrent(fed: Fed) -> Told | None:
    data, weight = fed.shape(0), fed.shape(1)
    if data is None or weight is None or len(data) != 3 or len(weight) != 3:
        return None
    return _unequal(data[2], weight[2]) if data[2] != weight[2] else None


def _padded(fed: Fed) -> Told | None:
    data, pads = fed.shape(0), fed.data(1)
    given = fed.get("pads", None) if pads is None else [int(pad) for pad in pads.reshape(-1)]
    if data is None or given is None or fed.get("mode", "constant") != "reflect":
        return None
    axes = fed.data(3)
    where = range(len(data)) if axes is None else [int(axis) for axis in axes.reshape(-1)]
    for at, axis in enumerate(where):
        most = max(given[at], given[at + len(where)])
        if most >= data[axis]:
            return Told(
                f"{most} reflected elements are taken from {data[axis]}", (data[axis], most + 1)
            )
    return None


def _blocks(fed: Fed) -> Told | None:
    data, block = fed.shape(0), fed.get("blocksize", 1)
    if data is None or len(data) != 4:
        return None
    deep = fed.step.type == "DepthToSpace"
    for size in data[1:2] if deep else data[2:]:
        if size % (block**2 if deep else block):
            return Told(f"{size:,} is not a multiple of {block}", (size, block), pieces=True)
    return None


def _best(fed: Fed) -> Told | None:
    data, axis = fed.shape(0), fed.get("axis", 0)
    if not data or data[axis]:
        return None
    return Told("the largest or smallest of no elements is asked for")


def _spaces(fed: Fed) -> Told | None:
    data = fed.shape(0)
    empty = data is not None and 0 in data[2:]
    return Told("the mean or largest of no elements is asked for") if empty else None


def _cached(fed: Fed) -> Told | None:
    """Keys of earlier tokens [batch, heads, tokens, size of a head] beside those of new ones."""
    query, past = fed.shape(0), fed.shape(3)
    heads, shared = fed.get("num_heads", 0), fed.get("kv_num_heads", 0)
    if not query or past is None or len(past) != 4 or heads < 1:
        return None
    packed = fed.shape(1) is None
    size = query[-1] // (heads + 2 * shared if packed else heads)
    return _unequal(past[3], size) if past[3] != size else None


def _unequal(one: int, two: int, *, fixed: bool = False) -> Told:
    less, more = sorted((one, two))
    found = f"sizes of {less:,} and {more:,} should be equal"
    return Told(found, (one, two), fixed=fixed)


_NUMPY_BROADCASTS = 7

RULES: Mapping[str, Callable[[Fed], Told | None]] = {
    **dict.fromkeys(("Conv", "ConvInteger", "QLinearConv"), _conv),
    **dict.fromkeys(("MatMul", "MatMulInteger", "QLinearMatMul"), _product),
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Pow", "Mod", "And", "Or", "Xor"), _elementwise),
    **dict.fromkeys(("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"), _elementwise),
    **dict.fromkeys(("Where", "Max", "Min", "Mean", "Sum"), _elementwise),
    **dict.fromkeys(("RNN", "GRU", "LSTM"), _recurrent),
    **dict.fromkeys(("LayerNormalization", "RMSNormalization"), _normalized),
    **dict.fromkeys(("DepthToSpace", "SpaceToDepth"), _blocks),
    **dict.fromkeys(("ArgMax", "ArgMin"), _best),
    **dict.fromkeys(("GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool"), _spaces),
    "Concat": _concat,
    "Expand": _expand,
    "Gather": _gather,
    "GatherND": _gather_nd,
    "Gemm": _gemm,
    "PRelu": _one_way,
    "Pad": _padded,
    "Reshape": _reshape,
}
"""The rule of each type of ONNX's own; a rule returns what is wrong, or None."""

CONTRIB_RULES: Mapping[str, Callable[[Fed], Told | None]] = {"GroupQueryAttention": _cached}
"""Those of ONNX Runtime's types."""

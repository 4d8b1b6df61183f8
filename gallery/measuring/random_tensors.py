"""Random numbers in the place of inputs and absent weights, such that nothing decays or explodes.

Numbers below the normal ones of a format slow some kernels down a hundredfold. So weights have the
scale at which a layer keeps the size of what it reads (https://arxiv.org/abs/1502.01852), or a
larger one, and vectors, which shift or scale, are near 1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from gallery.model import Tensor

Array = npt.NDArray[Any]

NUMPY: dict[str, Any] = {
    "float": np.float32,
    "double": np.float64,
    "float16": np.float16,
    "int8": np.int8,
    "uint8": np.uint8,
    "int16": np.int16,
    "uint16": np.uint16,
    "int32": np.int32,
    "uint32": np.uint32,
    "int64": np.int64,
    "uint64": np.uint64,
    "bool": np.bool_,
    "string": np.object_,
}
"""NumPy's types of those of ONNX that it has."""

_SMALL_INTEGERS = ("int8", "uint8")


def weights(dtype: str, dims: tuple[int, ...], random: np.random.Generator) -> Array:
    """Numbers for an initializer; whole numbers of more than 8 bits, which may be indices, are 0.

    Args:
        dtype: A key of `NUMPY`.
        dims: The shape.
        random: Where the numbers come from.
    """
    kind = NUMPY[dtype]
    if not np.issubdtype(kind, np.floating):
        if dtype in _SMALL_INTEGERS:
            return random.integers(0, 100, dims, kind)
        return np.zeros(dims, kind)
    count = math.prod(dims)
    uniform = random.random(dims, np.float32)
    if len(dims) < 2 or count == 0:
        return np.asarray(uniform + np.float32(0.5), kind)
    fan = min(count // dims[0], count // dims[1])
    bound = np.float32(math.sqrt(6 / max(fan, 1)))
    uniform *= 2 * bound
    uniform -= bound
    return np.asarray(uniform, kind)


def inputs(tensor: Tensor, random: np.random.Generator) -> Array:
    """Numbers for an input: from 0.1 to 1, or 0 and 1 where they are whole; ones if it is a scalar.

    Raises:
        ValueError: Its type or its shape is not known.
    """
    sizes, kind = tensor.sizes, NUMPY.get(tensor.dtype)
    if sizes is None or kind is None:
        what = f"the type {tensor.dtype!r}" if sizes is not None else "an unknown shape"
        raise ValueError(f"the input {tensor.name[:60]!r} has {what}")
    if kind is np.object_:
        return np.full(sizes, "a", np.object_)
    if np.issubdtype(kind, np.floating):
        return np.asarray(random.random(sizes) * 0.9 + 0.1, kind)
    if math.prod(sizes) == 1:
        return np.ones(sizes, kind)
    return np.asarray(random.integers(0, 2, sizes), kind)

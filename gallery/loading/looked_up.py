"""Tables that an exporter has looked up in advance: how many numbers are behind the result.

Attention in windows adds to its scores a learned number for each head and distance of two tokens
(https://arxiv.org/abs/2103.14030, section 3.2). An exporter that folds constants writes what it
has looked up, in which each row of the table stands many times.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import isqrt, prod
from typing import TYPE_CHECKING

# A digest of a file mostly needs no more than `LARGEST`, and must not wait for ONNX and NumPy.
if TYPE_CHECKING:
    import onnx

LARGEST = 1 << 20
"""Largest payload of such a tensor that is read, in bytes."""

_FEWEST_TOKENS = 16
_MOST_HEADS = 64


@cache
def _floats() -> frozenset[int]:
    from onnx import TensorProto  # noqa: PLC0415

    return frozenset(
        (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16)
    )


def may_be_looked_up(tensor: onnx.TensorProto) -> bool:
    """Whether a tensor has the type and the shape of such a result."""
    return tensor.data_type in _floats() and rows_axis(tensor.dims) is not None


def rows_axis(dims: Sequence[int]) -> int | None:
    """The axis of heads of a tensor that has the shape of such a result, else None.

    The shapes are (1, ..., heads, tokens, tokens), (tokens, tokens, heads) and (tokens², heads).

    >>> rows_axis((1, 3, 49, 49)), rows_axis((2401, 3)), rows_axis((64, 3, 7, 7))
    (1, 1, None)
    """
    rank = len(dims)
    if min(dims, default=0) < 1:
        return None
    if rank > 2 and dims[-1] == dims[-2] >= _FEWEST_TOKENS and prod(dims[:-3]) == 1:
        return rank - 3 if dims[-3] <= _MOST_HEADS else None
    if rank == 3 and dims[0] == dims[1] >= _FEWEST_TOKENS and dims[2] <= _MOST_HEADS:
        return 2
    if rank == 2 and dims[0] >= _FEWEST_TOKENS**2 and dims[1] <= _MOST_HEADS:
        return 1 if isqrt(dims[0]) ** 2 == dims[0] else None
    return None


def numbers_behind(tensor: onnx.TensorProto) -> int | None:
    """Elements of the table that a tensor repeats, if it has such a shape and its payload is held.

    That is the number of its different rows, one number a head, times the number of heads.
    """
    import numpy as np  # noqa: PLC0415
    import onnx  # noqa: PLC0415

    axis = rows_axis(tensor.dims)
    if axis is None or not may_be_looked_up(tensor):
        return None
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        return None
    try:
        array = onnx.numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, NotImplementedError):
        return None
    rows = np.ascontiguousarray(np.moveaxis(array, axis, -1).reshape(-1, array.shape[axis]))
    whole = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1])))
    return len(np.unique(whole)) * int(rows.shape[1])

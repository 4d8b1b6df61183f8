"""Matrices that a file holds a second time, as they are or transposed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from tests.collection.files import Truth

_SMALLEST = 1000
"""Elements of the smallest matrix that is looked at."""


def copies(model: onnx.ModelProto) -> int:
    """Number of elements of the initializers that equal another one or its transpose.

    A decoder's head that shares the weight of its embedding reads it through a Transpose. What
    evaluates that in advance writes the weight once for each of the two; and an unrolled recurrence
    has it once for each step.
    """
    held = [one for one in model.graph.initializer if len(one.dims) == 2]
    matrices = [
        numpy_helper.to_array(one) for one in held if one.dims[0] * one.dims[1] >= _SMALLEST
    ]
    by_shape = defaultdict(list)
    copied = 0
    for matrix in matrices:
        alike = (*by_shape[matrix.shape], *(other.T for other in by_shape[matrix.T.shape]))
        if any(np.array_equal(matrix, other) for other in alike):
            copied += matrix.size
        by_shape[matrix.shape].append(matrix)
    return copied


def with_copies(truth: Truth, path: Path, counted: Path | None = None) -> Truth:
    """The truth of a file that may hold matrices a second time.

    Args:
        truth: Counts without the copies in the file.
        path: The file.
        counted: A file whose copies the counts already hold, or None.
    """
    copied = copies(onnx.load(path))
    if counted:
        copied -= copies(onnx.load(counted))
    return more(truth, copied)


def more(truth: Truth, copied: int) -> Truth:
    """The truth of a file that holds so many more numbers."""
    return replace(
        truth, parameters=_sum(truth.parameters, copied), folded=_sum(truth.folded, copied)
    )


def _sum(count: int | None, copied: int) -> int | None:
    return None if count is None else count + copied

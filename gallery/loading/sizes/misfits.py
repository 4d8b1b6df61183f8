"""Finds operators at which the sizes of tensors contradict each other.

ONNX's inference reports some contradictions; here are those that it lets pass and runtimes refuse
(https://onnx.ai/onnx/operators/), and those for which the two sizes tell how far off they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import onnx

from gallery.loading.flat import FlatNode, Value
from gallery.loading.sizes.rules import CONTRIB_RULES, RULES, Fed, Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """An operator whose inputs have sizes that contradict each other.

    Attributes:
        position: Of the operator in the list.
        name: Its name.
        type: Its type.
        found: What contradicts what.
        sizes: Two sizes that should be equal or, of a window, the space and the least that it
            needs; None if they are not known.
        fixed: Whether the second is that of a tensor in the file.
        pieces: Whether instead the first should be a multiple of the second.
        inner: What follows the first dimension of a tensor whose first one alone is left open, and
            what should; None otherwise.
        of_sizes: Whether it is about sizes: ONNX's inference also fails for other reasons.
        avoidable: Whether it is in a branch beside another in which all fits.
    """

    position: int
    name: str
    type: str
    found: str
    sizes: tuple[int, int] | None = None
    fixed: bool = False
    pieces: bool = False
    inner: tuple[int, int] | None = None
    of_sizes: bool = True
    avoidable: bool = False


def misfit(
    step: FlatNode,
    position: int,
    values: Sequence[Value],
    found: Mapping[int, onnx.TypeProto],
    error: str,
) -> Misfit | None:
    """What contradicts at an operator, or None.

    Args:
        step: The operator.
        position: Of it in the list.
        values: All tensors.
        found: Types of its outputs, by position.
        error: The message of ONNX's inference, or "".
    """
    fed = Fed(step, [values[index] if index >= 0 else None for index in step.inputs])
    try:
        told = _told(fed, [*map(found.get, range(len(step.outputs)))])
    except (LookupError, TypeError, ValueError, ArithmeticError):
        told = None  # attributes that the operator cannot have; the inference tells of them
    if told is None and not error:
        return None
    told, silent = told or Told(error), told is None
    return Misfit(
        position=position,
        name=step.name,
        type=step.type,
        found=told.found,
        sizes=told.sizes,
        fixed=told.fixed,
        pieces=told.pieces,
        inner=told.inner,
        of_sizes=not silent or bool(_ABOUT_SIZES.search(error)),
    )


_ABOUT_SIZES = re.compile(
    r"ncompatible (dim|shapes)|unification|but they differ|instead of|sum of .*split|Sum of split"
    r"|evenly|requested k|non-negative|'Repeats' input must not|must have rank"
    r"|Invalid attribute perm"
)
"""Messages of ONNX's inference of sizes that may be right at other sizes of the inputs."""


def _told(fed: Fed, made: Sequence[onnx.TypeProto | None]) -> Told | None:
    if fed.step.domain:
        rule = CONTRIB_RULES.get(fed.step.type) if fed.step.domain == "com.microsoft" else None
        return rule(fed) if rule else None
    rule = RULES.get(fed.step.type)
    told = rule(fed) if rule else None
    return (
        told or _negative(made) or (_nothing(fed, made) if fed.step.type in _NEVER_EMPTY else None)
    )


def _negative(made: Sequence[onnx.TypeProto | None]) -> Told | None:
    for kind in made:
        if kind is not None and any(dim.dim_value < 0 for dim in kind.tensor_type.shape.dim):
            return Told(f"the result would have the size {_sizes_in(kind)}")
    return None


def _nothing(fed: Fed, made: Sequence[onnx.TypeProto | None]) -> Told | None:
    data, kind = fed.shape(0), made[0] if made else None
    if data is None or kind is None or 0 in data:
        return None
    if any(dim.HasField("dim_value") and not dim.dim_value for dim in kind.tensor_type.shape.dim):
        return Told(f"nothing is left of {list(data)}: the result would be {_sizes_in(kind)}")
    return None


def _sizes_in(kind: onnx.TypeProto) -> str:
    dims = kind.tensor_type.shape.dim
    return "[" + ", ".join(str(d.dim_value) if d.HasField("dim_value") else "?" for d in dims) + "]"


_NEVER_EMPTY = frozenset(
    (
        *("AveragePool", "Conv", "ConvInteger", "ConvTranspose", "LpPool", "MaxPool"),
        *("QLinearConv", "Resize", "Upsample"),
    )
)
"""Types that leave nothing of a tensor only where it is smaller than they are made for."""

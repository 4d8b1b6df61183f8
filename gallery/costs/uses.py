"""What becomes of a model's tensors: which are constant, scores of attention, or tables of angles.

Masks, tables of sines and cosines and constants of preprocessing look like weights; what they are
shows in what is done with them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gallery.model import Model, Operator

# fmt: off
MOVES = frozenset((
    "BitCast", "Cast", "CastLike", "Dropout", "Expand", "Flatten", "Identity", "Reshape", "Slice",
    "Split", "Squeeze", "Tile", "Transpose", "Unsqueeze",
))
"""Operators that only move or convert the elements of their first input."""

_ON_SCORES = MOVES | {
    "Add", "Clip", "Concat", "DequantizeLinear", "Div", "Max", "Min", "Mul", "QuantizeLinear",
    "Sub", "Where",
}
_TO_ANGLES = MOVES | {"Add", "Concat", "Div", "Mul"}
_TURNED = MOVES | {"Concat", "Gather", "Neg"}
_BEFORE_WEIGHTS = MOVES | {"Add", "Div", "Mul", "Sub"}
_PRODUCTS = frozenset(("Einsum", "FusedMatMul", "Gemm", "MatMul", "QLinearMatMul"))
_COUNTS = frozenset(("ConstantOfShape", "Gather", "NonZero", "Range", "Shape", "Size"))
_ON_COUNTS = MOVES | {"Add", "Concat", "Div", "Mul", "Sub"}
_RANDOM = frozenset(("Bernoulli", "Multinomial", "RandomNormalLike", "RandomUniformLike"))
# fmt: on

_FARTHEST = 64
"""Most tensors between the two halves of a rotary embedding and what both are made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses:
    """Sets of tensors of a model, by index.

    Attributes:
        constant: What is the same on each run: initializers, constants, and what is made of them
            alone.
        scores: Products of two tensors that are not constant, and what is made of them up to a
            Softmax.
        to_softmax: What comes to a Softmax by elementwise operators and moves.
        to_angles: What comes to both a Sin and a Cos.
        turning: The sines and cosines of rotary embeddings.
        prepared: Inputs of the model from which constants have been subtracted, or which have been
            divided by them, before any weight was read.
        fed: Inputs of the model, moved and scaled at most.
        places: Grids of places, made of sizes and of what is counted up to them.
    """

    constant: frozenset[int]
    scores: frozenset[int]
    to_softmax: frozenset[int]
    to_angles: frozenset[int]
    turning: frozenset[int]
    prepared: frozenset[int]
    fed: frozenset[int]
    places: frozenset[int]


def uses(model: Model) -> Uses:
    """What becomes of the tensors of a model."""
    constant = _constant(model)
    fed, prepared = _prepared(model, constant)
    return Uses(
        constant=frozenset(constant),
        scores=frozenset(_scores(model, constant)),
        to_softmax=_leading(model, "Softmax", _ON_SCORES),
        to_angles=_leading(model, "Sin", _TO_ANGLES) & _leading(model, "Cos", _TO_ANGLES),
        turning=frozenset(_turning(model)),
        prepared=frozenset(prepared),
        fed=frozenset(fed),
        places=frozenset(_places(model)),
    )


def read(operator: Operator) -> Iterator[int]:
    """The inputs of an operator that are given."""
    return (tensor for tensor in operator.inputs if tensor >= 0)


def _constant(model: Model) -> set[int]:
    found = {index for index, tensor in enumerate(model.tensors) if tensor.is_parameter}
    for operator in model.operators:
        alone = operator.type == "Constant" or (operator.inputs and not operator.bodies)
        if alone and operator.type not in _RANDOM and found.issuperset(read(operator)):
            found.update(operator.outputs)
    return found - {-1}


def _places(model: Model) -> set[int]:
    """What is made of sizes, of counts and of single numbers alone."""
    counted: set[int] = set()
    single = {i for i, one in enumerate(model.tensors) if one.is_parameter and one.elements == 1}
    for operator in model.operators:
        fed = list(read(operator))
        made_of = fed[:1] if operator.type == "Gather" else fed
        counts = operator.type == "Shape" or not counted.isdisjoint(made_of)
        if operator.type in _COUNTS and counts:
            counted.update(operator.outputs)
        elif operator.type in _ON_COUNTS and not counted.isdisjoint(fed):
            if counted.union(single).issuperset(fed[:1] if operator.type in MOVES else fed):
                counted.update(operator.outputs)
        elif operator.type == "Constant" and (model.tensors[operator.outputs[0]].elements == 1):
            single.update(operator.outputs)
    return counted - {-1}


def _scores(model: Model, constant: set[int]) -> set[int]:
    found: set[int] = set()
    for operator in model.operators:
        moving = [tensor for tensor in read(operator) if tensor not in constant]
        product = operator.type in _PRODUCTS and len(moving) > 1
        if product or (operator.type in _ON_SCORES and not found.isdisjoint(moving)):
            found.update(operator.outputs)
    return found


def _leading(model: Model, goal: str, through: frozenset[str]) -> frozenset[int]:
    """Tensors that come to an operator type through others of these types."""
    found: set[int] = set()
    for operator in reversed(model.operators):
        on = operator.type in through and not found.isdisjoint(operator.outputs)
        if on or operator.type == goal:
            found.update(read(operator))
    return frozenset(found)


def _prepared(model: Model, constant: set[int]) -> tuple[set[int], set[int]]:
    fed, prepared = set(model.inputs), set[int]()
    for operator in model.operators:
        if operator.type not in _BEFORE_WEIGHTS or not operator.inputs:
            continue
        moving = [tensor for tensor in read(operator) if tensor not in constant]
        if moving and fed.issuperset(moving):
            fed.update(operator.outputs)
            shifted = operator.type in ("Sub", "Div") and len(moving) < len(operator.inputs)
            if shifted or not prepared.isdisjoint(moving):
                prepared.update(operator.outputs)
    return fed, prepared


def _turning(model: Model) -> set[int]:
    """Tables of rotary embeddings: c and s, of one shape, in a·c + b·s or a·c - b·s.

    There b is a with signs and places changed. Formula: equation 34 of https://arxiv.org/abs/2104.09864.
    """
    maker = {tensor: o for o in model.operators for tensor in o.outputs if tensor >= 0}
    found: set[int] = set()
    for operator in model.operators:
        if operator.type not in ("Add", "Sub") or len(operator.inputs) != 2:
            continue
        one, two = (_maker_behind_moves(maker, tensor) for tensor in operator.inputs)
        if one is None or two is None or {one.type, two.type} != {"Mul"}:
            continue
        for mine, table in _both_ways(one):
            for other, second in _both_ways(two):
                if model.tensors[table].shape != model.tensors[second].shape:
                    continue
                signs, shared = _same_source(maker, mine, other)
                if shared and (signs or operator.type == "Sub"):
                    found |= {table, second}
    return found


def _both_ways(product: Operator) -> Sequence[tuple[int, int]]:
    first, second = product.inputs[:2]
    return ((first, second), (second, first))


def _maker_behind_moves(maker: dict[int, Operator], tensor: int) -> Operator | None:
    operator = maker.get(tensor)
    while operator is not None and operator.type in MOVES:
        operator = maker.get(operator.inputs[0])
    return operator


def _same_source(maker: dict[int, Operator], one: int, two: int) -> tuple[bool, bool]:
    """Whether signs change on the way to two tensors, and whether that begins at the same ones."""
    signs, ways = False, []
    for start in (one, two):
        seen, left = set[int](), [start]
        while left and len(seen) < _FARTHEST:
            tensor = left.pop()
            if tensor in seen or tensor < 0:
                continue
            seen.add(tensor)
            operator = maker.get(tensor)
            if operator is not None and operator.type in _TURNED:
                signs |= operator.type == "Neg"
                left += operator.inputs if operator.type == "Concat" else operator.inputs[:1]
        ways.append(seen)
    return signs, not ways[0].isdisjoint(ways[1])


def readers(model: Model) -> dict[int, list[tuple[Operator, int]]]:
    """The operators that read each tensor, with the position at which they do."""
    found: dict[int, list[tuple[Operator, int]]] = defaultdict(list)
    for operator in model.operators:
        for slot, tensor in enumerate(operator.inputs):
            if tensor >= 0:
                found[tensor].append((operator, slot))
    return found

"""Whether a tensor is a weight where operators read it: the roles of their inputs.

An input is a weight in its own right (of a convolution, a product, a table of embeddings), a term
or factor beside data (a bias, a scale, learned positions), or nothing that training changes. What
only moves a tensor, or computes with constants alone, hands on the role of its result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum

import numpy as np

from gallery.costs.uses import MOVES, Uses, read, readers, uses
from gallery.model import Model, Operator, Tensor

Roles = Mapping[tuple[str, str], tuple[int, ...]]


class Role(IntEnum):
    """What a tensor is to those that read it; the highest of several counts."""

    NONE = 0
    TERM = 1
    BIAS_OF_SCORES = 2
    WEIGHT = 3


# fmt: off
_TERMS = frozenset(("Add", "Div", "Max", "Min", "Mean", "Mul", "Sub", "Sum", "Where"))
_FUNCTIONS = frozenset((
    "Abs", "Erf", "Exp", "Log", "Neg", "Reciprocal", "Relu", "Sigmoid", "Sign", "Softplus", "Sqrt",
    "Tanh",
))
_TABLES = frozenset(("Gather", "GatherElements", "GatherND"))
_HANDED_ON = MOVES | _FUNCTIONS | {
    "BitShift", "BitwiseAnd", "BitwiseOr", "Clip", "Concat", "GridSample", "MaxRoiPool", "Pad",
    "Pow", "QuantizeLinear", "RoiAlign", "STFT", "Scatter", "ScatterElements", "ScatterND",
    "TensorScatter",
}
"""Operators that hand on the role of their result to what they read."""

_FIRST_ALONE = MOVES | {
    "BitShift", "BitwiseAnd", "Clip", "GridSample", "MaxRoiPool", "Pad", "Pow", "RoiAlign", "STFT",
}
"""Operators that learn nothing but their first input."""

_TELLS = frozenset((
    "And", "ArgMax", "ArgMin", "BitwiseNot", "BitwiseXor", "Compress", "ConstantOfShape", "EyeLike",
    "Equal", "Greater", "GreaterOrEqual", "IsInf", "IsNaN", "Less", "LessOrEqual", "Mod",
    "NonMaxSuppression", "NonZero", "Not", "OneHot", "Or", "Range", "RandomNormalLike",
    "RandomUniformLike", "Shape", "Size", "TopK", "Unique", "Xor",
))
"""Operators whose results are choices, places and sizes: nothing flows back to what they read."""

_FILLED = frozenset((
    "Expand", "GroupNormalization", "InstanceNormalization", "Scatter", "ScatterElements",
    "ScatterND",
))
"""Operators to which exporters give zeros to fill, or ones and zeros for a scale and a bias that
are applied behind them, as PyTorch's do for GroupNorm."""

_RAISED = frozenset(("Exp", "Sigmoid", "Softplus", "Tanh"))
"""Functions that keep a learned number in its range; of other numbers exporters write the value."""
# fmt: on


def roles(model: Model, apart: Roles) -> list[Role]:
    """The role of each tensor of a model.

    Args:
        model: The model.
        apart: Inputs by operator type that training does not change.
    """
    judge = _Judge(model, apart)
    # A body lies before its owner: what the owner is fed is known only once the body is.
    for _ in range(1 + _nesting(model)):
        for operator in reversed(model.operators):
            if operator.bodies:
                judge.hand_to_bodies(operator)
            for slot, tensor in enumerate(operator.inputs):
                if tensor >= 0:
                    judge.raise_to(tensor, judge.role(operator, slot))
    return judge.found


class _Judge:
    """Judges input by input; results must have their roles before what they are made of."""

    def __init__(self, model: Model, apart: Roles) -> None:
        self.model = model
        self.apart = apart
        self.uses: Uses = uses(model)
        self.readers = readers(model)
        self.makers = {t: o for o in model.operators for t in o.outputs if t >= 0}
        self.found = [Role.NONE] * len(model.tensors)
        self.looked_up = {
            tensor
            for operator in model.operators
            if operator.type in _TABLES and not self._square(operator.inputs[:1])
            for tensor in operator.outputs
        }
        for operator in model.operators:
            if operator.type in MOVES and not self.looked_up.isdisjoint(read(operator)):
                self.looked_up.update(operator.outputs)
        self.raised = {
            tensor
            for operator in model.operators
            if operator.type in _RAISED and self.uses.constant.issuperset(operator.inputs)
            for tensor in operator.outputs
        }
        self.even = {i for i, tensor in enumerate(model.tensors) if _is_even(tensor)}
        self.identities = {i for i, tensor in enumerate(model.tensors) if _is_identity(tensor)}
        self.unpacked = _unpacked(model, self.uses)
        # What is multiplied by the scale of a tensor that is quantised as it comes is a scale too.
        self.measured = {
            tensor
            for operator in model.operators
            if operator.type == "DynamicQuantizeLinear"
            for tensor in operator.outputs[1:]
        }
        made = {t for o in model.operators if o.type != "Constant" for t in o.outputs if t >= 0}
        handed_out = {i for o in model.operators for body in o.bodies for i in body.outputs}
        for tensor in (*model.outputs, *(made - self.readers.keys() - handed_out)):
            self.found[tensor] = Role.WEIGHT

    def raise_to(self, tensor: int, role: Role) -> None:
        """Note that a tensor has this role for one of its readers."""
        if tensor >= 0:
            self.found[tensor] = max(self.found[tensor], role)

    def hand_to_bodies(self, operator: Operator) -> None:
        """What a body hands out has the role of what its owner makes of it."""
        skip = operator.type == "Loop"
        for body in operator.bodies:
            for made, inner in zip(operator.outputs, body.outputs[skip:], strict=False):
                self.raise_to(inner, self._of(made))

    def role(self, operator: Operator, slot: int) -> Role:
        """What an input of an operator is to it."""
        if operator.bodies:
            return self._fed_to_body(operator, slot)
        if (operator.domain, operator.type) == ("", "Attention") and slot == _MASK:
            return self._beside_scores(operator.inputs[slot])
        if slot in self.apart.get((operator.domain, operator.type), ()):
            return Role.NONE
        if operator.domain:
            return Role.WEIGHT
        return self._standard(operator, slot)

    def _standard(self, operator: Operator, slot: int) -> Role:
        kind = operator.type
        if kind in _TELLS or (slot and kind in _FIRST_ALONE):
            return Role.NONE
        made = max((self._of(tensor) for tensor in operator.outputs), default=Role.NONE)
        if kind in _TABLES:
            return Role.WEIGHT if made and not slot else Role.NONE
        if kind == "DequantizeLinear":
            alone = self.model.tensors[operator.inputs[slot]].elements == 1
            return Role.WEIGHT if made > (Role.TERM if alone else Role.NONE) else Role.NONE
        if self.uses.constant.issuperset(read(operator)):
            return Role.NONE if kind in _TERMS and self._scales(operator, slot) else made
        if kind in _FILLED and operator.inputs[slot] in self.even:
            return Role.NONE
        others = [tensor for tensor in read(operator) if tensor != operator.inputs[slot]]
        if kind == "Concat" and others and self.uses.places.issuperset(others):
            return Role.NONE
        if kind in _HANDED_ON:
            return made
        if kind in _TERMS:
            return self._beside_data(operator, slot)
        if kind == "MatMul" and self._frequencies(operator, slot):
            return Role.NONE
        return Role.WEIGHT

    def _beside_data(self, operator: Operator, slot: int) -> Role:
        """What one of the terms or factors of an elementwise operator is."""
        tensor, made = operator.inputs[slot], operator.outputs[0]
        others = [other for other in read(operator) if other != tensor]
        use = self.uses
        if operator.type == "Where" and (slot == 0 or self.model.tensors[tensor].elements == 1):
            return Role.NONE
        if tensor in use.turning or self._frequencies(operator, slot) or self._mean(operator, slot):
            return Role.NONE
        if tensor in self.raised:
            return Role.TERM
        if others and use.places.issuperset(others):
            return Role.NONE
        if tensor in self.identities or any(other in self.measured for other in others):
            return Role.NONE
        if made in use.to_softmax and not use.scores.isdisjoint(others):
            return self._beside_scores(tensor)
        if made in use.prepared and use.fed.issuperset(set(others) - use.constant):
            return Role.NONE
        return Role.TERM

    def _mean(self, operator: Operator, slot: int) -> bool:
        """Whether an input is the running mean of a normalisation that was taken apart."""
        elements = self.model.tensors[operator.inputs[slot]].elements
        return operator.type == "Sub" and slot == 1 and elements != 1

    def _scales(self, operator: Operator, slot: int) -> bool:
        """Whether an input scales or shifts quantised weights."""
        mine = operator.inputs[slot] in self.unpacked
        return not mine and not self.unpacked.isdisjoint(operator.inputs)

    def _frequencies(self, operator: Operator, slot: int) -> bool:
        """Whether an input is the frequencies of what becomes sines and cosines."""
        wide = [size for size in self._shape(operator.inputs[slot]) if size != 1]
        return len(wide) < _MATRIX and operator.outputs[0] in self.uses.to_angles

    def _beside_scores(self, tensor: int) -> Role:
        """What is combined with scores is learned if it differs by head or is looked up.

        A mask is the same for all heads.
        """
        shape = self._shape(tensor)
        wide = [axis - len(shape) for axis, size in enumerate(shape) if size != 1]
        by_head = len(shape) > 3 and wide[-3:] == [-3, -2, -1]
        learned = tensor in self.looked_up or by_head or wide == [-3]
        return Role.BIAS_OF_SCORES if learned else Role.NONE

    def _shape(self, tensor: int) -> tuple[int | str | None, ...]:
        return self.model.tensors[tensor].shape or ()

    def _square(self, tensors: Sequence[int]) -> bool:
        """Whether a tensor is a square matrix, as masks of attention are."""
        wide = [size for tensor in tensors for size in self._shape(tensor) if size != 1]
        return len(wide) > 1 and wide[-1] == wide[-2]

    def _fed_to_body(self, operator: Operator, slot: int) -> Role:
        """What a body makes of an input; a state that changes does not begin with a weight."""
        body = operator.bodies[0]
        if operator.type == "If" or (operator.type == "Loop" and slot < _CARRIED):
            return Role.NONE
        if slot >= len(body.inputs):
            return Role.NONE
        inner = body.inputs[slot]
        scanned = int(operator.attributes.get("num_scan_inputs", 1))
        state = operator.type == "Loop" or slot < len(operator.inputs) - scanned
        after = slot - (operator.type == "Loop")
        kept = after < len(body.outputs) and self._behind(body.outputs[after]) == inner
        return Role.NONE if state and not kept else self.found[inner]

    def _behind(self, tensor: int) -> int:
        """What a tensor is a copy of."""
        while tensor in self.makers and self.makers[tensor].type == "Identity":
            tensor = self.makers[tensor].inputs[0]
        return tensor

    def _of(self, tensor: int) -> Role:
        return self.found[tensor] if tensor >= 0 else Role.NONE


def _is_even(tensor: Tensor) -> bool:
    """Whether a tensor is known to hold only zeros or only ones."""
    value = tensor.value
    return (
        value is not None
        and bool(value.size)
        and not (value != value.flat[0]).any()
        and (value.flat[0] in (0, 1))
    )


def _is_identity(tensor: Tensor) -> bool:
    """Whether a tensor is known to be an identity matrix."""
    value = tensor.value
    if value is None or value.ndim != _MATRIX or value.shape[0] < _MATRIX:
        return False
    return bool(np.array_equal(value, np.eye(*value.shape)))


def _nesting(model: Model) -> int:
    """How deep bodies lie in each other."""
    depths = [0] * len(model.operators)
    for index in range(len(model.operators) - 1, -1, -1):
        owner = model.operators[index].owner
        depths[index] = depths[owner] + 1 if owner >= 0 else 0
    return max(depths, default=0)


def _unpacked(model: Model, use: Uses) -> set[int]:
    """What is made of integer constants alone, by conversion and by taking bits."""
    held = {t for o in model.operators if o.type == "Constant" for t in o.outputs}
    held |= {index for index, tensor in enumerate(model.tensors) if tensor.is_parameter}
    found = {
        tensor for tensor in use.constant if tensor in held and "int" in model.tensors[tensor].dtype
    }
    through = MOVES | _TERMS | {"BitShift", "BitwiseAnd", "BitwiseOr", "Concat"}
    for operator in model.operators:
        fed = operator.inputs[: 1 if operator.type in MOVES else None]
        alone = operator.type in through and use.constant.issuperset(read(operator))
        if alone and not found.isdisjoint(fed):
            found.update(operator.outputs)
    return found


_MASK = 3
_MATRIX = 2
_CARRIED = 2

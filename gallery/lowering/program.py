"""The unsplit program of a model: the parts of all operators in order, and their tensors."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gallery.loading.evaluation import run_operator
from gallery.lowering.access.contradictions import CONTRADICTIONS, check_parts
from gallery.lowering.access.part import Part, Read, Relation
from gallery.lowering.access.registry import FAMILIES, Context, NoGridError, Virtual
from gallery.lowering.access.relations import full, where
from gallery.lowering.access.shape_inputs import completed
from gallery.model import Model, Operator, dtype_bytes

log = logging.getLogger(__name__)

_FLOATS = ("float", "float16", "double", "bfloat16", "float8e4m3fn", "float8e5m2", "")


class ProgramTensor(NamedTuple):
    """A tensor of the program.

    Attributes:
        shape: Sizes; () if they are not known, so that the tensor is a single block.
        model: Index in `Model.tensors`, or -1 for a tensor inside an operator or loop trip.
        itemsize: Bytes of an element.
        differentiable: Whether a gradient can flow through it.
        leaf: "input", "parameter" or "" for a tensor that a part makes.
        folded: Whether its value is known before the model runs, so that reading it moves no data.
        known: Whether the shape is known.
    """

    shape: tuple[int, ...]
    model: int = -1
    itemsize: float = 4.0
    differentiable: bool = True
    leaf: str = ""
    folded: bool = False
    known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """All parts of a model.

    Attributes:
        parts: The parts, each of which reads only what earlier ones make (except for `back`).
        tensors: The tensors that the parts read and make.
        outputs: Tensors of the program that the caller gets.
        unknown: "domain.Type" of operators that have no family or contradict their own shapes,
            sorted.
        back: Pairs of tensors (body input, body output) that carry data to the next trip of a
            loop that is not unrolled.
        groups: The parts in the order in which they are numbered.
    """

    parts: tuple[Part, ...]
    tensors: tuple[ProgramTensor, ...]
    outputs: tuple[int, ...]
    unknown: tuple[str, ...]
    back: tuple[tuple[int, int], ...]
    groups: tuple[Group, ...]


class Group(NamedTuple):
    """Parts that are numbered together: one part, or all of a recurrence.

    Attributes:
        parts: Their numbers in the program.
        leaves: The inputs and parameters that they are the first to read.
    """

    parts: range
    leaves: tuple[int, ...]


def groups_of(parts: Sequence[Part], tensors: Sequence[ProgramTensor]) -> tuple[Group, ...]:
    """The groups of some parts, in their order.

    Args:
        parts: The parts; those of a recurrence follow one another.
        tensors: The tensors that they read.
    """
    groups: list[Group] = []
    seen: set[int] = set()
    begin = 0
    while begin < len(parts):
        end = begin + 1
        while end < len(parts) and parts[begin].time == parts[end].time >= 0:
            end += 1
        read = [read.tensor for part in parts[begin:end] for read in part.reads]
        leaves = [t for t in dict.fromkeys(read) if tensors[t].leaf and t not in seen]
        seen.update(leaves)
        groups.append(Group(parts=range(begin, end), leaves=tuple(leaves)))
        begin = end
    return tuple(groups)


class Builder:
    """Collects the parts and tensors of a program; control flow recurses through it."""

    def __init__(self, model: Model, flops: Callable[[Operator], float], fold: bool) -> None:
        self.model = model
        self.flops = flops
        self.fold = fold
        self.tensors: list[ProgramTensor] = []
        self.parts: list[Part] = []
        self.unknown: set[str] = set()
        self.back: list[tuple[int, int]] = []
        self.place = _model_tensors(model, self.tensors, fold)
        self.recurrences = 0
        self.idle: dict[int, int] = {}  # leaves that bodies which never run read, and their owners
        self.values: dict[int, npt.NDArray[Any]] = {}  # of tensors that are known within a trip
        self.readers: dict[int, int] = {}  # the operator that first reads each shared number
        self.own: dict[tuple[int, int], int] = {}  # of a number and an operator, the latter's copy
        self.ranks: dict[tuple[Relation, tuple[int, ...]], int] = {}  # see `check_parts`
        self.copies = 1  # product of the trips of the enclosing loops that are unrolled
        self.trips = 1  # product of the trips of the enclosing loops that are not unrolled

    def lower(self, index: int, place: dict[int, int]) -> None:
        """Add the parts of an operator; `place` maps tensors of the model to the program's."""
        operator = self.model.operators[index]
        if operator.outputs and all(
            t < 0 or self.tensors[self.resolve(t, place)].folded for t in operator.outputs
        ):
            return
        if self.fold and self.values and self._known_within_trip(operator, place):
            return
        context = Context(
            model=self.model,
            operator=operator,
            inputs=tuple(self.resolve(t, place) for t in operator.inputs),
            outputs=tuple(self.resolve(t, place) for t in operator.outputs),
            flops=self.flops(operator) * self.trips,
            first_virtual=len(self.tensors),
            values=self.values,
        )
        self.add(index, context, self._parts(context))

    def know(self, like: int, value: npt.NDArray[Any]) -> int:
        """A new tensor like another, whose value is known within one trip of a loop."""
        self.tensors.append(self.tensors[like]._replace(model=-1, leaf="", folded=True))
        self.values[len(self.tensors) - 1] = value
        return len(self.tensors) - 1

    def _known_within_trip(self, operator: Operator, place: dict[int, int]) -> bool:
        """Compute an operator that reads the number of a trip and constants; put it in `place`."""
        inputs = [self.resolve(t, place) for t in operator.inputs]
        if not any(t in self.values for t in inputs):
            return False
        values = [self.value(t) for t in inputs]
        if any(value is None for value, t in zip(values, inputs, strict=True) if t >= 0):
            return False
        made = run_operator(operator, values)
        if made is None:
            return False
        outputs = [t for t in operator.outputs if t >= 0]
        for tensor, value in zip(outputs, made, strict=True):
            place[tensor] = self.know(self.place[tensor], value)
        return True

    def value(self, tensor: int) -> npt.NDArray[Any] | None:
        """The value of a tensor of the program, if that is known; -1 has none."""
        if tensor < 0 or tensor in self.values:
            return self.values.get(tensor)
        number = self.tensors[tensor].model
        return self.model.tensors[number].value if number >= 0 else None

    def resolve(self, tensor: int, place: dict[int, int]) -> int:
        """The tensor of the program for a tensor of the model; -1 stays -1."""
        return -1 if tensor < 0 else place.get(tensor, self.place[tensor])

    def _parts(self, context: Context) -> list[Part]:
        operator = context.operator
        standard = operator.domain in ("", "ai.onnx")
        family = FAMILIES.get(operator.type if standard else f"{operator.domain}.{operator.type}")
        name = f"{operator.domain or 'ai.onnx'}.{operator.type}"
        if family is None:
            self.unknown.add(name)
            return gather(context, self.tensors)
        try:
            parts = completed(context, family(context))
            check_parts(parts, lambda tensor: self._rank(tensor, context), self.ranks)
        except NoGridError:
            context.virtuals.clear()
            return gather(context, self.tensors)
        except CONTRADICTIONS as error:
            log.info("%s %s contradicts itself: %r", operator.type, operator.name, error)
            self.unknown.add(name)
            context.virtuals.clear()
            return gather(context, self.tensors)
        return parts

    def _rank(self, tensor: int, context: Context) -> int | None:
        """Number of dimensions of a tensor; None if it is unknown or does not matter."""
        if tensor >= context.first_virtual:
            return len(context.virtuals[tensor - context.first_virtual].shape)
        known = tensor >= 0 and self.tensors[tensor].known and not self.tensors[tensor].folded
        return len(self.tensors[tensor].shape) if known else None

    def add(self, index: int, context: Context, parts: list[Part]) -> None:
        """Add the parts of an operator, and the tensors inside it."""
        self.tensors += [_virtual(v) for v in context.virtuals]
        recurrences = {part.time for part in parts if part.time >= 0}
        for part in parts:
            time = self.recurrences + part.time if part.time >= 0 else -1
            reads = tuple(
                [
                    self._checked(read, self._beside(read.tensor, index))
                    for read in part.reads
                    if read.tensor >= 0 and not self.tensors[read.tensor].folded
                ]
            )
            self.parts.append(part.of(index, reads, time))
        self.recurrences += len(recurrences)

    def _beside(self, tensor: int, operator: int) -> int:
        """The tensor, or the copy of a parameter that is a single number for its reader.

        Exporters write a number such as the exponent of a square once for all operators that use
        it, while compilers write it into the code of each. As one vertex it would be a hub that
        brings operators of all layers next to each other, though no data passes between them.
        """
        one = self.tensors[tensor]
        if one.leaf != "parameter" or not one.known or math.prod(one.shape) != 1:
            return tensor
        if self.readers.setdefault(tensor, operator) == operator:
            return tensor
        if (tensor, operator) not in self.own:
            self.tensors.append(one)
            self.own[tensor, operator] = len(self.tensors) - 1
        return self.own[tensor, operator]

    def add_idle(self) -> None:
        """Give vertices without edges to what only bodies that never run read.

        A part that reads nothing of it, and that no part reads, stands for such a body.
        """
        seen = {read.tensor for part in self.parts for read in part.reads}
        owners = {owner for tensor, owner in self.idle.items() if tensor not in seen}
        for owner in sorted(owners):
            mine = [t for t, one in self.idle.items() if one == owner and t not in seen]
            reads = tuple(
                Read(
                    tensor=tensor,
                    relation=where(full(self.tensors[tensor].shape), _never),
                    differentiable=False,
                )
                for tensor in mine
            )
            self.tensors.append(ProgramTensor(shape=(), differentiable=False))
            made = len(self.tensors) - 1
            part = Part(shape=(), rank=0, makes=(made,), reads=reads, operator=owner)
            self.parts.append(part)

    def _checked(self, read: Read, number: int) -> Read:
        """The read of that tensor, as what is known of it allows."""
        tensor = self.tensors[number]
        differentiable = read.differentiable and tensor.differentiable
        if tensor.known and number == read.tensor and differentiable == read.differentiable:
            return read
        relation = read.relation if tensor.known else full(())
        return replace(read, tensor=number, relation=relation, differentiable=differentiable)


def _never(lows: npt.NDArray[np.int64], _: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    return np.zeros(len(lows), bool)


def _virtual(virtual: Virtual) -> ProgramTensor:
    return ProgramTensor(shape=virtual.shape, differentiable=virtual.differentiable)


def _model_tensors(model: Model, tensors: list[ProgramTensor], fold: bool) -> list[int]:
    inputs, outputs = set(model.inputs) | _unmade(model), set(model.outputs)
    for number, tensor in enumerate(model.tensors):
        leaf = "input" if number in inputs else "parameter" if tensor.is_parameter else ""
        folded = fold and tensor.value is not None and not leaf and number not in outputs
        tensors.append(
            ProgramTensor(
                shape=tensor.sizes or (),
                model=number,
                itemsize=dtype_bytes(tensor.dtype),
                differentiable=tensor.dtype in _FLOATS,
                leaf=leaf,
                folded=folded,
                known=tensor.sizes is not None,
            )
        )
    return list(range(len(tensors)))


def _unmade(model: Model) -> set[int]:
    """Tensors that operators read but nothing makes: treated as inputs, with a note by `load`."""
    made = {tensor for operator in model.operators for tensor in operator.outputs}
    made |= {t for operator in model.operators for body in operator.bodies for t in body.inputs}
    read = {tensor for operator in model.operators for tensor in operator.inputs}
    read |= {t for operator in model.operators for body in operator.bodies for t in body.outputs}
    return {t for t in read - made if t >= 0 and not model.tensors[t].is_parameter}


def gather(context: Context, tensors: list[ProgramTensor]) -> list[Part]:
    """A gather vertex that reads all blocks of all inputs and feeds all blocks of all outputs."""
    inputs = sorted({t for t in context.inputs if t >= 0})
    outputs = [t for t in context.outputs if t >= 0]
    reads = tuple(Read(tensor=t, relation=full(tensors[t].shape), saved=True) for t in inputs)
    single = len(outputs) == 1 and tensors[outputs[0]].shape == ()
    hub = outputs[0] if single else context.virtual(())
    parts = [Part(shape=(), rank=0, makes=(hub,), reads=reads, flops=context.flops)]
    if single:
        return parts
    for output in outputs:
        shape = tensors[output].shape
        read = Read(tensor=hub, relation=full(()))
        parts.append(
            Part(
                shape=shape,
                rank=len(shape),
                makes=(output,),
                reads=(read,),
                itemsize=tensors[output].itemsize,
            )
        )
    return parts

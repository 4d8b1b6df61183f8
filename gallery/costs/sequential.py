"""Memory of the tensors that operators make, where one thread runs one operator after another.

As ONNX Runtime does it without optimisations (`core/framework/allocation_planner.cc` and
`core/graph/graph_viewer.cc` of version 1.32): operators run in the order of a depth-first search
from the last ones; an operator writes where its input was if it can and nothing else needs that; a
tensor that is needed no more gives its place to the next one of the same type and shape, and is
freed after its last reader if there is none. The arena that holds them rounds sizes up, which is
not counted here, and neither is what kernels need while they run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from gallery.model import Model, Operator, dtype_bytes

_ALIASES = frozenset({"Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity"})
"""Operators whose output is their first input, seen otherwise."""

_IN_PLACE = frozenset(
    {
        *("Relu", "LeakyRelu", "Sigmoid", "Tanh", "Elu", "HardSigmoid", "Selu", "Softplus"),
        *("Softsign", "ThresholdedRelu", "Celu", "Clip", "Cast", "Softmax", "Not", "Sign"),
    }
)
"""Operators that may write over their first input."""

_FREE = frozenset({"Constant"})
"""Operators that do not run: what they make is stored with the parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SequentialMemory:
    """Memory of the tensors that operators make; inputs and parameters are not among them.

    Attributes:
        order: Indices in `Model.operators` in the order in which they run.
        bytes: Bytes while each of them runs, parallel to `order`.
        peak: Most of these; 0 if there is no operator.
        operator: Index of the operator that runs then, or -1.
        sample: How much of the peak depends on the inputs, divided by the size of their first
            dimension: what a further sample of a batch costs.
    """

    order: tuple[int, ...]
    bytes: tuple[int, ...]
    peak: int
    operator: int
    sample: int


def sequential_memory(model: Model) -> SequentialMemory | None:
    """Memory over the run of a model; None if the size of a tensor is not known."""
    for operator in model.operators:
        if any(t >= 0 and model.tensors[t].elements is None for t in operator.outputs):
            return None
    top = [index for index, one in enumerate(model.operators) if one.owner < 0]
    return _Run(model).over(top, model.outputs)


def run_order(model: Model, operators: Sequence[int]) -> tuple[int, ...]:
    """The order in which operators of one graph run, without those that do not.

    Depth first against the edges, from the operators that no other reads, the last one first; of
    what an operator reads, the last first, too.

    Args:
        model: The model.
        operators: Indices in `Model.operators`, ascending, of one graph or body.
    """
    running = [index for index in operators if model.operators[index].type not in _FREE]
    maker = {t: index for index in running for t in model.operators[index].outputs if t >= 0}
    sources = {
        index: sorted({maker[t] for t in read_by(model, index) if t in maker}) for index in running
    }
    read = {source for row in sources.values() for source in row}
    stack = [(index, False) for index in running if index not in read]
    seen: set[int] = set()
    order: list[int] = []
    while stack:
        index, done = stack.pop()
        if done:
            order.append(index)
        elif index not in seen:
            seen.add(index)
            stack.append((index, True))
            stack += [(source, False) for source in sources[index] if source not in seen]
    return tuple(order)


def read_by(model: Model, index: int) -> list[int]:
    """Tensors that an operator reads, with those that its bodies read from outside."""
    operator = model.operators[index]
    read = [t for t in operator.inputs if t >= 0]
    for body in operator.bodies:
        inside = {t for k in body.operators for t in model.operators[k].outputs} | set(body.inputs)
        fed = [t for k in body.operators for t in model.operators[k].inputs]
        read += [t for t in (*fed, *body.outputs) if t >= 0 and t not in inside]
    return read


class _Run:
    """The memory of a model's operators."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.fed = _fed_by_inputs(model)
        first = model.tensors[model.inputs[0]].sizes if model.inputs else None
        self.batch = first[0] if first and first[0] > 0 else 1

    def over(self, operators: Sequence[int], outputs: Iterable[int]) -> SequentialMemory:
        """The memory of the operators of one graph or body, with those of bodies within."""
        order = run_order(self.model, operators)
        plan = _Plan(self.model, order, set(outputs))
        ends: dict[int, list[int]] = {}
        for tensor, place in plan.last_uses().items():
            ends.setdefault(place, []).append(tensor)
        sizes: list[int] = []
        live = scaling = peak = sample = 0
        where = -1
        for place, index in enumerate(order):
            live += sum(map(self._bytes, plan.made[place]))
            scaling += sum(self._bytes(t) for t in plan.made[place] if t in self.fed)
            inside = self._inside(index)
            sizes.append(live + inside)
            if sizes[-1] > peak:
                peak, where, sample = sizes[-1], index, scaling + inside
            for tensor in ends.get(place, ()):
                live -= self._bytes(tensor)
                scaling -= self._bytes(tensor) if tensor in self.fed else 0
        return SequentialMemory(
            order=order,
            bytes=tuple(sizes),
            peak=peak,
            operator=where,
            sample=ceil(sample / self.batch),
        )

    def _inside(self, owner: int) -> int:
        """The peak within the bodies of an operator; of the branches of an If, the larger one."""
        operators, peaks = self.model.operators, []
        for body in operators[owner].bodies:
            own = [index for index in body.operators if operators[index].owner == owner]
            peaks.append(self.over(own, body.outputs).peak)
        return max(peaks, default=0)

    def _bytes(self, tensor: int) -> int:
        one = self.model.tensors[tensor]
        return ceil((one.elements or 0) * dtype_bytes(one.dtype))


class _Plan:
    """Which tensors get a place of their own, and until when it is needed.

    Attributes:
        made: Of each operator, in their order, the tensors that get a place of their own.
        place: The tensor whose place each has.
    """

    def __init__(self, model: Model, order: Sequence[int], outputs: set[int]) -> None:
        self.model, self.order, self.outputs = model, order, outputs
        self.read = {index: read_by(model, index) for index in order}
        self.uses: Counter[int] = Counter(tensor for index in order for tensor in self.read[index])
        self.uses.update(outputs)
        # Inputs and parameters are there already, and are never written over.
        own = {tensor for index in order for tensor in model.operators[index].outputs}
        self.place = {tensor: tensor for tensor in self.uses if tensor not in own}
        self.uses.update(self.place)
        self.free: dict[object, dict[int, None]] = {}
        self.made = [self._step(index) for index in order]

    def last_uses(self) -> dict[int, int]:
        """Position in the order of the last operator that needs each place that was made."""
        last: dict[int, int] = {}
        for position, index in enumerate(self.order):
            for tensor in (*self.read[index], *self.model.operators[index].outputs):
                if tensor in self.place:
                    last[self.place[tensor]] = position
        for tensor in self.outputs & self.place.keys():
            last[self.place[tensor]] = len(self.order)
        made = {tensor for row in self.made for tensor in row}
        return {tensor: place for tensor, place in last.items() if tensor in made}

    def _step(self, index: int) -> list[int]:
        """Place the outputs of an operator, then free what nothing needs any more."""
        operator, own = self.model.operators[index], []
        made = [tensor for tensor in operator.outputs if tensor >= 0]
        for tensor in made:
            home = -1 if tensor in self.outputs else self._found(operator, tensor)
            if home < 0:
                home = tensor
                own.append(tensor)
            else:
                self.uses[home] += self.uses[tensor]
            self.place[tensor] = home
        for tensor in self.read[index]:
            self.uses[self.place[tensor]] -= 1
            self._release(self.place[tensor])
        for tensor in made:
            self._release(self.place[tensor])
        return own

    def _release(self, home: int) -> None:
        """Offer a place to tensors of its kind, if nothing needs it any more."""
        if not self.uses[home]:
            self.free.setdefault(self._kind(home), {}).setdefault(home)

    def _found(self, operator: Operator, tensor: int) -> int:
        """The tensor whose place an output takes, or -1."""
        home = self.place.get(operator.inputs[0], -1) if operator.inputs else -1
        if home >= 0 and tensor == operator.outputs[0] and not operator.domain:
            if operator.type in _ALIASES:
                return home
            same = self._kind(operator.inputs[0]) == self._kind(tensor)
            if operator.type in _IN_PLACE and self.uses[home] == 1 and same:
                return home
        mine = self.free.get(self._kind(tensor))
        return mine.popitem()[0] if mine else -1

    def _kind(self, tensor: int) -> object:
        """What tensors have in common that can have the same place: shape and size of elements."""
        one = self.model.tensors[tensor]
        return one.shape, dtype_bytes(one.dtype)


def _fed_by_inputs(model: Model) -> set[int]:
    """Tensors that depend on the inputs."""
    fed = set(model.inputs)
    for index, operator in enumerate(model.operators):
        if not fed.isdisjoint(read_by(model, index)):
            fed.update(t for t in operator.outputs if t >= 0)
    return fed

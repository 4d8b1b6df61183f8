"""The trips of loops: bodies with their own tensors for each trip, and what connects them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gallery.costs.trips import again, known_trips
from gallery.lowering.access.part import Part, Read, Relation
from gallery.lowering.access.registry import Context
from gallery.lowering.access.relations import AxisRule, fixed, full, identity, per_axis, same, where
from gallery.lowering.operators.bodies import never_run
from gallery.lowering.program import Builder, ProgramTensor
from gallery.model import Body

MOST_TRIPS = 64
"""Most trips of a loop that is unrolled whatever its body; a longer one may have its body once."""

MOST_COPIES = 2048
"""Most operators that a loop of more trips becomes if it is unrolled."""

LowerBody = Callable[[Builder, int, Body, dict[int, int]], None]


def lower_loop(
    builder: Builder, index: int, context: Context, place: dict[int, int], lower: LowerBody
) -> None:
    """Loop: a trip count, a condition, carried values, and outputs that are stacked by trip."""
    body = builder.model.operators[index].bodies[0]
    limit = context.value(0)
    condition = context.value(1)
    endless = context.inputs[0] < 0
    trips = known_trips(limit, condition, again(builder.model, body), endless, body.trips)
    trips = -1 if trips is None else trips
    carried = len(context.inputs) - 2
    current = [context.inputs[1] if len(context.inputs) > 1 else -1, *context.inputs[2:]]
    if not _unrolled(builder, body, trips):
        _once(builder, index, place, lower, list(context.inputs), trips)
        return
    steady = _steady(builder, body, place)
    # What is known to be true ends no trip.
    conditions = {t for t in current[:1] if t >= 0} if condition is None else set()
    choices: list[list[int]] = [[t] for t in current[1:]]
    stacks: list[list[int]] = [[] for _ in body.outputs[1 + carried :]]
    builder.copies *= max(trips, 1)
    if not trips:
        never_run(builder, index, [body], place)
    for trip in range(trips):
        inner = fresh(builder, body, place, trip)
        number = builder.place[body.inputs[0]]
        inner[body.inputs[0]] = builder.know(number, np.array(trip, np.int64))
        for slot, source in zip(body.inputs[1:], current, strict=True):
            if not _count(builder, inner, slot, source):
                _alias(builder, index, inner, slot, source)
        lower(builder, index, body, inner)
        made = [builder.resolve(t, inner) for t in body.outputs]
        current = made[: 1 + carried]
        for have, tensor in zip(choices, current[1:], strict=True):
            have[:] = [*have, tensor] if conditions else [tensor]
        if not steady and builder.value(made[0]) is None:
            conditions.add(made[0])
        for stack, tensor in zip(stacks, made[1 + carried :], strict=True):
            stack.append(tensor)
    builder.copies //= max(trips, 1)
    context = context_of(builder, index, place)
    for output, made_ in enumerate(context.outputs):
        if made_ < 0:
            continue
        if output < carried:
            chosen = choices[output] if conditions else choices[output][-1:]
            _choose(builder, index, made_, chosen, sorted(conditions))
        else:
            _stack(builder, index, made_, stacks[output - carried], (0, False), sorted(conditions))


def lower_scan(
    builder: Builder, index: int, context: Context, place: dict[int, int], lower: LowerBody
) -> None:
    """Scan: carried states, inputs that are sliced and outputs that are stacked by trip."""
    operator = builder.model.operators[index]
    body = operator.bodies[0]
    scanned = int(context.attribute("num_scan_inputs", 1))
    states = len(context.inputs) - scanned
    axes = _listed(context, "scan_input_axes", scanned)
    turned = _listed(context, "scan_input_directions", scanned)
    shapes = [builder.tensors[t].shape for t in context.inputs[states:]]
    places = [axis % max(len(shape), 1) for axis, shape in zip(axes, shapes, strict=True)]
    trips = shapes[0][places[0]] if shapes and shapes[0] else -1
    if not _unrolled(builder, body, trips):
        _once(builder, index, place, lower, [-1, -1, *context.inputs], trips)
        return
    current = list(context.inputs[:states])
    stacks: list[list[int]] = [[] for _ in body.outputs[states:]]
    builder.copies *= max(trips, 1)
    if not trips:
        never_run(builder, index, [body], place)
    for trip in range(trips):
        inner = fresh(builder, body, place, trip)
        for slot, source in zip(body.inputs[:states], current, strict=True):
            _alias(builder, index, inner, slot, source)
        for k, slot in enumerate(body.inputs[states:]):
            at = trips - 1 - trip if turned[k] else trip
            _cut(builder, index, (context.inputs[states + k], inner, slot), places[k], at)
        lower(builder, index, body, inner)
        made = [builder.resolve(t, inner) for t in body.outputs]
        current = made[:states]
        for stack, tensor in zip(stacks, made[states:], strict=True):
            stack.append(tensor)
    builder.copies //= max(trips, 1)
    out_axes = _listed(context, "scan_output_axes", len(stacks))
    out_turned = _listed(context, "scan_output_directions", len(stacks))
    for output, made_ in enumerate(context_of(builder, index, place).outputs):
        if made_ < 0:
            continue
        if output < states:
            _choose(builder, index, made_, current[output : output + 1], [])
        else:
            k = output - states
            _stack(builder, index, made_, stacks[k], (out_axes[k], bool(out_turned[k])), [])


def _unrolled(builder: Builder, body: Body, trips: int) -> bool:
    """Whether a loop of so many trips has its body once for each; -1 if the number is not known."""
    operators = builder.copies * trips * max(len(body.operators), 1)
    return 0 <= trips <= MOST_TRIPS or 0 < operators <= MOST_COPIES


def _listed(context: Context, name: str, count: int) -> list[int]:
    values = [int(v) for v in context.attribute(name, ())]
    return (values + [0] * count)[:count]


def context_of(builder: Builder, index: int, place: dict[int, int]) -> Context:
    """The context of a control-flow operator, without work: that is in its bodies."""
    operator = builder.model.operators[index]
    return Context(
        model=builder.model,
        operator=operator,
        inputs=tuple(builder.resolve(t, place) for t in operator.inputs),
        outputs=tuple(builder.resolve(t, place) for t in operator.outputs),
        first_virtual=len(builder.tensors),
    )


def added(builder: Builder, index: int, parts: list[Part]) -> None:
    """Add parts of an operator to the program."""
    builder.add(index, context_of(builder, index, {}), parts)


def new_like(builder: Builder, like: ProgramTensor) -> int:
    """A new tensor of the program that is like another one."""
    builder.tensors.append(like._replace(model=-1, leaf=""))
    return len(builder.tensors) - 1


def fresh(builder: Builder, body: Body, place: dict[int, int], trip: int) -> dict[int, int]:
    """The tensors of one trip: the model's own for the first trip, new ones for any other."""
    inner = dict(place)
    made = list(body.inputs)
    for i in body.operators:
        operator = builder.model.operators[i]
        made += [*operator.outputs, *(t for b in operator.bodies for t in b.inputs)]
    for tensor in made:
        if tensor < 0 or builder.tensors[builder.place[tensor]].folded:
            continue
        own = builder.place[tensor]
        nested = bool(place) or trip > 0
        inner[tensor] = new_like(builder, builder.tensors[own]) if nested else own
    return inner


def _count(builder: Builder, inner: dict[int, int], slot: int, source: int) -> bool:
    """Make an input of a body a number that is known within its trip, if it is fed one."""
    value = builder.value(source) if builder.fold else None
    if value is None or value.dtype.kind not in "biu":
        return False
    inner[slot] = builder.know(builder.place[slot], value)
    return True


def _alias(builder: Builder, index: int, inner: dict[int, int], slot: int, source: int) -> None:
    """Make an input of a body an alias of what it is fed, or a copy if the shapes differ."""
    own = inner.get(slot, builder.place[slot])
    if source < 0:
        builder.tensors[own] = builder.tensors[own]._replace(folded=True)
        return
    target, fed = builder.tensors[own], builder.tensors[source]
    if fed.folded or (fed.shape == target.shape and fed.known == target.known):
        inner[slot] = source
        return
    added(builder, index, [copy_of(builder, own, (source, full(fed.shape)))])


def copy_of(builder: Builder, made: int, *sources: tuple[int, Relation]) -> Part:
    """A part that makes a tensor from boxes of others."""
    tensor = builder.tensors[made]
    return Part(
        shape=tensor.shape,
        rank=len(tensor.shape),
        makes=(made,),
        reads=tuple(Read(tensor=t, relation=r) for t, r in sources),
        itemsize=tensor.itemsize,
    )


def _cut(
    builder: Builder, index: int, fed: tuple[int, dict[int, int], int], axis: int, at: int
) -> None:
    """The slice of a scanned input that one trip reads: (source, tensors of the trip, slot)."""
    source, inner, slot = fed
    made = inner[slot]
    shape = builder.tensors[source].shape
    if builder.tensors[source].folded:
        inner[slot] = new_like(builder, builder.tensors[made]._replace(folded=True))
        return
    rules: list[AxisRule] = [same(d - (d > axis)) for d in range(len(shape))]
    rules[axis] = fixed(at, at + 1)
    known = len(builder.tensors[made].shape) == len(shape) - 1
    relation = per_axis(shape, rules) if known else full(shape)
    added(builder, index, [copy_of(builder, made, (source, relation))])


def _choose(
    builder: Builder, index: int, made: int, sources: list[int], conditions: list[int]
) -> None:
    """The final carried value: from the last trip, or from any if a condition ends the loop."""
    shape = builder.tensors[made].shape
    reads = []
    for source in dict.fromkeys(s for s in sources if s >= 0):
        one = builder.tensors[source].shape
        reads.append((source, identity(one) if one == shape else full(one)))
    reads += [(t, full(builder.tensors[t].shape)) for t in conditions if t not in sources]
    added(builder, index, [copy_of(builder, made, *reads)])


def _stack(
    builder: Builder,
    index: int,
    made: int,
    sources: list[int],
    how: tuple[int, bool],
    conditions: list[int],
) -> None:
    """The outputs of the trips, stacked along a dimension."""
    shape = builder.tensors[made].shape
    axis = how[0] % max(len(shape), 1)
    ends = how[1]
    reads = []
    for trip, source in enumerate(sources):
        one = builder.tensors[source].shape
        at = len(sources) - 1 - trip if ends else trip
        if len(one) != len(shape) - 1 or shape[axis] != len(sources):
            reads.append((source, full(one)))
            continue
        rules = [same(d + (d >= axis)) for d in range(len(one))]
        reads.append((source, _slice(per_axis(one, rules), axis, at)))
    reads += [(t, full(builder.tensors[t].shape)) for t in conditions]
    added(builder, index, [copy_of(builder, made, *reads)])


def _slice(relation: Relation, axis: int, at: int) -> Relation:
    return where(relation, lambda lows, highs: (lows[:, axis] <= at) & (highs[:, axis] > at))


def _steady(builder: Builder, body: Body, place: dict[int, int]) -> bool:
    """Whether a Loop's condition cannot change from trip to trip."""
    makers = {t: i for i in body.operators for t in builder.model.operators[i].outputs}
    tensor = body.outputs[0]
    while tensor in makers:
        value = builder.model.tensors[tensor].value
        if value is not None:
            return bool(value.all())
        operator = builder.model.operators[makers[tensor]]
        if operator.type != "Identity":
            return False
        tensor = operator.inputs[0]
    value = builder.model.tensors[tensor].value
    return tensor == body.inputs[1] or (value is not None and bool(value.all()))


def _once(
    builder: Builder,
    index: int,
    place: dict[int, int],
    lower: LowerBody,
    fed: list[int],
    trips: int,
) -> None:
    """The body once: its inputs read what the loop is fed and what the previous trip made.

    Its vertices do the work of all trips, if their number is known.
    """
    operator = builder.model.operators[index]
    body = operator.bodies[0]
    inner = fresh(builder, body, place, 0)
    loop = operator.type == "Loop"
    sources = [fed[0], *fed[1:]] if loop else fed[2:]
    carried = (
        len(sources) if loop else len(sources) - int(operator.attributes.get("num_scan_inputs", 1))
    )
    back = new_like(builder, ProgramTensor(shape=()))
    start = sorted({t for t in fed if t >= 0 and not builder.tensors[t].folded})
    first = [(t, full(builder.tensors[t].shape)) for t in start]
    added(builder, index, [copy_of(builder, back, *first)])
    for slot, source in zip(body.inputs, sources, strict=True):
        own = inner.get(slot, builder.place[slot])
        if builder.tensors[own].folded:
            continue
        reads: list[tuple[int, Relation]] = [(back, full(()))]
        if source >= 0:
            one = builder.tensors[source].shape
            equal = one == builder.tensors[own].shape
            reads.append((source, identity(one) if equal else full(one)))
        added(builder, index, [copy_of(builder, own, *reads)])
    around = builder.trips
    builder.trips *= max(trips, 1)
    lower(builder, index, body, inner)
    builder.trips = around
    made = [builder.resolve(t, inner) for t in body.outputs]
    end = new_like(builder, ProgramTensor(shape=()))
    alive = [t for t in made[:carried] if t >= 0]
    ends = [(t, full(builder.tensors[t].shape)) for t in dict.fromkeys(alive)]
    added(builder, index, [copy_of(builder, end, *ends)])
    builder.back.append((back, end))
    skip = 1 if loop else 0
    for output, out in enumerate(context_of(builder, index, place).outputs):
        if out < 0:
            continue
        source = made[output + skip]
        one = builder.tensors[source].shape
        shape = builder.tensors[out].shape
        rest: Relation = full(one)
        if one == shape:
            rest = identity(one)
        elif len(shape) == len(one) + 1:
            rest = per_axis(one, [same(d + 1) for d in range(len(one))]) if loop else full(one)
        reads = [(source, rest), (end, full(())), (back, full(()))]
        added(builder, index, [copy_of(builder, out, *dict(reads).items())])

"""Control flow: both branches of an If, and the trips of a Loop or Scan one after another.

Formulas: ONNX operator specification, If, Loop, Scan. A loop whose number of trips is known and
small enough (`MOST_TRIPS`, `MOST_COPIES`) is unrolled; any other has its body once, with a back
edge to its start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context
from gallery.lowering.access.relations import full, identity
from gallery.lowering.operators.bodies import never_run, outside
from gallery.lowering.operators.generation import GENERATORS, lower_generation
from gallery.lowering.operators.loops import context_of, lower_loop, lower_scan
from gallery.lowering.program import Builder
from gallery.model import Body


def lower_bodies(builder: Builder, index: int, place: dict[int, int]) -> None:
    """Add the parts of a control-flow operator and of the operators in its bodies.

    Args:
        builder: The builder of the program.
        index: Index of the operator.
        place: The tensors of the program for tensors of the model that are renamed here.
    """
    operator = builder.model.operators[index]
    context = context_of(builder, index, place)
    outputs = [t for t in context.outputs if t >= 0]
    if outputs and all(builder.tensors[t].folded for t in outputs):
        return
    if operator.type == "If" and not any(body.inputs for body in operator.bodies):
        _lower_if(builder, index, context, place)
    elif operator.type == "Loop" and len(operator.bodies) == 1:
        lower_loop(builder, index, context, place, lower_body)
    elif operator.type == "Scan" and len(operator.bodies) == 1 and operator.version >= 9:
        lower_scan(builder, index, context, place, lower_body)
    elif operator.type in GENERATORS and operator.domain == "com.microsoft":
        lower_generation(builder, index, context, place, lower_body)
    else:
        _lower_any(builder, index, context, place)


def lower_body(builder: Builder, owner: int, body: Body, place: dict[int, int]) -> None:
    """Add the parts of all operators of a body."""
    for index in body.operators:
        operator = builder.model.operators[index]
        if operator.owner != owner:
            continue
        if operator.bodies:
            lower_bodies(builder, index, place)
        else:
            builder.lower(index, place)


def _lower_if(builder: Builder, index: int, context: Context, place: dict[int, int]) -> None:
    """Both branches, or only the one taken if the condition is known; then a choice."""
    operator = builder.model.operators[index]
    condition = context.value(0)
    bodies: Sequence[Body] = operator.bodies
    if condition is not None and condition.size == 1:
        taken = "then_branch" if bool(condition.reshape(())) else "else_branch"
        bodies = [body for body in bodies if body.name == taken] or bodies
        others = [body for body in operator.bodies if body not in bodies]
        never_run(builder, index, others, place)
    for body in bodies:
        lower_body(builder, index, body, place)
    parts = []
    for output, made in enumerate(context.outputs):
        if made < 0:
            continue
        reads = [Read(tensor=context.inputs[0], relation=full(_shape(builder, context.inputs[0])))]
        reads = [replace(reads[0], differentiable=False, saved=True)]
        shape = _shape(builder, made)
        for body in bodies:
            source = builder.resolve(body.outputs[output], place)
            if source < 0:
                continue
            one = _shape(builder, source)
            relation = identity(one) if one == shape else full(one)
            reads.append(Read(tensor=source, relation=relation))
        parts.append(
            Part(
                shape=shape,
                rank=len(shape),
                makes=(made,),
                reads=tuple(reads),
                itemsize=builder.tensors[made].itemsize,
            )
        )
    builder.add(index, context_of(builder, index, place), parts)


def _shape(builder: Builder, tensor: int) -> tuple[int, ...]:
    return builder.tensors[tensor].shape if tensor >= 0 else ()


def _lower_any(builder: Builder, index: int, context: Context, place: dict[int, int]) -> None:
    """A gather vertex that reads all inputs and everything that the bodies read from outside."""
    operator = builder.model.operators[index]
    if operator.type not in ("If", "Loop", "Scan", "SequenceMap"):
        builder.unknown.add(f"{operator.domain or 'ai.onnx'}.{operator.type}")
    used = {t for t in context.inputs if t >= 0} | outside(builder, operator.bodies, place)
    hub = context.virtual(())
    reads = tuple(
        Read(tensor=t, relation=full(_shape(builder, t)), saved=True) for t in sorted(used)
    )
    parts = [Part(shape=(), rank=0, makes=(hub,), reads=reads)]
    for made in context.outputs:
        if made >= 0:
            shape = _shape(builder, made)
            read_hub = (Read(tensor=hub, relation=full(())),)
            size = builder.tensors[made].itemsize
            parts.append(
                Part(shape=shape, rank=len(shape), makes=(made,), reads=read_hub, itemsize=size)
            )
    builder.add(index, context, parts)

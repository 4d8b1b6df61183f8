"""Types that cross the boundary of a control-flow body, inwards and outwards.

Rules of If, Loop, Scan and SequenceMap: https://onnx.ai/onnx/operators/. A body is typed as in its
first trip.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt
import onnx

from gallery.loading.flat import BodyEntry, Flat, FlatNode
from gallery.loading.types import common, dims_of, element_of, merged, tensor_type
from gallery.loading.values import text_of
from gallery.model import Shape

_INT64, _BOOL = onnx.TensorProto.INT64, onnx.TensorProto.BOOL
_LONGEST = 2**31
_SCAN_WITHOUT_BATCH = 9


def enter_body(flat: Flat, entry: BodyEntry) -> None:
    """Give the inputs of a body the types of the tensors that its owner feeds it."""
    kinds = [flat.values[index].kind if index >= 0 else None for index in entry.fed]
    if entry.owner.op_type == "Loop":
        fed = [tensor_type(_INT64, ()), tensor_type(_BOOL, ()), *kinds[2:]]
    elif entry.owner.op_type == "Scan" and entry.version < _SCAN_WITHOUT_BATCH:
        states = len(kinds) - _scanned(entry.attributes)
        fed = [_shorter(kind, 0) for kind in kinds[1:]]
        fed[states - 1 :] = [_shorter(kind, 0) for kind in fed[states - 1 :]]
    elif entry.owner.op_type == "Scan":
        fed = _scan_entry(kinds, entry)
    elif entry.owner.op_type == "SequenceMap":
        fed = [_item(kind) for kind in kinds]
    else:
        fed = []
    for slot, index in enumerate(entry.inputs):
        value = flat.values[index]
        value.kind = merged(fed[slot] if slot < len(fed) else None, value.declared)


def owner_types(flat: Flat, step: FlatNode) -> dict[int, onnx.TypeProto]:
    """Types of the outputs of a control-flow operator whose bodies are typed, by position."""
    bodies = [[_kind(flat, index) for index in body.outputs] for body in step.bodies]
    if step.type == "If":
        found = _if_types(flat, step, bodies)
    elif step.type == "Loop":
        made = bodies[0][1:]
        carried = len(step.inputs) - 2
        never = idle(flat, step, "body")
        count = 0 if never else trips(flat, step)
        fed = [_kind(flat, index) for index in step.inputs[2:]]
        found = [
            (fed[slot] if never else common(fed[slot], kind))
            if slot < carried
            else _longer(kind, (count,), 0)
            for slot, kind in enumerate(made)
        ]
    elif step.type == "Scan":
        found = _scan_types(flat, step, bodies[0])
    elif step.type == "SequenceMap":
        found = [_sequence(kind) for kind in bodies[0]]
    else:
        found = []
    return {slot: kind for slot, kind in enumerate(found) if kind is not None}


def owner_values(flat: Flat, step: FlatNode) -> None:
    """Give the outputs of an If the values of its branch, if it is known which one is taken."""
    taken = _taken(flat, step)
    body = next((body for body in step.bodies if body.name == taken), None)
    if step.type == "If" and body is not None:
        for index, made in zip(step.outputs, body.outputs, strict=False):
            if index >= 0 and made >= 0:
                flat.values[index].value = flat.values[made].value


def idle(flat: Flat, step: FlatNode, body: str) -> bool:
    """Whether a body of a control-flow operator is known not to run."""
    if step.type == "If":
        return _taken(flat, step) not in ("", body)
    if step.type != "Loop":
        return False
    begins = _value(flat, step.inputs[1]) if len(step.inputs) > 1 else None
    never = begins is not None and begins.size == 1 and not begins.reshape(())
    return never or trips(flat, step) == 0


def trips(flat: Flat, step: FlatNode) -> int | None:
    """The most trips of a Loop, by its limit and by its condition, or None if not known."""
    counted = step.bodies[0].trips
    value = _value(flat, step.inputs[0]) if step.inputs else None
    if value is None or value.size != 1 or not 0 <= int(value.reshape(())) < _LONGEST:
        return counted
    limit = int(value.reshape(()))
    return limit if counted is None else min(limit, counted)


def trips_note(flat: Flat, step: FlatNode) -> str:
    """A note on a Loop whose number of trips is not known, or ""."""
    if step.type != "Loop" or not step.inputs or trips(flat, step) is not None:
        return ""
    return f"the number of trips of the loop {text_of(step.node.name) or 'Loop'!r} is not known"


def _if_types(
    flat: Flat, step: FlatNode, bodies: list[list[onnx.TypeProto | None]]
) -> list[onnx.TypeProto | None]:
    by_name = {body.name: made for body, made in zip(step.bodies, bodies, strict=True)}
    taken = _taken(flat, step)
    if taken:
        return by_name.get(taken, [])
    then, other = by_name.get("then_branch", []), by_name.get("else_branch", [])
    return [common(one, two) for one, two in zip(then, other, strict=False)]


def _taken(flat: Flat, step: FlatNode) -> str:
    """Name of the branch that an If is known to take, or ""."""
    condition = flat.values[step.inputs[0]].value if step.inputs and step.inputs[0] >= 0 else None
    if condition is None or condition.size != 1:
        return ""
    return "then_branch" if bool(condition.reshape(())) else "else_branch"


def _scan_entry(
    kinds: list[onnx.TypeProto | None], entry: BodyEntry
) -> list[onnx.TypeProto | None]:
    scanned = _scanned(entry.attributes)
    axes = _axes(entry.attributes, "scan_input_axes", scanned)
    states = len(kinds) - scanned
    return [
        kind if slot < states else _shorter(kind, axes[slot - states])
        for slot, kind in enumerate(kinds)
    ]


def _scan_types(
    flat: Flat, step: FlatNode, made: list[onnx.TypeProto | None]
) -> list[onnx.TypeProto | None]:
    scanned = _scanned(step.attributes)
    states = max(len(step.inputs) - scanned, 0)
    if step.version < _SCAN_WITHOUT_BATCH:
        batched = dims_of(_kind(flat, step.inputs[-1])) or () if step.inputs else ()
        batch, length = (*batched[:2], None, None)[:2]
        return [
            _longer(kind, (batch,) if slot < states - 1 else (batch, length), 0)
            for slot, kind in enumerate(made)
        ]
    axis = _axes(step.attributes, "scan_input_axes", scanned)[0] if scanned else 0
    shape = dims_of(_kind(flat, step.inputs[states])) if states < len(step.inputs) else None
    length = shape[axis] if shape is not None and -len(shape) <= axis < len(shape) else None
    axes = _axes(step.attributes, "scan_output_axes", max(len(made) - states, 0))
    return [
        kind if slot < states else _longer(kind, (length,), axes[slot - states])
        for slot, kind in enumerate(made)
    ]


def _scanned(attributes: Mapping[str, Any]) -> int:
    given = attributes.get("num_scan_inputs", 1)
    return given if isinstance(given, int) and given > 0 else 1


def _axes(attributes: Mapping[str, Any], name: str, count: int) -> list[int]:
    given = attributes.get(name)
    axes = list(given) if isinstance(given, tuple) else []
    return (axes + [0] * count)[: max(count, 0)]


def _value(flat: Flat, index: int) -> npt.NDArray[Any] | None:
    return flat.values[index].value if index >= 0 else None


def _kind(flat: Flat, index: int) -> onnx.TypeProto | None:
    return flat.values[index].kind if index >= 0 else None


def _item(kind: onnx.TypeProto | None) -> onnx.TypeProto | None:
    """The type of an item of a sequence; a tensor is the same for all items."""
    return kind.sequence_type.elem_type if kind and kind.HasField("sequence_type") else kind


def _sequence(item: onnx.TypeProto | None) -> onnx.TypeProto | None:
    """The type of a sequence of such items."""
    if item is None:
        return None
    made = onnx.TypeProto()
    made.sequence_type.elem_type.CopyFrom(item)
    return made


def _longer(
    kind: onnx.TypeProto | None, added: tuple[Any, ...], axis: int
) -> onnx.TypeProto | None:
    shape = dims_of(kind)
    if kind is None or shape is None:
        return kind and tensor_type(element_of(kind), None)
    at = axis + len(shape) + 1 if axis < 0 else axis
    return tensor_type(element_of(kind), (*shape[:at], *added, *shape[at:]))


def _shorter(kind: onnx.TypeProto | None, axis: int) -> onnx.TypeProto | None:
    shape: Shape = dims_of(kind)
    if kind is None or shape is None or not -len(shape) <= axis < len(shape):
        return kind and tensor_type(element_of(kind), None)
    at = axis % len(shape)
    return tensor_type(element_of(kind), (*shape[:at], *shape[at + 1 :]))

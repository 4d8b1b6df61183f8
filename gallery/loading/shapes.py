"""Infers the type of every tensor, and the value of small ones, in one pass over the operators.

ONNX's own inference runs operator by operator. The values that it needs (the shape input of a
Reshape, the limits of a Slice) are computed by ONNX's reference evaluator when all inputs of an
operator are small and known; so shapes that a model computes from other shapes are found too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper, shape_inference

from gallery.loading.contrib_types import rule_types
from gallery.loading.control import enter_body, idle, owner_types, owner_values, trips_note
from gallery.loading.counted_trips import counted_trips
from gallery.loading.early_opsets import later_node, legacy_type
from gallery.loading.evaluation import EVALUATED, run_node
from gallery.loading.flat import Flat, FlatNode, Value
from gallery.loading.loop_growth import grown, grows
from gallery.loading.partial_values import Partial, moved, sized_by, sizes_of
from gallery.loading.runtime_sizes import runtime_types
from gallery.loading.sizes.misfits import Misfit, misfit
from gallery.loading.sizes.symbols import Binding, resolve, sized
from gallery.loading.types import dims_of, merged
from gallery.loading.wire import SMALL
from gallery.model import Unread, freeze

_FED = 1024
_MOST_REPEATED = 50_000
"""How many operators may be typed again, at most, to follow the loops of a model."""

_MOST_COMPUTED = 20_000
"""How many operators may be computed, at most, to count the trips of the loops of a model."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Inference:
    """What is known so far.

    Attributes:
        misfits: Operators whose sizes contradict each other or whose types ONNX could not infer.
        warnings: Notes on loops, for `Model.warnings`.
        data: Values as messages.
        parts: What is known of values that are not known as a whole.
        repeated: How many operators were typed again.
        computed: How many operators were computed to count trips.
    """

    flat: Flat
    bound: Mapping[str, int]
    ir_version: int
    opsets: list[onnx.OperatorSetIdProto]
    misfits: list[Misfit] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    data: dict[int, tuple[npt.NDArray[Any], onnx.TensorProto]] = field(default_factory=dict)
    parts: dict[int, Partial] = field(default_factory=dict)
    repeated: int = 0
    computed: int = 0


def infer(flat: Flat, model: onnx.ModelProto, binding: Binding) -> Inference:
    """Set `kind` and `value` of every tensor as far as they can be inferred."""
    state = Inference(flat, binding.sizes, model.ir_version or 1, list(model.opset_import))
    for index in flat.inputs:
        value = flat.values[index]
        if value.declared is not None:
            value.kind = value.declared = sized(value.declared, value.name, binding)
    for value in flat.values:
        if value.declared is not None:
            value.declared = resolve(value.declared, binding.sizes)
        if value.kind is not None:
            value.kind = resolve(value.kind, binding.sizes)
    for position in range(len(flat.steps) + 1):
        for entry in flat.entries.get(position, ()):
            enter_body(flat, entry)
        if position < len(flat.steps):
            _count_trips(state, flat.steps[position])
            _visit(state, position)
    return state


def _count_trips(state: Inference, step: FlatNode) -> None:
    """Note at the body of a Loop how often it runs, or in the warnings that this is not known."""
    if step.type != "Loop" or step.domain or not step.bodies:
        return

    def run(one: FlatNode, fed: Mapping[str, Any]) -> list[Any]:
        if state.computed == _MOST_COMPUTED:
            raise RuntimeError("too many operators were computed to count trips")
        state.computed += 1
        return _results(one, fed)

    (body, *rest) = step.bodies
    step.bodies = (replace(body, trips=counted_trips(state.flat, step, run)), *rest)
    note = trips_note(state.flat, step)
    state.warnings += [note] if note else []


def _visit(state: Inference, position: int) -> None:
    step, values = state.flat.steps[position], state.flat.values
    owner = bool(step.bodies) and not step.domain
    found, error = (owner_types(state.flat, step), "") if owner else _infer(state, step)
    if owner:
        state.misfits = _reached(state, step)
        if grows(state.flat, step):
            found |= grown(state.flat, step, lambda: _again(state, step), state.warnings)
    else:
        wrong = misfit(step, position, values, found, error)
        state.misfits += [wrong] if wrong else []
    for slot, index in enumerate(step.outputs):
        if index >= 0:
            value = values[index]
            value.kind = merged(found.get(slot), value.declared)
    if step.bodies:
        owner_values(state.flat, step)
    _evaluate(state, step)


def _again(state: Inference, loop: FlatNode) -> bool:
    """Type the operators of a loop's body once more, unless there were too many of them."""
    (body, *_), misfits = loop.bodies, [*state.misfits]
    state.repeated += len(body.operators)
    if state.repeated > _MOST_REPEATED:
        return False
    for position in body.operators:
        entries = state.flat.entries.get(position, [])
        if position == body.operators.start:
            own = next(at for at, entry in enumerate(entries) if entry.inputs == body.inputs)
            entries = entries[own + 1 :]
        for entry in entries:
            enter_body(state.flat, entry)
        _visit(state, position)
    state.misfits = misfits
    return True


def _reached(state: Inference, step: FlatNode) -> list[Misfit]:
    """The misfits without those in bodies that do not run; some branch of an If may not either."""
    bodies = [body for body in step.bodies if not idle(state.flat, step, body.name)]
    idle_at = {i for body in step.bodies if body not in bodies for i in body.operators}
    kept = [one for one in state.misfits if one.position not in idle_at]
    wrong = [any(m.position in body.operators for m in kept) for body in bodies]
    if step.type != "If" or all(wrong):
        return kept
    inner = {i for body in bodies for i in body.operators}
    return [replace(m, avoidable=True) if m.position in inner else m for m in kept]


def _infer(state: Inference, step: FlatNode) -> tuple[dict[int, onnx.TypeProto], str]:
    """Types of the outputs, by position, and the message of ONNX's inference if it failed."""
    known = rule_types(step, state.flat.values)
    if known is not None:
        return known, ""
    try:
        schema = onnx.defs.get_schema(step.type, step.version, step.domain)
    except onnx.defs.SchemaError:
        return {}, ""
    values = state.flat.values
    kinds, data = {}, {}
    for index in step.inputs:
        if index >= 0:
            kinds[str(index)] = values[index].kind or onnx.TypeProto()
            fed = _data(state, index)
            if fed is not None:
                data[str(index)] = fed
    node = plain_node(step)
    if not schema.has_type_and_shape_inference_function and not step.domain:
        later = later_node(step, node)
        if later is None:
            first = values[step.inputs[0]].kind if step.inputs and step.inputs[0] >= 0 else None
            return legacy_type(step, first), ""
        schema, node = later

    def inferred(fed: dict[str, onnx.TypeProto]) -> dict[str, onnx.TypeProto]:
        return shape_inference.infer_node_outputs(
            schema, node, fed, data, None, state.opsets, state.ir_version
        )

    try:
        try:
            types = inferred(kinds)
        except Exception as error:
            if "unsupported type" not in str(error) or not any(map(_is_bfloat16, kinds.values())):
                raise
            types = _as_bfloat16(schema, node, kinds, inferred)
    except Exception as error:
        # It raises errors of its own, of its checker and of the C++ library, without a common base.
        # It may miss what the reader left in the file: this says nothing about the model.
        if any(isinstance(value, Unread) for value in step.attributes.values()):
            return {}, ""
        return {}, str(error).strip() or type(error).__name__
    slots = {str(index): slot for slot, index in enumerate(step.outputs) if index >= 0}
    found = {slots[name]: kind for name, kind in types.items() if name in slots}
    found = runtime_types(step, values, found)
    parts = [state.parts.get(index) for index in step.inputs]
    return sized_by(step.type, found, parts) if any(parts) and not step.domain else found, ""


def _is_bfloat16(kind: onnx.TypeProto) -> bool:
    return kind.tensor_type.elem_type == onnx.TensorProto.BFLOAT16


def _as_bfloat16(
    schema: onnx.defs.OpSchema,
    node: onnx.NodeProto,
    kinds: Mapping[str, onnx.TypeProto],
    inferred: Callable[[dict[str, onnx.TypeProto]], dict[str, onnx.TypeProto]],
) -> dict[str, onnx.TypeProto]:
    """Types of the outputs of an operator whose version does not have bfloat16.

    PyTorch's exporter writes such operators. They are typed as if they computed with 32-bit floats.
    """
    formal = schema.inputs
    own = {
        formal[min(slot, len(formal) - 1)].type_str
        for slot, name in enumerate(node.input)
        if name and _is_bfloat16(kinds[name])
    }
    wide: dict[str, onnx.TypeProto] = {}
    for name, kind in kinds.items():
        wide[name] = onnx.TypeProto()
        wide[name].CopyFrom(kind)
        if _is_bfloat16(kind):
            wide[name].tensor_type.elem_type = onnx.TensorProto.FLOAT
    types = inferred(wide)
    made = schema.outputs
    for slot, name in enumerate(node.output):
        if name in types and made[min(slot, len(made) - 1)].type_str in own:
            types[name].tensor_type.elem_type = onnx.TensorProto.BFLOAT16
    return types


def plain_node(step: FlatNode) -> onnx.NodeProto:
    """The operator as a node whose inputs and outputs are named by their indices."""
    node = onnx.NodeProto(op_type=step.type, domain=step.domain)
    node.input.extend(str(index) if index >= 0 else "" for index in step.inputs)
    node.output.extend(str(index) if index >= 0 else "" for index in step.outputs)
    node.attribute.extend(step.plain)
    return node


def _data(state: Inference, index: int) -> onnx.TensorProto | None:
    value = state.flat.values[index].value
    if value is None or value.size > _FED:
        return None
    held = state.data.get(index)
    if held is None or held[0] is not value:  # within a loop that is followed, values change
        held = state.data[index] = value, numpy_helper.from_array(value)
    return held[1]


def _evaluate(state: Inference, step: FlatNode) -> None:
    values = state.flat.values
    for index in step.outputs:
        state.parts.pop(index, None)
    if step.domain or not step.outputs or step.outputs[0] < 0:
        return
    first = values[step.outputs[0]]
    if step.type in ("Shape", "Size"):
        first.value = _shape_value(step, values[step.inputs[0]]) if step.inputs else None
        if first.value is None and step.inputs and step.type == "Shape":
            _keep(state, step, sizes_of(dims_of(values[step.inputs[0]].kind), *_limits(step)))
        return
    if step.type not in EVALUATED or first.value is not None:
        return
    fed = {str(index): values[index].value for index in step.inputs if index >= 0}
    if not all(_small(values[index]) for index in step.outputs if index >= 0):
        return
    if any(value is None for value in fed.values()):
        _evaluate_partly(state, step)
        return
    try:
        results = _results(step, fed)
    except Exception:
        # It raises whatever numpy raises; the value then stays unknown, which does no harm.
        logger.debug("%s is not evaluated", step.name, exc_info=True)
        return
    for index, result in zip([i for i in step.outputs if i >= 0], results, strict=False):
        if isinstance(result, np.ndarray | np.generic) and np.size(result) * 16 <= 4 * SMALL:
            values[index].value = freeze(np.array(result))


def _evaluate_partly(state: Inference, step: FlatNode) -> None:
    """Find what is known of the value of an operator whose inputs are known in part."""
    values = state.flat.values
    fed = [
        None if index < 0 else state.parts.get(index, values[index].value) for index in step.inputs
    ]
    if any(one is None and index >= 0 for one, index in zip(fed, step.inputs, strict=True)):
        return

    def run(given: Sequence[npt.NDArray[Any] | None]) -> npt.NDArray[Any]:
        pairs = zip(step.inputs, given, strict=True)
        return np.asarray(_results(step, {str(i): one for i, one in pairs if one is not None})[0])

    try:
        _keep(state, step, moved(step.type, fed, run))
    except Exception:
        # It raises whatever numpy raises; the value then stays unknown, which does no harm.
        logger.debug("%s is not evaluated", step.name, exc_info=True)


def _keep(state: Inference, step: FlatNode, part: Partial | None) -> None:
    """Keep what is known of an operator's first output, which may be all."""
    if part is None or not part.known.any():
        return
    first = state.flat.values[step.outputs[0]]
    if part.known.all():
        first.value = freeze(part.values)
    else:
        state.parts[step.outputs[0]] = part


def _results(step: FlatNode, fed: Mapping[str, Any]) -> list[Any]:
    """The values of the outputs by the rules of the step's own version."""
    node = plain_node(step)
    later = later_node(step, node) if step.version == 1 else None
    return run_node(*((later[1], later[0].since_version) if later else (node, step.version)), fed)


def _small(value: Value) -> bool:
    sizes = dims_of(value.kind)
    if sizes is None or not all(isinstance(size, int) for size in sizes):
        return False
    count = 1
    for size in sizes:
        count *= int(size or 0)
    return count <= SMALL // 4


def _shape_value(step: FlatNode, value: Value) -> np.ndarray | None:
    sizes = dims_of(value.kind)
    if sizes is None or not all(isinstance(size, int) for size in sizes):
        return None
    known = np.array(sizes, np.int64)
    if step.type == "Size":
        return freeze(np.array(known.prod(dtype=np.int64)))
    start, end = _limits(step)
    return freeze(known[start:end].copy())


def _limits(step: FlatNode) -> tuple[int, int | None]:
    """The part of a shape that an operator of type Shape gives."""
    return step.attributes.get("start", 0), step.attributes.get("end")

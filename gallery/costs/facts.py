"""Facts about a model: what it contains, and what it costs by formula from its shapes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

from gallery.costs import Cost, cost
from gallery.costs.learned import (
    attribute_dtype,
    attribute_parameters,
    forest_counts,
    table_entries,
)
from gallery.costs.parameters import parameters
from gallery.costs.precision import macs_by_dtype
from gallery.costs.sequential import sequential_memory
from gallery.costs.trips import trip_count
from gallery.model import WHOLE, Model, Operator, dtype_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorFact:
    """An input or output of the model."""

    name: str
    dtype: str
    shape: tuple[int | str | None, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerFact:
    """A layer of the layer tree; all counts include the layers below it.

    Attributes:
        name: Its own part of the path.
        path: The names from the root to it, joined by "/".
        depth: Its depth in the tree; 0 for the whole model.
        type: Class of the module, or "".
        operators: Number of operators.
        parameters: Number of parameters that are first read in it.
        flops: Floating-point operations of the operators whose cost is known.
    """

    name: str
    path: str
    depth: int
    type: str
    operators: int
    parameters: int
    flops: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a model declares about itself and what follows from its shapes.

    Unknown counts are None, never 0.

    Attributes:
        name: Name of the model.
        digest: As `gallery.model.Model.digest`.
        file_bytes: Size of the ONNX file.
        parameters: Number of parameters (see `parameters` and `attribute_parameters`), each
            counted once.
        parameter_bytes: Bytes of the initializers, other parameters and those in attributes, by
            dtype.
        macs: Multiply-accumulates of one forward pass; None if none are known and some operators
            cannot be counted.
        macs_by_dtype: The same by element type, see `gallery.costs.precision`.
        flops: Floating-point operations of one forward pass; None in the same case.
        uncounted: Number of operators whose cost is not known, by type.
        cost_by_type: FLOPs by operator type, largest first.
        activations: Elements of all tensors that operators make; None if a shape is unknown.
        peak_bytes: Most bytes of such tensors at a time, where operators run one after another and
            tensors are freed after their last reader; None if a shape is unknown.
        peak_operator: Name of the operator that runs then, or "".
        peak_sample_bytes: What a further sample adds to the peak, in bytes; None if unknown.
        operators: Number of operators, including those of bodies.
        histogram: Number of operators by type, most frequent first.
        layers: The layer tree, parents first.
        layers_found: Whether the layers were found from structure, see `gallery.model.Model`.
        depth: Number of operators on the longest path.
        forest: Of all ensembles of trees together: number of "ensembles", "trees", "nodes" and
            "leaves", and the "depth" of the deepest tree; what cannot be read is left out.
        tables: Number of words, keys and categories that operators map by, by operator type.
        ir_version: Version of the file format.
        opsets: Version of each operator set by domain ("ai.onnx" for ONNX's own).
        producer: Name and version of the program that wrote the file, or "".
        inputs: The inputs, in file order.
        outputs: The outputs, in file order.
        bindings: Size of each bound symbolic dimension, by name.
        assumed: Those names in `bindings` whose size nobody chose.
        metadata: The file's own metadata.
        warnings: Notes on what is unknown, assumed or left out.
    """

    name: str
    digest: str
    file_bytes: int
    parameters: int
    parameter_bytes: dict[str, int]
    macs: int | None
    flops: int | None
    uncounted: dict[str, int]
    cost_by_type: dict[str, int]
    activations: int | None
    operators: int
    histogram: dict[str, int]
    layers: tuple[LayerFact, ...]
    depth: int
    ir_version: int
    opsets: dict[str, int]
    producer: str
    inputs: tuple[TensorFact, ...]
    outputs: tuple[TensorFact, ...]
    peak_bytes: int | None = None
    peak_operator: str = ""
    peak_sample_bytes: int | None = None
    macs_by_dtype: dict[str, int] = field(default_factory=dict)
    forest: dict[str, int] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    bindings: dict[str, int] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    layers_found: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def digest_is_whole(self) -> bool:
        """Whether the digest is that of the file with its weights, as `sha256sum` prints it."""
        return self.file_bytes <= WHOLE


def facts(model: Model, file_bytes: int) -> Facts:
    """All facts of a model.

    Work in a loop counts once per trip if the number of trips is known, else once. Of the branches
    of an If, only one counts: the one known to be taken, else the one with more work. The operator
    counts include all branches.
    """
    costs = [cost(model, operator) for operator in model.operators]
    weights = trips(model, costs)
    macs = sum(w * c.macs for w, c in zip(weights, costs, strict=True) if c)
    flops = [w * c.flops if c else 0 for w, c in zip(weights, costs, strict=True)]
    missing = [o for o, c in zip(model.operators, costs, strict=True) if c is None]
    memory = sequential_memory(model)
    made = [model.tensors[i].elements for o in model.operators for i in o.outputs if i >= 0]
    return Facts(
        name=model.name,
        digest=model.digest,
        file_bytes=file_bytes,
        parameters=sum(parameters(model).values())
        + sum(attribute_parameters(operator) for operator in model.operators),
        parameter_bytes=_parameter_bytes(model),
        # Nothing but free operators beside some that cannot be counted says nothing about the sum.
        macs=macs if macs or not missing else None,
        flops=sum(flops) if any(flops) or not missing else None,
        uncounted=_ranked(Counter(label(operator) for operator in missing)),
        cost_by_type=_by_type(model, flops),
        activations=None if None in made else sum(size or 0 for size in made),
        peak_bytes=memory.peak if memory else None,
        peak_operator=model.operators[memory.operator].name if memory and memory.peak else "",
        peak_sample_bytes=memory.sample if memory else None,
        operators=len(model.operators),
        histogram=_ranked(Counter(label(operator) for operator in model.operators)),
        layers=_layers(model, flops),
        layers_found=model.layers_found,
        depth=_depth(model),
        ir_version=model.ir_version,
        opsets={domain or "ai.onnx": version for domain, version in sorted(model.opsets.items())},
        producer=model.producer,
        inputs=tuple(_tensor_fact(model, index) for index in model.inputs),
        outputs=tuple(_tensor_fact(model, index) for index in model.outputs),
        macs_by_dtype=macs_by_dtype(model, costs, weights),
        forest=forest_counts(model),
        tables=table_entries(model),
        bindings=dict(model.bindings),
        assumed=model.assumed,
        metadata=dict(model.metadata),
        warnings=model.warnings,
    )


def label(operator: Operator) -> str:
    """Type of an operator, prefixed with its domain unless that is ONNX's own.

    >>> label(Operator(name="", type="Gelu", domain="com.microsoft", inputs=(), outputs=()))
    'com.microsoft.Gelu'
    """
    return f"{operator.domain}.{operator.type}" if operator.domain else operator.type


def trips(model: Model, costs: Sequence[Cost | None]) -> list[int]:
    """How often the work of each operator counts: once per trip, and 0 in a branch not taken.

    Args:
        model: The model.
        costs: Costs of its operators.
    """
    weights = [1] * len(model.operators)
    for operator in model.operators:  # inner owners come before outer ones
        if operator.type == "If" and operator.bodies:
            taken = _branch(model, operator, weights, costs)
            for index, body in enumerate(operator.bodies):
                if index != taken:
                    weights[body.operators.start : body.operators.stop] = [0] * len(body.operators)
        elif operator.bodies:
            count = trip_count(model, operator)
            for body in operator.bodies:
                for index in body.operators:
                    weights[index] *= 1 if count is None else count
    return weights


def _branch(
    model: Model, operator: Operator, weights: Sequence[int], costs: Sequence[Cost | None]
) -> int:
    """Position of the branch of an If that counts."""
    condition = model.tensors[operator.inputs[0]].value if _fed(operator, 0) else None
    if condition is not None and condition.size == 1:
        name = "then_branch" if bool(condition.reshape(())) else "else_branch"
        return next((i for i, body in enumerate(operator.bodies) if body.name == name), 0)
    work = []
    for body in operator.bodies:
        counted = ((weights[i], costs[i]) for i in body.operators)
        work.append(sum(weight * done.flops for weight, done in counted if done))
    return work.index(max(work))


def _fed(operator: Operator, slot: int) -> bool:
    return 0 <= slot < len(operator.inputs) and operator.inputs[slot] >= 0


def _by_type(model: Model, flops: Sequence[int]) -> dict[str, int]:
    work: Counter[str] = Counter()
    for operator, done in zip(model.operators, flops, strict=True):
        if done:
            work[label(operator)] += done
    return _ranked(work)


def _parameter_bytes(model: Model) -> dict[str, int]:
    held: Counter[str] = Counter()
    counted = parameters(model)
    for index, tensor in enumerate(model.tensors):
        if tensor.is_parameter or index in counted:
            # Elements of less than a byte are packed; the last byte of a tensor may not be full.
            held[tensor.dtype or "unknown"] += ceil(
                (tensor.elements or 0) * dtype_bytes(tensor.dtype)
            )
    for operator in model.operators:
        if count := attribute_parameters(operator):
            dtype = attribute_dtype(model, operator)
            held[dtype] += round(count * dtype_bytes(dtype))
    return _ranked(held)


def _layers(model: Model, flops: Sequence[int]) -> tuple[LayerFact, ...]:
    operators, work = [0] * len(model.layers), [0] * len(model.layers)
    held = [0] * len(model.layers)
    left = parameters(model)
    for operator, done in zip(model.operators, flops, strict=True):
        operators[operator.layer] += 1
        work[operator.layer] += done
        for index in (*operator.inputs, *operator.outputs):
            held[operator.layer] += left.pop(index, 0)
        held[operator.layer] += attribute_parameters(operator)
    depths = [0] * len(model.layers)
    for index, layer in enumerate(model.layers[1:], 1):
        depths[index] = depths[layer.parent] + 1
    for index in range(len(model.layers) - 1, 0, -1):
        parent = model.layers[index].parent
        for column in (operators, work, held):
            column[parent] += column[index]
    return tuple(
        LayerFact(
            name=layer.name,
            path=layer.path,
            depth=depths[index],
            type=layer.type,
            operators=operators[index],
            parameters=held[index],
            flops=work[index],
        )
        for index, layer in enumerate(model.layers)
    )


def _depth(model: Model) -> int:
    """Operators on the longest path; a body lies on the path through its owner."""
    reached: dict[int, int] = {}
    deepest = 0
    for operator in model.operators:
        fed = (*operator.inputs, *(index for body in operator.bodies for index in body.outputs))
        depth = 1 + max((reached.get(index, 0) for index in fed), default=0)
        reached.update((index, depth) for index in operator.outputs if index >= 0)
        deepest = max(deepest, depth)
    return deepest


def _tensor_fact(model: Model, index: int) -> TensorFact:
    tensor = model.tensors[index]
    return TensorFact(name=tensor.name, dtype=tensor.dtype, shape=tensor.shape)


def _ranked(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

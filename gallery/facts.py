"""What a model holds and what it costs, by formula from its shapes."""

from __future__ import annotations

from dataclasses import dataclass, field

from gallery.model import Model, Operator


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Work of one operator.

    Attributes:
        macs: Multiply-accumulate operations, 0 where the operator has none.
        flops: Floating-point operations; a multiply-accumulate counts 2.
    """

    macs: int
    flops: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorFact:
    """An input or output as the model declares it."""

    name: str
    dtype: str
    shape: tuple[int | str | None, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerFact:
    """A row of the layer tree; sums include the layers below.

    Attributes:
        name: Its own part of the name.
        path: From the top, joined by "/".
        depth: 0 for the whole model.
        type: Class of the module, or "".
        operators: Number of operators.
        parameters: Number of parameters first read in it.
        flops: Floating-point operations, of operators whose cost is known.
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
    """What a model says of itself and what follows from its shapes.

    Counts that cannot be known are None, never 0.

    Attributes:
        name: Of the model.
        digest: SHA-256 of what was read of the file.
        file_bytes: Size of the ONNX file.
        parameters: Elements of all floating-point initializers (buffers included), each once.
        parameter_bytes: Bytes of the initializers by dtype.
        macs: Multiply-accumulates of one forward pass; None where no operator's cost is known.
        flops: Floating-point operations of one forward pass.
        uncounted: Operators whose cost is not known, by type.
        cost_by_type: FLOPs by operator type, largest first.
        activations: Elements of all tensors that operators make; None where a shape is missing.
        operators: Number of operators, those of bodies too.
        histogram: Number of operators by type, most frequent first.
        layers: The layer tree, parents first.
        depth: Operators on the longest path.
        ir_version: Of the file format.
        opsets: By domain ("ai.onnx" for ONNX's own).
        producer: Name and version, or "".
        inputs: In the order of the file.
        outputs: In the order of the file.
        bindings: Size of each symbolic dimension that was bound, by name.
        metadata: What the file says of itself.
        warnings: What could not be known.
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
    bindings: dict[str, int] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def cost(model: Model, operator: Operator) -> Cost | None:
    """Work of one operator from the shapes of its tensors, or None where it is not known."""
    raise NotImplementedError


def facts(model: Model, file_bytes: int) -> Facts:
    """All facts of a model."""
    raise NotImplementedError

"""Computes small values by ONNX's reference evaluator, by the rules of each operator's version."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from gallery.loading.wire import SMALL
from gallery.model import Operator, freeze

Array = npt.NDArray[Any]

# fmt: off
EVALUATED = frozenset(
    (
        "Abs", "Add", "And", "Cast", "CastLike", "Ceil", "Clip", "Concat", "ConstantOfShape",
        "CumSum", "Div", "Equal", "Expand", "Flatten", "Floor", "Gather", "GatherElements",
        "GatherND", "Greater", "GreaterOrEqual", "Identity", "Less", "LessOrEqual", "Max", "Min",
        "Mod", "Mul", "Neg", "Not", "OneHot", "Or", "Pad", "Pow", "Range", "Reciprocal",
        "ReduceMax", "ReduceMin", "ReduceProd", "ReduceSum", "Reshape", "Round",
        "ScatterElements", "ScatterND", "Sign", "Slice", "Split", "Sqrt", "Squeeze", "Sub", "Tile",
        "TopK", "Transpose", "Unsqueeze", "Where", "Xor",
    )
)
# fmt: on
"""Types whose values are worth knowing before the model runs: they make shapes and indices."""

_NUMPY_BROADCASTS = 7
"""The first opset in which operands are broadcast as NumPy does."""

_FIRST_CLIP = 6
"""The first version of Clip that the evaluator has; nothing that matters here was new in it."""

logger = logging.getLogger(__name__)


def run_node(node: onnx.NodeProto, version: int, fed: Mapping[str, Any]) -> list[Any]:
    """The values of a node's outputs; raises whatever the evaluator does.

    Args:
        node: The node.
        version: Of its operator set.
        fed: Values of its inputs by name.
    """
    from onnx.reference import ReferenceEvaluator  # noqa: PLC0415 - it takes a while

    given = {one.name: one.i for one in node.attribute}
    if version < _NUMPY_BROADCASTS and given.get("broadcast") and "axis" in given:
        raise ValueError("the evaluator ignores the axis along which an operand is broadcast")
    version = max(version, _FIRST_CLIP) if node.op_type == "Clip" else version
    # A graph, because for a node alone the evaluator takes the newest version.
    graph = onnx.GraphProto(name="step", node=[node])
    graph.input.extend(onnx.ValueInfoProto(name=name) for name in fed)
    graph.output.extend(onnx.ValueInfoProto(name=name) for name in node.output if name)
    # At sizes that are being tried, values may be divided by 0; the result tells, no warning does.
    with np.errstate(all="ignore"):
        return list(ReferenceEvaluator(graph, opsets={"": version}).run(None, dict(fed)))


def run_operator(operator: Operator, inputs: Sequence[Array | None]) -> list[Array] | None:
    """The values of an operator's outputs, or None if they are large or cannot be computed.

    Args:
        operator: The operator.
        inputs: Values of its inputs; None for an omitted one.
    """
    if operator.domain or operator.type not in EVALUATED:
        return None
    names = ["" if value is None else f"i{slot}" for slot, value in enumerate(inputs)]
    outputs = [f"o{slot}" if tensor >= 0 else "" for slot, tensor in enumerate(operator.outputs)]
    fed = {name: value for name, value in zip(names, inputs, strict=True) if value is not None}
    try:
        node = onnx.helper.make_node(operator.type, names, outputs, **operator.attributes)
        made = [freeze(np.array(value)) for value in run_node(node, operator.version, fed)]
    except Exception:
        # It raises whatever numpy raises; the values then stay unknown, which does no harm.
        logger.debug("%s is not evaluated", operator.name, exc_info=True)
        return None
    return made if all(value.nbytes <= SMALL for value in made) else None

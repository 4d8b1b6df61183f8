"""ONNX's own operator tests as models that can be lowered and run."""

from __future__ import annotations

import functools
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

from gallery.loading.load import load
from gallery.model import Model

Array = npt.NDArray[Any]

STRUCTURE = {
    **dict.fromkeys(("Reshape", "Expand", "Tile", "Squeeze", "Unsqueeze", "Split", "TopK"), (1,)),
    **dict.fromkeys(("Gather", "GatherElements", "GatherND", "ScatterND", "Scatter"), (1,)),
    **dict.fromkeys(("ScatterElements", "CumSum", "CumProd", "CenterCropPad", "AffineGrid"), (1,)),
    **dict.fromkeys(("Trilu", "Compress", "Upsample", "ReverseSequence"), (1,)),
    **dict.fromkeys(("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax"), (1,)),
    **dict.fromkeys(("ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum"), (1,)),
    "ReduceSumSquare": (1,),
    "ArrayFeatureExtractor": (1,),
    "Slice": (1, 2, 3, 4),
    "Pad": (1, 3),
    "OneHot": (1,),
    "ConstantOfShape": (0,),
    "Range": (0, 1, 2),
    "Resize": (1, 2, 3),
    "Col2Im": (1, 2),
    "DFT": (1, 2),
    "STFT": (1, 3),
    "Dropout": (1, 2),
    "MaxUnpool": (1, 2),
    "GridSample": (1,),
    "RoiAlign": (1, 2),
    "DeformConv": (2,),
    "NonMaxSuppression": (2, 3, 4),
    "MelWeightMatrix": (0, 1, 2, 3, 4),
    "TensorScatter": (2,),
    "RotaryEmbedding": (3,),
    "Attention": (6,),
    "RNN": (4,),
    "GRU": (4,),
    "LSTM": (4,),
    "Loop": (0, 1),
    "If": (0,),
    "NegativeLogLikelihoodLoss": (1,),
    "SoftmaxCrossEntropyLoss": (1,),
    **dict.fromkeys(("HannWindow", "HammingWindow", "BlackmanWindow"), (0,)),
}
"""Inputs by operator type that say where data goes: shapes, axes, indices, lengths."""

_RANDOM = frozenset(
    {
        "Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform",
        "RandomUniformLike",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """A model with values for all of its inputs.

    Attributes:
        name: As ONNX calls it.
        operator: The type that it tests, with "(expanded)" where it is a function's body.
        proto: The model.
        feeds: Values of the inputs that are not initializers.
        model: The same as the lowering sees it.
    """

    name: str
    operator: str
    proto: onnx.ModelProto
    feeds: dict[str, Array]
    model: Model


@functools.cache
def all_cases() -> tuple[Any, ...]:
    """ONNX's node tests in the order of their names."""
    return tuple(sorted(collect_testcases(None), key=lambda case: str(case.name)))


def operator_of(case: Any) -> str:
    """The operator type that a test of ONNX's is about."""
    name = case.name
    if "_expanded" in name:
        plain = _plain_types().get(name.split("_expanded")[0])
        return f"{plain or 'function'} (expanded)"
    nodes = case.model.graph.node
    types = [node.op_type for node in nodes if node.op_type not in ("Constant",)]
    return str(types[0] if types else nodes[0].op_type)


@functools.cache
def _plain_types() -> dict[str, str]:
    return {c.name: c.model.graph.node[0].op_type for c in all_cases() if "_expanded" not in c.name}


def left_out(case: Any) -> str:
    """Why a test cannot be used, or ""."""
    graph = case.model.graph
    values = [*graph.input, *graph.output, *graph.value_info]
    kinds = {value.type.WhichOneof("value") for value in values}
    for kind in ("sequence_type", "optional_type", "map_type"):
        if kind in kinds:
            return kind.split("_")[0]
    if any(v.type.tensor_type.elem_type == onnx.TensorProto.STRING for v in values):
        return "string"
    types = {node.op_type for node in graph.node}
    if types & _RANDOM:
        return "random"
    if any(t.startswith("Optional") for t in types):
        return "optional"
    if any(t.startswith("Sequence") or t == "SplitToSequence" for t in types):
        return "sequence"
    if ("Dropout" in types and "_training" in case.name) or "training_dropout" in case.name:
        return "random"
    return ""


def _array(value: Any) -> Array:
    if isinstance(value, onnx.TensorProto):
        return np.asarray(numpy_helper.to_array(value))
    return np.asarray(value)


def prepared(case: Any, constant: bool) -> Case:
    """A test as a case; with `constant`, structural inputs are initializers.

    Shapes, axes, indices and lengths are constants in nearly all models, and the relations use
    their values; as inputs of the model they say nothing before it runs.
    """
    proto = onnx.ModelProto()
    proto.CopyFrom(case.model)
    graph = proto.graph
    feeds = {
        value.name: _array(array)
        for value, array in zip(graph.input, case.data_sets[0][0], strict=False)
    }
    if constant:
        fixed = _structural(graph) & set(feeds)
        if len(fixed) < len(feeds):
            graph.initializer.extend(
                numpy_helper.from_array(feeds.pop(name), name) for name in sorted(fixed)
            )
            kept = [value for value in graph.input if value.name not in fixed]
            del graph.input[:]
            graph.input.extend(kept)
    return Case(
        name=str(case.name),
        operator=operator_of(case),
        proto=proto,
        feeds=feeds,
        model=loaded(proto, str(case.name)),
    )


def _structural(graph: onnx.GraphProto) -> set[str]:
    names = set()
    for node in graph.node:
        for slot in STRUCTURE.get(node.op_type, ()):
            if slot < len(node.input) and node.input[slot]:
                names.add(node.input[slot])
    return names


def loaded(proto: onnx.ModelProto, name: str) -> Model:
    """A model as `gallery.loading.load` reads it from a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.onnx"
        path.write_bytes(proto.SerializeToString())
        return load(path)

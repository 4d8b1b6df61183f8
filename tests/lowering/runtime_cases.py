"""Single operators of ONNX Runtime as cases that it runs itself."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from onnxruntime.capi import onnxruntime_pybind11_state

from tests.lowering.cases import Array, Case
from tests.lowering.changes import Session
from tests.onnx_text import loaded

_KINDS = {"float32": "float", "float16": "float16", "float64": "double"}


def runtime_case(
    folder: Path, call: str, feeds: dict[str, Array], held: dict[str, Array] | None = None
) -> Case:
    """A model of one operator of the domain com.microsoft.

    Args:
        folder: Where its file goes.
        call: "y, z = Type<attribute=1>(x, , w)"; an output may say its type, "float y".
        feeds: Values of its inputs.
        held: Values of its initializers.
    """
    made, _, operator = call.partition(" = ")
    feeds = {name: np.asarray(array) for name, array in feeds.items()}
    inputs = ", ".join(f"{_typed(array)} {name}" for name, array in feeds.items())
    outputs = [one.strip() for one in made.split(",")]
    names = ", ".join(one.split()[-1] if one else "" for one in outputs)
    header = '<ir_version: 9, opset_import: ["" : 17, "com.microsoft" : 1]>'
    given = ", ".join(one for one in outputs if one)
    proto = onnx.parser.parse_model(
        f"{header} g ({inputs}) => ({given}) {{ {names} = com.microsoft.{operator} }}"
    )
    proto.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(array), name) for name, array in (held or {}).items()
    )
    kind = re.split(r"[<(]", operator, maxsplit=1)[0]
    return Case(name=call, operator=kind, proto=proto, feeds=feeds, model=loaded(folder, proto))


def _typed(array: Array) -> str:
    kind = _KINDS.get(str(array.dtype), str(array.dtype))
    return f"{kind}[{','.join(map(str, array.shape))}]" if array.ndim else kind


def session_of(case: Case) -> onnxruntime.InferenceSession:
    """ONNX Runtime's session for a case, on the CPU."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(
        case.proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def check_types(case: Case, session: Session) -> None:
    """Assert that a run has the shapes and types that the model was told to have."""
    for index, made in zip(case.model.outputs, session.run(None, case.feeds), strict=True):
        tensor = case.model.tensors[index]
        dtype = str(np.asarray(made).dtype).replace("float32", "float")
        assert (tensor.sizes, tensor.dtype) == (np.asarray(made).shape, dtype), tensor.name


def check_inferred(case: Case) -> None:
    """Assert that ONNX Runtime infers no other types than the model was told to have.

    A session of an operator without a kernel for the CPU fails for the want of one, but before
    that where the types of the outputs contradict what it infers.
    """
    proto = onnx.ModelProto()
    proto.CopyFrom(case.proto)
    del proto.graph.output[:]
    for index in case.model.outputs:
        tensor = case.model.tensors[index]
        kind = onnx.TensorProto.DataType.Value(tensor.dtype.upper())
        proto.graph.output.append(
            onnx.helper.make_tensor_value_info(tensor.name, kind, tensor.sizes)
        )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.add_session_config_entry("session.strict_shape_type_inference", "1")
    with suppress(onnxruntime_pybind11_state.NotImplemented):
        onnxruntime.InferenceSession(
            proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

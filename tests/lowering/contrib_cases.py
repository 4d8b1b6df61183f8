"""Models of one operator of ONNX Runtime's own, which the runtime itself judges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from tests.lowering.cases import Case
from tests.lowering.operator_cases import Tally, judged
from tests.onnx_text import loaded

KINDS = {"float32": "float", "float64": "double"}
HEADER = (
    '<ir_version: 10, opset_import: ["" : 21, "com.microsoft" : 1, "com.microsoft.nchwc" : 1,'
    ' "ai.onnx.contrib" : 1]>'
)


def runtime_case(
    folder: Path,
    body: str,
    feeds: Mapping[str, np.ndarray],
    held: Mapping[str, np.ndarray],
    outputs: str = "y",
    operator: str = "",
) -> Case:
    """A case: operators in ONNX text ("MS." is com.microsoft), inputs, and initializers.

    `operator` is one of ONNX's that is like it, if NaN spreads in it (`changes.NAN_SPREADS`).
    """
    inputs = ", ".join(
        f"{KINDS.get(str(array.dtype), str(array.dtype))}[{','.join(map(str, array.shape))}] {key}"
        for key, array in feeds.items()
    )
    text = body.replace("MS.", "com.microsoft.")
    proto = onnx.parser.parse_model(f"{HEADER} g ({inputs}) => ({outputs}) {{ {text} }}")
    proto.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(array), name) for name, array in held.items()
    )
    name = body.partition("=")[2].partition("(")[0].strip()
    model = loaded(folder, proto)
    return Case(name=name, operator=operator or name, proto=proto, feeds=dict(feeds), model=model)


def session_of(proto: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """The model as the runtime runs it in one thread of a processor, as it is in the file."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def check(case: Case, session: Any, least: float = 0.985) -> Tally:
    """Shapes and types as the runtime makes them, no missed dependence, and few false ones."""
    wanted = session.run(None, case.feeds)
    for index, array in zip(case.model.outputs, wanted, strict=True):
        made = case.model.tensors[index]
        assert made.sizes == array.shape
        assert made.dtype == KINDS.get(str(array.dtype), str(array.dtype))
    tally = judged(case, budgets=(2000, 40), session=session)
    assert (tally.misses, tally.unknown) == ([], set())
    assert tally.precision >= least
    return tally


class NumpySession:
    """Runs a function of arrays by name, for operators that the runtime has on no processor."""

    def __init__(self, function: Callable[..., Any], held: Mapping[str, np.ndarray]) -> None:
        """Keep the function and the initializers that it is given beside the inputs."""
        self.function = function
        self.held = held

    def run(self, wanted: None, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """The outputs for these inputs."""
        found = self.function(**feeds, **self.held)
        return list(found) if isinstance(found, tuple) else [found]

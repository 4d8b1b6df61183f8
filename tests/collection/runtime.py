"""What ONNX Runtime says of a file at given sizes: the shape of every tensor of its main graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx.inliner import inline_local_functions

Sizes = Mapping[str, tuple[int, ...]]
Feed = dict[str, npt.NDArray[Any]]

_WHOLE_NUMBERS = (1, 0, 2, 3)
"""Values tried for integer inputs: masks, token and position ids, lengths."""


class NotRunError(Exception):
    """ONNX Runtime does not run the file at these sizes, whatever the integers that it is fed."""


def main_graph(path: Path) -> onnx.ModelProto:
    """The file with its functions inlined, and with its external data where that is beside it."""
    try:
        model = onnx.load(path)
    except onnx.checker.ValidationError:
        model = onnx.load(path, load_external_data=False)
    return inline_local_functions(model) if model.functions else model


def runtime_shapes(model: onnx.ModelProto, sizes: Sizes) -> dict[str, tuple[int, ...]]:
    """Shapes of all tensors that nodes of the main graph make.

    The model runs twice on other numbers; what has another shape then follows from the data and
    is left out.

    Args:
        model: Without functions.
        sizes: Shape of each input, by name.

    Raises:
        NotRunError: It cannot run.
    """
    session = _session(model)
    found: list[dict[str, tuple[int, ...]]] = []
    reason = "it was not tried"
    for feed in _feeds(session, sizes):
        try:
            found.append(_shapes(session, feed))
        except Exception as error:
            reason = " ".join(str(error).split())[:2000]
        if len(found) == 2:
            break
    if not found:
        raise NotRunError(reason)
    first, last = found[0], found[-1]
    return {name: shape for name, shape in first.items() if last.get(name) == shape}


def _session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    told = {value.name for value in watched.graph.output}
    made = [name for node in watched.graph.node for name in node.output if name]
    watched.graph.output.extend(onnx.ValueInfoProto(name=n) for n in made if n not in told)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(
            watched.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        raise NotRunError(" ".join(str(error).split())[:2000]) from error


def _shapes(session: onnxruntime.InferenceSession, feed: Feed) -> dict[str, tuple[int, ...]]:
    names = [output.name for output in session.get_outputs()]
    made = session.run(names, feed)
    return {
        name: value.shape
        for name, value in zip(names, made, strict=True)
        if isinstance(value, np.ndarray)
    }


def _feeds(session: onnxruntime.InferenceSession, sizes: Sizes) -> Iterator[Feed]:
    for seed, number in enumerate(_WHOLE_NUMBERS):
        random = np.random.default_rng(seed)
        yield {
            one.name: _filled(one.type, sizes.get(one.name, ()), random, number)
            for one in session.get_inputs()
        }


def _filled(
    kind: str, shape: Sequence[int], random: np.random.Generator, number: int
) -> npt.NDArray[Any]:
    inner = kind.removeprefix("tensor(").removesuffix(")")
    if inner == "string":
        return np.full(shape, "a", object)
    if inner == "bool":
        return np.full(shape, bool(number), np.bool_)
    types = {"float": np.float32, "double": np.float64, "float16": np.float16}
    if inner in types:
        return random.standard_normal(shape).astype(types[inner])
    return np.full(shape, number, np.dtype(inner))

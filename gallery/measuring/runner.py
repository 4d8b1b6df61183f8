"""The process that runs a model: `python -m gallery.measuring.runner FOLDER`.

It reads `request.json` in the folder and writes `result.json` there. The models are not trusted and
the runtime is large, so whoever starts it sets its limits from outside and checks what it wrote.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from gallery.errors import GalleryError
from gallery.loading.load import load
from gallery.loading.renamed import TENSOR, Absent, Traced, renamed, traced
from gallery.loading.values import dtype_name
from gallery.measuring.events import times
from gallery.measuring.names import is_apart, makers
from gallery.measuring.random_tensors import NUMPY, inputs, weights
from gallery.measuring.types import MeasurementError, Table
from gallery.model import Model

LEVELS = {
    "none": "ORT_DISABLE_ALL",
    "basic": "ORT_ENABLE_BASIC",
    "extended": "ORT_ENABLE_EXTENDED",
    "all": "ORT_ENABLE_ALL",
}
"""ONNX Runtime's levels of optimisation."""

_LEAST, _MOST = 6, 50
"""Runs, of which the first warms up."""

_LONG = 2.0
"""Seconds of measuring after which the least number of runs is enough."""


def main(folder: Path) -> None:
    """Carry out the request in a folder."""
    request = json.loads((folder / "request.json").read_text())
    try:
        _limit(request["memory"])
        result = _measured(request, folder)
    except GalleryError as error:
        result = {"refused": error.found}
    except MemoryError:
        result = {"refused": f"it needs more than the {request['memory'] >> 20:,} MiB it may use"}
    except (MeasurementError, ValueError) as error:
        result = {"refused": str(error) or type(error).__name__}
    except Exception as error:  # the runtime's own classes say no more than RuntimeError
        result = {"refused": " ".join(str(error).split())[:400] or type(error).__name__}
    (folder / "result.json").write_text(json.dumps(result))


def _limit(memory: int) -> None:
    """Refuse memory beyond a limit where the system can; elsewhere it is enforced from outside."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))


def _measured(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    import onnxruntime  # noqa: PLC0415 - an extra

    path = Path(request["path"])
    model = load(
        path,
        dims=request["dims"],
        default_dim=request["default_dim"],
        shared=request["shared"],
    )
    random = np.random.default_rng(1)
    feed = {f"{TENSOR}{one}": inputs(model.tensors[one], random) for one in model.inputs}
    proto, absent = renamed(path)
    options = _options(onnxruntime, request, folder, any_absent=bool(absent))
    values = [_value(onnxruntime, one, random) for one in absent]
    if absent:
        options.add_external_initializers([one.name for one in absent], values)
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    del proto
    _run(session, feed)
    events = json.loads(Path(session.end_profiling()).read_text())
    return _rows(times(events), traced(folder / "optimised.onnx"), model, onnxruntime.__version__)


def _options(runtime: Any, request: Mapping[str, Any], folder: Path, *, any_absent: bool) -> Any:
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = getattr(
        runtime.GraphOptimizationLevel, LEVELS[request["level"]]
    )
    options.intra_op_num_threads = request["threads"]
    options.inter_op_num_threads = 1
    options.enable_profiling = True
    options.profile_file_prefix = str(folder / "profile")
    options.optimized_model_filepath = str(folder / "optimised.onnx")
    entries = {
        "session.optimized_model_external_initializers_file_name": "optimised.weights",
        "session.optimized_model_external_initializers_min_size_in_bytes": "1024",
    }
    if any_absent:
        entries["session.set_denormal_as_zero"] = "1"
    for name, value in entries.items():
        options.add_session_config_entry(name, value)
    return options


def _value(runtime: Any, one: Absent, random: np.random.Generator) -> Any:
    dtype = dtype_name(one.type)
    if dtype == "bfloat16":
        numbers = weights("float", one.dims, random).view(np.uint32) >> 16
        return runtime.OrtValue.ortvalue_from_numpy_with_onnx_type(
            numbers.astype(np.uint16), one.type
        )
    if dtype not in NUMPY or dtype == "string":
        raise ValueError(f"weights of the type {dtype} are absent and cannot be made up")
    return runtime.OrtValue.ortvalue_from_numpy(weights(dtype, one.dims, random))


def _run(session: Any, feed: Mapping[str, Any]) -> None:
    started = time.perf_counter()
    for number in range(_MOST):
        session.run(None, feed)
        if number + 1 >= _LEAST and time.perf_counter() - started > _LONG:
            break


def _rows(
    table: Table, traced: tuple[dict[str, Traced], list[Traced]], model: Model, version: str
) -> dict[str, Any]:
    made_by = makers(model)
    nodes, unnamed = traced
    # Events of nodes without a name bear their type and a number, in the order of the nodes.
    waiting: dict[str, list[Traced]] = defaultdict(list)
    for node in reversed(unnamed):
        waiting[node.type].append(node)
    rows: list[Sequence[Any]] = []
    for row in table.rows:
        found = nodes.get(row.name)
        if found is None and waiting[row.type]:
            found = waiting[row.type].pop()
        ends: list[int] = []
        if found and not is_apart(row.name, found.type):
            ends = sorted({made_by[t] for t in found.tensors if t in made_by} | set(found.nodes))
        rows.append([row.name[:200], row.type[:80], row.numbers[0], ends])
    return {"rows": rows, "run": table.run, "version": version, "notes": list(table.notes)}


def _end_with_parent() -> None:
    """End this process once its parent has gone: a run can take hours and gigabytes."""
    os.read(0, 1)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    main(Path(sys.argv[1]))

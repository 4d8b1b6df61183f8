"""Reads a file with 1 GB of inline weights with `gallery.loading.load` and with `onnx.load`.

Run as `python -m tests.benchmarks.bench_load [GIGABYTES]`. Each reading is a process of its own;
seconds are those of the call alone, the median of three; memory is the process's peak.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from onnx import TensorProto, helper

from gallery.loading.wire import varint

WEIGHT = 2048
RUNS = 3
GOAL_RATIO = 20.0
GOAL_BYTES = 100e6


def write_model(path: Path, gigabytes: float) -> None:
    """A chain of matrix products of 16 MiB each, written piece by piece."""
    layers = max(round(gigabytes * 1e9 / (4 * WEIGHT * WEIGHT)), 1)
    shape = [1, WEIGHT]
    nodes = [helper.make_node("MatMul", [f"x{i}", f"w{i}"], [f"x{i + 1}"]) for i in range(layers)]
    graph = helper.make_graph(
        nodes,
        "chain",
        [helper.make_tensor_value_info("x0", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(f"x{layers}", TensorProto.FLOAT, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    model.ClearField("graph")
    payload = bytes(range(256)) * (4 * WEIGHT * WEIGHT // 256)
    heads = []
    for i in range(layers):
        tensor = TensorProto(name=f"w{i}", data_type=TensorProto.FLOAT, dims=[WEIGHT, WEIGHT])
        head = tensor.SerializeToString() + varint(9 << 3 | 2) + varint(len(payload))
        heads.append(varint(5 << 3 | 2) + varint(len(head) + len(payload)) + head)
    operators = graph.SerializeToString()
    size = len(operators) + sum(map(len, heads)) + layers * len(payload)
    with path.open("wb") as file:
        file.write(model.SerializeToString() + varint(7 << 3 | 2) + varint(size) + operators)
        for head in heads:
            file.write(head)
            file.write(payload)


def read(way: str, path: Path) -> dict[str, float]:
    """Seconds of one reading and the peak memory of this process, in bytes."""
    if way == "gallery.loading.load":
        from gallery.loading.load import load as ours  # noqa: PLC0415 -- each process imports one way alone

        started = time.perf_counter()
        operators = len(ours(path).operators)
    else:
        import onnx  # noqa: PLC0415

        started = time.perf_counter()
        operators = len(onnx.load(path).graph.node)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": seconds, "bytes": peak, "operators": operators}


def measure(way: str, path: Path) -> dict[str, float]:
    """Median seconds and largest peak memory of several processes that read the file."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_load", "--read", way, str(path)]
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        for _ in range(RUNS)
    ]
    return {
        "seconds": statistics.median(run["seconds"] for run in runs),
        "bytes": max(run["bytes"] for run in runs),
        "operators": runs[0]["operators"],
    }


def main() -> int:
    """Print the table; 1 where a goal is missed."""
    if sys.argv[1:2] == ["--read"]:
        print(json.dumps(read(sys.argv[2], Path(sys.argv[3]))))
        return 0
    gigabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.onnx"
        write_model(path, gigabytes)
        print(f"{path.stat().st_size / 1e9:.2f} GB of inline weights, {RUNS} runs each")
        ours, theirs = measure("gallery.loading.load", path), measure("onnx.load", path)
    assert ours["operators"] == theirs["operators"]
    print(f"{'':14} {'seconds':>9} {'peak MB':>9}")
    for name, run in (("gallery.loading.load", ours), ("onnx.load", theirs)):
        print(f"{name:14} {run['seconds']:9.4f} {run['bytes'] / 1e6:9.1f}")
    faster, smaller = theirs["seconds"] / ours["seconds"], theirs["bytes"] / ours["bytes"]
    print(f"{'ratio':14} {faster:9.1f} {smaller:9.1f}")
    met = faster > GOAL_RATIO and ours["bytes"] < GOAL_BYTES
    print(
        f"goal: more than {GOAL_RATIO:.0f} times faster, under {GOAL_BYTES / 1e6:.0f} MB: "
        f"{'met' if met else 'MISSED'}"
    )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())

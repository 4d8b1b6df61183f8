"""What is called a contradiction, ONNX Runtime refuses; what is not, it runs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnxruntime
import pytest

from tests.loading.sizes.net import Net, feeds
from tests.onnx_text import loaded

CASES: dict[str, tuple[Callable[[Net, str], str], list[int], list[int]]] = {
    "window": (lambda n, x: n.conv(x, 3, 4, stride=2, pad=0), [1, 3, 2, 9], [1, 3, 3, 9]),
    "padded window": (lambda n, x: n.conv(x, 3, 4, size=5, pad=1), [1, 3, 2, 9], [1, 3, 3, 9]),
    "channels": (lambda n, x: n.conv(x, 3, 4), [1, 4, 9, 9], [1, 3, 9, 9]),
    "product": (lambda n, x: n.linear(x, 5, 2), [2, 3, 4], [2, 3, 5]),
    "gemm": (lambda n, x: n.op("Gemm", x, n.weight(2, 5), transB=1), [3, 4], [3, 5]),
    "sum": (lambda n, x: n.op("Add", x, n.weight(3, 5)), [2, 3, 4], [2, 1, 5]),
    "choice": (
        lambda n, x: n.op("Where", n.op("Less", x, x), x, n.weight(1, 3)),
        [2, 2],
        [2, 3],
    ),
    "reshape": (lambda n, x: n.op("Reshape", x, n.ints(4, 6)), [3, 9], [3, 8]),
    "rest": (lambda n, x: n.op("Reshape", x, n.ints(0, -1, 4)), [3, 9], [3, 8]),
    "kept": (lambda n, x: n.op("Reshape", x, n.ints(-1, 1, 1, 0)), [3, 9], [1, 1, 5, 2]),
    "concat": (lambda n, x: n.op("Concat", x, n.weight(2, 5), axis=-1), [3, 4], [2, 4]),
    "gather": (lambda n, x: n.op("Gather", x, n.ints(0, 4), axis=1), [3, 4], [3, 5]),
    "gather from the end": (lambda n, x: n.op("Gather", x, n.ints(-5)), [4, 4], [5, 4]),
    "gather by places": (
        lambda n, x: n.op("GatherND", x, n.array(np.array([[0, 4], [1, 0]]))),
        [3, 4],
        [3, 5],
    ),
    "expand": (lambda n, x: n.op("Expand", x, n.ints(2, 1, 6)), [3, 5], [3, 6]),
    "reflection": (
        lambda n, x: n.op("Pad", x, n.ints(0, 3, 0, 2), mode="reflect"),
        [1, 3],
        [1, 4],
    ),
    "blocks": (lambda n, x: n.op("SpaceToDepth", x, blocksize=2), [1, 1, 4, 5], [1, 1, 4, 6]),
    "depth": (lambda n, x: n.op("DepthToSpace", x, blocksize=2), [1, 6, 2, 2], [1, 8, 2, 2]),
    "slope": (lambda n, x: n.op("PRelu", x, n.weight(3, 1)), [2, 4, 5], [2, 3, 5]),
    "scale": (lambda n, x: n.op("LayerNormalization", x, n.weight(6)), [2, 5], [2, 6]),
    "steps": (
        lambda n, x: n.op("GRU", x, n.weight(1, 12, 5), n.weight(1, 12, 4), hidden_size=4),
        [7, 1, 6],
        [7, 1, 5],
    ),
    "split": (lambda n, x: n.op("Split", x, n.ints(2, 3), outputs=2, axis=1), [1, 6], [1, 5]),
    "largest": (lambda n, x: n.op("TopK", x, n.ints(5), outputs=2), [1, 4], [1, 5]),
    "squeeze": (lambda n, x: n.op("Squeeze", x, n.ints(1)), [4, 2], [4, 1]),
}


@pytest.mark.parametrize("name", CASES)
def test_contradictions_are_what_the_runtime_refuses(tmp_path, name):
    build, wrong, right = CASES[name]
    for shape, fits in ((wrong, False), (right, True)):
        net = Net()
        proto = net.model(build(net, net.input("x", [None] * len(shape))))
        dims = {f"x[{axis}]": size for axis, size in enumerate(shape)}
        notes = [note for note in loaded(tmp_path, proto, **dims).warnings if " fit " in note]
        assert (notes == []) == fits
        assert runs(proto, {"x": tuple(shape)}) == fits


def runs(proto, shapes):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(proto.SerializeToString(), options)
        session.run(None, feeds(proto, shapes))
    except Exception:
        return False
    return True

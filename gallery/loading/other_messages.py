"""Tells protobuf messages of other programs, which may start as an ONNX model does, by fields.

Sources: onnx.proto (TensorProto), Core ML's Model.proto, TensorFlow's saved_model.proto and
graph.proto, MindSpore's mind_ir.proto, Paddle's framework.proto and Caffe's caffe.proto.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gallery.loading.fields import BrokenError, Field, Reader

_MOST = 64
"""Fields of a message that are looked at."""

_Wires = set[tuple[int, int]]
_Inner = dict[int, bytes]


def program_of(descriptor: int, head: bytes, size: int) -> str:
    """The program whose message a file is, as the keys of `_TESTS` name it; "" if of none of them.

    Args:
        descriptor: Of the open file.
        head: Its first bytes.
        size: Of the file in bytes.
    """
    fields: list[Field] = []
    try:
        for field in Reader(descriptor).fields(0, size):
            fields.append(field)
            if len(fields) == _MOST:
                break
    except BrokenError:
        return ""
    wires = {(field.number, field.wire) for field in fields}
    inner = {number: _start(head, fields, number) for number in (1, 2)}
    return next((name for name, test in _TESTS.items() if test(wires, inner)), "")


def _start(head: bytes, fields: list[Field], number: int) -> bytes:
    """The first bytes of the first field of a number, as far as they are in the head."""
    first = next((field for field in fields if field.number == number), None)
    return head[first.start : first.stop][:256] if first and first.wire == 2 else b""


def _is_tensor(wires: _Wires, _: _Inner) -> bool:
    return (2, 0) in wires and (7, 2) not in wires


def _is_core_ml(wires: _Wires, _: _Inner) -> bool:
    return (1, 0) in wires and any(200 <= number < 4000 for number, _ in wires)


def _is_saved_model(wires: _Wires, inner: _Inner) -> bool:
    return wires == {(1, 0), (2, 2)} and inner[2][:1] == b"\n"


def _is_mindir(wires: _Wires, inner: _Inner) -> bool:
    return {(1, 2), (7, 2)} <= wires and re.match(rb"\d+\.\d+", inner[1]) is not None


def _is_paddle(wires: _Wires, inner: _Inner) -> bool:
    return (1, 2) in wires and inner[1][:3] == b"\x08\0\x10"


def _is_caffe(wires: _Wires, _: _Inner) -> bool:
    return {(1, 2), (100, 2)} <= wires


def _is_graph_def(wires: _Wires, inner: _Inner) -> bool:
    # A NodeDef: its name, and then its operator.
    name = inner[1][2 : 2 + inner[1][1]] if len(inner[1]) > 2 else b""
    return (
        wires <= {(1, 2), (2, 2), (3, 0), (4, 2)}
        and inner[1][:1] == b"\n"
        and inner[1][2 + len(name) :][:1] == b"\x12"
    )


_TESTS: dict[str, Callable[[_Wires, _Inner], bool]] = {
    "ONNX tensor": _is_tensor,
    "Core ML": _is_core_ml,
    "SavedModel": _is_saved_model,
    "MindSpore": _is_mindir,
    "Paddle": _is_paddle,
    "Caffe": _is_caffe,
    "GraphDef": _is_graph_def,
}

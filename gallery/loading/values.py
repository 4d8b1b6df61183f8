"""Turns small payloads of an ONNX file into Python and numpy values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from gallery.loading.long_lists import long_list
from gallery.loading.looked_up import may_be_looked_up
from gallery.loading.wire import SMALL
from gallery.model import Unread, freeze

_A = onnx.AttributeProto
_EXTERNAL = onnx.TensorProto.EXTERNAL
_STRING = onnx.TensorProto.STRING
_LARGEST = 2**40


def pairs(entries: Iterable[onnx.StringStringEntryProto]) -> dict[str, str]:
    """Metadata as a dictionary."""
    return {text_of(entry.key): text_of(entry.value) for entry in entries}


def text_of(raw: str | bytes) -> str:
    r"""A string from the file, which protobuf gives as bytes if it is not valid UTF-8.

    >>> text_of(b"caf\xe9")
    'caf\ufffd'
    """
    return raw if isinstance(raw, str) else raw.decode("utf-8", errors="replace")


def dtype_name(element: int) -> str:
    """Name of an ONNX element type in lower case, or "" for an unknown one.

    >>> dtype_name(1), dtype_name(0), dtype_name(999)
    ('float', '', '')
    """
    try:
        name = str(onnx.TensorProto.DataType.Name(element)).lower()
    except ValueError:
        return ""
    return "" if name == "undefined" else name


def tensor_value(tensor: onnx.TensorProto) -> npt.NDArray[Any] | None:
    """The payload of a small tensor, read-only, or None if it is large or not all in the file."""
    if tensor.data_location == _EXTERNAL or tensor.data_type == _STRING:
        return None
    elements = 1
    for size in tensor.dims:
        elements *= size
    if not 0 <= elements <= 2 * SMALL or tensor.HasField("segment"):
        return None
    try:
        value = onnx.numpy_helper.to_array(tensor)
        large = value.nbytes > SMALL and may_be_looked_up(tensor)
        return None if large else freeze(value.copy())
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, NotImplementedError):
        return None


def attribute_value(attribute: onnx.AttributeProto) -> Any:
    """Value of an attribute that is not a graph; see `gallery.model.Operator.attributes`."""
    kind = attribute.type
    if kind == _A.FLOAT:
        return attribute.f
    if kind == _A.INT:
        return attribute.i
    if kind == _A.STRING:
        return text_of(attribute.s)
    if kind in (_A.FLOATS, _A.INTS, _A.STRINGS) and attribute.HasField("t"):
        return long_list(attribute)
    if kind == _A.FLOATS:
        return tuple(attribute.floats)
    if kind == _A.INTS:
        return tuple(attribute.ints)
    if kind == _A.STRINGS:
        return tuple(text_of(text) for text in attribute.strings)
    if kind == _A.TENSOR:
        value = tensor_value(attribute.t)
        return value if value is not None else _unread(attribute.t)
    if kind == _A.TENSORS:
        return tuple(tensor_value(tensor) for tensor in attribute.tensors)
    return None


def _unread(tensor: onnx.TensorProto) -> Unread | None:
    """The length of a tensor that was left in the file, or None if it cannot be so long."""
    elements = math.prod(tensor.dims)
    return Unread(elements) if 0 <= elements <= _LARGEST else None


def constant_value(attributes: Mapping[str, Any]) -> npt.NDArray[Any] | None:
    """The value of a Constant operator with these attributes, if it is small, else None."""
    if isinstance(attributes.get("value"), np.ndarray):
        return freeze(attributes["value"])
    for name, dtype in (("value_int", np.int64), ("value_float", np.float32)):
        for key in (name, name + "s"):
            given = attributes.get(key)
            if (
                given is not None
                and _numbers(given)
                and np.size(given) * np.dtype(dtype).itemsize <= SMALL
            ):
                return freeze(np.asarray(given, dtype))
    return None


def with_type(attribute: onnx.AttributeProto) -> onnx.AttributeProto:
    """The attribute with its type set; files of the first IR version omit it."""
    if attribute.type != _A.UNDEFINED:
        return attribute
    typed = onnx.AttributeProto()
    typed.CopyFrom(attribute)
    singles = (("f", _A.FLOAT), ("i", _A.INT), ("s", _A.STRING), ("t", _A.TENSOR), ("g", _A.GRAPH))
    lists = (("floats", _A.FLOATS), ("ints", _A.INTS), ("strings", _A.STRINGS))
    for name, kind in singles:
        if attribute.HasField(name):
            typed.type = kind
    for name, kind in (*lists, ("tensors", _A.TENSORS), ("graphs", _A.GRAPHS)):
        if getattr(attribute, name):
            typed.type = kind
    return typed


def _numbers(given: Any) -> bool:
    items = given if isinstance(given, tuple) else (given,)
    return all(isinstance(item, int | float) for item in items)

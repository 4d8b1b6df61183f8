"""Writes small models for tests, from ONNX text or from protobufs."""

from __future__ import annotations

from pathlib import Path

import onnx

from gallery.loading.load import load
from gallery.model import Model, Operator

HEADER = '<ir_version: 10, opset_import: ["" : 20]>\n'


def parse(text: str) -> onnx.ModelProto:
    """A model from ONNX text; a header is added where there is none."""
    return onnx.parser.parse_model(text if text.lstrip().startswith("<") else HEADER + text)


def write(folder: Path, model: str | bytes | onnx.ModelProto, name: str = "net.onnx") -> Path:
    """Write a model to a file of this name."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    proto = parse(model) if isinstance(model, str) else model
    path.write_bytes(proto if isinstance(proto, bytes) else proto.SerializeToString())
    return path


def loaded(folder: Path, model: str | bytes | onnx.ModelProto, **dims: int) -> Model:
    """Write a model and load it."""
    return load(write(folder, model), dims=dims)


def tensor_names(model: Model, indices: tuple[int, ...]) -> list[str]:
    """Names of tensors, "" for one that is left out."""
    return [model.tensors[index].name if index >= 0 else "" for index in indices]


def shape_of(model: Model, name: str) -> tuple[int | str | None, ...] | None:
    """Shape of the tensor of this name."""
    return next(tensor.shape for tensor in model.tensors if tensor.name == name)


def the(model: Model, kind: str) -> Operator:
    """The one operator of this type."""
    (operator,) = (operator for operator in model.operators if operator.type == kind)
    return operator

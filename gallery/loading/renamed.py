"""A model with every operator and tensor named after its index, for programs that run it.

Runtimes refuse two nodes of one name, and name what they fuse after one of its parts. With
functions inlined and every name unique, what a runtime makes of a model can be traced back to its
operators.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from gallery.errors import LoadError
from gallery.loading.flat import Flat
from gallery.loading.flatten import flatten
from gallery.loading.topological_order import needs
from gallery.model import Body

NODE, TENSOR = "gnode", "gtensor"
_NODES, _TENSORS = re.compile(rf"{NODE}(\d+)"), re.compile(rf"{TENSOR}(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """An initializer whose numbers are not in the file.

    Attributes:
        name: Its new name.
        type: Its element type, a number of `onnx.TensorProto.DataType`.
        dims: Its shape.
    """

    name: str
    type: int
    dims: tuple[int, ...]


def renamed(path: Path) -> tuple[onnx.ModelProto, list[Absent]]:
    """Read a model whole, but for external data, and rename it.

    Operators and tensors have the indices that they have in what `load` returns of the same file.

    Returns:
        The model and the initializers without numbers.

    Raises:
        LoadError: The file cannot be read as an ONNX model, or names files in a place where a
            runtime would open them.
    """
    try:
        proto = onnx.load_model(str(path), format="protobuf", load_external_data=False)
    except (OSError, DecodeError) as error:
        raise LoadError("the file cannot be read", hint="export the model again") from error
    flat = flatten(proto)
    _refuse_paths(flat)
    made = onnx.ModelProto(ir_version=proto.ir_version)
    used = {step.domain for step in flat.steps} | {""}
    versions = {text.domain: text.version for text in proto.opset_import}
    for function in proto.functions:
        versions |= {o.domain: versions.get(o.domain, o.version) for o in function.opset_import}
    for domain, version in versions.items():
        if domain in used or (domain == "ai.onnx" and "" in used):
            made.opset_import.add(domain=domain, version=version)
    made.graph.name = "model"
    absent = list(_initializers(flat, made.graph))
    for index in flat.inputs:
        _declare(flat, index, made.graph.input.add())
    for index, declared in zip(flat.outputs, proto.graph.output, strict=True):
        made.graph.output.add(name=f"{TENSOR}{index}").type.CopyFrom(declared.type)
    _nodes(flat, range(len(flat.steps)), -1, made.graph)
    return made, absent


def _refuse_paths(flat: Flat) -> None:
    """Refuse tensors of other files that are not initializers: a runtime would read them."""
    tensors = [
        tensor for step in flat.steps for one in step.plain for tensor in (one.t, *one.tensors)
    ]
    for value in flat.values:
        if isinstance(value.source, onnx.SparseTensorProto):
            tensors += [value.source.values, value.source.indices]
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in tensors):
        found = "an attribute or a sparse tensor lies in another file"
        raise LoadError(found, hint="export the model with its weights as initializers")


def _initializers(flat: Flat, graph: onnx.GraphProto) -> Iterator[Absent]:
    for index, value in enumerate(flat.values):
        source, name = value.source, f"{TENSOR}{index}"
        if isinstance(source, onnx.SparseTensorProto):
            graph.sparse_initializer.add().CopyFrom(source)
            graph.sparse_initializer[-1].values.name = name
        elif source is not None:
            graph.initializer.add().CopyFrom(source)
            graph.initializer[-1].name = name
            if source.data_location == onnx.TensorProto.EXTERNAL:
                yield Absent(name=name, type=source.data_type, dims=tuple(source.dims))


def _declare(flat: Flat, index: int, info: onnx.ValueInfoProto) -> None:
    info.name = f"{TENSOR}{index}"
    declared = flat.values[index].declared
    if declared is not None:
        info.type.CopyFrom(declared)


def _nodes(flat: Flat, where: range, owner: int, graph: onnx.GraphProto) -> None:
    """Add the operators of a range that belong to an owner, with their bodies."""
    for index in where:
        step = flat.steps[index]
        if step.owner != owner:
            continue
        node = graph.node.add(op_type=step.type, domain=step.domain, name=f"{NODE}{index}")
        node.input.extend(f"{TENSOR}{one}" if one >= 0 else "" for one in step.inputs)
        node.output.extend(f"{TENSOR}{one}" if one >= 0 else "" for one in step.outputs)
        node.attribute.extend(step.plain)
        for body in step.bodies:
            attribute = node.attribute.add(name=body.name, type=onnx.AttributeProto.GRAPH)
            _body(flat, body, index, attribute.g)


def _body(flat: Flat, body: Body, owner: int, graph: onnx.GraphProto) -> None:
    graph.name = f"body{owner}"
    for one in body.inputs:
        _declare(flat, one, graph.input.add())
    for one in body.outputs:
        graph.output.add(name=f"{TENSOR}{one}")
    _nodes(flat, body.operators, owner, graph)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """A node of an optimised model.

    Attributes:
        type: Its operator type.
        nodes: Indices of operators that its name or its outputs tell.
        tensors: Indices of the tensors that it makes, as far as its name or its outputs tell.
    """

    type: str
    nodes: tuple[int, ...]
    tensors: tuple[int, ...]


def traced(path: Path) -> tuple[dict[str, Traced], list[Traced]]:
    """The nodes of what a runtime made of a renamed model, bodies included.

    A node between two that tell their tensors has those of the nodes that read it, and one in a
    body that a runtime made itself those of the body's owner.

    Returns:
        The nodes by name, and those without one, as a run starts them.

    Raises:
        LoadError: The file cannot be read.
    """
    try:
        proto = onnx.load_model(str(path), format="protobuf", load_external_data=False)
    except (OSError, DecodeError) as error:
        raise LoadError("the optimised model cannot be read") from error
    found: tuple[dict[str, Traced], list[Traced]] = ({}, [])
    _trace(list(proto.graph.node), None, found)
    return found


def _trace(
    nodes: Sequence[onnx.NodeProto],
    owner: Traced | None,
    found: tuple[dict[str, Traced], list[Traced]],
) -> None:
    told = [_told(node) for node in nodes]
    readers: dict[str, list[int]] = defaultdict(list)
    for place, node in enumerate(nodes):
        for name in needs(node):
            readers[name].append(place)
    for place in range(len(nodes) - 1, -1, -1):
        if not told[place].nodes and not told[place].tensors:
            after = [told[reader] for name in nodes[place].output for reader in readers[name]]
            told[place] = _joint(told[place].type, after or ([owner] if owner else []))
    for one, node in zip(told, nodes, strict=True):
        if node.name:
            found[0][node.name] = one
        else:
            found[1].append(one)
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _trace(attribute.g.node, one, found)


def _joint(kind: str, ones: Iterable[Traced]) -> Traced:
    """A node of a type that belongs to what others do."""
    ones = list(ones)
    return Traced(
        type=kind,
        nodes=tuple(sorted({node for one in ones for node in one.nodes})),
        tensors=tuple(sorted({tensor for one in ones for tensor in one.tensors})),
    )


def _told(node: onnx.NodeProto) -> Traced:
    exact = [match for name in node.output if (match := _TENSORS.fullmatch(name))]
    texts = (node.name, *node.output)
    tensors = (
        {int(match.group(1)) for match in exact}
        or {int(one) for one in _TENSORS.findall(node.name)}
        or {int(one) for text in texts for one in _TENSORS.findall(text)}
    )
    nodes = () if tensors else {int(one) for text in texts for one in _NODES.findall(text)}
    return Traced(type=node.op_type, nodes=tuple(sorted(nodes)), tensors=tuple(sorted(tensors)))

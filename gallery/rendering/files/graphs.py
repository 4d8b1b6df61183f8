"""Graphs for other programs: the operator graph as DOT and GraphML, the vertex graph for numpy.

DOT is Graphviz's (https://graphviz.org/doc/info/lang.html), GraphML that of
http://graphml.graphdrawing.org, which Gephi, Cytoscape, yEd, igraph and networkx read.
"""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import frexp
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_LZMA, ZipFile, ZipInfo

import graphviz
import numpy as np
import numpy.typing as npt
from graphviz import escape

from gallery.graph import Kind, Pass
from gallery.model import Model, Operator, Tensor
from gallery.placement.types import Layout
from gallery.rendering.files.lzma_zip import lzma_zip
from gallery.text import visible

_NODE_KEYS = ("label", "type", "layer")
_EDGE_KEYS = ("tensor", "dtype", "shape")
_BITS = 13
_IN_MEMORY = 256 << 20
"""Bytes of arrays up to which an archive is made in memory, in half the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edge:
    """A tensor from one node to another; nodes are named "op3", "in0" and "out0"."""

    source: str
    reader: str
    tensor: Tensor


def operators_dot(model: Model, metadata: Mapping[str, str] | None = None) -> str:
    """The operator graph as DOT: a node per operator, input and output, an edge per tensor.

    Args:
        model: The model.
        metadata: How the file was made: attributes of the graph, by their names in lower case.
    """
    made = metadata or {}
    about = _escaped(tuple(name.lower() for name in made), tuple(made.values()))
    dot = graphviz.Digraph(escape(visible(model.name)), graph_attr=about)
    for name, values in _nodes(model):
        dot.node(name, **_escaped(_NODE_KEYS, values))
    for edge in _edges(model):
        dot.edge(edge.source, edge.reader, **_escaped(_EDGE_KEYS, _about(edge.tensor)))
    return str(dot.source)


def operators_graphml(model: Model, metadata: Mapping[str, str] | None = None) -> str:
    """The operator graph as GraphML, with the nodes, edges and attributes of `operators_dot`."""
    made = {name.lower(): text for name, text in (metadata or {}).items()}
    root = ET.Element("graphml", xmlns="http://graphml.graphdrawing.org/xmlns")
    for kind, keys in (("graph", tuple(made)), ("node", _NODE_KEYS), ("edge", _EDGE_KEYS)):
        for key in keys:
            about = {"id": key, "for": kind, "attr.name": key, "attr.type": "string"}
            ET.SubElement(root, "key", about)
    graph = ET.SubElement(root, "graph", id=visible(model.name), edgedefault="directed")
    _add_data(graph, tuple(made), tuple(made.values()))
    for name, values in _nodes(model):
        _add_data(ET.SubElement(graph, "node", id=name), _NODE_KEYS, values)
    for edge in _edges(model):
        element = ET.SubElement(graph, "edge", source=edge.source, target=edge.reader)
        _add_data(element, _EDGE_KEYS, _about(edge.tensor))
    ET.indent(root, " ")
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text.decode() + "\n"


def save_vertex_graph(
    layout: Layout,
    path: Path,
    metadata: Mapping[str, str] | None = None,
    *,
    compact: bool = False,
) -> None:
    """Write the vertex graph with its layout as a compressed .npz; same input, same bytes.

    The arrays are those of `ComputeGraph`, by the same names, `positions` (float32 (n, 2), y up),
    and the side tables `operator_name`, `operator_type`, `operator_layer`, `layer_path`, `kinds`
    and `passes`. Vertex v reads `sources[indptr[v]:indptr[v + 1]]`. No array needs pickle.

    Args:
        layout: The graph with its positions.
        path: The file to write.
        metadata: How it was made: a text for each name in lower case with the prefix "made_", and
            the comment of the archive.
        compact: Whether the archive is compressed by LZMA in place of deflate, which NumPy reads
            all the same but unzip and some readers in other languages do not, and positions are
            rounded to an 8,192nd of their extent or finer, for a third of the bytes.
    """
    graph = layout.graph
    arrays: dict[str, npt.NDArray[Any]] = {
        "positions": _rounded(layout.positions) if compact else layout.positions,
        "indptr": graph.indptr,
        "sources": graph.sources,
        "vertex_operator": graph.vertex_operator,
        "vertex_kind": graph.vertex_kind,
        "vertex_pass": graph.vertex_pass,
        "vertex_flops": graph.vertex_flops,
        "vertex_bytes": graph.vertex_bytes,
        "operator_name": _texts(one.name for one in graph.operators),
        "operator_type": _texts(one.type for one in graph.operators),
        "operator_layer": np.array([one.layer for one in graph.operators], np.int32),
        "layer_path": _texts(one.path for one in graph.layers),
        "kinds": _texts(kind.name.lower() for kind in Kind),
        "passes": _texts(member.name.lower() for member in Pass),
    }
    made = {f"made_{name.lower()}": text for name, text in (metadata or {}).items()}
    arrays |= {name: np.array(visible(text)) for name, text in made.items()}
    comment = json.dumps(made, ensure_ascii=True).encode() if made else b""
    if compact and sum(array.nbytes for array in arrays.values()) <= _IN_MEMORY:
        members = {f"{name}.npy": _npy(array) for name, array in arrays.items()}
        path.write_bytes(lzma_zip(members, comment))
        return
    with ZipFile(path, "w") as archive:
        archive.comment = comment
        for name, array in arrays.items():
            info = ZipInfo(f"{name}.npy")  # without the date
            info.compress_type = ZIP_LZMA if compact else ZIP_DEFLATED
            with archive.open(info, "w") as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)


def _npy(array: npt.NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, allow_pickle=False)
    return stream.getvalue()


def _rounded(positions: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Positions as multiples of a power of two that is at most an 8,192nd of their extent."""
    extent = float(np.ptp(positions, axis=0).max()) if len(positions) else 0.0
    if not extent:
        return positions
    step = np.float32(2.0 ** (frexp(extent)[1] - 1 - _BITS))
    return np.asfortranarray(np.rint(positions / step) * step)


def _nodes(model: Model) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """Each node's name, with its label, type and layer."""
    for number, tensor in enumerate(model.inputs):
        yield f"in{number}", (model.tensors[tensor].name, "Input", "")
    for number, operator in enumerate(model.operators):
        path = model.layers[operator.layer].path
        yield f"op{number}", (operator.name, operator.type, path)
    for number, tensor in enumerate(model.outputs):
        yield f"out{number}", (model.tensors[tensor].name, "Output", "")


def _edges(model: Model) -> Iterator[_Edge]:
    """An edge for each tensor and each node that reads it."""
    makers = {tensor: f"in{number}" for number, tensor in enumerate(model.inputs)}
    for number, operator in enumerate(model.operators):
        makers.update(dict.fromkeys(operator.outputs, f"op{number}"))
    readers = [(f"op{n}", _read(operator)) for n, operator in enumerate(model.operators)]
    readers += [(f"out{number}", [tensor]) for number, tensor in enumerate(model.outputs)]
    for reader, tensors in readers:
        for tensor in tensors:
            if tensor in makers and tensor >= 0:
                yield _Edge(source=makers[tensor], reader=reader, tensor=model.tensors[tensor])


def _read(operator: Operator) -> list[int]:
    """What an operator reads, without duplicates: its inputs, and the outputs of its bodies."""
    inner = (tensor for body in operator.bodies for tensor in body.outputs)
    return list(dict.fromkeys((*operator.inputs, *inner)))


def _about(tensor: Tensor) -> tuple[str, str, str]:
    """Name, element type and shape."""
    sizes = tensor.shape
    shape = "" if sizes is None else "x".join("?" if s is None else str(s) for s in sizes)
    return tensor.name, tensor.dtype, shape


def _escaped(keys: tuple[str, ...], values: tuple[str, ...]) -> dict[str, str]:
    r"""DOT attributes that are taken literally: no `\N`, no HTML labels."""
    return {key: escape(visible(value)) for key, value in zip(keys, values, strict=True)}


def _add_data(element: ET.Element, keys: tuple[str, ...], values: tuple[str, ...]) -> None:
    for key, value in zip(keys, values, strict=True):
        ET.SubElement(element, "data", key=key).text = visible(value)


def _texts(texts: Iterable[str]) -> npt.NDArray[np.str_]:
    """Texts as a numpy array."""
    return np.array([visible(text) for text in texts], np.str_)

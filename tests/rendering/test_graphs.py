"""Graphs for other programs: read back by readers of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gallery.model import Model
from gallery.placement.types import Layout
from gallery.rendering.files.graphs import operators_dot, operators_graphml, save_vertex_graph
from tests.rendering.viewer_net import net

_GRAPHML = "{http://graphml.graphdrawing.org/xmlns}"
_NASTY = 'a"b\\N\\" </data> & <!-- \x00\u202e; label="x'

# A process of its own: Graphviz's library keeps a state.
_READ_DOT = """
import json, sys
import pygraphviz
graph = pygraphviz.AGraph(string=sys.stdin.read())
nodes = {name: dict(graph.get_node(name).attr) for name in graph.nodes()}
edges = [[a, b, dict(edge.attr)] for edge in graph.edges() for a, b in [edge]]
print(json.dumps([nodes, edges]))
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Layout]:
    return net(tmp_path_factory.mktemp("net"), vertices=300)


def _tensors_on_their_way(model: Model) -> Counter[tuple[str, str, str]]:
    """(label of the maker, label of the reader, tensor), slowly."""
    found: Counter[tuple[str, str, str]] = Counter()
    for index, tensor in enumerate(model.tensors):
        makers = [model.tensors[t].name for t in model.inputs if t == index]
        makers += [one.name for one in model.operators if index in one.outputs]
        readers = [one.name for one in model.operators if index in one.inputs]
        readers += [model.tensors[t].name for t in model.outputs if t == index]
        for maker in makers:
            found.update((maker, reader, tensor.name) for reader in readers)
    return found


def _read_graphml(text: str) -> tuple[dict[str, dict[str, str]], list[tuple[str, str, str]]]:
    graph = ET.fromstring(text).find(f"{_GRAPHML}graph")
    assert graph is not None
    data = {
        node.attrib["id"]: {one.attrib["key"]: one.text or "" for one in node}
        for node in graph.iter(f"{_GRAPHML}node")
    }
    edges = [
        (
            data[edge.attrib["source"]]["label"],
            data[edge.attrib["target"]]["label"],
            next(one.text or "" for one in edge if one.attrib["key"] == "tensor"),
        )
        for edge in graph.iter(f"{_GRAPHML}edge")
    ]
    return data, edges


def test_graphml_has_every_operator_and_tensor(whole: tuple[Model, Layout]) -> None:
    model = whole[0]
    nodes, edges = _read_graphml(operators_graphml(model))
    assert len(nodes) == len(model.operators) + len(model.inputs) + len(model.outputs)
    assert Counter(edges) == _tensors_on_their_way(model)
    conv = next(node for node in nodes.values() if node["type"] == "Conv")
    assert conv["label"] == next(one.name for one in model.operators if one.type == "Conv")


def test_graphviz_reads_the_same_graph(whole: tuple[Model, Layout]) -> None:
    model = whole[0]
    hostile = replace(
        model, operators=tuple(replace(o, name=_NASTY + o.name) for o in model.operators)
    )
    for one in (model, hostile):
        done = subprocess.run(
            [sys.executable, "-c", _READ_DOT],
            input=operators_dot(one),
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=True,
        )
        nodes, _ = _read_graphml(operators_graphml(one))
        read = json.loads(done.stdout)
        assert set(read[0]) == set(nodes)
        assert len(read[1]) == sum(_tensors_on_their_way(one).values())
        assert {node["type"] for node in read[0].values()} == {
            node["type"] for node in nodes.values()
        }


def test_vertex_graph_comes_back_without_pickle(
    whole: tuple[Model, Layout], tmp_path: Path
) -> None:
    layout = whole[1]
    graph = layout.graph
    for name in ("one", "two"):
        save_vertex_graph(layout, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with np.load(tmp_path / "one", allow_pickle=False) as file:
        np.testing.assert_array_equal(file["positions"], layout.positions)
        for name in ("indptr", "sources", "vertex_operator", "vertex_flops", "vertex_pass"):
            np.testing.assert_array_equal(file[name], getattr(graph, name))
        assert file["operator_type"].tolist() == [one.type for one in graph.operators]
        assert file["passes"][graph.vertex_pass.max()] == "update"

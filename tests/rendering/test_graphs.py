"""Graphs for other programs: read back by readers of their own."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import networkx
import numpy as np
import pytest

from gallery.model import Model
from gallery.placement.types import Layout
from gallery.rendering.files.graphs import operators_dot, operators_graphml, save_vertex_graph
from gallery.text import visible
from tests.onnx_text import loaded, parse
from tests.rendering.viewer_net import net

HOSTILE = (
    'a"b\\N\\" </data> & <!-- \x00\u202e; label="x',
    "<<b>bold</b>>",
    "\\N",
    "\\",
    '\\"',
    "\\\\",
    "a:b:n",
    "first\nsecond\r\n\tthird",
    "]]>",
    "node",
    "→ Größe 日本",
    "",
)

_BRANCHES = """
net (float[2, 3] x, bool c) => (float[2, 3] y, float[2, 3] z) {
    a = Relu(x)
    b = If(c) <then_branch = one () => (float[2, 3] p) { p = Add(a, x) },
               else_branch = two () => (float[2, 3] q) { r = Neg(a) q = Add(r, r) }>
    y = Add(b, a)
    z = Identity(a)
}
"""

# A process of its own: Graphviz's library keeps a state.
_READ_DOT = """
import json, sys
import pygraphviz
graph = pygraphviz.AGraph(string=sys.stdin.read())
nodes = {name: dict(graph.get_node(name).attr) for name in graph.nodes()}
edges = [[a, b, dict(edge.attr)] for edge in graph.edges() for a, b in [edge]]
print(json.dumps([graph.name or "", nodes, edges]))
"""

Graph = tuple[str, Counter[tuple[str, ...]], Counter[tuple[str, ...]]]
"""Name; label, type and layer of each node; an edge's ends, each the label, and its tensor."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Layout]:
    return net(tmp_path_factory.mktemp("net"), vertices=300)


@pytest.fixture(scope="module")
def branches(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return loaded(tmp_path_factory.mktemp("branches"), _BRANCHES)


def renamed(model: Model, name: str) -> Model:
    """A model with a name in all names, types, layers and element types."""
    return replace(
        model,
        name=name,
        operators=tuple(
            replace(one, name=f"{name}{k}", type=f"{one.type}{name}")
            for k, one in enumerate(model.operators)
        ),
        tensors=tuple(
            replace(one, name=f"{k}{name}", dtype=name) for k, one in enumerate(model.tensors)
        ),
        layers=tuple(replace(one, path=name) for one in model.layers),
    )


def operator_graph(model: Model) -> Graph:
    """What the files should hold, slowly, by the definition."""
    nodes: Counter[tuple[str, ...]] = Counter()
    edges: Counter[tuple[str, ...]] = Counter()
    nodes.update((model.tensors[t].name, "Input", "") for t in model.inputs)
    nodes.update((o.name, o.type, model.layers[o.layer].path) for o in model.operators)
    nodes.update((model.tensors[t].name, "Output", "") for t in model.outputs)
    for index, tensor in enumerate(model.tensors):
        makers = [model.tensors[t].name for t in model.inputs if t == index]
        makers += [one.name for one in model.operators if index in one.outputs]
        readers = [
            one.name
            for one in model.operators
            if index in one.inputs or any(index in body.outputs for body in one.bodies)
        ]
        readers += [model.tensors[t].name for t in model.outputs if t == index]
        shape = "x".join("?" if size is None else str(size) for size in tensor.shape or ())
        about = (tensor.name, tensor.dtype, shape)
        edges.update((maker, reader, *about) for maker in makers for reader in readers)

    def shown(counted: Counter[tuple[str, ...]]) -> Counter[tuple[str, ...]]:
        return Counter(tuple(visible(text) for text in row) for row in counted.elements())

    return visible(model.name), shown(nodes), shown(edges)


def read_graphml(text: str) -> Graph:
    """A graph as networkx reads it."""
    graph = networkx.read_graphml(io.BytesIO(text.encode()), force_multigraph=True)
    assert graph.is_directed()
    label = dict(graph.nodes(data="label"))
    edges = Counter(
        (label[a], label[b], *(about[key] for key in ("tensor", "dtype", "shape")))
        for a, b, about in graph.edges(data=True)
    )
    nodes = Counter(
        tuple(about[key] for key in ("label", "type", "layer")) for _, about in graph.nodes.items()
    )
    return graph.graph.get("id", ""), nodes, edges


def read_dot(text: str) -> Graph:
    """A graph as Graphviz reads it; its labels have each backslash twice."""
    done = subprocess.run(
        [sys.executable, "-c", _READ_DOT],
        input=text,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    name, nodes, edges = json.loads(done.stdout)

    def meant(about: dict[str, str], *keys: str) -> tuple[str, ...]:
        return tuple(about.get(key, "").replace("\\\\", "\\") for key in keys)

    label = {one: meant(about, "label")[0] for one, about in nodes.items()}
    return (
        name.replace("\\\\", "\\"),
        Counter(meant(about, "label", "type", "layer") for about in nodes.values()),
        Counter(
            (label[a], label[b], *meant(about, "tensor", "dtype", "shape")) for a, b, about in edges
        ),
    )


def test_both_forms_hold_the_operator_graph(whole: tuple[Model, Layout], branches: Model) -> None:
    for model in (whole[0], branches):
        expected = operator_graph(model)
        assert len(expected[1]) == len(model.operators) + len(model.inputs) + len(model.outputs)
        assert read_graphml(operators_graphml(model))[1:] == expected[1:]
        assert read_dot(operators_dot(model)) == expected


def test_an_operator_reads_what_its_bodies_hand_out(branches: Model) -> None:
    (choice,) = (one for one in branches.operators if one.type == "If")
    handed = [edge for edge in operator_graph(branches)[2] if edge[1] == choice.name]
    assert len(handed) == 3  # the condition, and a tensor of each branch
    assert Counter(handed) <= read_graphml(operators_graphml(branches))[2]


_LEFT_OUT = """<ir_version: 10, opset_import: ["": 20, "me": 1]>
net (float[5,n,4] x, float top, u) => (k, v, w) <float[1,6,4] p = {P}, float[1,6,6] r = {R}> {
    gone, h = RNN<hidden_size = 6>(x, p, r)
    k = Clip(h, , top)
    v = me.Secret(u)
    w = NonZero(x)
}""".replace("{P}", "{" + ",".join("0" * 24) + "}").replace("{R}", "{" + ",".join("0" * 36) + "}")


def test_what_is_left_out_joins_nothing_and_what_is_not_known_is_said(tmp_path: Path) -> None:
    proto = parse(_LEFT_OUT)
    proto.graph.node[0].output[0] = ""
    for node, name in zip(proto.graph.node, ("rnn", "clip", "secret", "nonzero"), strict=True):
        node.name = name
    model = loaded(tmp_path, proto, n=3)
    for edges in (read_graphml(operators_graphml(model))[2], read_dot(operators_dot(model))[2]):
        assert sorted(edges.elements()) == [
            ("clip", "k", "k", "float", "1x3x6"),
            ("nonzero", "w", "w", "int64", "3x?"),
            ("rnn", "clip", "h", "float", "1x3x6"),
            ("secret", "v", "v", "", ""),
            ("top", "clip", "top", "float", ""),
            ("u", "secret", "u", "", ""),
            ("x", "nonzero", "x", "float", "5x3x4"),
            ("x", "rnn", "x", "float", "5x3x4"),
        ]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_breaks_a_file(branches: Model, name: str) -> None:
    model = renamed(branches, name)
    expected = operator_graph(model)
    assert read_graphml(operators_graphml(model))[1:] == expected[1:]
    dot = operators_dot(model)
    found = read_dot(dot)
    assert found[1:] == expected[1:]
    assert found[0] == expected[0] or not expected[0]
    assert "=<" not in dot, "a label in HTML"
    assert not re.search(r'(?<!\\)(\\\\)*\\[^"\\]', dot), "a backslash that Graphviz would obey"


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


def test_a_compact_archive_holds_the_same_graph_at_rounded_positions(
    whole: tuple[Model, Layout], tmp_path: Path
) -> None:
    layout = whole[1]
    plain, small = tmp_path / "plain.npz", tmp_path / "small.npz"
    save_vertex_graph(layout, plain, {"Source": "a"})
    save_vertex_graph(layout, small, {"Source": "a"}, compact=True)
    assert small.stat().st_size < plain.stat().st_size
    with np.load(plain) as one, np.load(small) as other:
        assert one.files == other.files
        for name in set(one.files) - {"positions"}:
            np.testing.assert_array_equal(one[name], other[name])
        apart = np.abs(one["positions"] - other["positions"]).max()
        assert 0 < apart <= np.ptp(layout.positions, axis=0).max() / 8192

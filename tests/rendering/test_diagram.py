"""The operator diagram: complete, readable, safe, and there whatever Graphviz does."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import onnx
import pytest

from gallery.coloring.oklab import hex_of
from gallery.coloring.operator_types import type_color
from gallery.coloring.palettes import from_hex
from gallery.model import Model
from gallery.rendering.labels.labels import luminance
from gallery.rendering.operator_diagram import place
from gallery.rendering.operator_diagram.blocks import Block, Drawing, Link, drawing_of, shape_text
from gallery.rendering.operator_diagram.draw import _THEMES, diagram
from tests.onnx_text import loaded

SVG = "{http://www.w3.org/2000/svg}"


def _net(tmp_path: Path, blocks: int = 1, name: str = "net") -> Model:
    nodes, at = [], "x"
    for block in range(blocks):
        for step, kind in enumerate(("Relu", "Sigmoid", "Tanh", "Neg")):
            out = f"b{block}_{step}"
            path = f"/body/{block}/{kind.lower()}/{kind}"
            nodes.append(onnx.helper.make_node(kind, [at], [out], name=path))
            at = out
    info = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes,
        name,
        [info("x", onnx.TensorProto.FLOAT, [1, 8])],
        [info(at, onnx.TensorProto.FLOAT, [1, 8])],
    )
    return loaded(tmp_path, onnx.helper.make_model(graph))


def _texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("ground", ["dark", "light"])
def test_operators_shapes_and_colours_are_shown(tmp_path: Path, ground: str) -> None:
    svg = diagram(_net(tmp_path), ground=ground)
    texts = _texts(svg)
    for kind in ("Relu", "Sigmoid", "Tanh", "Neg", "x"):
        assert kind in texts
    assert texts.count("1×8") >= 5
    assert "4 operators" in texts
    assert "Relu 1" in texts
    assert hex_of(type_color("Relu", ground)) in svg


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    assert diagram(_net(tmp_path)) == diagram(_net(tmp_path))


def test_layers_that_repeat_are_closed_when_there_are_too_many(tmp_path: Path) -> None:
    model = _net(tmp_path, blocks=12)
    assert len(drawing_of(model, 400).blocks) == 48 + 2
    few = drawing_of(model, 20)
    assert len(few.blocks) == 4 + 11 + 2
    assert few.hidden == 44
    assert sum(block.operators for block in few.blocks) == 48
    fewest = drawing_of(model, 5)
    assert len(fewest.blocks) <= 5 + 2
    assert sum(block.operators for block in fewest.blocks) == 48
    assert "48 operators, 44 of them inside closed layers" in _texts(diagram(model, limit=20))


def test_neighbours_are_joined_where_there_are_no_layers_to_close(tmp_path: Path) -> None:
    steps = " ".join(f"t{k + 1} = {('Relu', 'Neg')[k % 2]}(t{k})" for k in range(41))
    model = loaded(tmp_path, f"net (float[4] t0) => (float[4] t41) {{ {steps} }}")
    assert len(drawing_of(model, 11).blocks) == 41 + 2
    few = drawing_of(model, 10)
    assert [block.operators for block in few.blocks] == [0, *[5] * 8, 1, 0]
    assert (few.blocks[1].title, few.blocks[1].notes) == ("5 operators", ("3 × Relu", "2 × Neg"))
    assert [block.members for block in few.blocks[1:3]] == [(0, 1, 2, 3, 4), (5, 6, 7, 8, 9)]
    assert few.links == tuple(Link(source=k, reader=k + 1, label="4") for k in range(10))


def test_links_join_blocks_in_order(tmp_path: Path) -> None:
    drawing = drawing_of(_net(tmp_path, blocks=3), 6)
    ends = [(link.source, link.reader) for link in drawing.links]
    assert len(ends) == len(set(ends))
    assert ends
    assert all(source != reader for source, reader in ends)
    reached = {0}
    for source, reader in sorted(ends):
        if source in reached:
            reached.add(reader)
    assert reached == set(range(len(drawing.blocks)))


def test_labels_of_crowded_diagrams_are_below_their_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(place, "_CROWDED", 100)
    # Each block reads the one before, and the last reads all.
    blocks = tuple(
        Block(title=str(number), notes=(), type="Add", layer=0, members=(number,))
        for number in range(17)
    )
    steps = [Link(source=k, reader=k + 1, label="8×8") for k in range(16)]
    long = [Link(source=k, reader=16, label="8×8") for k in range(15)]
    drawing = Drawing(blocks=blocks, links=(*steps, *long), hidden=0)
    found = place.place(drawing, [(64.0, 24.0)] * 17, [0], 5.0)
    assert not found.fallback
    assert not any(found.labels[16:])
    for label, (x, y) in zip(found.labels[:16], found.nodes, strict=False):
        assert label is not None
        assert label[0] == x
        assert y + 12 < label[1] < y + 12 + 0.3 * 72


def test_labels_touch_neither_their_arrow_nor_each_other_in_a_wide_font() -> None:
    # Advances of DejaVu Sans, which stands in for Helvetica where there is none: digits, and ×.
    def wide(label: str) -> float:
        return 9 * sum(0.838 if sign == "×" else 0.636 for sign in label)

    blocks = tuple(
        Block(title=str(number), notes=(), type="Add", layer=0, members=(number,))
        for number in range(4)
    )
    ends = ((0, 1, "1×3×224×224"), (1, 2, "1×64×56×56"), (1, 3, "1×64×56×56"))
    links = tuple(Link(source=a, reader=b, label=label) for a, b, label in ends)
    found = place.place(Drawing(blocks=blocks, links=links, hidden=0), [(64.0, 24.0)] * 4, [0], 5.0)
    assert not found.fallback
    spans = []
    for link, at in zip(links, found.labels, strict=True):
        assert at is not None
        spans.append((at[0] - wide(link.label) / 2, at[0] + wide(link.label) / 2))
    assert spans[0][0] > found.nodes[0][0]
    left, right = sorted(spans[1:])
    assert left[1] < right[0]


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    evil = '"]; }</text><script>\\N\\l\x07{|}<>' + "é" * 10_000
    relu = onnx.helper.make_node("Relu", [evil], [evil + "y"], name=f"/a{evil}/b/Relu")
    fancy = onnx.helper.make_node("X<&>" + "z" * 999, [evil + "y"], ["o"], domain="d")
    info = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [relu, fancy],
        "g",
        [info(evil, onnx.TensorProto.FLOAT, ["<n>", 2])],
        [info("o", onnx.TensorProto.FLOAT, None)],
    )
    opsets = [onnx.helper.make_opsetid("", 20), onnx.helper.make_opsetid("d", 1)]
    model = loaded(tmp_path, onnx.helper.make_model(graph, opset_imports=opsets))
    root = ET.fromstring(diagram(model))
    allowed = {f"{SVG}{tag}" for tag in ("svg", "g", "title", "rect", "path", "text", "circle")}
    told = root.find(f"{SVG}metadata")
    assert told is not None
    root.remove(told)
    assert {element.tag for element in root.iter()} <= allowed
    assert max(len(text) for text in _texts(diagram(model))) < 120


def test_without_graphviz_the_boxes_stand_in_a_column(tmp_path: Path) -> None:
    texts = _texts(diagram(_net(tmp_path), seconds=0.001))
    assert "dot did not finish within 0.001 s of processor time" in texts
    assert "Sigmoid" in texts


def test_text_has_contrast_on_both_grounds() -> None:
    for theme in _THEMES.values():
        for ink in ("ink", "faint"):
            for under in ("ground", "box"):
                pair = sorted(float(luminance(from_hex(theme[key]))) for key in (ink, under))
                assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5


def test_shapes_as_text() -> None:
    assert shape_text(None) == ""
    assert shape_text(()) == "scalar"
    assert shape_text((1, "n", None)) == "1×n×?"

"""Wide diagrams: what is alike side by side is folded, and what is not is turned."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gallery.model import Model
from gallery.placement.graphviz_engines import EngineError, places
from gallery.rendering.operator_diagram import place
from gallery.rendering.operator_diagram.blocks import Drawing, drawing_of
from gallery.rendering.operator_diagram.draw import diagram
from gallery.rendering.operator_diagram.fold import ABREAST
from tests.onnx_text import loaded

MANY = 40
SHAPE = "float[1,8]"


def _values(name: str, count: int, shape: str = SHAPE) -> str:
    return ", ".join(f"{shape} {name}{n}" for n in range(count))


def _net(folder: Path, inputs: str, outputs: str, body: str) -> Model:
    return loaded(folder, f"net ({inputs}) => ({outputs}) {{ {body} }}")


def _heads(folder: Path, count: int = MANY) -> Model:
    body = " ".join(f"[h{n}] a{n} = Relu(x) [t{n}] y{n} = Tanh(a{n})" for n in range(count))
    return _net(folder, f"{SHAPE} x", _values("y", count), body)


def _titles(drawing: Drawing) -> list[str]:
    return [block.title for block in drawing.blocks]


def test_heads_alike_are_one_box_for_each_step(tmp_path: Path) -> None:
    model = _heads(tmp_path)
    drawing = drawing_of(model, 150)
    assert _titles(drawing) == ["x", f"{MANY} × Relu", f"{MANY} × Tanh", f"{MANY} outputs"]
    assert drawing.blocks[3].notes == (f"y0 … y{MANY - 1}", "1×8", "float")
    assert [link.label for link in drawing.links] == ["1×8", "1×8 each", "1×8 each"]
    assert sorted(v for block in drawing.blocks for v in block.members) == list(range(2 * MANY))
    svg = diagram(model)
    assert f'data-operators="{" ".join(str(n) for n in range(0, 2 * MANY, 2))}"' in svg


def test_few_heads_stay_apart(tmp_path: Path) -> None:
    assert len(drawing_of(_heads(tmp_path, ABREAST), 150).blocks) == 1 + 3 * ABREAST
    assert len(drawing_of(_heads(tmp_path, ABREAST + 1), 150).blocks) == 4


def test_inputs_and_branches_are_folded(tmp_path: Path) -> None:
    names = ", ".join(f"x{n}" for n in range(MANY))
    joined = _net(tmp_path, _values("x", MANY), "float[1,320] y", f"y = Concat<axis = 1>({names})")
    assert _titles(drawing_of(joined, 150)) == [f"{MANY} inputs", "Concat", "y"]
    parts = ", ".join(f"s{n}" for n in range(MANY))
    split = _net(
        tmp_path,
        "float[1,320] x",
        _values("s", MANY),
        f"{parts} = Split<axis = 1, num_outputs = {MANY}>(x)",
    )
    assert _titles(drawing_of(split, 150)) == ["x", "Split", f"{MANY} outputs"]


def test_sizes_that_differ_are_not_told_of_the_fold(tmp_path: Path) -> None:
    outputs = ", ".join(f"float[1,{1 + n % 3}] y{n}" for n in range(MANY))
    body = " ".join(f"y{n} = com.example.Head<k = {n}>(x)" for n in range(MANY))
    model = loaded(
        tmp_path,
        '<ir_version: 10, opset_import: ["" : 20, "com.example" : 1]> '
        f"net ({SHAPE} x) => ({outputs}) {{ {body} }}",
    )
    drawing = drawing_of(model, 150)
    (ends,) = (block for block in drawing.blocks if block.title == f"{MANY} outputs")
    assert ends.notes == (f"y0 … y{MANY - 1}", "float")
    (label,) = (link.label for link in drawing.links if drawing.blocks[link.reader] is ends)
    assert label == f"{MANY} tensors"


def test_what_follows_in_a_row_is_not_folded(tmp_path: Path) -> None:
    body = " ".join(f"c{n + 1} = Relu(c{n})" for n in range(MANY))
    chain = _net(tmp_path, f"{SHAPE} c0", f"{SHAPE} c{MANY}", body)
    assert len(drawing_of(chain, 150).blocks) == MANY + 2
    # An output of each step: all are outputs, but of another step each.
    taps = _net(tmp_path, f"{SHAPE} c0", _values("c", MANY + 1).split(", ", 1)[1], body)
    assert len(drawing_of(taps, 150).blocks) == 2 * MANY + 1


def test_branches_of_two_operators_stay_with_theirs(tmp_path: Path) -> None:
    names = [", ".join(f"{side}{n}" for n in range(MANY)) for side in "ab"]
    body = " ".join(
        f"{row} = Split<axis = 1, num_outputs = {MANY}>(x{side})"
        for side, row in zip("ab", names, strict=True)
    )
    outputs = ", ".join(_values(side, MANY, "float[1,1]") for side in "ab")
    model = _net(tmp_path, f"float[1,{MANY}] xa, float[1,{MANY}] xb", outputs, body)
    assert _titles(drawing_of(model, 150)).count(f"{MANY} outputs") == 2


def test_a_fold_across_layers_is_in_the_layer_around_them(tmp_path: Path) -> None:
    body = " ".join(
        f'["/heads/{n}/fc/Relu"] a{n} = Relu(x) ["/heads/{n}/act/Tanh"] y{n} = Tanh(a{n})'
        for n in range(MANY)
    )
    model = _net(tmp_path, f"{SHAPE} x", _values("y", MANY), body)
    drawing = drawing_of(model, 150)
    folded = [block for block in drawing.blocks if block.members]
    assert [block.title for block in folded] == [f"{MANY} × Relu", f"{MANY} × Tanh"]
    assert {model.layers[block.layer].path for block in folded} == {"heads"}


def test_a_drawing_that_is_too_wide_is_turned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = ("Relu", "Tanh", "Neg", "Abs", "Exp", "Erf", "Ceil", "Floor", "Sin", "Cos", "Sqrt")
    body = " ".join(f"y{n} = {kind}(x)" for n, kind in enumerate(kinds))
    model = _net(tmp_path, f"{SHAPE} x", _values("y", len(kinds)), body)
    upright = _sides(diagram(model))
    monkeypatch.setattr(place, "WIDEST", 300.0)
    turned = _sides(diagram(model))
    assert upright[0] > upright[1]
    assert turned[0] < upright[0]
    assert turned[1] > upright[1]


def test_what_takes_too_long_with_labels_has_them_below_its_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def impatient(engine: str, source: str, *rest: Any) -> Mapping[str, object]:
        if "label=xxx" in source:
            raise EngineError("dot took longer than 20 s")
        return places(engine, source, *rest)

    monkeypatch.setattr(place, "places", impatient)
    svg = diagram(_heads(tmp_path, 5))
    assert "dot took longer than 20 s" in svg
    # Side by side, not in a column.
    assert len(set(re.findall(r'<text x="([\d.]+)"[^>]*>Relu</text>', svg))) == 5
    # One below the input, one below each of the five blocks of both rows.
    found = re.findall(r'<text x="([\d.]+)" y="([\d.]+)" font-size="9" [^>]*>1×8</text>', svg)
    assert sorted(Counter(y for _, y in found).values()) == [1, 5, 5]
    assert len({x for x, _ in found}) == 5


def _sides(svg: str) -> tuple[float, float]:
    width, height = re.findall(r'<svg[^>]*? width="(\d+)" height="(\d+)"', svg)[0]
    return float(width), float(height)

"""Tables joined to the operators of a model: names of runtimes, shares of work, other models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gallery.measuring.files import FORMAT, read
from gallery.measuring.joining import join
from gallery.measuring.sums import sums
from gallery.measuring.types import Column, Row, Table
from gallery.model import Model
from tests.onnx_text import loaded, parse

NET = """g (float[1, 8] x, float[8, 8] w, float[8] b) => (float[1, 8] y) {
    [mul] p = MatMul (x, w)
    [add] q = Add (p, b)
    [relu] r = Relu (q)
    [soft] y = Softmax (r)
}"""


@pytest.fixture
def model(tmp_path: Path) -> Model:
    """Four operators in a row, with work 128, 8, 8 and 24 or so."""
    return loaded(tmp_path, NET)


def joined(model: Model, rows: dict[str, float], *, whole: bool = True, unit: str = "s"):  # type: ignore[no-untyped-def]
    """The only measurement of a table, and the notes."""
    table = Table(
        columns=(Column(name="" if unit else "error", unit=unit),),
        rows=tuple(Row(name=name, numbers=(value,)) for name, value in rows.items()),
        whole=whole,
    )
    found = join(table, model, source="net.profile.json", device="")
    return (*found.measurements, None)[0], found.notes


@pytest.mark.parametrize(
    "name",
    ["mul + add + relu", "PWN(mul, add, relu)", "{ForeignNode[mul...relu]}", "[mul...relu]",
     "r_nchwc", "r", "relu/Fused"],
)  # fmt: skip
def test_fused_times_go_to_the_operators_by_their_work(model: Model, name: str) -> None:
    one, notes = joined(model, {name: 1.44, "soft": 2})
    assert not notes
    assert one.values[3] == 2
    assert one.values[:3] == pytest.approx([1.28, 0.08, 0.08])
    assert one.total == pytest.approx(3.44)


def test_a_table_of_some_operators_says_nothing_of_others(model: Model) -> None:
    one, _ = joined(model, {"relu": 1}, whole=False)
    assert one.values == (None, None, 1, None)
    number, _ = joined(model, {"relu": -1, "mul": 5}, whole=False, unit="")
    assert number.attribute == "metric:error"
    assert number.values == (5, None, -1, None)


def test_changes_of_layout_are_kept_apart(model: Model) -> None:
    table = Table(
        columns=(Column(name="", unit="s"),),
        rows=(
            Row(name="ReorderInput", type="ReorderInput", numbers=(1,)),
            Row(name="Reformatting CopyNode for Input Tensor 0 to mul", numbers=(2,)),
            Row(name="gemm_input_reshape_token_3", type="Reshape", numbers=(8,)),
            Row(name="soft", numbers=(4,)),
        ),
        whole=True,
    )
    (one,) = join(table, model, source="", device="").measurements
    assert (one.apart, one.lost, one.total) == (11, 0, 15)


def test_names_that_fit_nothing_are_counted_and_named(model: Model) -> None:
    one, notes = joined(model, {"relu": 3, "a\x1b[31m": 1})
    assert one.lost == 1
    (note,) = notes
    assert "1 of 2 names belongs to no operator" in note
    assert "\x1b" not in note


def test_the_profile_of_another_model_is_not_used(model: Model) -> None:
    one, notes = joined(model, {"relu": 1, "other": 3})
    assert one is None
    assert "do not fit the model" in notes[-1]


def test_times_that_are_all_0_are_not_used(model: Model) -> None:
    one, notes = joined(model, {"relu": 0, "mul": 0})
    assert one is None
    assert notes == ("net.profile.json: all its times are 0, so they are not used",)


def test_the_profile_of_another_file_says_so(model: Model) -> None:
    rows = [{"name": "relu", "index": 2, "seconds": 1}]
    told = {"format": FORMAT, "operators": rows}
    for digest, notes in ((model.digest, 0), ("0" * 64, 1)):
        table = read(json.dumps({**told, "digest": digest}).encode(), "net.profile.json")
        found = join(table, model, source="net.profile.json", device="")
        assert found.measurements[0].values[2] == 1
        assert [("another file" in note) for note in found.notes] == [True] * notes


def test_a_layer_stands_for_its_operators(tmp_path: Path) -> None:
    proto = parse(NET)
    for node, name in zip(proto.graph.node, ("mul", "add", "relu"), strict=False):
        node.name = f"/head/{name}" if name != "relu" else "/tail/relu"
    model = loaded(tmp_path, proto)
    one, _ = joined(model, {"head": 7}, whole=False, unit="")
    assert one.values == (7, 7, None, None)


def test_sums_have_short_names(tmp_path: Path) -> None:
    proto = parse("g (float[4] x) => (float[4] y) { y = Relu (x) }")
    proto.graph.node[0].name = "a" * 10_000
    model = loaded(tmp_path, proto)
    one, _ = joined(model, {"y": 2})
    found = sums(one, model)
    assert found["types"] == [["Relu", 2]]
    assert found["layers"] == [["", 2]]
    ((name, value),) = found["operators"]
    assert (len(str(name)), value) == (200, 2)

"""Sequences and optional values: what reads what, held against ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gallery.lowering import lower
from gallery.model import Model
from tests.classical_models import session_of
from tests.lowering.cases import Case
from tests.lowering.operator_cases import judged
from tests.onnx_text import loaded, parse

X, Z = (np.random.default_rng(3).normal(size=(6, 4)).astype(np.float32) for _ in range(2))
BODIES = {
    "built": "s = SequenceConstruct(x, z, x) i = Constant<value_int=-2>() y = SequenceAt(s, i)",
    "split": """k = Constant<value_ints=[1,2,3]>() s = SplitToSequence<axis=0>(x, k)
        i = Constant<value_int=1>() y = SequenceAt(s, i)""",
    "even": """k = Constant<value_int=4>() s = SplitToSequence<axis=0>(x, k)
        i = Constant<value_int=1>() y = SequenceAt(s, i)""",
    "inserted": """e = SequenceEmpty() a = SequenceInsert(e, x) p = Constant<value_int=0>()
        b = SequenceInsert(a, z, p) y = SequenceAt(b, p)""",
    "erased": """s = SequenceConstruct(x, z, x) p = Constant<value_int=0>()
        a = SequenceErase(s, p) y = SequenceAt(a, p)""",
    "stacked": "s = SequenceConstruct(x, z) y = ConcatFromSequence<axis=1, new_axis=1>(s)",
    "joined": "s = SequenceConstruct(x, z) y = ConcatFromSequence<axis=0>(s)",
    "present": "o = Optional(x) h = OptionalHasElement(o) g = OptionalGetElement(o) y = Add(g, z)",
}
SHAPES = {"split": [2, 4], "even": [2, 4], "stacked": [6, 2, 4], "joined": [12, 4]}


@pytest.mark.parametrize("name", BODIES)
def test_as_the_runtime_runs_it(tmp_path: Path, name: str) -> None:
    made = SHAPES.get(name, [6, 4])
    text = f"""<ir_version: 9, opset_import: ["": 18]>
        net (float[6,4] x, float[6,4] z) => (float{made} y) {{ {BODIES[name]} }}"""
    proto = parse(text)
    model = loaded(tmp_path, proto)
    assert model.warnings == ()
    case = Case(name=name, operator=name, proto=proto, feeds={"x": X, "z": Z}, model=model)
    tally = judged(case, budgets=(400, 12), session=session_of(proto))
    assert (tally.misses, tally.unknown) == ([], set())
    # An item of a sequence is one block, whatever its size.
    assert tally.precision > 0.04


ITEMS = "s = SequenceConstruct(x, z, w) "
FIRST, SECOND, THIRD, LAST = (
    f"i = Constant<value_int={place}>() y = SequenceAt(a, i)" for place in (0, 1, 2, -1)
)
INSERTED = "s = SequenceConstruct(x, z) k = Constant<value_int=1>() a = SequenceInsert(s, w, k) "
ANYWHERE = "s = SequenceConstruct(x, z) a = SequenceInsert(s, w, p) "


def read_by_the_first(model: Model) -> str:
    """The letters of the inputs from which the first block of the output is made."""
    graph = lower(model, vertices=400)
    found, ahead = set(), [int(graph.producers(model.outputs[0])[0])]
    while ahead:
        v = ahead.pop()
        found.add(v)
        ahead += {*graph.sources[graph.indptr[v] : graph.indptr[v + 1]].tolist()} - found
    names = {model.tensors[i].name for i in model.inputs if found & {*graph.producers(i).tolist()}}
    return "".join(sorted(names))


@pytest.mark.parametrize(
    ("body", "read"),
    [
        ("a = SequenceConstruct(x, z, w) " + LAST, "w"),
        ("a = SequenceConstruct(x, z, w) y = SequenceAt(a, p)", "pwxz"),
        (ITEMS + "a = SequenceErase(s) " + LAST, "z"),
        (ITEMS + "a = SequenceErase(s, p) " + FIRST, "pxz"),
        (ITEMS + "a = SequenceErase(s, p) " + SECOND, "pwz"),
        ("s = SequenceConstruct(x, z) a = SequenceInsert(s, w) " + THIRD, "w"),
        (INSERTED + FIRST, "x"),
        (INSERTED + SECOND, "w"),
        (INSERTED + THIRD, "z"),
        (ANYWHERE + FIRST, "pwx"),
        (ANYWHERE + SECOND, "pwxz"),
    ],
)
def test_an_item_reads_what_it_may_be_made_of(tmp_path: Path, body: str, read: str) -> None:
    inputs = "float[6,4] x, float[6,4] z, float[6,4] w, int64 p"
    text = f"""<ir_version: 9, opset_import: ["": 18]>
        net ({inputs}) => (float[6,4] y) {{ {body} }}"""
    assert read_by_the_first(loaded(tmp_path, text)) == read


def test_stacked_items_are_read_one_by_one(tmp_path: Path) -> None:
    text = """<ir_version: 9, opset_import: ["": 18]> net (float[6,4] x, float[6,4] z)
        => (float[2,6,4] y) {
        s = SequenceConstruct(x, z) y = ConcatFromSequence<axis=0, new_axis=1>(s) }"""
    assert read_by_the_first(loaded(tmp_path, text)) == "x"


def test_an_optional_value_is_read_block_by_block(tmp_path: Path) -> None:
    text = """<ir_version: 9, opset_import: ["": 18]> net (float[64,64] x) => (float[64,64] y) {
        o = Optional(x) y = OptionalGetElement(o) }"""
    graph = lower(loaded(tmp_path, text), vertices=400)
    assert graph.edges < 2 * graph.vertices


def test_a_split_item_reads_its_own_rows_only(tmp_path: Path) -> None:
    text = f"""<ir_version: 9, opset_import: ["": 18]>
        net (float[8,4] x) => (float[4,4] y) {{ {BODIES["even"]} }}"""
    model = loaded(tmp_path, text)
    sequence = next(i for i, one in enumerate(model.tensors) if one.name == "s")
    assert model.tensors[sequence].shape == (2,)
    graph = lower(model, vertices=4000)
    last = int(graph.producers(sequence)[-1])
    read = {
        graph.box(int(v))[0][0] for v in graph.sources[graph.indptr[last] : graph.indptr[last + 1]]
    }
    assert min(read) == 4


def test_a_sequence_of_unknown_length_is_not_called_unknown(tmp_path: Path) -> None:
    text = """<ir_version: 9, opset_import: ["": 18]> net (float[6,4] x, int64 k) => (y) {
        s = SplitToSequence<axis=0>(x, k) y = ConcatFromSequence<axis=0>(s) }"""
    assert lower(loaded(tmp_path, text), vertices=400).unknown_operators == ()

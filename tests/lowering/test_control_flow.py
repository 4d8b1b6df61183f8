"""Loops and branches: no dependence through a body is missed, unrolled or not."""

from __future__ import annotations

import numpy as np
import onnx.parser
import pytest

from gallery.costs.facts import facts
from gallery.lowering import lower
from gallery.lowering.operators import loops
from tests.lowering.cases import Array, Case, loaded
from tests.lowering.operator_cases import judged
from tests.lowering.reach import reach

# The reference evaluator joins what the trips make by rows, so each trip makes a row here.
LOOP = """
<ir_version: 8, opset_import: ["" : 17]>
loop (float[4, 6] x, float[6] w, bool cond) => (float[4, 6] y, float[%(n)s, 6] all)
<int64 trips = {%(n)s}, int64[1] axes = {0}> {
  y, all = Loop <body =
    b (int64 i, bool c, float[4, 6] s) => (bool d, float[4, 6] t, float[6] u) {
    d = Identity(c)
    t = Mul(s, w)
    u = ReduceSum <keepdims = 0> (t, axes)
  }> (trips, cond, x)
}
"""

SCAN = """
<ir_version: 8, opset_import: ["" : 17]>
scan (float[3] start, float[%(n)s, 3] x) => (float[3] last, float[%(n)s, 3] all) {
  last, all = Scan <num_scan_inputs = 1, body =
    b (float[3] s, float[3] e) => (float[3] t, float[3] u) {
    t = Add(s, e)
    u = Identity(t)
  }> (start, x)
}
"""

BRANCH = """
<ir_version: 8, opset_import: ["" : 17]>
branch (float[4] x, float[4] z, bool c) => (float[4] y) {
  y = If (c) <
    then_branch = a () => (float[4] p) { p = Neg(x) },
    else_branch = b () => (float[4] q) { q = Exp(z) }
  >
}
"""


def case_of(text: str, feeds: dict[str, Array]) -> Case:
    proto = onnx.parser.parse_model(text)
    name = proto.graph.name
    return Case(name=name, operator=name, proto=proto, feeds=feeds, model=loaded(proto, name))


def uniform(*shape: int) -> Array:
    return np.random.default_rng(3).uniform(0.5, 1.5, shape).astype(np.float32)


def loop(trips: int) -> Case:
    text = LOOP % {"n": trips}
    feeds = {"x": uniform(4, 6), "w": uniform(6), "cond": np.array(True)}
    return case_of(text, feeds)


def scan(steps: int) -> Case:
    return case_of(SCAN % {"n": steps}, {"start": uniform(3), "x": uniform(steps, 3)})


@pytest.mark.parametrize("trips", [1, 3, 64, 65])
def test_loop(monkeypatch: pytest.MonkeyPatch, trips: int) -> None:
    """The last one is not unrolled here."""
    monkeypatch.setattr(loops, "MOST_COPIES", 0)
    tally = judged(loop(trips), budgets=(3000, 40, 1), blocks=6)
    assert tally.misses == []
    assert not tally.unknown


@pytest.mark.parametrize("steps", [1, 4, 64, 70])
def test_scan(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    """The last one is not unrolled here."""
    monkeypatch.setattr(loops, "MOST_COPIES", 0)
    tally = judged(scan(steps), budgets=(3000, 40, 1), blocks=6)
    assert tally.misses == []
    assert not tally.unknown


def test_unrolled_scan_is_causal() -> None:
    tally = judged(scan(8), budgets=(400,), blocks=40)
    assert tally.changed == tally.reached


@pytest.mark.parametrize("case", [scan(100), scan(300)])
def test_unrolled_loops_are_precise(case: Case) -> None:
    tally = judged(case, budgets=(20_000,), blocks=8)
    assert tally.misses == []
    assert tally.precision >= 0.95


def test_only_a_long_loop_has_back_edges() -> None:
    assert reach(loop(65).model, 100).program.back == ()
    assert len(reach(loop(700).model, 100).program.back) == 1


@pytest.mark.parametrize("case", [loop(1), loop(64), loop(700), scan(5), scan(64), scan(1100)])
def test_every_trip_works_as_the_facts_say(case: Case) -> None:
    graph = lower(case.model, vertices=2000)
    work = graph.vertex_flops.sum(dtype=np.float64)
    assert work == pytest.approx(facts(case.model, 0).flops, rel=1e-3)


def test_branches() -> None:
    feeds = {"x": uniform(4), "z": uniform(4), "c": np.array(True)}
    tally = judged(case_of(BRANCH, feeds), budgets=(40, 1), blocks=6)
    assert tally.misses == []
    assert tally.changed == tally.reached


COUNTED = """
<ir_version: 8, opset_import: ["" : 17]>
counted (float[3] x, float[3] w) => (float[3] y) <int64 trips = {5}, bool begins = {%d}> {
  y = Loop <body = b (int64 i, bool k, float[3] a) => (bool k2, float[3] a2) {
    k2 = Identity(k)
    a2 = Mul(a, w)
  }> (trips, begins, x)
}
"""


@pytest.mark.parametrize(("begins", "trips"), [(1, 5), (0, 0)])
def test_a_condition_that_the_file_knows(begins: int, trips: int) -> None:
    """Without it any trip could be the last one, and the output would read them all."""
    case = case_of(COUNTED % begins, {"x": uniform(3), "w": uniform(3)})
    graph = lower(case.model, vertices=1000)
    made = graph.producers(case.model.outputs[0])
    assert all(np.diff(graph.indptr)[made] == 1)
    assert facts(case.model, 0).flops == 3 * trips
    tally = judged(case)
    assert tally.misses == []
    assert tally.precision == 1


STOPS = """
<ir_version: 8, opset_import: ["" : 17]>
stops (float[3] x, float[3] w) => (float[3] y) <int64 trips = {5}, bool begins = {1}> {
  y = Loop <body = b (int64 i, bool k, float[3] a) => (bool k2, float[3] a2)
      <bool no = {0}> {
    k2 = Identity(no)
    a2 = Mul(a, w)
  }> (%s, begins, x)
}
"""


@pytest.mark.parametrize("limit", ["trips", ""])
def test_a_condition_that_is_false_after_each_trip_ends_the_first(limit: str) -> None:
    case = case_of(STOPS % limit, {"x": uniform(3), "w": uniform(3)})
    assert facts(case.model, 0).flops == 3
    tally = judged(case)
    assert tally.misses == []
    assert tally.precision == 1
    assert reach(case.model, 100).program.back == ()


COUNTS = """
<ir_version: 8, opset_import: ["" : 17]>
counts (float[3] x, float[3] w) => (float[3] y)
  <int64 start = {0}, bool begins = {1}, int64 one = {1}, int64 end = {4}> {
  k, y = Loop <body = b (int64 i, bool c, int64 j, float[3] a) => (bool d, int64 j2, float[3] a2) {
    j2 = Add(j, one)
    d = Less(j2, end)
    a2 = Mul(a, w)
  }> (, begins, start, x)
}
"""


def test_a_loop_that_counts_is_unrolled() -> None:
    """What it counts takes no vertices, and its last trip alone makes the output."""
    case = case_of(COUNTS, {"x": uniform(3), "w": uniform(3)})
    graph = lower(case.model, vertices=1000)
    assert facts(case.model, 0).flops - 2 * 4 == 3 * 4
    assert graph.vertex_flops.sum() == 3 * 4
    made = graph.producers(case.model.outputs[0])
    assert all(np.diff(graph.indptr)[made] == 1)
    tally = judged(case)
    assert tally.misses == []
    assert tally.precision == 1
    assert reach(case.model, 100).program.back == ()


def test_what_a_loop_counted_is_read_after_it() -> None:
    text = COUNTS.replace("k, y =", "k, z =").replace("float[3] y)", "float[3] y, int64 k)")
    text = text.rstrip().removesuffix("}") + "  f = Cast<to = 1>(k)\n  y = Mul(z, f)\n}"
    case = case_of(text, {"x": uniform(3), "w": uniform(3)})
    tally = judged(case)
    assert tally.misses == []
    assert tally.precision == 1
    assert lower(case.model, vertices=1000, passes="training").vertices > 0


def test_a_limit_below_zero_is_reached_at_once() -> None:
    """ONNX Runtime 1.32 makes no trip."""
    case = case_of(COUNTED.replace("{5}", "{-1}") % 1, {"x": uniform(3), "w": uniform(3)})
    assert facts(case.model, 0).flops == 0
    assert judged(case).misses == []


NEVER = (COUNTED % 0, BRANCH.replace("bool c", "bool unread").replace("=> (float[4] y)",
         "=> (float[4] y) <bool c = {1}>"))  # fmt: skip


@pytest.mark.parametrize(("text", "name"), [(NEVER[0], "w"), (NEVER[1], "z")])
def test_what_only_a_body_that_never_runs_reads_has_vertices_but_no_edges(
    text: str, name: str
) -> None:
    model = loaded(onnx.parser.parse_model(text), "never")
    graph = lower(model, vertices=100)
    tensor = next(i for i, one in enumerate(model.tensors) if one.name == name)
    vertices = graph.producers(tensor)
    assert len(vertices) == 1
    assert not np.isin(vertices, graph.sources).any()


FOLDED = """
<ir_version: 8, opset_import: ["" : 17]>
folded (float[3] x) => (float[3] last, float[4, 3] all) <float two = {2}> {
  rows = Div(table, two)
  last, all = Scan <num_scan_inputs = 1, body =
    b (float[3] s, float[3] e) => (float[3] t, float[3] u) {
    t = Add(s, e)
    u = Neg(t)
  }> (x, rows)
}
"""


def test_a_scan_over_what_initializers_give() -> None:
    """As scikit-learn's Gaussian process is exported."""
    proto = onnx.parser.parse_model(FOLDED)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(uniform(4, 3), "table"))
    model = loaded(proto, "folded")
    case = Case(name="f", operator="f", proto=proto, feeds={"x": uniform(3)}, model=model)
    tally = judged(case)
    assert (tally.misses, tally.unknown) == ([], set())


ROWS = """
<ir_version: 8, opset_import: ["" : 17]>
rows (float[5, 3] x) => (float[5, 3] all) <int64 trips = {5}, bool begins = {1}, int64 one = {1}> {
  all = Loop <body = b (int64 i, bool k) => (bool k2, float[3] r) {
    k2 = Identity(k)
    %s
    r = Gather <axis = 0> (x, j)
  }> (trips, begins)
}
"""


@pytest.mark.parametrize(
    "made",
    [
        "j = Identity(i)",
        "four = Constant <value = int64 {4}> () j = Sub(four, i)",
        "two = Constant <value = int64 {2}> () m = Mul(i, two) "
        "five = Constant <value = int64 {5}> () j = Mod(m, five)",
    ],
)
def test_a_trip_reads_the_row_that_its_number_gives(made: str) -> None:
    tally = judged(case_of(ROWS % made, {"x": uniform(5, 3)}), budgets=(1000,))
    assert (tally.misses, tally.unknown) == ([], set())
    assert tally.precision == 1

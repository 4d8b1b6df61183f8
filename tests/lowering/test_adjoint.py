"""The backward pass against finite differences: what gradients need, and who has one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnx.parser
import pytest
from onnx.reference import ReferenceEvaluator

from gallery.graph import ComputeGraph, Kind, Pass
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.model import Model

Floats = npt.NDArray[np.float64]

BODIES = {
    "gemm_relu": (
        "double[2,3] x, double[3,4] w, double[4] b",
        "double[2,4] y",
        "h = Gemm(x, w, b)\n y = Relu(h)",
    ),
    "matmul_chain": (
        "double[2,3] x, double[3,4] w, double[4,2] v",
        "double[2,2] y",
        "h = MatMul(x, w)\n s = Sigmoid(h)\n y = MatMul(s, v)",
    ),
    "conv_batch_norm": (
        "double[1,2,4,4] x, double[2,2,3,3] w, double[2] s, double[2] b, double[2] m, double[2] q",
        "double[1,2,4,4] y",
        "h = Conv<pads=[1,1,1,1]>(x, w)\n q2 = Abs(q)\n n = BatchNormalization(h, s, b, m, q2)\n"
        " y = Tanh(n)",
    ),
    "grouped_conv": (
        "double[1,4,4] x, double[4,2,2] w",
        "double[1,4,3] y",
        "h = Conv<group=2>(x, w)\n y = Mul(h, h)",
    ),
    "softmax": (
        "double[2,4] x, double[4,4] w",
        "double[2,4] y",
        "h = MatMul(x, w)\n y = Softmax<axis=-1>(h)",
    ),
    "layer_norm": (
        "double[2,4] x, double[2,4] w, double[4] s, double[4] b",
        "double[2,4] y",
        "h = Mul(x, w)\n y = LayerNormalization<axis=-1>(h, s, b)",
    ),
    "pooling": (
        "double[1,2,4,4] x, double[1,2,4,4] w",
        "double[1,2,2,2] y",
        "h = Mul(x, w)\n p = MaxPool<kernel_shape=[2,2], strides=[1,1]>(h)\n"
        " y = AveragePool<kernel_shape=[2,2]>(p)",
    ),
    "movement": (
        "double[2,6] x, double[2,6] w, double[2,2] v",
        "double[5,2,2] y",
        "h = Mul(x, w)\n shape = Constant<value_ints=[3,2,2]>()\n r = Reshape(h, shape)\n"
        " t = Transpose<perm=[0,2,1]>(r)\n starts = Constant<value_ints=[0]>()\n"
        " ends = Constant<value_ints=[2]>()\n s = Slice(t, starts, ends)\n"
        " k = Unsqueeze(v, starts)\n e = Expand(k, shape)\n"
        " y0 = Concat<axis=0>(s, e)\n y = Exp(y0)",
    ),
    "reduction": (
        "double[3,4] x, double[3,4] w",
        "double[3] y",
        "h = Mul(x, w)\n axes = Constant<value_ints=[1]>()\n m = ReduceMean<keepdims=0>(h, axes)\n"
        " l = ReduceL2<keepdims=0>(h, axes)\n y = Div(m, l)",
    ),
    "no_gradient": (
        "double[2,3] x, double[2,3] w, double[2,3] v",
        "double[2,3] y",
        "f = Floor(w)\n g = Mul(f, x)\n y = Add(g, v)",
    ),
}


FROZEN = ("m", "q")
"""Running statistics of BatchNormalization: parameters that no gradient updates."""


PRECISION = {"pooling": 0.2, "layer_norm": 0.5, "movement": 0.3}
"""Least share of the possible influences that show: a maximum seldom moves, a mean moves little,
and blocks of a reshape straddle those of its input."""


@dataclass(frozen=True)
class Case:
    """A small model whose inputs after the first are parameters."""

    proto: onnx.ModelProto
    model: Model
    graph: ComputeGraph
    values: dict[str, Floats]
    weights: list[Floats]


def build(name: str, directory: Path, vertices: int) -> Case:
    inputs, outputs, body = BODIES[name]
    text = f'<ir_version: 9, opset_import: ["": 18]> g ({inputs}) => ({outputs}) {{\n {body}\n }}'
    proto = onnx.parser.parse_model(text)
    rng = np.random.default_rng(7)
    values = {
        i.name: rng.uniform(0.5, 1.5, [d.dim_value for d in i.type.tensor_type.shape.dim])
        * rng.choice([-1, 1], [d.dim_value for d in i.type.tensor_type.shape.dim])
        for i in proto.graph.input
    }
    weights = [np.asarray(y) for y in ReferenceEvaluator(proto).run(None, values)]
    weights = [rng.uniform(0.5, 1.5, y.shape) for y in weights]
    stored = onnx.ModelProto()
    stored.CopyFrom(proto)
    for leaf in list(stored.graph.input)[1:]:
        stored.graph.initializer.append(onnx.numpy_helper.from_array(values[leaf.name], leaf.name))
        stored.graph.input.remove(leaf)
    path = directory / f"{name}.onnx"
    path.write_bytes(stored.SerializeToString())
    model = load(path)
    graph = lower(model, vertices=vertices, passes="training")
    return Case(proto=proto, model=model, graph=graph, values=values, weights=weights)


def loss(case: Case, session: ReferenceEvaluator, values: dict[str, Floats]) -> float:
    made = session.run(None, values)
    return float(sum((w * y).sum() for w, y in zip(case.weights, made, strict=True)))


def gradient(
    case: Case, session: ReferenceEvaluator, name: str, values: dict[str, Floats]
) -> Floats:
    step = 1e-6
    result = np.zeros_like(values[name])
    for index in np.ndindex(result.shape):
        ends = []
        for sign in (1, -1):
            moved = values[name].copy()
            moved[index] += sign * step
            ends.append(loss(case, session, {**values, name: moved}))
        result[index] = (ends[0] - ends[1]) / (2 * step)
    return result


def tensor_number(model: Model, name: str) -> int:
    return next(i for i, t in enumerate(model.tensors) if t.name == name)


def blocks(case: Case, name: str) -> Iterator[tuple[int, tuple[slice, ...]]]:
    for vertex in case.graph.producers(tensor_number(case.model, name)):
        lows, highs = case.graph.box(int(vertex))
        yield int(vertex), tuple(slice(a, b) for a, b in zip(lows, highs, strict=True))


def reached(graph: ComputeGraph, start: int, through_loss: bool) -> npt.NDArray[np.bool_]:
    mark = np.zeros(graph.vertices, bool)
    mark[start] = True
    for vertex in range(start + 1, graph.vertices):
        if graph.vertex_kind[vertex] == Kind.LOSS and not through_loss:
            continue
        sources = graph.sources[graph.indptr[vertex] : graph.indptr[vertex + 1]]
        mark[vertex] |= bool(mark[sources].any())
    return mark


def changed_values(case: Case, name: str, box: tuple[slice, ...]) -> Iterator[dict[str, Floats]]:
    for factor in (-1.7, 0.3, 2.5):
        moved = case.values[name].copy()
        moved[box] *= factor
        yield {**case.values, name: moved}


@pytest.mark.parametrize("vertices", [40, 400])
@pytest.mark.parametrize("name", sorted(BODIES))
def test_gradients_need_what_finite_differences_say(
    name: str, vertices: int, tmp_path: Path
) -> None:
    """A gradient block that changes with a leaf block is reached from it, without the loss."""
    case = build(name, tmp_path, vertices)
    session = ReferenceEvaluator(case.proto)
    graph = case.graph
    assert graph.gradient_of is not None
    of = {
        int(graph.gradient_of[v]): v
        for v in range(graph.vertices)
        if graph.vertex_kind[v] == Kind.GRADIENT
    }
    leaves = list(case.values)
    trained = [leaf for leaf in leaves[1:] if leaf not in FROZEN]
    base = {leaf: gradient(case, session, leaf, case.values) for leaf in trained}
    hits = possible = 0
    for leaf in leaves:
        for vertex, box in blocks(case, leaf):
            mark = reached(graph, vertex, through_loss=False)
            moved = [
                {p: gradient(case, session, p, values) for p in trained}
                for values in changed_values(case, leaf, box)
            ]
            for parameter in trained:
                for block, where in blocks(case, parameter):
                    differs = any(
                        not np.allclose(m[parameter][where], base[parameter][where], 1e-4, 1e-5)
                        for m in moved
                    )
                    can = block in of and bool(mark[of[block]])
                    assert can or not differs, f"{parameter}{where} needs {leaf}{box}"
                    hits += differs
                    possible += can
    assert bool(possible) == (name != "no_gradient")
    assert hits >= PRECISION.get(name, 0.6) * possible


@pytest.mark.parametrize("name", sorted(BODIES))
def test_parameters_with_a_gradient_are_those_that_influence_the_loss(
    name: str, tmp_path: Path
) -> None:
    case = build(name, tmp_path, 400)
    session = ReferenceEvaluator(case.proto)
    graph = case.graph
    assert graph.gradient_of is not None
    updated = set(graph.gradient_of[graph.vertex_pass == Pass.UPDATE].tolist())
    leaves = list(case.values)[1:]
    assert leaves
    for leaf in leaves:
        slope = gradient(case, session, leaf, case.values)
        for vertex, box in blocks(case, leaf):
            if leaf in FROZEN:
                assert vertex not in updated
            elif np.abs(slope[box]).max() > 1e-4:
                assert vertex in updated, f"{leaf}{box} has a gradient and no update"
    if name == "no_gradient":
        frozen = {v for v, _ in blocks(case, "w")}
        assert not frozen & updated
        assert {v for v, _ in blocks(case, "v")} <= updated


def test_a_relu_saves_its_output_and_an_add_nothing(tmp_path: Path) -> None:
    case = build("gemm_relu", tmp_path, 1)
    graph = case.graph
    assert graph.gradient_of is not None
    types = [graph.operators[o].type for o in graph.vertex_operator]
    relu = types.index("Relu")
    backward = int(np.flatnonzero(graph.gradient_of == relu)[0])
    row = graph.sources[graph.indptr[backward] : graph.indptr[backward + 1]]
    loss_vertex = int(np.flatnonzero(graph.vertex_kind == Kind.LOSS)[0])
    assert row.tolist() == [relu, loss_vertex]

"""Proof of the backward pass by ONNX's operator tests: `python -m tests.lowering.derivatives`.

All floating-point inputs of a test become parameters, in double precision. The loss is the outputs
times fixed weights. The derivative of the loss along a random direction in one block of a
parameter, by central differences, is compared before and after another block is changed: where it
differs, the gradient vertex of the first block must be reached from the second without the loss.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator

from gallery.graph import ComputeGraph, Kind, Pass
from gallery.lowering import lower
from gallery.lowering.access.registry import FAMILIES
from gallery.model import Model
from tests.lowering.cases import STRUCTURE, Array, all_cases, left_out, loaded, operator_of
from tests.lowering.changes import Session

VERTICES = 300
LARGEST = 400
"""Elements of all inputs of a test together, at most."""
BLOCKS = 4
"""Blocks of a parameter that are tried."""
STEP = 1e-5

FLOATS = frozenset({TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16})

FROZEN = {
    "BatchNormalization": (3, 4),
    "Attention": (4, 5),
}
"""Inputs that no gradient updates."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Small:
    """A test as a function of parameters.

    Attributes:
        name: As ONNX calls it.
        operator: Its type.
        session: Runs it.
        values: Of the parameters, float64.
        weights: Of the outputs in the loss; None for an output that is not a float.
        model: As the lowering sees it.
        graph: Its training step.
        frozen: Names of parameters that have no gradient.
    """

    name: str
    operator: str
    session: Session
    values: dict[str, Array]
    weights: list[Array | None]
    model: Model
    graph: ComputeGraph
    frozen: frozenset[str]

    def loss(self, values: dict[str, Array]) -> float:
        """Sum of the outputs, weighted."""
        with np.errstate(all="ignore"):
            made = self.session.run(None, values)
        pairs = zip(self.weights, made, strict=True)
        return float(sum((w * y).sum() for w, y in pairs if w is not None and w.shape == y.shape))

    def slope(self, name: str, box: tuple[slice, ...], values: dict[str, Array]) -> float:
        """Derivative of the loss along the fixed direction of one block."""
        rng = np.random.default_rng(len(name))
        step = np.zeros_like(values[name])
        step[box] = STEP * rng.uniform(0.5, 1.0, step[box].shape)
        ends = [self.loss({**values, name: values[name] + s * step}) for s in (1, -1)]
        return (ends[0] - ends[1]) / (2 * STEP)

    def blocks(self, name: str) -> list[tuple[int, tuple[slice, ...]]]:
        """Some blocks of a parameter: vertex and box."""
        tensor = next(i for i, t in enumerate(self.model.tensors) if t.name == name)
        vertices = self.graph.producers(tensor)
        picked = np.unique(np.linspace(0, len(vertices) - 1, BLOCKS).astype(int))
        boxes = []
        for vertex in vertices[picked].tolist() if len(vertices) else []:
            ends = zip(*self.graph.box(vertex), strict=True)
            boxes.append((vertex, tuple(slice(a, b) for a, b in ends)))
        return boxes


@dataclass(slots=True)
class Found:
    """What one test showed."""

    changed: int = 0
    reached: int = 0
    misses: list[str] = field(default_factory=list)

    def add(self, other: Found) -> None:
        """Count another test's too."""
        self.changed += other.changed
        self.reached += other.reached
        self.misses += other.misses


def usable(most: int = 2) -> Iterator[Any]:
    """The smallest tests of every registered type with floats in and out, at most so many."""
    kept: dict[str, list[tuple[int, str, Any]]] = {}
    for case in all_cases():
        kind = operator_of(case)
        if left_out(case) or "(expanded)" in kind or kind not in FAMILIES:
            continue
        graph = case.model.graph
        outputs = {v.type.tensor_type.elem_type for v in graph.output}
        arrays = case.data_sets[0][0]
        if not all(isinstance(array, np.ndarray | np.generic) for array in arrays):
            continue
        size = sum(array.size for array in arrays)
        if _parameters(case) and outputs & FLOATS and 0 < size <= LARGEST:
            kept.setdefault(kind, []).append((size, str(case.name), case))
    for kind in sorted(kept):
        for _, _, case in sorted(kept[kind], key=lambda row: row[:2])[:most]:
            yield case


def _parameters(case: Any) -> list[str]:
    """Inputs that are floats and say nothing of where data goes."""
    graph = case.model.graph
    fixed = {
        node.input[slot]
        for node in graph.node
        for slot in STRUCTURE.get(node.op_type, ())
        if slot < len(node.input)
    }
    floats = [v.name for v in graph.input if v.type.tensor_type.elem_type in FLOATS]
    return [name for name in floats if name not in fixed]


def small(case: Any) -> Small:
    """A test with parameters in double precision."""
    proto = onnx.ModelProto()
    proto.CopyFrom(case.model)
    graph = proto.graph
    names = _parameters(case)
    rng = np.random.default_rng(3)
    values: dict[str, Array] = {}
    for value, given in zip(graph.input, case.data_sets[0][0], strict=False):
        array = np.asarray(given)
        if value.type.tensor_type.elem_type in FLOATS:
            array = array.astype(np.float64)
        if value.name in names:
            array = np.asarray(array + rng.uniform(0.01, 0.1, array.shape))
            values[value.name] = array
        else:
            graph.initializer.append(numpy_helper.from_array(array, value.name))
    for value in (*graph.input, *graph.output, *graph.value_info):
        if value.type.tensor_type.elem_type in FLOATS:
            value.type.tensor_type.elem_type = TensorProto.DOUBLE
    kept = [value for value in graph.input if value.name in names]
    del graph.input[:]
    graph.input.extend(kept)
    session = ReferenceEvaluator(proto)
    made = session.run(None, values)
    if any(np.asarray(y).dtype in (np.float16, np.float32) for y in made):
        raise TypeError("the evaluator computes it in single precision")
    weights = [
        rng.uniform(0.5, 1.5, np.shape(y)) if np.asarray(y).dtype.kind == "f" else None
        for y in made
    ]
    stored = onnx.ModelProto()
    stored.CopyFrom(proto)
    for name, array in values.items():
        stored.graph.initializer.append(numpy_helper.from_array(array, name))
    del stored.graph.input[:]
    model = loaded(stored, str(case.name))
    node = graph.node[0]
    slots = [s for s in FROZEN.get(node.op_type, ()) if s < len(node.input)]
    return Small(
        name=str(case.name),
        operator=operator_of(case),
        session=session,
        values=values,
        weights=weights,
        model=model,
        graph=lower(model, vertices=VERTICES, passes="training"),
        frozen=frozenset(node.input[s] for s in slots),
    )


def _marks(graph: ComputeGraph, start: int) -> Array:
    """Vertices that one reaches without the loss: bool (n,)."""
    mark = np.zeros(graph.vertices, bool)
    mark[start] = True
    for vertex in range(start + 1, graph.vertices):
        if graph.vertex_kind[vertex] != Kind.LOSS:
            sources = graph.sources[graph.indptr[vertex] : graph.indptr[vertex + 1]]
            mark[vertex] |= bool(mark[sources].any())
    return mark


def checked(one: Small) -> Found:
    """Compare slopes and graph."""
    graph, found = one.graph, Found()
    backward = (graph.vertex_kind == Kind.GRADIENT) & (graph.vertex_pass == Pass.BACKWARD)
    of = graph.gradient_of  # None if nothing has a gradient.
    gradient = {int(of[v]): int(v) for v in np.flatnonzero(backward)} if of is not None else {}
    base = {}
    for name in one.values:
        for vertex, box in one.blocks(name) if name not in one.frozen else []:
            base[vertex] = (name, box, one.slope(name, box, one.values))
            if abs(base[vertex][2]) > 1e-6 and vertex not in gradient:
                found.misses.append(f"{one.name}: {name} has a gradient and no vertex for it")
    for leaf in one.values:
        for vertex, where in one.blocks(leaf):
            mark = _marks(graph, vertex)
            moved = [_moved(one, leaf, where, factor) for factor in (-0.8, 1.3, 2.5)]
            for block, (name, box, before) in base.items():
                slopes = [one.slope(name, box, values) for values in moved]
                known = [slope for slope in slopes if np.isfinite(slope)]
                differs = np.isfinite(before) and not np.allclose(known, before, 1e-3, 1e-5)
                can = block in gradient and bool(mark[gradient[block]])
                found.changed += differs and can
                found.reached += can
                if differs and not can:
                    found.misses.append(f"{one.name}: the gradient of {name} needs {leaf}")
    return found


def outcome(case: Any) -> Found | str:
    """What a test shows, or why the evaluator cannot run it in double precision."""
    try:
        one = small(case)
    except (TypeError, NotImplementedError, RuntimeError) as error:
        return f"{type(error).__name__}: {str(error)[:100]}"
    return checked(one)


def _moved(one: Small, leaf: str, box: tuple[slice, ...], factor: float) -> dict[str, Array]:
    array = one.values[leaf].copy()
    array[box] *= factor
    return {**one.values, leaf: array}


def main(arguments: Sequence[str]) -> int:
    """Check the tests whose names contain one of the arguments, or all."""
    parser = argparse.ArgumentParser(prog="derivatives", description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--most", type=int, default=2, help="tests of one type (default: 2)")
    given = parser.parse_args(arguments)
    total, types, failed = Found(), set(), []
    print(f"{'test':60}{'changed':>9}{'reached':>9}{'misses':>8}")
    for case in usable(given.most):
        if given.names and not any(name in case.name for name in given.names):
            continue
        found = outcome(case)
        if isinstance(found, str):
            failed.append(f"{case.name}: {found}")
            continue
        types.add(operator_of(case))
        print(f"{case.name:60}{found.changed:9}{found.reached:9}{len(found.misses):8}", flush=True)
        total.add(found)
    print(f"{len(types)} types, {total.changed} of {total.reached} reached changed")
    for row in [
        *(f"MISS {m}" for m in sorted(set(total.misses))),
        *(f"left out {f}" for f in failed),
    ]:
        print(row)
    return 1 if total.misses else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

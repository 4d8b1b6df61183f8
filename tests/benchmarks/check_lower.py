"""The laws of lowering on whole sample models: `python -m tests.benchmarks.check_lower`.

Every model is lowered at 10 k, 100 k and 1 M vertices, forward and training, and each graph is
held to what `findings` names. The tests check the same at sizes that suit them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gallery.costs.facts import facts
from gallery.graph import ComputeGraph, Kind
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.lowering.lowering import MOST_VERTICES, split_as
from gallery.lowering.tiling.splits import Splitter
from gallery.lowering.unsplit import unsplit
from gallery.model import Model
from gallery.targets import target_named

MODELS = Path(__file__).parents[2] / "models"
BUDGETS = (10_000, 100_000, 1_000_000)
PASSES = ("forward", "training")

Numbers = npt.NDArray[Any]


def findings(graph: ComputeGraph, budget: int, flops: float) -> Iterator[str]:
    """What is wrong with a graph: order, isolated work, size, work.

    Args:
        graph: What was made.
        budget: Vertices that were asked for.
        flops: Of the model's facts.
    """
    readers = graph.readers()
    against = int((graph.sources >= readers).sum())
    if against:
        yield f"{against} edges against the order"
    degree = np.diff(graph.indptr) + np.bincount(graph.sources, minlength=graph.vertices)
    alone = int((degree[graph.vertex_kind != Kind.PARAMETER] == 0).sum())
    if alone:
        yield f"{alone} vertices without an edge"
    if abs(graph.vertices - budget) > 0.25 * budget:
        yield f"{graph.vertices} vertices for {budget}"
    forward = graph.vertex_pass == 0
    done = float(graph.vertex_flops[forward].sum(dtype=np.float64))
    if abs(done - flops) > 1e-3 * flops:
        yield f"{done:.4g} FLOPs where the facts say {flops:.4g}"


def quotient_findings(fine: ComputeGraph, coarse: ComputeGraph) -> Iterator[str]:
    """Coarse edges that no fine edge runs along, and fine ones without a coarse one.

    Sums of gradients count as the gradient that they belong to, for their trees differ. A coarse
    block has a gradient as soon as one of its blocks has; the edges of the others are not missed.
    """
    parents = fine.levels[0].astype(np.int64)
    if int(parents.max()) + 1 > coarse.vertices:
        yield f"{int(parents.max()) + 1} parents, but {coarse.vertices} coarse vertices"
        return
    onto = _without_sums(coarse)
    there = _pairs(fine, onto[_lifted(fine, coarse, parents)], coarse.vertices)
    here = _pairs(coarse, onto, coarse.vertices)
    missing, more = np.setdiff1d(there, here).size, np.setdiff1d(here, there)
    mixed = _mixed(fine, coarse, parents)
    extra = int((~mixed[more // coarse.vertices] & ~mixed[more % coarse.vertices]).sum())
    if missing or extra:
        yield f"{missing} coarse edges missing, {extra} without a fine one, of {here.size}"


def _without_sums(graph: ComputeGraph) -> Numbers:
    """Each vertex, or for a sum of gradients the last vertex of the same forward vertex."""
    onto = np.arange(graph.vertices)
    if graph.gradient_of is not None and graph.gradient_of.size:
        backward = np.flatnonzero((graph.vertex_pass == 1) & (graph.gradient_of >= 0))
        last = np.zeros(graph.vertices, np.int64)
        last[graph.gradient_of[backward]] = backward
        onto[backward] = last[graph.gradient_of[backward]]
    return onto


def _lifted(fine: ComputeGraph, coarse: ComputeGraph, parents: Numbers) -> Numbers:
    """Coarse vertex of each fine one: of the forward ones by `parents`, of others by theirs."""
    if fine.gradient_of is None or not fine.gradient_of.size:
        return parents
    assert coarse.gradient_of is not None
    lifted = parents.copy()
    for which in (1, 2):
        ours = np.flatnonzero((coarse.vertex_pass == which) & (coarse.gradient_of >= 0))
        of = np.full(coarse.vertices, -1, np.int64)
        of[coarse.gradient_of[ours]] = ours
        theirs = np.flatnonzero((fine.vertex_pass == which) & (fine.gradient_of >= 0))
        lifted[theirs] = of[parents[fine.gradient_of[theirs]]]
    loss = np.flatnonzero(fine.vertex_kind == Kind.LOSS)
    lifted[loss] = np.flatnonzero(coarse.vertex_kind == Kind.LOSS)
    return lifted


def _mixed(fine: ComputeGraph, coarse: ComputeGraph, parents: Numbers) -> Numbers:
    """Coarse gradients some of whose fine blocks have none: bool (n,)."""
    mixed = np.zeros(coarse.vertices, bool)
    if fine.gradient_of is None or coarse.gradient_of is None or not fine.gradient_of.size:
        return mixed
    without = fine.vertex_pass == 0
    without[fine.gradient_of[fine.gradient_of >= 0]] = False
    of_such = np.zeros(coarse.vertices, bool)
    of_such[parents[without]] = True
    backward = coarse.gradient_of >= 0
    mixed[backward] = of_such[coarse.gradient_of[backward]]
    return mixed


def _pairs(graph: ComputeGraph, onto: Numbers, size: int) -> Numbers:
    """Distinct (reader, source) between different places, as one number each."""
    reader, source = onto[graph.readers()], onto[graph.sources]
    between = reader != source
    return np.unique(reader[between] * size + source[between])


def check(model: Model, budget: int, passes: str) -> tuple[ComputeGraph, list[str]]:
    """Lower a model and look for what is wrong."""
    graph = lower(model, vertices=budget, passes=passes)
    wrong = list(findings(graph, budget, float(facts(model, 0).flops or 0)))
    if len(graph.levels) > 1:
        wrong += quotient_findings(graph, coarser(model, graph))
    return graph, wrong


def coarser(model: Model, fine: ComputeGraph) -> ComputeGraph:
    """The graph whose vertices are the parents of another one's."""
    parents, train = fine.levels[0], fine.gradient_of is not None
    end = int(np.argmax(fine.vertex_kind == Kind.LOSS))
    forward = int(parents[end] if train else parents.max() + 1)
    whole = unsplit(model)
    start = Splitter(whole.program, target_named(fine.target), train)
    steps = [start.snapshot(), start.advance(MOST_VERTICES, forward)]
    return split_as(whole, steps, PASSES[train], fine.target)


def main(arguments: Sequence[str]) -> int:
    """Print a line a graph; the exit status says whether all is well."""
    parser = argparse.ArgumentParser(prog="check_lower", description=__doc__)
    parser.add_argument("models", nargs="*", help="stems of sample models (default: all)")
    parser.add_argument("--budget", type=int, action="append", help="vertices (default: all three)")
    given = parser.parse_args(arguments)
    bad = 0
    print(f"{'model':<16} {'passes':<9} {'vertices':>10} {'edges':>11} {'e/v':>5}  findings")
    for path in sorted(MODELS.glob("*.onnx")):
        if given.models and path.stem not in given.models:
            continue
        model = load(path)
        for budget in given.budget or BUDGETS:
            for passes in PASSES:
                graph, wrong = check(model, budget, passes)
                n, m = graph.vertices, graph.edges
                words = "; ".join(wrong) or "none"
                print(f"{path.stem:<16} {passes:<9} {n:>10,} {m:>11,} {m / n:>5.2f}  {words}")
                sys.stdout.flush()
                bad += bool(wrong)
    print(f"{bad} graphs with findings")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

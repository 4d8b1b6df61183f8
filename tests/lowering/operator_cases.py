"""Proof by ONNX's own operator tests: `python -m tests.lowering.operator_cases [name ...]`.

One input block at a time is changed, and the output blocks that change are compared with those
that the block reaches in the graph. A changed block that is not reached is a miss; precision is
changed blocks over reached blocks. Structural inputs (shapes, axes, indices) are initializers of
the models, since the relations use their values; the same models with these inputs left dynamic
are run for misses alone.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import repeat
from multiprocessing import get_context
from typing import Any

import numpy as np

from gallery.lowering.operators import __all__ as _families
from tests.lowering.cases import Case, all_cases, left_out, operator_of, prepared
from tests.lowering.changes import Probe, Session
from tests.lowering.reach import Reach, reach

BUDGETS = (20_000, 40, 1)
FUNCTION_BUDGETS = (2000, 40, 1)
"""Of functions' bodies, whose tens of operators share a budget."""

BLOCKS = 12
"""Blocks of an input that are changed at one budget; more are sampled."""

LARGE = 40_000
"""Elements of a case's largest input times the blocks of it that are changed, at most."""

assert _families


@dataclass(slots=True)
class Tally:
    """What was found: of one case, or summed over many."""

    cases: int = 0
    changed: int = 0
    reached: int = 0
    misses: list[str] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)

    def add(self, other: Tally) -> None:
        """Sum."""
        self.cases += other.cases
        self.changed += other.changed
        self.reached += other.reached
        self.misses += other.misses
        self.unknown |= other.unknown

    @property
    def precision(self) -> float:
        """Changed blocks over reached blocks."""
        return self.changed / self.reached if self.reached else 1.0


def judged(
    case: Case,
    budgets: Sequence[int] = BUDGETS,
    blocks: int = BLOCKS,
    session: Session | None = None,
) -> Tally:
    """Compare graph and runs of one case at several budgets."""
    tally = Tally(cases=1)
    probe = Probe(case, session=session)
    assert probe.results[0] is not None, f"{case.name} does not run"
    rng = np.random.default_rng(7)
    elements = max((array.size for array in case.feeds.values()), default=0)
    blocks = min(blocks, max(LARGE // max(elements, 1), 2))
    done = set()
    for budget in budgets:
        graph = reach(case.model, budget)
        tally.unknown |= set(graph.program.unknown)
        key = (graph.numbering.vertices, tuple(map(str, graph.inputs)))
        if key in done:
            continue
        done.add(key)
        _check(case, probe, graph, (budget, blocks, rng), tally)
    return tally


def _check(
    case: Case, probe: Probe, graph: Reach, how: tuple[int, int, np.random.Generator], tally: Tally
) -> None:
    budget, most, rng = how
    for tensor in case.model.inputs:
        name = case.model.tensors[tensor].name
        if name not in case.feeds:
            continue
        if tensor not in graph.inputs:
            _unread(probe, name, case, tally)
            continue
        blocks = graph.inputs[tensor]
        picked = np.arange(len(blocks.vertices))
        if len(picked) > most:
            picked = np.sort(rng.choice(picked, most, replace=False))
        for at in picked.tolist():
            box = blocks.box(at)
            array = case.feeds[name]
            if array.shape != blocks.shape:
                box = tuple(slice(None) for _ in array.shape)
            if array[box].size:
                row = graph.row(tensor, at)
                _block(probe, graph, (name, box, row), f"{case.name} @{budget}", tally)


def _block(
    probe: Probe, graph: Reach, block: tuple[str, Any, Any], label: str, tally: Tally
) -> None:
    name, box, row = block
    reached = [row[blocks.vertices] for blocks in graph.outputs]
    changed = [np.zeros(len(blocks.vertices), bool) for blocks in graph.outputs]
    trial = -1
    for trial, masks in enumerate(probe.changed(name, box)):
        for have, blocks, mask in zip(changed, graph.outputs, masks, strict=True):
            np.logical_or(have, blocks.hit(mask), out=have)
        if trial and all((h | ~r).all() for h, r in zip(changed, reached, strict=True)):
            break
    if trial < 0:
        return  # no change gives a valid input (an encoded image)
    for number, (have, can) in enumerate(zip(changed, reached, strict=True)):
        tally.changed += int((have & can).sum())
        tally.reached += int(can.sum())
        if (have & ~can).any():
            at = int(np.flatnonzero(have & ~can)[0])
            where = [(s.start, s.stop) for s in graph.outputs[number].box(at)]
            from_ = [(s.start, s.stop) for s in box]
            tally.misses.append(f"{label}: {name}{from_} changes output {number} {where}")


def _unread(probe: Probe, name: str, case: Case, tally: Tally) -> None:
    """An input that no vertex reads must change nothing."""
    box = tuple(slice(None) for _ in case.feeds[name].shape)
    if not case.feeds[name].size:
        return
    for masks in probe.changed(name, box):
        if any(mask.any() for mask in masks):
            tally.misses.append(f"{case.name}: {name} is read by no vertex")
            return


def runs(case: Case) -> bool:
    """Whether the reference evaluator has the operators of a case."""
    try:
        return Probe(case).results[0] is not None
    except RuntimeError:
        return False


def table(results: dict[str, Tally]) -> Iterable[str]:
    """Rows of the table by operator."""
    yield f"{'operator':44}{'cases':>6}{'misses':>8}{'changed':>10}{'reached':>10}{'precision':>11}"
    sums = {
        "operators of registered families": Tally(),
        "functions' bodies (expanded)": Tally(),
        "all": Tally(),
    }
    direct, expanded, total = sums.values()
    for name, tally in sorted(results.items()):
        mark = " gather" if tally.unknown else ""
        yield _row(name, tally) + mark
        total.add(tally)
        if name.endswith("(expanded)"):
            expanded.add(tally)
        elif not tally.unknown:
            direct.add(tally)
    yield from (_row(name, tally) for name, tally in sums.items())


def _row(name: str, tally: Tally) -> str:
    return (
        f"{name:44}{tally.cases:6}{len(tally.misses):8}{tally.changed:10}{tally.reached:10}"
        f"{tally.precision:11.4f}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one case showed.

    Attributes:
        operator: Type that it tests.
        tally: With its structural inputs as constants.
        dynamic: With these left dynamic; no case where it has none.
        reason: Why it was left out, or "".
        failure: What was raised, or "".
        line: What is worth telling at once, or "".
    """

    operator: str
    tally: Tally = field(default_factory=Tally)
    dynamic: Tally = field(default_factory=Tally)
    reason: str = ""
    failure: str = ""
    line: str = ""


def outcome(number: int, blocks: int) -> Outcome:
    """Run the case of this number in `all_cases`."""
    case = all_cases()[number]
    operator = operator_of(case)
    reason = left_out(case)
    if reason:
        return Outcome(operator=operator, reason=f"{reason}: {operator}")
    begin = time.perf_counter()
    dynamic = Tally()
    try:
        first = prepared(case, constant=True)
        if not runs(first):
            reach(first.model, 40)
            why = f"the reference evaluator cannot run it: {operator}"
            return Outcome(operator=operator, reason=why)
        budgets = FUNCTION_BUDGETS if operator.endswith("(expanded)") else BUDGETS
        tally = judged(first, budgets, blocks)
        second = prepared(case, constant=False)
        if len(second.feeds) != len(first.feeds):
            dynamic = judged(second, budgets=(40,), blocks=8)
    except Exception as error:
        failure = f"{case.name}: {type(error).__name__}: {str(error)[:200]}"
        return Outcome(operator=operator, failure=failure)
    seconds = time.perf_counter() - begin
    line = f"{case.name}: {tally.precision:.4f} {seconds:.1f} s {tally.misses[:2]}"
    return Outcome(operator=operator, tally=tally, dynamic=dynamic, line=line)


def outcomes(numbers: Sequence[int], blocks: int, jobs: int) -> Iterator[Outcome]:
    """All outcomes in order, from several processes."""
    if jobs == 1:
        yield from (outcome(number, blocks) for number in numbers)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(outcome, numbers, repeat(blocks), chunksize=8)


def main(arguments: Sequence[str]) -> int:
    """Run the tests whose names contain one of the arguments, or all, and print the table."""
    parser = argparse.ArgumentParser(prog="operator_cases", description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--blocks", type=int, default=BLOCKS)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--verbose", action="store_true", help="a line for each case")
    given = parser.parse_args(arguments)
    started = time.perf_counter()
    numbers = [
        number
        for number, case in enumerate(all_cases())
        if not given.names or any(name in case.name for name in given.names)
    ]
    results: dict[str, Tally] = defaultdict(Tally)
    dynamic, reasons, failed = Tally(), Counter[str](), []
    for done in outcomes(numbers, given.blocks, given.jobs):
        if given.verbose and done.line:
            print(done.line, flush=True)
        if done.reason:
            reasons[done.reason] += 1
        elif done.failure:
            failed.append(done.failure)
        else:
            results[done.operator].add(done.tally)
            dynamic.add(done.dynamic)
    print("\n".join(table(results)))
    print(
        f"structural inputs left dynamic: {dynamic.cases} cases, {len(dynamic.misses)} misses, "
        f"precision {dynamic.precision:.4f}"
    )
    for row in [f"left out, {why}: {count}" for why, count in sorted(reasons.items())]:
        print(row)
    misses = [m for t in results.values() for m in t.misses] + dynamic.misses
    for row in [*(f"MISS {m}" for m in misses[:200]), *(f"FAILED {f}" for f in failed)]:
        print(row)
    print(f"{time.perf_counter() - started:.0f} s")
    return 1 if misses or failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

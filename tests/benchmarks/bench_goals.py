"""How much faster than a version before, as one table: the goals of speed and memory.

    python -m tests.benchmarks.bench_goals --before DIRECTORY [--only GOAL ...] [--quick]
        [--repeat 5] [--repeat-long 3]

DIRECTORY is another tree of this program. Both trees take turns, each time in a process of its own
with its kernels compiled, and rows are printed as they come: medians of seconds by the wall and of
the processor, of all cores together. A ratio is now over before, or over the other program's. The
wall decides whether a goal is met, so the machine has to be quiet; builds run on one core and are
measured by the processor. All takes an hour on two cores. `--repeat-long` is for builds, first
scans and the largest graph, which take minutes a turn; `--quick` measures small graphs twice, to
see that the command works.

Rivals are measured where they are installed: `pip install -e ".[bench]"`.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gallery.loading.load import load
from gallery.lowering import lower
from tests.benchmarks import (
    bench_gallery,
    bench_layout,
    bench_lower,
    bench_render,
    bench_scale,
    bench_start,
)
from tests.benchmarks.beside import ROOT

MODELS = ROOT / "models"
RESNET = MODELS / "resnet50.onnx"
BUDGET_BEFORE = 100_000  # Of main scans, before the goals were set.
LIMIT = 600.0  # Seconds of a rival.
HEAD = (
    "| what | goal | before | now | ratio | processor before | now | ratio | |",
    "|---|---|---|---|---|---|---|---|---|",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What is measured, and how often.

    `turns` and `long_turns` count the medians' runs. `lowered`, `built` and `rivals` name models
    and layouts; all sample models are built where `built` names none. `laid_out`, `drawn` and
    `whole` give budgets of ResNet-50's vertices, `largest` that of AlexNet's training and the
    picture's side in pixels, `beside` that of the graph that rivals lay out and `lines` how many
    they draw.
    """

    turns: int = 5
    long_turns: int = 3
    lowered: Sequence[str] = bench_lower.MANY_OPERATORS
    laid_out: Sequence[int] = (1_000_000, 3_200_000)
    drawn: int = 3_200_000
    whole: int = 3_200_000
    largest: tuple[int, int] = (20_000_000, 8192)
    built: Sequence[str] = ()
    beside: int = 60_000
    rivals: Sequence[str] = ("sfdp", "networkit-pivotmds", "networkit-maxent", "ogdf-fmmm")
    lines: int = 600_000


QUICK = Sizes(
    turns=2,
    long_turns=1,
    lowered=("gpt2",),
    laid_out=(20_000,),
    drawn=20_000,
    whole=20_000,
    largest=(20_000, 512),
    built=("lstm",),
    beside=2_000,
    lines=20_000,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table.

    `before` and `now` are medians in `unit`: of seconds by the wall, or of what else is compared.
    `processor` are those of seconds of the processor. `most` is the goal: the most that the ratio
    may be or, where `absolute`, the number now.
    """

    what: str
    before: float
    now: float
    unit: str = "s"
    processor: tuple[float, float] | None = None
    most: float | None = None
    absolute: bool = False

    def __str__(self) -> str:
        ratio = self.now / self.before
        goal = met = ""
        if self.most is not None:
            goal = f"{self.most:.2f} {self.unit}" if self.absolute else f"{self.most:.2f}"
            met = "met" if (self.now if self.absolute else ratio) <= self.most else "missed"
        cells = [self.what, goal, *(f"{one:.3g} {self.unit}" for one in (self.before, self.now))]
        cells.append(f"{ratio:.2f}")
        was, now = self.processor or (0.0, 0.0)
        cells += [f"{was:.3g} s", f"{now:.3g} s", f"{now / was:.2f}"] if was else [""] * 3
        return f"| {' | '.join([*cells, met])} |"


def timed(
    what: str, before: Sequence[float], now: Sequence[float], most: float | None = None
) -> Row:
    """A row of two medians, each seconds of the processor and by the wall."""
    return Row(what=what, before=before[1], now=now[1], processor=(before[0], now[0]), most=most)


def lowering(before: Path, sizes: Sizes) -> Iterator[Row]:
    """Models of many operators: each in all its cases, and all of them."""
    cases = []
    for name in sizes.lowered:
        found = bench_lower.compare(before, name, sizes.turns)
        cases += found
        yield _mean(f"lower {name}, mean of {len(found)}", found)
    yield _mean(f"**lower small and middle graphs**, mean of {len(cases)}", cases, 1 / 3)


def _mean(what: str, cases: Sequence[bench_lower.Lowered], most: float | None = None) -> Row:
    was, now = (
        [statistics.geometric_mean(column) for column in zip(*side, strict=True)]
        for side in ([one.before for one in cases], [one.now for one in cases])
    )
    return timed(what, was, now, most)


def laying_out(before: Path, sizes: Sizes) -> Iterator[Row]:
    """ResNet-50 at two sizes: time and stress."""
    for vertices in sizes.laid_out:
        one = bench_layout.compare(before, RESNET, "forward", vertices, sizes.turns)
        what = f"lay out {one.edges:,} edges"
        yield timed(f"**{what}**", one.before, one.now, 1 / 3)
        yield Row(
            what=f"{what}: stress",
            before=one.stress_before,
            now=one.stress_now,
            unit="",
            most=1.02,
        )


def drawing(before: Path, sizes: Sizes) -> Iterator[Row]:
    """ResNet-50 on both grounds."""
    for one in bench_render.compare(before, [(sizes.drawn, 2048)], sizes.turns):
        what = f"draw {one.edges:,} edges, {one.size:,} px, {one.ground}"
        yield timed(f"**{what}**", one.before, one.now, 1 / 4)


def whole(before: Path, sizes: Sizes) -> Iterator[Row]:
    """ResNet-50 from ONNX to a PNG."""
    case = bench_scale.compare(before, RESNET, "forward", sizes.whole, 2048, sizes.turns)
    yield from _scanned("ResNet-50", case)


def largest(before: Path, sizes: Sizes) -> Iterator[Row]:
    """AlexNet's training step from ONNX to a PNG: time and memory."""
    model = MODELS / "alexnet.onnx"
    case = bench_scale.compare(before, model, "training", *sizes.largest, sizes.long_turns)
    yield from _scanned("AlexNet training", case)
    was, now = (one.peak / 2**30 for one in case)
    what = "**AlexNet training**: peak memory"
    yield Row(what=what, before=was, now=now, unit="GiB", most=3.5, absolute=True)


def _scanned(name: str, case: Sequence[bench_scale.Scanned]) -> Iterator[Row]:
    was, now = case
    for stage in ("lower", "layout", "draw"):
        yield timed(f"{name}: {stage}", was.steps[stage], now.steps[stage])
    what = f"**{name}**, {now.edges:,} edges, ONNX to PNG"
    yield timed(what, was.together, now.together, 0.35)


def building(before: Path, sizes: Sizes) -> Iterator[Row]:
    """The sample gallery on one core, from nothing and in another palette."""
    bench_gallery.compare((before, ROOT), ("lstm",), 1)  # Compiles.
    was, now = bench_gallery.compare(
        (before, ROOT), sizes.built, sizes.long_turns, vertices=str(BUDGET_BEFORE)
    )
    (cold, other), (cold_now, other_now) = (
        [sum(kind.values()) for kind in side] for side in (was, now)
    )
    names = ", ".join(sizes.built) or "the sample gallery"
    yield Row(what=f"**build {names}**, processor", before=cold, now=cold_now, most=0.4)
    many = bench_gallery.times(ROOT, sizes.built)[0]
    what = "**the same**, with the default of a million vertices now"
    yield Row(what=what, before=cold, now=sum(many.values()), most=1.0)
    yield Row(what="another palette, processor", before=other, now=other_now)
    what = "**another palette**, in parts of a build from nothing before"
    yield Row(
        what=what, before=other / cold, now=other_now / cold, unit="", most=0.15, absolute=True
    )
    what = "another palette, in parts of its own tree's build from nothing"
    yield Row(what=what, before=other / cold, now=other_now / cold_now, unit="")


def starting(before: Path, sizes: Sizes) -> Iterator[Row]:
    """A scan where every kernel has to be compiled."""
    model = MODELS / "unet.onnx"
    was, now = bench_start.first_scans((before, ROOT), model, sizes.long_turns)
    yield timed("**first scan after an installation**", was, now, 0.5)


def rivals(_: Path, sizes: Sizes) -> Iterator[Row]:
    """Other programs' layouts and drawings, in the place of those before."""
    graph = lower(load(RESNET), vertices=sizes.beside)
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        bench_layout.store(graph, room / "graph.npz")
        # The first run may compile.
        bench_layout.measured("gallery", graph, room, LIMIT)
        ours = bench_layout.measured("gallery", graph, room, LIMIT)
        for rival in sizes.rivals:
            what = f"lay out {graph.edges:,} edges, beside {rival}"
            try:
                theirs = bench_layout.measured(rival, graph, room, LIMIT)
            except bench_layout.RivalError as why:
                print(f"<!-- {what}: {why} -->", flush=True)
                continue
            other, own = ([one["cpu"], one["seconds"]] for one in (theirs, ours))
            yield timed(what, other, own)
            yield Row(what=f"{what}: stress", before=theirs["stress"], now=ours["stress"], unit="")
    try:
        found = bench_render.beside_datashader(sizes.lines)
    except ImportError as why:
        print(f"<!-- datashader: {why} -->", flush=True)
        return
    for kind in ("by category", "without colour"):
        what = f"draw {sizes.lines:,} lines in colour on one core, beside datashader {kind}"
        yield Row(what=what, before=found[kind], now=found["ours"])


GOALS: dict[str, Callable[[Path, Sizes], Iterator[Row]]] = {
    "lower": lowering,
    "layout": laying_out,
    "draw": drawing,
    "whole": whole,
    "build": building,
    "start": starting,
    "rivals": rivals,
    "largest": largest,
}


def main() -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--before", type=Path, required=True, help="the tree to compare with")
    parser.add_argument("--only", nargs="+", choices=list(GOALS), default=list(GOALS))
    parser.add_argument("--quick", action="store_true", help="small graphs, twice")
    parser.add_argument("--repeat", type=int, help="turns of what takes seconds (5)")
    parser.add_argument("--repeat-long", type=int, help="turns of what takes minutes (3)")
    chosen = parser.parse_args()
    few = QUICK if chosen.quick else Sizes()
    sizes = replace(
        few,
        turns=chosen.repeat or few.turns,
        long_turns=chosen.repeat_long or few.long_turns,
    )
    print("\n".join(HEAD), flush=True)
    for name in chosen.only:
        for row in GOALS[name](chosen.before.resolve(), sizes):
            print(row, flush=True)


if __name__ == "__main__":
    main()

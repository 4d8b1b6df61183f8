"""What a build did: what was made, taken from the cache or failed, and the exit status."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from html import escape
from pathlib import Path

from gallery.errors import Failure
from gallery.text import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRun:
    """One stage of one model.

    Attributes:
        stage: "load", "lower", "layout", "render", ...
        what: Which of its results ("hero", "training 20000", ...), or "".
        seconds: How long it took; 0 where it was taken from the cache.
        cached: Whether it was taken from the cache.
    """

    stage: str
    what: str
    seconds: float
    cached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReport:
    """One model.

    Attributes:
        slug: Its name in URLs.
        path: Its path below the models directory.
        status: "done", "failed" or "skipped" (not reached in a strict build).
        stages: In the order in which they ended.
        failure: Why there is no scan, or None.
        notes: Fallbacks, unknown operators, smaller budgets; sentences.
        seconds: Of the worker.
        peak_bytes: Largest resident memory of the worker, as seen from outside; 0 if none ran.
    """

    slug: str
    path: str
    status: str
    stages: tuple[StageRun, ...] = ()
    failure: Failure | None = None
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    peak_bytes: int = 0

    @property
    def unchanged(self) -> bool:
        """Whether everything came from the cache."""
        return self.status == "done" and all(run.cached for run in self.stages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A build.

    Attributes:
        models: In the order of their paths.
        site: Where the site is, or None where none was written.
        changed: Whether the site is another than before.
        files: Number of files in the site.
        bytes: Their size.
        seconds: Of the whole build.
    """

    models: tuple[ModelReport, ...]
    site: Path | None = None
    changed: bool = False
    files: int = 0
    bytes: int = 0
    seconds: float = 0.0

    @property
    def done(self) -> tuple[ModelReport, ...]:
        """Models that are shown."""
        return tuple(model for model in self.models if model.status == "done")

    @property
    def failed(self) -> tuple[ModelReport, ...]:
        """Models that have a card that says what is wrong."""
        return tuple(model for model in self.models if model.status == "failed")

    @property
    def skipped(self) -> tuple[ModelReport, ...]:
        """Models that were not reached."""
        return tuple(model for model in self.models if model.status == "skipped")

    @property
    def return_code(self) -> int:
        """Exit status: 0 all built, 1 some failed or skipped."""
        return 1 if self.failed or self.skipped else 0

    def made(self) -> dict[str, int]:
        """How many results of each stage were made in this build, not taken from the cache."""
        runs = (run.stage for model in self.models for run in model.stages if not run.cached)
        return dict(sorted(Counter(runs).items()))


def one_line(report: Report) -> str:
    """The build in one line."""
    parts = [f"{len(report.done)} built"]
    unchanged = sum(model.unchanged for model in report.done)
    if unchanged:
        parts[0] += f" ({unchanged} unchanged)"
    if report.failed:
        parts.append(f"{len(report.failed)} failed")
    if report.skipped:
        parts.append(f"{len(report.skipped)} skipped")
    text = ", ".join(parts) + f" in {report.seconds:.1f} s"
    if report.site is not None:
        state = "" if report.changed else ", unchanged"
        text += f"; {report.site}: {report.files} files, {report.bytes / 1e6:.1f} MB{state}"
    return text


def failure_line(model: ModelReport) -> str:
    """A failure in one line: model, stage, what was found; what to do."""
    failure = model.failure or Failure(stage="build", found="not reached", hint="")
    hint = f"; {failure.hint}" if failure.hint else ""
    return printable(f"{model.path}: {failure.stage}: {failure.found}{hint}")


def markdown(report: Report) -> str:
    """The build as a table for the summary page of a CI run."""
    lines = ["# Gallery", "", one_line(report), "", "| model | status | made | seconds | MiB |"]
    lines.append("|---|---|---|--:|--:|")
    for model in report.models:
        fresh = Counter(run.stage for run in model.stages if not run.cached)
        made = ", ".join(f"{stage} {count}" for stage, count in fresh.items()) or "nothing"
        status = "unchanged" if model.unchanged else model.status
        memory = f"{model.peak_bytes / 2**20:.0f}"
        row = (model.path, status, made, f"{model.seconds:.1f}", memory)
        lines.append("| " + " | ".join(_cell(text) for text in row) + " |")
    notes = [f"- {failure_line(model)}" for model in report.failed]
    notes += [f"- {model.path}: {note}" for model in report.models for note in model.notes]
    if notes:
        lines += ["", *(_cell(note) for note in notes)]
    return "\n".join(lines) + "\n"


def junit(report: Report) -> str:
    """The build as JUnit XML: one test case a model."""
    failures, skipped = len(report.failed), len(report.skipped)
    head = f'tests="{len(report.models)}" failures="{failures}" skipped="{skipped}"'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuite name="gallery" {head}>']
    for model in report.models:
        name = f"name={_attribute(model.path)} time={_attribute(f'{model.seconds:.3f}')}"
        case = f'  <testcase classname="gallery" {name}'
        if model.status == "failed":
            lines.append(f"{case}><failure message={_attribute(failure_line(model))}/></testcase>")
        elif model.status == "skipped":
            lines.append(f"{case}><skipped/></testcase>")
        else:
            lines.append(f"{case}/>")
    return "\n".join([*lines, "</testsuite>"]) + "\n"


def _cell(text: str) -> str:
    """Text that cannot start a cell, a tag or a link in Markdown."""
    text = printable(text)
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), ("|", "&#124;"), ("[", "&#91;")):
        text = text.replace(sign, entity)
    return text


def _attribute(text: str) -> str:
    """A quoted XML attribute; characters that XML cannot hold become U+FFFD."""
    return f'"{escape(printable(text))}"'

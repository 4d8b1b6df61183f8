"""A build as text: one line, a Markdown table for the summary of a CI run, JUnit XML."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence

from gallery.errors import Failure
from gallery.pipeline.report import ModelReport, Report
from gallery.text import counted, printable


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
        files = counted(report.files, "file")
        text += f"; {report.site}: {files}, {report.bytes / 1e6:.1f} MB{state}"
    return text


def messages(report: Report) -> list[str]:
    """What the user should know besides: notes, and what failed."""
    notes = [*_about_models(report), *report.notes]
    notes += [
        f"{report.site}/{name} had been edited by hand and was replaced" for name in report.edited
    ]
    return [f"note: {note}" for note in notes] + [
        f"error: {failure_line(model)}" for model in report.failed
    ]


def _about_models(report: Report) -> list[str]:
    """The notes about models, one line each: exports share a card, and what is wrong with it."""
    told: dict[str, list[str]] = {}
    for model in report.models:
        for note in model.notes:
            told.setdefault(note, []).append(model.path)
    return [f"{_first_of(paths)}: {note}" for note, paths in told.items()]


def _first_of(paths: Sequence[str]) -> str:
    others = f" and {counted(len(paths) - 1, 'other')}" if len(paths) > 1 else ""
    return paths[0] + others


def failure_line(model: ModelReport) -> str:
    """A failure in one line: model, stage, what was found; what to do."""
    failure = model.failure or Failure(stage="build", found="not reached", hint="")
    hint = f"; {failure.hint}" if failure.hint else ""
    return printable(f"{model.path}: {failure.stage}: {failure.found}{hint}")


def forecast_line(model: ModelReport) -> str:
    """What a build would make of a model, in one line."""
    if model.failure:
        return failure_line(model)
    made = [f"{run.stage} {run.what}".strip() for run in model.stages if not run.cached]
    return f"{printable(model.path)}: " + (", ".join(made) or "nothing")


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
    notes += [f"- {note}" for note in report.notes]
    notes += [f"- {note}" for note in _about_models(report)]
    if notes:
        lines += ["", *(_cell(note) for note in notes)]
    return "\n".join(lines) + "\n"


def junit(report: Report) -> str:
    """The build as JUnit XML: one test case per model.

    Characters that XML cannot hold become U+FFFD.
    """
    suite = ET.Element(
        "testsuite",
        name="gallery",
        tests=str(len(report.models)),
        failures=str(len(report.failed)),
        skipped=str(len(report.skipped)),
    )
    for model in report.models:
        name, seconds = printable(model.path), f"{model.seconds:.3f}"
        case = ET.SubElement(suite, "testcase", classname="gallery", name=name, time=seconds)
        if model.status == "failed":
            ET.SubElement(case, "failure", message=failure_line(model))
        elif model.status == "skipped":
            ET.SubElement(case, "skipped")
    ET.indent(suite)
    text: bytes = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    return text.decode() + "\n"


def _cell(text: str) -> str:
    """The text, escaped so that it cannot start a cell, a tag or a link in Markdown."""
    text = printable(text)
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), ("|", "&#124;"), ("[", "&#91;")):
        text = text.replace(sign, entity)
    return text

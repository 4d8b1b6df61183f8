"""The report: counts, exit status, and texts that no name can break."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gallery.cli.report import failure_line, junit, markdown, messages, one_line
from gallery.errors import Failure
from gallery.pipeline.report import ModelReport, Report, StageRun

MADE = StageRun(stage="render", what="hero", seconds=1.5, cached=False)
KEPT = StageRun(stage="load", what="", seconds=0.0, cached=True)
FAILURE = Failure(stage="load", found="it is empty\nand red", hint="export it again")

GOOD = ModelReport(slug="a", path="a.onnx", status="done", stages=(MADE, KEPT), seconds=2.0)
SAME = ModelReport(slug="b", path="b.onnx", status="done", stages=(KEPT,))
BAD = ModelReport(slug="c", path="<c>|\x00.onnx", status="failed", failure=FAILURE)
LEFT = ModelReport(slug="d", path="d.onnx", status="skipped")


def test_exit_status() -> None:
    assert Report(models=(GOOD, SAME)).return_code == 0
    assert Report(models=(GOOD, BAD)).return_code == 1
    assert Report(models=(GOOD, LEFT)).return_code == 1


def test_lists_and_counts() -> None:
    report = Report(models=(GOOD, SAME, BAD, LEFT))
    assert report.done == (GOOD, SAME)
    assert report.failed == (BAD,)
    assert report.skipped == (LEFT,)
    assert report.made() == {"render": 1}
    more = replace(GOOD, stages=(MADE, replace(KEPT, cached=False), replace(MADE, stage="card")))
    assert list(Report(models=(more, more)).made().items()) == [
        ("card", 2),
        ("load", 2),
        ("render", 2),
    ]
    assert [model.unchanged for model in report.models] == [False, True, False, False]


def test_one_line() -> None:
    text = one_line(Report(models=(GOOD, SAME, BAD, LEFT), seconds=3.21))
    assert text == "2 built (1 unchanged), 1 failed, 1 skipped in 3.2 s"


@pytest.mark.parametrize(("changed", "state"), [(True, ""), (False, ", unchanged")])
def test_one_line_tells_whether_the_site_is_another(changed: bool, state: str) -> None:
    report = Report(
        models=(GOOD,), site=Path("site"), changed=changed, files=12, bytes=3_450_000, seconds=0.04
    )
    assert one_line(report) == f"1 built in 0.0 s; site: 12 files, 3.5 MB{state}"


def test_failures_stand_in_one_line() -> None:
    assert failure_line(BAD).endswith(".onnx: load: it is empty and red; export it again")


def test_markdown_tells_what_else_is_to_be_known() -> None:
    text = markdown(Report(models=(SAME,), notes=("<b> is not read",)))
    assert text.endswith("\n- &lt;b> is not read\n")


def test_what_is_noted_of_several_models_is_told_once() -> None:
    models = [replace(GOOD, path=f"{name}.onnx", notes=("a card", name)) for name in "xyz"]
    report = Report(models=tuple(models))
    told = ["x.onnx and 2 others: a card", "x.onnx: x", "y.onnx: y", "z.onnx: z"]
    assert messages(report) == [f"note: {line}" for line in told]
    assert markdown(report).splitlines()[-4:] == [f"- {line}" for line in told]
    two = messages(Report(models=report.models[:2]))
    assert two[0] == "note: x.onnx and 1 other: a card"


def test_markdown_has_a_row_for_each_model() -> None:
    large = replace(GOOD, stages=(MADE, KEPT, MADE), peak_bytes=300 * 2**20 + 1, notes=("slow",))
    text = markdown(Report(models=(large, SAME, BAD, LEFT), seconds=9.0))
    lines = text.splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if "|" in line]
    assert rows == [
        ["model", "status", "made", "seconds", "MiB"],
        ["---", "---", "---", "--:", "--:"],
        ["a.onnx", "done", "render 2", "2.0", "300"],
        ["b.onnx", "unchanged", "nothing", "0.0", "0"],
        ["&lt;c>&#124;\ufffd.onnx", "failed", "nothing", "0.0", "0"],
        ["d.onnx", "skipped", "nothing", "0.0", "0"],
    ]
    assert "2 built (1 unchanged), 1 failed, 1 skipped in 9.0 s" in lines
    assert lines[-2:] == [
        "- &lt;c>&#124;\ufffd.onnx: load: it is empty and red; export it again",
        "- a.onnx: slow",
    ]


def test_markdown_escapes_names() -> None:
    text = markdown(Report(models=(GOOD, BAD)))
    assert "<c>" not in text
    assert "&lt;c>&#124;" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert [row.count("|") for row in rows] == [6] * 4


def test_junit_is_xml_whatever_the_names() -> None:
    text = junit(Report(models=(GOOD, BAD, LEFT)))
    assert text.startswith("<?xml")
    suite = ElementTree.fromstring(text)
    assert suite.attrib == {"name": "gallery", "tests": "3", "failures": "1", "skipped": "1"}
    cases = {case.attrib["name"]: [child.tag for child in case] for case in suite}
    assert cases == {"a.onnx": [], "<c>|\ufffd.onnx": ["failure"], "d.onnx": ["skipped"]}


def test_junit_says_what_failed_and_how_long_each_took() -> None:
    quoted = ModelReport(slug="e", path="e\"'&]]>\n\u202e.onnx", status="failed", failure=FAILURE)
    suite = ElementTree.fromstring(junit(Report(models=(GOOD, quoted))))
    assert [case.attrib["time"] for case in suite] == ["2.000", "0.000"]
    assert {case.attrib["classname"] for case in suite} == {"gallery"}
    (failure,) = suite.iter("failure")
    assert failure.attrib == {"message": failure_line(quoted)}
    assert suite[1].attrib["name"] == "e\"'&]]> \ufffd.onnx"

"""What the commands print does no harm in a terminal or in the log of a CI system."""

from __future__ import annotations

import json
import logging
import re
import sys
from pathlib import Path

import pytest

import gallery.cli
from gallery.cli.main import main
from gallery.cli.messages import LogFormatter, harmless, say, tell, tell_json
from gallery.cli.progress import Progress

COMMANDS = [
    "::error::x",
    "  ::set-env name=A::x",
    "\u00a0::stop-commands::x",
    ":::error::x",
    "##vso[task.setvariable variable=A]x",
    "##[set-env name=A;]x",
    "a ##[group]x",
    "##teamcity[buildStop]",
    "###[x",
]


def is_command(line: str) -> bool:
    """Whether a CI system would act on a line."""
    return line.lstrip().startswith("::") or bool(re.search(r"##\w*\[", line))


@pytest.mark.parametrize("text", COMMANDS)
def test_no_line_is_a_command(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert is_command(text)
    for way in (say, tell, lambda one: tell(f"a\n{one}\rb"), lambda one: say(f"a\n{one}")):
        way(text)
    tell_json({"a": text})
    out, err = capsys.readouterr()
    lines = [*out.split("\n"), *err.split("\n")]
    assert len(lines) == 8
    assert not [line for line in lines if is_command(line)]
    assert {"a": text} in [json.loads(line) for line in lines if line.startswith("{")]


@pytest.mark.parametrize(
    "line", ["a::b", "std::vector", "# heading", "## [a]", "#[a]", "a: b", "##", "https://[::1]/"]
)
def test_other_lines_stay(line: str) -> None:
    assert harmless(line) == line


@pytest.mark.parametrize("name", COMMANDS)
def test_names_in_the_progress(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(sys.stderr) as progress:
        for event in ("start", "smaller", "done"):
            progress.listen(name, {"event": event})
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert not [line for line in lines if is_command(line)]


def test_logs_and_tracebacks() -> None:
    try:
        raise ValueError("a\n::error::b\x1b[31m")
    except ValueError as error:
        record = logging.LogRecord("a", 20, "", 0, "x\n##vso[y]", (), (type(error), error, None))
    text = LogFormatter("%(message)s").format(record)
    assert not [line for line in text.splitlines() if is_command(line)]
    assert "\x1b" not in text
    assert "ValueError: a\n: :error::b" in text


def test_wrong_arguments_are_quoted_without_harm(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["check", "a", "b\n::error::c"], ["scan", "a", "-o", "b", "##vso[c]"]):
        with pytest.raises(SystemExit):
            main(arguments)
        lines = capsys.readouterr().err.splitlines()
        assert not [line for line in lines if is_command(line)]


def test_only_the_messages_print() -> None:
    """So that nothing is printed in another way."""
    for path in Path(gallery.cli.__file__).parent.glob("*.py"):
        found = re.findall(r"\bprint\(|std(?:out|err)\.write|print_exc", path.read_text("utf-8"))
        assert path.name == "messages.py" or not found, path


def test_names_of_models_reach_the_log_without_harm(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, name in enumerate(("::error::x", "##vso[task.complete]")):
        (models / f"{name}{number}.onnx").write_bytes(b"no model")
    site = tmp_path / "site"
    assert main(["build", str(models), "-o", str(site), "--dry-run"]) in (0, 1)
    out, err = capsys.readouterr()
    assert ": :error::x" in out
    assert not [line for line in (out + err).splitlines() if is_command(line)]


def test_a_warning_of_the_log_reads_like_one_of_the_commands() -> None:
    record = logging.LogRecord("gallery.a", logging.WARNING, "", 0, "%s: none", ("x",), None)
    assert LogFormatter("%(asctime)s %(name)s: %(message)s").format(record) == "warning: x: none"


def test_the_first_run_says_why_nothing_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(sys.stderr) as progress:
        progress.listen("", {"event": "compiling"})
    assert "compiles itself" in capsys.readouterr().err

"""What commands that make a site say in the end, and write to files."""

# ruff: noqa: PLC0415 - `--help` must not wait for numba

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from gallery.cli.messages import say, tell
from gallery.errors import GalleryError, SettingsError, system_error

if TYPE_CHECKING:
    from gallery.pipeline.report import Report


def print_report(report: Report, options: argparse.Namespace) -> int:
    """Print the report, write it to the requested files, and return the exit status."""
    from gallery.cli.report import junit, markdown, messages, one_line

    for message in messages(report):
        say(message)
    tell(one_line(report))
    if options.summary:
        _write_report("--summary", options.summary, markdown(report), "a")
    if options.junit:
        _write_report("--junit", options.junit, junit(report), "w")
    return report.return_code


def _write_report(option: str, path: Path, text: str, mode: str) -> None:
    """Write a report to the file of an option."""
    try:
        with path.open(mode, encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        found, hint = system_error(error)
        raise GalleryError(f"{option} {path} cannot be written: {found}", hint=hint) from error


def check_reports(options: argparse.Namespace) -> None:
    """Check before the build that the reports can be written after it."""
    given = {"--summary": options.summary, "--junit": options.junit}
    problems = [
        f"{option} is {path}, which is a directory" if path.is_dir()
        else f"{option} is {path}, but {path.parent} is not a directory"
        for option, path in given.items()
        if path and (path.is_dir() or not path.absolute().parent.is_dir())
    ]  # fmt: skip
    if problems:
        raise SettingsError("; ".join(problems), hint="give a file in an existing directory")

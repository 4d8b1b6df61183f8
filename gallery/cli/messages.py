"""All that the commands print: lines in which no stranger's text acts on a terminal or a CI system.

Names of models, operators and files are chosen by whoever made them. In the log of a CI run, a
line that begins with "::" is a command of GitHub's; "##[", "##vso[" and "##teamcity[" are commands
of GitHub, Azure Pipelines and TeamCity wherever they are in a line.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from contextlib import suppress
from typing import Any, TextIO

from gallery.text import printable, visible

_COMMAND = re.compile(r"^(\s*:)(?=:)|(#)(?=#\w*\[)")


def harmless(line: str) -> str:
    """The line with a space in whatever a CI system would take for a command.

    >>> harmless("::error::x"), harmless("note: ##vso[task.complete]")
    (': :error::x', 'note: # #vso[task.complete]')
    """
    return _COMMAND.sub(r"\1\2 ", line)


def say(line: str, stream: TextIO | None = None) -> None:
    """Print a message on standard error; one that cannot be written stops nothing."""
    with suppress(OSError):
        print(harmless(printable(line)), file=stream or sys.stderr, flush=True)


def tell(text: str) -> None:
    """Print a result, which may have several lines, on standard output."""
    lines = (harmless(visible(line)) for line in text.split("\n"))
    print("\n".join(lines), flush=True)


def tell_json(value: Any) -> None:
    """Print a value as one line of JSON on standard output."""
    # Within a string, which is where signs in a row are, this is the same text.
    print(json.dumps(value).replace("##", r"#\u0023"), flush=True)


class LogFormatter(logging.Formatter):
    """Formats a record, traceback included, as lines that are safe in the same way."""

    def format(self, record: logging.LogRecord) -> str:
        """The text of a record; a warning looks like those that the commands print."""
        warns = record.levelno == logging.WARNING
        lines = (
            f"warning: {record.getMessage()}" if warns else super().format(record)
        ).splitlines()
        return "\n".join(harmless(visible(line)) for line in lines)

"""Ignore patterns of the models directory, with git's semantics."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from gallery.errors import SettingsError

if TYPE_CHECKING:
    from pathspec.pattern import RegexPattern

_STARS = 3
"""Most stars in one name, and most "**" in one pattern: each multiplies the ways to match a name,
and four of them take seconds for one long name."""


def parse(lines: Iterable[tuple[str, str]]) -> tuple[RegexPattern, ...]:
    """Parse lines as in .gitignore.

    Args:
        lines: The place of each line, for the error message, and its text.

    Raises:
        SettingsError: A line is not a pattern; all such lines are named.
    """
    patterns, problems = [], []
    for where, line in lines:
        text = _trimmed(line)
        if not text or text.startswith("#"):
            continue
        try:
            patterns.append(_pattern(text))
        except ValueError as error:
            problems.append(f"{where}: {line[:60]!r} {error}")
    if problems:
        raise SettingsError("; ".join(problems), hint="write patterns as in .gitignore")
    return tuple(patterns)


def ignored(relative: str, patterns: Sequence[RegexPattern], *, folder: bool) -> bool:
    """Whether the last pattern that matches a path ignores it.

    As in git, nothing below an ignored folder can be included again: the caller walks down from
    the top, asks about each folder, and does not enter those that are ignored.

    >>> ignored("old/net.onnx", parse([("", "old/*"), ("", "!*.onnx")]), folder=False)
    False
    """
    path = f"{relative}/" if folder else relative
    for pattern in reversed(patterns):
        # Match the whole path: `pathspec` itself also matches everything below a match.
        if pattern.regex and pattern.regex.fullmatch(path):
            return bool(pattern.include)
    return False


def _trimmed(line: str) -> str:
    """The line without trailing spaces, as git reads it; a backslash keeps one."""
    kept = line.rstrip(" ")
    escapes = len(kept) - len(kept.rstrip("\\"))
    return kept + " " if escapes % 2 and len(kept) < len(line) else kept


def _pattern(text: str) -> RegexPattern:
    """The pattern of a line; ValueError if it is not one, or would take too long to match."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - most directories ignore nothing

    names = text.replace("\\*", "").split("/")
    stars = max(0 if name == "**" else name.count("*") for name in names)
    if max(stars, names.count("**")) > _STARS:
        raise ValueError(f"has more than {_STARS} stars in one name, or more than {_STARS} **")
    if not text.strip("!/") or "***" in text:
        raise ValueError("is not a pattern")
    try:
        with warnings.catch_warnings():
            # Python warns of character sets whose meaning may change.
            warnings.simplefilter("error", FutureWarning)
            (pattern,) = GitIgnoreSpec.from_lines([_explicit(text)]).patterns
    except (ValueError, re.error, FutureWarning) as error:
        raise ValueError("is not a pattern") from error
    if pattern.include is None:
        raise ValueError("is not a pattern")
    return pattern


def _explicit(text: str) -> str:
    """The same pattern in a form whose expression matches whole paths.

    `pathspec` turns "*" and "**" into expressions that match a part of any path, and lets "a/**"
    match the folder a itself as well, which git does not.
    """
    sign, body = ("!", text[1:]) if text.startswith("!") else ("", text)
    names = ["?*" if name == "*" else name for name in body.split("/")]
    end = len(names) - (not names[-1])
    if names[end - 1] == "**":
        names[end - 1 : end] = ["?*"] if end == 1 else ["**", "?*"]
    return sign + "/".join(names)

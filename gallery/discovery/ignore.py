"""Ignore patterns in the manner of gitignore, for the models directory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One line of an ignore file.

    Attributes:
        parts: What each part of a path must match, "**" for any number of parts.
        keeps: Whether it takes back what an earlier line ignores ("!").
        folders: Whether it is for folders alone (a slash at its end).
    """

    parts: tuple[str, ...]
    keeps: bool = False
    folders: bool = False


def parse(lines: Iterable[str]) -> tuple[Pattern, ...]:
    """The patterns of an ignore file.

    As in gitignore: blank lines and lines that begin with "#" say nothing; "!" takes back what
    was ignored; a slash at the end means folders alone; a slash elsewhere ties the pattern to the
    top, otherwise it is for names at any depth; "*", "?" and "[...]" stay within a name, "**" does
    not. A folder that is ignored is not looked into. Escapes with a backslash are not supported.
    """
    patterns = []
    for line in lines:
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        keeps, text = text.startswith("!"), text.removeprefix("!")
        folders, text = text.endswith("/"), text.rstrip("/")
        parts = tuple(part for part in text.split("/") if part)
        if "/" not in text:
            parts = ("**", *parts)
        if parts:
            patterns.append(Pattern(parts=parts, keeps=keeps, folders=folders))
    return tuple(patterns)


def ignored(relative: str, patterns: Sequence[Pattern], *, folder: bool) -> bool:
    """Whether the last pattern that matches a path ignores it.

    >>> ignored("old/net.onnx", parse(["old/*", "!*.onnx"]), folder=False)
    False
    """
    names = tuple(relative.split("/"))
    for pattern in reversed(patterns):
        if (folder or not pattern.folders) and _matches(names, pattern.parts):
            return not pattern.keeps
    return False


def _matches(names: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    @cache
    def rest(name: int, part: int) -> bool:
        if part == len(parts):
            return name == len(names)
        if parts[part] == "**":
            return rest(name, part + 1) or (name < len(names) and rest(name + 1, part))
        if name == len(names) or not fnmatchcase(names[name], parts[part]):
            return False
        return rest(name + 1, part + 1)

    return rest(0, 0)

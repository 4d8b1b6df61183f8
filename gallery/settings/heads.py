"""Where the head of a Markdown file ends: YAML between dashes or TOML between plus signs."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MARKS = {"---": ("yaml", ("---", "...")), "+++": ("toml", ("+++",))}
"""By the first line: the form of the head, and the lines that end it."""

_KEY = re.compile(r"""(?:[\w.-]+|"[^"]*"|'[^']*')\s*[:=](?:\s|$)|\{""")
"""How a line begins that gives a key; text between two thematic breaks has no such line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A Markdown file, taken apart.

    Attributes:
        form: "yaml", "toml", or "" if it has no head.
        text: The head, without the lines around it, but with an empty one for each line of the file
            before it, so that lines of both have the same numbers.
        prose: The Markdown.
        problem: What is wrong with the lines around it, in a sentence, or "".
    """

    form: str = ""
    text: str = ""
    prose: str
    problem: str = ""


def split(text: str) -> Head:
    r"""Take a Markdown file apart.

    A head begins in the first line that is not blank, as on the Hugging Face Hub. One that is not
    closed ends at the first blank line, so that nothing of it is taken for prose. What stands
    between two thematic breaks of Markdown is prose.

    >>> split("---\ntitle: A\n...\nText.")
    Head(form='yaml', text='\ntitle: A\n', prose='Text.', problem='')
    >>> split("---\nText.\n---\n").form
    ''
    """
    text = text.removeprefix("\ufeff")
    lines = text.splitlines(keepends=True)
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    form, ends = _MARKS.get(lines[first].strip() if lines else "", ("", ()))
    if not form:
        return Head(prose=text)
    after = first + 1
    before = "\n" * after
    for number, line in enumerate(lines[after:], after):
        if line.rstrip() in ends:
            head = lines[after:number]
            if not _is_head(head):
                return Head(prose=text)
            return Head(form=form, text=before + "".join(head), prose=_rest(lines[number + 1 :]))
    blank = next((n for n, line in enumerate(lines[after:], after) if not line.strip()), len(lines))
    head = lines[after:blank]
    if not head or not _KEY.match(head[0]):
        return Head(prose=text)
    problem = f"the front matter is not closed; write {ends[0]} below line {blank}"
    return Head(form=form, text=before + "".join(head), prose=_rest(lines[blank:]), problem=problem)


def _is_head(lines: list[str]) -> bool:
    """Whether some line gives a key, or all are blank or comments."""
    told = [line for line in lines if line.strip() and not line.startswith("#")]
    return not told or any(map(_KEY.match, told))


def _rest(lines: list[str]) -> str:
    return "".join(lines).lstrip("\r\n")

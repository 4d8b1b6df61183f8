"""Typographic quotes, dashes and dots in Markdown, in linear time.

The rule that comes with markdown-it compares each quote with all that are open.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

_BEFORE = r"(?<![^\s(\[{\-–—‘“'\"])"
_DOUBLE = re.compile(_BEFORE + r"\"(?=\S)")
_SINGLE = re.compile(_BEFORE + r"'(?=\S)(?!\d\ds\b)")
_OPAQUE = frozenset({"code_inline", "image", "text_special"})


def typography(state: StateCore) -> None:
    """A rule for markdown-it that follows the one for inline text."""
    for block in state.tokens:
        if block.type == "inline" and block.children:
            _typeset(block.children)


def _typeset(tokens: Sequence[Token]) -> None:
    texts = [token for token in tokens if token.type == "text"]
    for token in texts:
        dashed = token.content.replace("---", "—").replace("--", "–")
        token.content = dashed.replace("...", "…")
    # A quote becomes another single character, so that the parts keep their lengths.
    quoted = quotes("".join(map(_shown, tokens)))
    at = 0
    for token in tokens:
        size = len(_shown(token))
        if token.type == "text":
            token.content = quoted[at : at + size]
        at += size


def _shown(token: Token) -> str:
    """What stands in a token's place for the quotes beside it."""
    if token.type == "text":
        return token.content
    if token.type in _OPAQUE:
        return "x"
    return " " if token.type in ("softbreak", "hardbreak") else ""


def quotes(text: str) -> str:
    r"""The text with opening and closing quotes, and apostrophes.

    >>> quotes("\"It's\" ('so')")
    '“It’s” (‘so’)'
    """
    opened = _SINGLE.sub("‘", _DOUBLE.sub("“", text))
    return opened.replace('"', "”").replace("'", "’")

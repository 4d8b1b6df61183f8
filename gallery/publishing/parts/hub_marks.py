"""What model cards hold beyond CommonMark: bare addresses, and GitHub's alerts and lists of tasks.

https://github.github.com/gfm/#autolinks-extension- says where a bare address ends. The plugin of
mdit-py-plugins 0.7 for them counts all brackets anew for each one at an address's end.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markdown_it.token import Token

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.rules_core import StateCore

_ADDRESS = re.compile(r"(?<![\w/])https?://[^\s<>\"`]+", re.IGNORECASE)
_AFTER = "?!.,:;*_~'"
_TASK = re.compile(r"\[([ xX])\][ \n]")
TASK = "task"
"""The class of an item that begins with a box."""
_ALERT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*", re.IGNORECASE)


def hub_marks(state: StateCore) -> None:
    """A rule for markdown-it that follows the one for inline text."""
    for at, block in enumerate(state.tokens):
        if block.type == "inline" and block.children:
            around = state.tokens[at - 2] if at > 1 else block
            tokens = block.children
            if around.type == "blockquote_open":
                tokens = _alert(tokens)
            elif around.type == "list_item_open" and _TASK.match(tokens[0].content):
                around.attrSet("class", TASK)
                tokens = _task(tokens)
            block.children = list(_linked(tokens))


def _alert(tokens: list[Token]) -> list[Token]:
    """A paragraph that begins a quote; if it names a kind of alert, the kind becomes its head."""
    first = tokens[0]
    kind = _ALERT.fullmatch(first.content) if first.type == "text" else None
    if kind is None or (len(tokens) > 1 and tokens[1].type not in ("softbreak", "hardbreak")):
        return tokens
    head = [
        Token("strong_open", "strong", 1),
        Token("text", "", 0, content=kind[1].capitalize()),
        Token("strong_close", "strong", -1),
    ]
    return [*head, *([Token("hardbreak", "br", 0)] if len(tokens) > 1 else []), *tokens[2:]]


def _task(tokens: list[Token]) -> list[Token]:
    """A paragraph that begins an item of a list of tasks, with a box in place of its brackets."""
    first = tokens[0]
    box = "☐" if first.content[1] == " " else "☑"
    return [Token("text", "", 0, content=f"{box} {first.content[4:]}"), *tokens[1:]]


def _linked(tokens: Sequence[Token]) -> Iterator[Token]:
    """Inline tokens whose bare addresses, outside of links, are links."""
    inside = 0
    for token in tokens:
        markup = token.content.lower() if token.type == "html_inline" else ""
        inside += token.type == "link_open" or bool(re.match(r"<a\b", markup))
        inside -= token.type == "link_close" or markup.startswith("</a")
        if token.type == "text" and inside <= 0:
            yield from _parts(token.content)
        else:
            yield token


def _parts(text: str) -> Iterator[Token]:
    """A text, with its addresses as links."""
    at = 0
    for found in _ADDRESS.finditer(text):
        address = _ended(found[0])
        yield Token("text", "", 0, content=text[at : found.start()])
        yield Token("link_open", "a", 1, attrs={"href": address})
        # Not text: what sets quotes and dashes leaves an address as it is.
        yield Token("text_special", "", 0, content=address)
        yield Token("link_close", "a", -1)
        at = found.start() + len(address)
    yield Token("text", "", 0, content=text[at:])


def _ended(address: str) -> str:
    """An address without the punctuation that belongs to the sentence around it.

    >>> _ended("https://example.org/a_(b)).")
    'https://example.org/a_(b)'
    """
    end, extra = len(address), address.count(")") - address.count("(")
    while address[end - 1] in _AFTER or (address[end - 1] == ")" and extra > 0):
        extra -= address[end - 1] == ")"
        end -= 1
    return address[:end]

"""Finds the addresses in a page of any site, in one pass over its text.

Python's `html.parser` takes time that grows with the square of a malformed page: half a minute for
60 kB in version 3.11.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

_ADDRESSES = frozenset({"href", "src", "poster", "data", "content"})

_TEXT_ONLY = ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes")
"""Elements whose content is text up to their own end tag."""

_ENDS = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _TEXT_ONLY}
_NAME = re.compile(r"[A-Za-z][^\s/>]*")
_ATTRIBUTE = re.compile(r"[\s/]*([^\s/>][^\s/>=]*)(\s*=\s*)?")
_UNQUOTED = re.compile(r"[^\s>]*")
_TAG_END = re.compile(r"[\s/]*>")
_CANDIDATE = re.compile(r"[^\s,]\S*[^\s,]|[^\s,]")


def addresses(page: str) -> Iterator[str]:
    """Every address in a tag of a page, with its character references resolved, in order."""
    for tag, name, value in _attributes(page):
        if name == "srcset":
            yield from _candidates(value)
        elif name in _ADDRESSES and value and not (name == "content" and tag == "meta"):
            yield value


def _candidates(value: str) -> Iterator[str]:
    """The addresses in a srcset, each of which may be followed by its width or density."""
    for part in re.split(r",\s+|,$", value):
        if found := _CANDIDATE.search(part):
            yield found[0]


def _attributes(page: str) -> Iterator[tuple[str, str, str]]:
    """Tag, name and value of each attribute in a page, as the HTML standard tokenizes them."""
    at = page.find("<")
    while at >= 0:
        name = _NAME.match(page, at + 1)
        if name is None:
            at = _skipped(page, at)
            continue
        tag, at, found = name[0].lower(), name.end(), []
        while not (end := _TAG_END.match(page, at)):
            attribute = _ATTRIBUTE.match(page, at)
            if attribute is None:
                return
            value, at = _value(page, attribute.end()) if attribute[2] else ("", attribute.end())
            if at < 0:
                return
            found.append((tag, attribute[1].lower(), value))
        yield from found
        at = end.end()
        if tag in _ENDS:
            closing = _ENDS[tag].search(page, at)
            at = closing.start() if closing else len(page)
        at = page.find("<", at)


def _skipped(page: str, at: int) -> int:
    """Where the next tag may begin after a comment, an end tag or a "<" at `at`; -1 for none."""
    if page.startswith("<!--", at):
        ends = page.find("-->", at + 2)
    elif page[at + 1 : at + 2] in ("!", "?", "/"):
        ends = page.find(">", at)
    else:
        ends = at
    return -1 if ends < 0 else page.find("<", ends + 1)


def _value(page: str, at: int) -> tuple[str, int]:
    """An attribute's value that begins at `at`, and where it ends; -1 if it does not."""
    quote = page[at : at + 1]
    if quote in ('"', "'"):
        end = page.find(quote, at + 1)
        return _resolved(page[at + 1 : end]), end + 1 if end >= 0 else -1
    found = _UNQUOTED.match(page, at)
    assert found
    return _resolved(found[0]), found.end()


def _resolved(value: str) -> str:
    """The value with its character references resolved, as far as Python can."""
    try:
        return html.unescape(value)
    except ValueError:  # a number of more digits than Python reads
        return value

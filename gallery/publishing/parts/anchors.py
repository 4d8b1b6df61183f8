"""Places in a card that its own links may lead to, named as GitHub and the hubs name them.

A heading's name is that of https://github.com/Flet/github-slugger: its letters, small, its digits,
`-` and `_`, and a number from the second heading of a name on.
"""

from __future__ import annotations

import html
import re
from urllib.parse import unquote

PREFIX = "card-"
"""Begins each id, so that a card's names stay apart from the page's."""

_LONGEST = 200
_HEADING = re.compile(r"<h([2-6])>(.*?)</h\1>", re.DOTALL)
_ANCHOR = re.compile(r"<a\b((?:[^>\"]|\"[^\"]*\")*+)>")
_NAME = re.compile(r"\s(?:id|name)=\"([^\"]*)\"")
_TO_PLACE = re.compile(r"\shref=\"#([^\"]*)\"")
_TAG = re.compile(r"<(?:[^>\"]|\"[^\"]*\")*+>")
_NOT_IN_SLUG = re.compile(r"[^\w\- ]")


def anchored(cleaned: str) -> str:
    """The HTML with an id for each heading, whose links within it lead to ids that are there.

    A link to a place that is not there loses its address.

    Args:
        cleaned: HTML with no `id` or `name` but those of anchors, which get the prefix too.

    >>> anchored('<h2>Use it</h2><a href="#use-it">how</a><a name="b"></a><a href="#c">c</a>')
    '<h2 id="card-use-it">Use it</h2><a href="#card-use-it">how</a><a id="card-b"></a><a>c</a>'
    """
    places: set[str] = set()
    numbers: dict[str, int] = {}

    def anchor(found: re.Match[str]) -> str:
        named = _NAME.search(found[1])
        others = _NAME.sub("", found[1])
        place = html.unescape(named[1]) if named else ""
        if not place or place in places:
            return f"<a{others}>"
        places.add(place)
        return f'<a id="{PREFIX}{html.escape(place)}"{others}>'

    def heading(found: re.Match[str]) -> str:
        place = _free(slug(html.unescape(_TAG.sub("", found[2]))), places, numbers)
        if not place:
            return found[0]
        places.add(place)
        return f'<h{found[1]} id="{PREFIX}{place}">{found[2]}</h{found[1]}>'

    def link(found: re.Match[str]) -> str:
        wanted = unquote(html.unescape(found[1]))
        place = next((one for one in (wanted, wanted.lower()) if one in places), None)
        return "" if place is None else f' href="#{PREFIX}{html.escape(place)}"'

    named = _HEADING.sub(heading, _ANCHOR.sub(anchor, cleaned))
    return _ANCHOR.sub(lambda found: f"<a{_TO_PLACE.sub(link, found[1])}>", named)


def slug(heading: str) -> str:
    """What a link calls a heading; nothing if that is too long for a link.

    >>> slug("What's 8-bit, and why?")
    'whats-8-bit-and-why'
    """
    name = _NOT_IN_SLUG.sub("", heading.strip().lower()).replace(" ", "-")
    return name if len(name) <= _LONGEST else ""


def _free(name: str, taken: set[str], numbers: dict[str, int]) -> str:
    """The name, or else the name with the next number that is not taken."""
    if not name or name not in taken:
        return name
    number = numbers.get(name, 0) + 1
    while f"{name}-{number}" in taken:
        number += 1
    numbers[name] = number
    return f"{name}-{number}"

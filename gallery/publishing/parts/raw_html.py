"""Bounds the HTML in a sidecar before it is cleaned: allowed tags alone, closed and not deep.

Cleaning builds a tree as browsers do. That takes quadratic time where tags are nested deeply, and
quadratic memory where tags such as <b> stay open over many paragraphs, each of which gets its own
copy of them (https://html.spec.whatwg.org/, "Reconstruct the active formatting elements").
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

DEEPEST = 64
"""Most tags within each other; those that are deeper lose their tags and keep their text."""

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)(?=[\s/>])((?:[^<>\"']|\"[^<\"]*\"|'[^<']*')*+)>")
_ATTRIBUTE = re.compile(r"\s([A-Za-z]+)\s*+=\s*+(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'=`]+))")
_VOID = frozenset({"br", "hr", "img"})
_CELLS = frozenset({"p", "td", "th"})
_ENDED_BY = {
    "p": frozenset({"p"}),
    "li": frozenset({"p", "li"}),
    "dt": frozenset({"p", "dt", "dd"}),
    "dd": frozenset({"p", "dt", "dd"}),
    "td": _CELLS,
    "th": _CELLS,
    "tr": _CELLS | {"tr"},
    "tbody": _CELLS | {"tr", "thead", "tbody"},
    "thead": _CELLS | {"tr", "thead", "tbody"},
}
"""Open tags that a tag closes, because their end tags may be left out."""


def bounded(html: str, tags: Mapping[str, Collection[str]], silent: Collection[str]) -> str:
    """HTML whose tags are all allowed, all closed in order, and at most `DEEPEST` deep.

    It takes linear time. What it returns is not safe yet: addresses stay as they are.

    Args:
        html: Any text.
        tags: Attributes to keep by the name of each tag to keep; other tags are removed, and what
            they hold stays.
        silent: Names of the tags that are removed with what they hold.

    >>> bounded("<b>a<u>b</b>c<script>d</script><!-- e --> 1 < 2", {"b": ()}, {"script"})
    '<b>ab</b>c 1 &lt; 2'
    """
    made: list[str] = []
    opened: list[str] = []
    hidden, at = "", 0
    text = _without_comments(html)
    for found in _TAG.finditer(text):
        end, name = found[1], found[2].lower()
        if not hidden:
            made.append(text[at : found.start()].replace("<", "&lt;"))
        at = found.end()
        if hidden:
            hidden = "" if end and name == hidden else hidden
        elif name in silent:
            hidden = "" if end else name
        elif name in tags:
            kept = "" if end else _attributes(found[3], tags[name])
            made.append(_end(name, opened) if end else _start(name, kept, opened))
    if not hidden:
        made.append(text[at:].replace("<", "&lt;"))
    made += [f"</{name}>" for name in reversed(opened)]
    return "".join(made)


def _start(name: str, attributes: str, opened: list[str]) -> str:
    ended = _ENDED_BY.get(name, ())
    closing = ""
    while opened and opened[-1] in ended:
        closing += f"</{opened.pop()}>"
    if name in _VOID:
        return f"{closing}<{name}{attributes}>"
    if len(opened) >= DEEPEST:
        return closing
    opened.append(name)
    return f"{closing}<{name}{attributes}>"


def _attributes(text: str, kept: Collection[str]) -> str:
    if not kept:
        return ""
    found = {
        name.lower(): (double or single or bare).replace('"', "&quot;")
        for name, double, single, bare in _ATTRIBUTE.findall(text)
    }
    return "".join(f' {name}="{found[name]}"' for name in kept if name in found)


def _end(name: str, opened: list[str]) -> str:
    if name not in opened:
        return ""
    closing = ""
    while True:
        closing += f"</{opened[-1]}>"
        if opened.pop() == name:
            return closing


def _without_comments(html: str) -> str:
    first, *others = html.split("<!--")
    return first + "".join(part.partition("-->")[2] for part in others)

"""Markdown of the sidecars as safe HTML."""

from __future__ import annotations

import re

import nh3
from markdown import Markdown
from markupsafe import Markup

from gallery.publishing.parts.clean import clean

_TAGS = {
    *("p", "br", "hr", "em", "strong", "del", "sub", "sup", "code", "pre", "blockquote"),
    *("ul", "ol", "li", "dl", "dt", "dd", "a", "h2", "h3", "h4", "h5", "h6"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
_SCHEMES = {"http", "https", "mailto"}
_SPACES = re.compile(r"\s+")
_BREAK = re.compile(r"<(/p|/li|/h\d|br|/td|/tr)\b")


def _demote(tag: str) -> str:
    """Move a heading down one level, because the page has its own first heading."""
    return f"h{min(6, int(tag) + 1)}"


def prose(markdown: str) -> Markup:
    """Render Markdown, then keep only simple text markup with harmless links.

    Images are removed, because pages make no external requests. Links may be http, https, mailto or
    relative.

    Args:
        markdown: Text of a sidecar, without its front matter.

    Returns:
        HTML that a template may insert as it is.
    """
    reader = Markdown(extensions=["tables", "sane_lists", "fenced_code", "smarty"])
    html = reader.convert(clean(markdown))
    html = re.sub(
        r"(</?)h([1-6])\b",
        lambda found: f"{found[1]}{_demote(found[2])}",
        html,
        flags=re.IGNORECASE,
    )
    safe = nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags={"script", "style", "template", "svg", "math", "iframe", "noscript"},
        attributes={"a": {"href", "title"}},
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer",
    )
    return Markup(safe)  # noqa: S704 - nh3 has just cleaned it


def plain(html: Markup | str) -> str:
    """The text of cleaned HTML on one line."""
    spaced = Markup(_BREAK.sub(r" \g<0>", str(html)))  # noqa: S704 - only to take its text
    return _SPACES.sub(" ", spaced.striptags()).strip()


def summary(html: Markup | str, limit: int = 200) -> str:
    """The first sentences of cleaned HTML, at most `limit` characters."""
    text = plain(html)
    if len(text) <= limit:
        return text
    cut = text[:limit]
    stop = max(cut.rfind(". "), cut.rfind("! "), cut.rfind("? "))
    if stop > limit // 3:
        return cut[: stop + 1]
    return cut.rsplit(" ", 1)[0].rstrip(",;:–- ") + "…"

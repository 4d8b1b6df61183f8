"""Markdown of the sidecars as safe HTML."""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

from gallery.cache import Cache, cache_key
from gallery.fingerprint import fingerprint
from gallery.publishing.parts.anchors import anchored
from gallery.publishing.parts.clean import clean
from gallery.publishing.parts.hub_marks import TASK, hub_marks
from gallery.publishing.parts.raw_html import bounded
from gallery.publishing.parts.typography import typography

WORTH_KEEPING = 10_000
"""Characters of Markdown from which rendering takes longer than asking the cache."""

_TAGS = {
    *("p", "br", "hr", "em", "strong", "del", "s", "sub", "sup", "code", "pre", "blockquote"),
    *("ul", "ol", "li", "dl", "dt", "dd", "a", "h2", "h3", "h4", "h5", "h6"),
    *("table", "thead", "tbody", "tr", "th", "td", "img"),
}
_ATTRIBUTES = {"a": ("href", "title", "id", "name"), "img": ("src", "alt", "title")}
_CLASSES = {"li": {TASK}}
_SILENT = {"script", "style", "template", "svg", "math", "iframe", "noscript"}
_SCHEMES = {"http", "https", "mailto"}
_HEADING = re.compile(r"(</?)h([1-6])\b", re.IGNORECASE)
_SPACES = re.compile(r"\s+")
_TAG = re.compile(r"<(?:[^>\"]|\"[^\"]*\")*+>")
_IMAGE = re.compile(r"<img\b(?:[^>\"]|\"[^\"]*\")*+>")
_LINK_OR_IMAGE = re.compile(
    rf"(?P<opened><a\b(?:[^>\"]|\"[^\"]*\")*+>)(?P<inside>.*?)</a>|{_IMAGE.pattern}", re.DOTALL
)
_HREF = re.compile(r"\shref=\"")
_ID = re.compile(r"\sid=\"")
_EMPTY = re.compile(r"<p>\s*</p>\n?")
_SOURCE = re.compile(r"\ssrc=\"([^\"]*)\"")
_BREAK = re.compile(r"<(/p|/li|/h\d|br|/td|/tr)\b")


def _demote(tag: str) -> str:
    """Move a heading down one level, because the page has its own first heading."""
    return f"h{min(6, int(tag) + 1)}"


@functools.cache
def _reader() -> MarkdownIt:
    """Parses CommonMark and hubs' marks in a time that grows with the length alone."""
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    # Cleaning decides about addresses.
    reader.validateLink = lambda url: True  # type: ignore[method-assign]
    reader.core.ruler.after("inline", "hub_marks", hub_marks)
    reader.core.ruler.after("hub_marks", "typography", typography)
    return reader


@dataclass(frozen=True, slots=True, kw_only=True)
class ProsePicture:
    """A picture that a sidecar shows, as the page has it.

    Attributes:
        href: Its address, relative to the page.
        width, height: Its size in pixels, so that nothing moves while it loads; 0 if unknown.
    """

    href: str
    width: int = 0
    height: int = 0


def prose(
    markdown: str,
    cache: Cache | None = None,
    pictures: Mapping[str, ProsePicture] = MappingProxyType({}),
) -> Markup:
    """Render Markdown, then keep only simple text markup with harmless links.

    Links may be http, https or mailto, or lead to a page of the site (`../resnet50/index.html`) or
    to a place in the text: of others, such as those to a repository's files, the words stay. Of
    images, those stay that the site has, since pages make no outside requests; what held nothing
    but others, such as a badge's link, goes with them.

    Args:
        markdown: Text of a sidecar, without its front matter.
        cache: Keeps what was rendered for the next build, or None.
        pictures: Pictures of the site, by what the sidecar calls them.

    Returns:
        HTML that a template may insert as it is.
    """

    def kept(tag: str, attribute: str, value: str) -> str | None:
        if (tag, attribute) == ("a", "href"):
            return value if _leads_on(value) else None
        if (tag, attribute) != ("img", "src"):
            return value
        return pictures[value].href if value in pictures else None

    cleaned = nh3.clean(
        _rendered(markdown, cache),
        tags=_TAGS,
        clean_content_tags=_SILENT,
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        allowed_classes=_CLASSES,
        attribute_filter=kept,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer",
    )
    by_href = {one.href: one for one in pictures.values()}
    safe = _LINK_OR_IMAGE.sub(lambda found: _shown(found, by_href), anchored(cleaned))
    return Markup(_EMPTY.sub("", safe).strip())  # noqa: S704 - nh3 has just cleaned it


def picture_sources(markdown: str) -> tuple[str, ...]:
    """What the text calls the pictures that it shows, in order, each once."""
    if "![" not in markdown and "<" not in markdown:
        return ()
    found = (_SOURCE.search(image) for image in _IMAGE.findall(_rendered(markdown, None)))
    return tuple(dict.fromkeys(html.unescape(one[1]) for one in found if one))


def _leads_on(address: str) -> bool:
    """Whether an address leads to a page of the site, a place on the page, or out of the site."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    inside = not (parts.scheme or parts.netloc) and parts.path
    return not inside or parts.path.endswith(".html")


def _shown(found: re.Match[str], pictures: Mapping[str, ProsePicture]) -> str:
    """A cleaned link or image as the page shows it."""
    if found["opened"] is None:
        return _sized(found[0], pictures)
    words = _IMAGE.sub(lambda image: _sized(image[0], pictures), found["inside"])
    place = _ID.search(found["opened"])
    if not place and "<img" not in words and not plain(words):
        return ""
    return f"{found['opened']}{words}</a>" if place or _HREF.search(found["opened"]) else words


def _sized(image: str, pictures: Mapping[str, ProsePicture]) -> str:
    """A cleaned image with its size; nothing if it has lost its source."""
    found = _SOURCE.search(image)
    picture = pictures.get(html.unescape(found[1])) if found else None
    if picture is None:
        return ""
    size = f' width="{picture.width}" height="{picture.height}"' if picture.width else ""
    return f'<img loading="lazy"{size}{image[len("<img") :]}'


def _rendered(markdown: str, cache: Cache | None) -> str:
    """Its HTML with bounded tags, not cleaned yet: a cache may have been filled by anyone."""
    key = cache_key("prose", fingerprint(__name__), markdown=markdown)
    known = cache.get(key) if cache else None
    if known and isinstance(known.value.get("html"), str):
        return str(known.value["html"])
    text = _reader().render(clean(markdown))
    text = _HEADING.sub(lambda found: f"{found[1]}{_demote(found[2])}", text)
    kept = _ATTRIBUTES | dict.fromkeys(_CLASSES, ("class",))
    text = bounded(text, {tag: kept.get(tag, ()) for tag in _TAGS}, _SILENT)
    if cache and len(markdown) >= WORTH_KEEPING:
        cache.put(key, {"html": text})
    return text


def plain(markup: Markup | str) -> str:
    """The text of cleaned HTML on one line."""
    # Markup.striptags copies the whole text for each tag.
    text = _TAG.sub("", _BREAK.sub(r" \g<0>", str(markup)))
    return _SPACES.sub(" ", html.unescape(text)).strip()


def summary(text: str, limit: int = 200) -> str:
    """The first sentences of plain text on one line, at most `limit` characters."""
    if len(text) <= limit:
        return text
    cut = text[:limit]
    stop = max(cut.rfind(". "), cut.rfind("! "), cut.rfind("? "))
    if stop > limit // 3:
        return cut[: stop + 1]
    return cut.rsplit(" ", 1)[0].rstrip(",;:–- ") + "…"

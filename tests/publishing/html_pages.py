"""Pages as the tests of the site read them."""

from __future__ import annotations

from html.parser import HTMLParser

_ADDRESSES = ("href", "src", "data-collection", "data-viewer")


class Page(HTMLParser):
    """What the tests want to know of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.elements.append((tag, values))
        self.ids += [values["id"] or ""] if "id" in values else []
        if values.get("rel") == "canonical":
            return
        self.addresses += [values[name] or "" for name in _ADDRESSES if name in values]
        srcset = values.get("srcset") or ""
        self.addresses += [one.split()[0] for one in srcset.split(",") if one.strip()]

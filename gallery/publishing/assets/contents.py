"""Checks files that another machine may have made, before visitors get them.

The digest in a record only says that the file belongs to the record. An SVG or GraphML file that is
opened by itself is a document in the site's origin, so it holds only what our own writers write:
elements of one vocabulary, no scripts, no handlers, no addresses but of its own parts and of
pictures within it.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO
from xml.parsers import expat

SVG = "http://www.w3.org/2000/svg"
GRAPHML = "http://graphml.graphdrawing.org/xmlns"

_ELEMENTS = {
    SVG: re.compile(
        "svg|g|defs|title|desc|metadata|rect|circle|ellipse|line|polyline|polygon|"
        "path|text|tspan|textPath|image|use|symbol|marker|clipPath|mask|pattern|"
        "linearGradient|radialGradient|stop|filter|feGaussianBlur|feOffset|feMerge|"
        "feMergeNode|feColorMatrix"
    ),
    GRAPHML: re.compile("graphml|key|default|graph|node|edge|data|desc|port|hyperedge"),
}
"""The elements that may stand in a document, by namespace."""

_MEANS_SOMETHING = re.compile(
    r"http://www\.w3\.org/(1999/xhtml|2000/svg|1998/Math/MathML|2001/.*)|"
)
"""Namespaces of which metadata may not hold elements, because a browser acts on them."""

_ACTIVE = re.compile(
    "a|applet|audio|base|body|button|embed|form|foreignobject|frame|frameset|"
    "handler|html|iframe|img|input|link|listener|math|meta|noscript|object|"
    "script|select|style|svg|template|textarea|video"
)
"""Names that no element of metadata has: a page may read it as HTML, without namespaces."""

_OWN_PART = re.compile(r"#[\w.:-]*")
_OWN_PICTURE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=\s]*")
_OWN_URL = re.compile(r"url\(#[\w.:-]*\)")
_CALLS = re.compile(r"(url|image|image-set|src|cross-fade|element)\s*\(", re.I)
_STYLE = re.compile(r"[\w\s:;#.,%-]*")

_DEEPEST = 200


def check_content(kind: str, content: bytes) -> None:
    """Check that a file is of its kind, and safe to publish.

    Args:
        kind: "svg", "webp" or another format; files of unknown kinds are not checked.
        content: What it holds.

    Raises:
        ValueError: It is not; the message says what was found.
    """
    check = _CHECKS.get(kind)
    if check:
        check(content)


def check_svg(content: bytes) -> None:
    """Check that an SVG document is as harmless as those that we write.

    Raises:
        ValueError: It is not; the message says what was found.
    """
    _check_xml(content, SVG, "svg")


def check_graphml(content: bytes) -> None:
    """Check that a GraphML document is one, and nothing besides.

    Raises:
        ValueError: It is not; the message says what was found.
    """
    _check_xml(content, GRAPHML, "graphml")


def _check_xml(content: bytes, space: str, root: str) -> None:
    """Parse without entities, document types and instructions; check all elements."""
    parser = expat.ParserCreate("utf-8", " ")
    above: list[str] = []

    def refuse(what: str) -> Callable[..., None]:
        def handler(*_: object) -> None:
            raise ValueError(f"it holds {what}")

        return handler

    def start(name: str, attributes: Mapping[str, str]) -> None:
        if not above and name != f"{space} {root}":
            raise ValueError(f"it is not a document of the element {root}")
        if len(above) > _DEEPEST:
            raise ValueError("it is nested too deeply")
        _check_element(name, above)
        for key, value in attributes.items():
            _check_attribute(key, value, space)
        above.append(name)

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: above.pop()
    parser.StartDoctypeDeclHandler = refuse("a document type")
    parser.EntityDeclHandler = refuse("an entity")
    parser.ProcessingInstructionHandler = refuse("a processing instruction")
    # An HTML parser ends these elsewhere than an XML parser does.
    parser.CommentHandler = refuse("a comment")
    parser.StartCdataSectionHandler = refuse("a CDATA section")
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise ValueError(f"it is not XML: {error}") from error


def _check_element(name: str, above: list[str]) -> None:
    space, _, local = name.rpartition(" ")
    if f"{SVG} metadata" in above:
        known = not _MEANS_SOMETHING.fullmatch(space) and not _ACTIVE.fullmatch(local.lower())
    else:
        known = bool(space in _ELEMENTS and _ELEMENTS[space].fullmatch(local))
    if not known:
        raise ValueError(f"it holds an element {local[:40]!r}")


def _check_attribute(name: str, value: str, space: str) -> None:
    local = name.rpartition(" ")[2].lower()
    if local.startswith("on"):
        raise ValueError(f"it holds a handler {local[:40]!r}")
    if local == "base":
        raise ValueError("it holds another base address")
    if local in ("href", "src") and not (
        _OWN_PART.fullmatch(value) or _OWN_PICTURE.fullmatch(value)
    ):
        raise ValueError(f"it refers to something else by {local!r}")
    if space != SVG or local.startswith(("aria-", "data-")):
        return
    if local == "style" and not _STYLE.fullmatch(value):
        raise ValueError("it holds a style that is not plain")
    # Attributes such as `fill` are read as CSS, where an escape could hide an address.
    if "\\" in value or _CALLS.search(_OWN_URL.sub("", value)):
        raise ValueError(f"it refers to something else by {local[:40]!r}")


def _starts(kind: str, *starts: bytes, at: int = 0) -> Callable[[bytes], None]:
    def check(content: bytes) -> None:
        if not content[at:].startswith(starts):
            raise ValueError(f"it is not {kind}")

    return check


def _check_text(content: bytes) -> None:
    if b"\0" in content:
        raise ValueError("it is not text")
    content.decode()


def _check_npz(content: bytes) -> None:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ValueError(f"it is not a NumPy archive: {error}") from error
    if not all(re.fullmatch(r"\w+\.npy", name) for name in names):
        raise ValueError("it is not a NumPy archive")


_CHECKS: Mapping[str, Callable[[bytes], None]] = {
    "svg": check_svg,
    "graphml": check_graphml,
    "dot": _check_text,
    "npz": _check_npz,
    "png": _starts("a PNG picture", b"\x89PNG\r\n\x1a\n"),
    "webp": _starts("a WebP picture", b"WEBP", at=8),
    "avif": _starts("an AVIF picture", b"ftyp", at=4),
    "gif": _starts("a GIF picture", b"GIF87a", b"GIF89a"),
    "jpeg": _starts("a JPEG picture", b"\xff\xd8\xff"),
    "pdf": _starts("a PDF document", b"%PDF-"),
}

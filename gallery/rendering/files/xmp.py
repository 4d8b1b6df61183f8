"""Metadata as XMP, which every picture format and PDF can hold and most tools show.

https://developer.adobe.com/xmp/docs/XMPSpecifications/: properties of the standard schemas where
there is a fitting one, so that tools show them by their usual names; the rest in a schema of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from gallery.text import visible

_PLAIN = {"Source": "dc:source", "Software": "xmp:CreatorTool"}
_TRANSLATED = {"Title": "dc:title", "Settings": "exif:UserComment"}
"""Properties that hold a text for each language."""

_SCHEMAS = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "g": "urn:gallery-of-networks:",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}


def xmp(metadata: Mapping[str, str]) -> str:
    """Metadata as an `x:xmpmeta` element, or "" if there is none.

    Args:
        metadata: Texts by name. Title, Source, Software and Settings become properties of standard
            schemas; the names of others consist of letters.
    """
    properties = [
        _property(name, escape(visible(text), quote=False))
        for name, text in sorted(metadata.items())
        if name.isalpha() and name.isascii()
    ]
    if not properties:
        return ""
    used = {one[1:].partition(":")[0] for one in properties}
    schemas = "".join(f' xmlns:{name}="{_SCHEMAS[name]}"' for name in sorted(used))
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about=""{schemas}>'
        f"{''.join(properties)}</rdf:Description></rdf:RDF></x:xmpmeta>"
    )


def _property(name: str, text: str) -> str:
    if name in _TRANSLATED:
        tag = _TRANSLATED[name]
        text = f'<rdf:Alt><rdf:li xml:lang="x-default">{text}</rdf:li></rdf:Alt>'
    else:
        tag = _PLAIN.get(name, f"g:{name}")
    return f"<{tag}>{text}</{tag}>"

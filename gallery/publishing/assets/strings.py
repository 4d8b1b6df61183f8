"""Texts of the pages and the viewer in a language; without Jinja, because a build asks early."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gallery.errors import SettingsError
from gallery.publishing.assets.directories import find
from gallery.settings.attributes import TABLE
from gallery.settings.gallery_toml import read_toml

Strings = Mapping[str, Any]
"""Texts of the pages in one language: tables of tables of strings, as in `strings/en.toml`."""


def load_strings(
    language: str, directories: tuple[Path, ...], base: Strings | None = None
) -> Strings:
    """Texts in a language; those that its file lacks are in English.

    Args:
        language: Tag of the language.
        directories: Template directories, in order of precedence.
        base: English texts from elsewhere, which those of a file override.

    Raises:
        SettingsError: If there is no file for the language, or one cannot be read.
    """
    texts = _merge(base or {}, _read_strings("en", directories))
    for tag in dict.fromkeys((language.split("-", maxsplit=1)[0], language)):
        if tag != "en" and find(f"strings/{tag}.toml", directories) is not None:
            texts = _merge(texts, _read_strings(tag, directories))
    known = {language, language.split("-", maxsplit=1)[0]}
    if not any(find(f"strings/{tag}.toml", directories) for tag in known):
        raise SettingsError(
            f"there are no texts in the language {language!r}",
            hint=f'add strings/{language}.toml to your templates, or set language = "en"',
        )
    return texts


def _read_strings(tag: str, directories: tuple[Path, ...]) -> Strings:
    texts: Strings = {}
    for directory in reversed(directories):
        path = directory / "strings" / f"{tag}.toml"
        if not path.is_file():
            continue
        texts = _merge(texts, read_toml(path, "correct the file"))
    return texts


def _merge(base: Strings, over: Strings) -> Strings:
    """Both tables; `over` wins, table by table."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[key] = _merge(below, value) if both and below is not None else value
    return merged


def viewer_strings(language: str, directories: tuple[Path, ...]) -> Strings:
    """The viewer's texts; in English if there are none in the language."""
    inner = tuple(directory / "viewer" for directory in directories)
    tags = (language, language.split("-", maxsplit=1)[0])
    known = any(find(f"strings/{tag}.toml", inner) for tag in tags)
    titles = {name: one.title[:1].upper() + one.title[1:] for name, one in TABLE.items()}
    base = {"script": {"attribute": titles}}
    return load_strings(language if known else "en", inner, base)

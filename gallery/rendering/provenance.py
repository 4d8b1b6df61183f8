"""What a file was made from and by which version, as its metadata say it.

Nothing of the machine, the time or the path is part of it: the same input gives the same bytes.
"""

from __future__ import annotations

import functools
import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PROGRAM = "gallery-of-networks"

LONGEST = 8192
"""Longest settings that are written out, in characters; a JPEG file holds 64 kB of metadata."""


@functools.cache
def software() -> str:
    """Name and version of this program; of a checkout that is not installed, its own version."""
    try:
        return f"{PROGRAM} {version(PROGRAM)}"
    except PackageNotFoundError:
        return f"{PROGRAM} {_version_of_checkout()}".rstrip()


def _version_of_checkout() -> str:
    path = Path(__file__).resolve().parents[2] / "pyproject.toml"
    try:
        project = tomllib.loads(path.read_text("utf-8"))["project"]
        return str(project["version"]) if project["name"] == PROGRAM else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


_COMPACT = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def source_of(digest: str, *, whole: bool) -> str:
    """A model's digest with the name of how it is made.

    Args:
        digest: As `gallery.model.Model.digest`; "" if unknown.
        whole: Whether it is of the whole file.

    >>> source_of("ab", whole=True), source_of("ab", whole=False)
    ('sha256:ab', 'sha256-without-weights:ab')
    """
    return f"{'sha256' if whole else 'sha256-without-weights'}:{digest}" if digest else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a file was made from.

    Attributes:
        software: Name and version of the program that made it.
        source: The digest of the model's file, from `source_of`; "" if it shows no single model.
        settings: The settings that shape it; JSON.
    """

    software: str
    source: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)

    def entries(self) -> dict[str, str]:
        """The entries of a file's metadata: Software, Source and Settings, if they are known.

        Of settings longer than `LONGEST`, only the SHA-256 is given.

        >>> Provenance(software="x 1", source="sha256:ab", settings={"seed": 1}).entries()
        {'Software': 'x 1', 'Source': 'sha256:ab', 'Settings': '{"seed":1}'}
        """
        text = compact(self.settings)
        if len(text) > LONGEST:
            text = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        found = {"Software": self.software, "Source": self.source, "Settings": text}
        return {name: text for name, text in found.items() if text}

    def value(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            "software": self.software,
            "source": self.source,
            "settings": json.loads(compact(self.settings)),
        }

    @classmethod
    def of(cls, value: object) -> Provenance:
        """The opposite of `value`.

        Raises:
            ValueError: The value has another form.
        """
        texts = {"software": str, "source": str, "settings": dict}
        if not isinstance(value, dict) or value.keys() != texts.keys():
            raise ValueError(f"provenance does not have the keys {', '.join(texts)}")
        if not all(isinstance(value[name], kind) for name, kind in texts.items()):
            raise ValueError("provenance has values of other types")
        return cls(**value)

    def comment(self) -> str:
        """The same as one line of ASCII, for a comment in a script."""
        return compact(self.value())


def compact(value: object) -> str:
    """JSON in ASCII without spaces, its keys sorted."""
    return _COMPACT.encode(value)

"""Where templates are looked up; apart from the rest, because a build asks before it imports."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from gallery.errors import SettingsError


def template_directories(override: Path | None = None) -> tuple[Path, ...]:
    """Directories to look for templates in, in order of precedence.

    An installed package contains the templates; a checkout has them beside the package.

    Args:
        override: A user's directory, or None.

    Raises:
        SettingsError: If `override` is not a directory.
    """
    if override is not None and not override.is_dir():
        raise SettingsError(
            f"templates is {override}, which is not a directory",
            hint="correct it in gallery.toml, to which it is relative, or remove it",
        )
    package = Path(__file__).resolve().parents[2]
    own = package / "templates"
    builtin = own if own.is_dir() else package.parent / "templates"
    return (builtin,) if override is None else (override, builtin)


def digest_of(directories: Iterable[Path]) -> str:
    """SHA-256 of all files in some directories, with their names, in hexadecimal."""
    digest = hashlib.sha256()
    for folder in directories:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def check_contents(folder: Path) -> None:
    """Check that a user's templates are all their own, and text where the site needs text.

    Raises:
        SettingsError: A link leads out of the directory, or a file is not UTF-8.
    """
    root = folder.resolve()
    for place, folders, files in os.walk(folder):
        for path in (Path(place) / name for name in sorted([*folders, *files])):
            name = path.relative_to(folder).as_posix()
            if path.is_symlink() and not path.resolve().is_relative_to(root):
                found = f"{name} in the templates is a link that leads out of {folder}"
                raise SettingsError(found, hint="replace the link with the file itself")
            if path.suffix in _TEXTS and path.is_file():
                try:
                    path.read_text(encoding="utf-8")
                except (OSError, UnicodeDecodeError) as error:
                    found = f"{name} in the templates cannot be read: {error}"
                    raise SettingsError(found, hint="save it as UTF-8 text") from error


_TEXTS = frozenset({".css", ".html", ".js"})


def find(name: str, directories: tuple[Path, ...]) -> Path | None:
    """The first file with this name, or None."""
    return next((found for one in directories if (found := one / name).is_file()), None)

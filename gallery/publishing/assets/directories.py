"""Where templates are looked up; apart from the rest, because a build asks before it imports."""

from __future__ import annotations

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


def find(name: str, directories: tuple[Path, ...]) -> Path | None:
    """The first file with this name, or None."""
    return next((found for one in directories if (found := one / name).is_file()), None)

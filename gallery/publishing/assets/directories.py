"""Where templates are looked for; apart from the rest, because a build that makes nothing asks."""

from __future__ import annotations

from pathlib import Path

from gallery.errors import PublishError


def template_directories(override: Path | None = None) -> tuple[Path, ...]:
    """Directories to look for templates in, the first to ask first.

    An installed package carries the templates within itself; a checkout has them beside it.

    Args:
        override: A user's directory, or None.

    Raises:
        PublishError: If `override` is no directory.
    """
    if override is not None and not override.is_dir():
        raise PublishError(
            f"the templates directory {override} does not exist",
            hint="correct `templates` in gallery.toml or leave it out",
        )
    package = Path(__file__).resolve().parents[2]
    own = package / "templates"
    builtin = own if own.is_dir() else package.parent / "templates"
    return (builtin,) if override is None else (override, builtin)


def find(name: str, directories: tuple[Path, ...]) -> Path | None:
    """The first file of this name, or None."""
    return next((found for one in directories if (found := one / name).is_file()), None)

"""The commands; each imports the packages that it needs when it runs."""

from gallery.cli.commands.models import facts, film, poster, profile, scan, wall
from gallery.cli.commands.sites import build, check, merge, new, serve, verify

__all__ = [
    "build",
    "check",
    "facts",
    "film",
    "merge",
    "new",
    "poster",
    "profile",
    "scan",
    "serve",
    "verify",
    "wall",
]

"""Files that are published as they are, such as a CNAME or a host's verification file."""

from __future__ import annotations

import os
from pathlib import Path

from gallery.errors import DiscoverError

FOLDER = "static"
"""Name of the folder in the models directory; models in it are ignored."""


def static_files(directory: Path) -> dict[str, Path]:
    """The files below `static/` in a directory, by their path in the site.

    Raises:
        DiscoverError: A link leads out of the directory, or something is not a regular file.
    """
    top, root = directory / FOLDER, directory.resolve()
    found: dict[str, Path] = {}
    for folder, folders, files in os.walk(top):
        folders.sort()
        for name in sorted(files):
            path = Path(folder) / name
            real = path.resolve()
            relative = path.relative_to(top).as_posix()
            if not real.is_relative_to(root):
                problem = f"{FOLDER}/{relative} is a link that leads out of the models directory"
                raise DiscoverError(problem, hint="replace the link with the file itself")
            if not real.is_file():
                problem = f"{FOLDER}/{relative} is not a regular file"
                raise DiscoverError(problem, hint="remove it, or replace it with a file")
            found[relative] = path
    return found

"""The file that a command writes, checked before the work begins."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gallery.errors import SettingsError


def check_output(output: Path, kind: str, suffixes: Iterable[str], hint: str = "") -> None:
    """Check the name and place of a file.

    Args:
        output: The file.
        kind: What it holds, such as "a film".
        suffixes: Those that it may have, in lower case.
        hint: What to do about another suffix, if not to use one of these.

    Raises:
        SettingsError: It has another suffix, or there is no directory for it.
    """
    if output.suffix.lower() not in suffixes:
        found = f"{output.name} does not have the suffix of {kind}"
        raise SettingsError(found, hint=hint or "use one of " + ", ".join(suffixes))
    if not output.absolute().parent.is_dir():
        found = f"there is no directory {output.parent}"
        raise SettingsError(found, hint="create the directory first")

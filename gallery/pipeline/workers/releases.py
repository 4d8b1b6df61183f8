"""What must be the same on all machines that build one gallery together."""

from __future__ import annotations

import functools
import hashlib
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from gallery.fingerprint import LIBRARIES
from gallery.pipeline.plan import versions

_CODE = "code of gallery-of-networks"

_NAMES = ("gallery-of-networks", "distributed", "fontpkg-inter", *sorted(set(LIBRARIES.values())))


@functools.cache
def releases() -> dict[str, str]:
    """Python's minor version, the release of each package, and a hash of the program's code."""
    code = hashlib.sha256(repr(sorted(versions().items())).encode()).hexdigest()[:12]
    minor = ".".join(platform.python_version_tuple()[:2])
    return {"Python": minor, **{name: _release(name) for name in _NAMES}, _CODE: code}


def differences(theirs: Mapping[str, str], ours: Mapping[str, str]) -> str:
    """What another machine has in another version, by name; "" if nothing differs."""
    found = [
        f"{name} {_shown(theirs.get(name, ''))} instead of {_shown(release)}"
        for name, release in ours.items()
        if theirs.get(name, "") != release
    ]
    # The code's hash covers the releases, so it says something only if it differs alone.
    return ", ".join(found[:-1] if len(found) > 1 and found[-1].startswith(_CODE) else found)


def _shown(release: str) -> str:
    return release[:40] or "(missing)"


def _release(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""

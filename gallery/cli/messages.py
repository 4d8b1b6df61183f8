"""Messages on standard error."""

from __future__ import annotations

import sys
from contextlib import suppress


def say(line: str) -> None:
    """Print a line on standard error; one that cannot be written stops nothing."""
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)

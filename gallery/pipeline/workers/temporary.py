"""Temporary folders that go however the process ends that made them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gallery.pipeline.workers.processes import own_group

# Child processes of the one that was killed may write for a moment longer.
_WATCH = """
import shutil, sys, time
if not sys.stdin.buffer.read():
    for _ in range(30):
        shutil.rmtree(sys.argv[1], ignore_errors=True)
        time.sleep(0.1)
"""


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that is deleted at the end, or by a second process if this one is killed."""
    folder = Path(tempfile.mkdtemp(prefix="gallery-"))
    watcher = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-I", "-S", "-c", _WATCH, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder.parent,
        **own_group(),
    )
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            watcher.communicate(b"deleted")

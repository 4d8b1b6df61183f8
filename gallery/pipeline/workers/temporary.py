"""Temporary folders that go however the process ends that made them."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gallery.pipeline.workers.processes import own_group

# Child processes of the one that was killed may write for a while longer: the folder has to stay
# away for three seconds.
_WATCH = """
import os, shutil, sys, time
if not sys.stdin.buffer.read():
    away = 0
    for _ in range(600):
        away = 0 if os.path.lexists(sys.argv[1]) else away + 1
        if away == 30:
            break
        shutil.rmtree(sys.argv[1], ignore_errors=True)
        time.sleep(0.1)
"""


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that is deleted at the end, or by a second process if this one is killed.

    That process is there before the folder is, so that there is no moment to be killed in between.
    """
    folder = Path(tempfile.gettempdir(), f"gallery-{secrets.token_hex(8)}")
    watcher = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-I", "-S", "-c", _WATCH, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder.parent,
        **own_group(),
    )
    try:
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            watcher.communicate(b"deleted")

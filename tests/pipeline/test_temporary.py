"""Temporary folders go however the process ends that made them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gallery.pipeline.workers import temporary

_KILLED = """
import os, signal, sys, tempfile
from gallery.pipeline.workers.temporary import temporary_folder
tempfile.tempdir = sys.argv[1]
with temporary_folder() as folder:
    (folder / "half").write_text("written")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_folder_is_there_for_its_owner_alone_and_goes_at_the_end() -> None:
    with temporary.temporary_folder() as folder:
        if sys.platform != "win32":
            assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "deep").mkdir()
    assert not folder.exists()


def test_who_deletes_it_is_there_before_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is killed between the two would leave the folder for ever."""
    there: list[bool] = []

    class Watched(subprocess.Popen[bytes]):
        def __init__(self, command: list[str], **rest: object) -> None:
            there.append(Path(command[-1]).exists())
            super().__init__(command, **rest)  # type: ignore[call-overload]

    monkeypatch.setattr(temporary.subprocess, "Popen", Watched)
    with temporary.temporary_folder() as folder:
        assert folder.is_dir()
    assert there == [False]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_process_leaves_nothing(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", _KILLED, tmp_path], check=False, timeout=300)
    for _ in range(2000):
        if not any(tmp_path.iterdir()):
            return
        subprocess.run([sys.executable, "-S", "-c", ""], check=True)
    pytest.fail("the folder is still there")

"""Drawing is compiled ahead only where nothing has been compiled yet."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gallery.rendering import ahead


def test_what_is_compiled_is_told_from_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert not ahead.compiled()
    index = tmp_path / "raster_0" / "tone._tone-253.py311.nbi"
    index.parent.mkdir()
    index.touch()
    assert ahead.compiled()
    with ahead.compiling() as process:
        assert process is None
    os.utime(index, ns=(1, 1))  # of an older release
    assert not ahead.compiled()


def test_the_process_ends_with_the_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    with ahead.compiling() as process:
        assert process is not None
    assert process.returncode is not None


def test_the_kernel_is_where_it_is_looked_for() -> None:
    path, kernel = Path(ahead.__file__).parent / ahead._KERNEL[0], ahead._KERNEL[1]
    assert f"def {kernel}(" in path.read_text("utf-8")


def test_the_made_up_scan_can_be_drawn() -> None:
    ahead.main()

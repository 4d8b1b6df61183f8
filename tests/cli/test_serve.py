"""`gallery serve`: what it serves, and that a change is seen."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

from gallery.cli.serve import Watch
from tests.conftest import run_gallery


def test_watch_sees_what_comes_changes_and_goes(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    assert not watch.changed()
    path = tmp_path / "deep" / "net.onnx"
    path.parent.mkdir()
    path.write_text("a")
    assert watch.changed()
    assert not watch.changed()
    path.write_text("longer")
    assert watch.changed()
    path.unlink()
    assert watch.changed()


def test_watch_looks_at_single_files_too(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    watch = Watch(path)
    path.write_text("a")
    assert watch.changed()


def test_a_port_that_is_taken_is_told_before_anything_is_built(
    models: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run_gallery("serve", models, "-o", tmp_path / "site", "--port", port)
    assert result.returncode == 2
    assert f"cannot listen on port {port}" in result.stderr
    assert not (tmp_path / "site").exists()


def test_pages_reload_and_files_stay_as_they_are(models: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    command = [sys.executable, "-m", "gallery", "serve", str(models), "-o", str(site)]
    with subprocess.Popen(
        [*command, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            address = next(
                found[0] for line in lines if (found := re.match(r"http://127\.0\.0\.1:\d+/", line))
            )
            with urlopen(address) as answer:
                assert b"/__reload__.js" in answer.read()
            with urlopen(address + "__version__") as answer:
                assert answer.read() == b"1"
            (models / "first.md").write_text("Words that are new.")
            next(line for line in lines if "2 built" in line)
            with urlopen(address + "first/") as answer:
                assert b"Words that are new." in answer.read()
            assert b"__reload__" not in (site / "index.html").read_bytes()
        finally:
            process.kill()

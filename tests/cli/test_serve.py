"""`gallery serve`: what it serves, and that a change is seen."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.request import urlopen

import pytest

import gallery.cli.commands.sites
import gallery.cli.serve
import gallery.pipeline.build
from gallery.cli.http_server import Server
from gallery.cli.main import main
from gallery.cli.serve import serve_site
from gallery.errors import PublishError, SettingsError
from gallery.pipeline.report import Report
from gallery.settings.values import GallerySettings
from tests.conftest import run_gallery


class Edits:
    """A watch that sees a number of changes; then the user presses Ctrl-C."""

    def __init__(self, count: int) -> None:
        self.left = count

    def changed(self) -> bool:
        """Whether there is one more."""
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        return True


def serve(tmp_path: Path, *rebuilds: str | BaseException) -> list[str]:
    """Serve with a build for each of these, which fails or returns the path; what it said."""
    coming = iter(rebuilds)

    def rebuild() -> str:
        one = next(coming)
        if isinstance(one, BaseException):
            raise one
        return one

    said: list[str] = []
    edits = Edits(len(rebuilds) - 1)
    with pytest.raises(KeyboardInterrupt):
        serve_site(edits, tmp_path, ("127.0.0.1", 0), rebuild, said.append)  # type: ignore[arg-type]
    assert next(coming, None) is None
    return said


@pytest.fixture(autouse=True)
def _pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause takes time; after a hundred the user presses Ctrl-C."""
    pauses = iter(range(100))

    def pause(_: float) -> None:
        if next(pauses, None) is None:
            raise KeyboardInterrupt

    monkeypatch.setattr(gallery.cli.serve, "time", SimpleNamespace(sleep=pause))


FAILURES = [
    ZeroDivisionError("oops"),
    MemoryError("oops"),
    RecursionError("oops"),
    OSError(28, "oops"),
    BrokenPipeError("oops"),
    SystemExit("oops"),
    KeyError("oops"),
    PublishError("oops"),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda one: type(one).__name__)
def test_a_rebuild_may_fail_in_any_way(tmp_path: Path, failure: BaseException) -> None:
    said = serve(tmp_path, "/", failure, "/")
    (line,) = said
    assert line.startswith("error: ")
    assert "oops" in line


def test_the_number_grows_with_each_site_that_was_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, close = [], Server.server_close

    def closed(server: Server) -> None:
        shown.append(server.shown)
        close(server)

    monkeypatch.setattr(Server, "server_close", closed)
    serve(tmp_path, "/", ZeroDivisionError(), "/nets/", "/nets/")
    assert [(one.version, one.path) for one in shown] == [(3, "/nets/")]


def test_an_interrupt_ends_the_server_too(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    serve(tmp_path, "/")
    assert set(threading.enumerate()) <= before


def test_a_first_build_that_fails_ends_it(tmp_path: Path) -> None:
    def rebuild() -> str:
        raise PublishError("oops")

    with pytest.raises(PublishError, match="oops"):
        serve_site(Edits(0), tmp_path, ("127.0.0.1", 0), rebuild, print)  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["203.0.113.1", "a..b", "no.such.host.invalid", "[::1]"])
def test_a_host_that_is_not_of_this_machine_is_wrong_usage(tmp_path: Path, host: str) -> None:
    with pytest.raises(SettingsError, match="cannot listen on port 0 of"):
        serve_site(Edits(0), tmp_path, (host, 0), str, print)  # type: ignore[arg-type]


def test_edits_of_every_source_are_seen(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also during the first build, in a settings file elsewhere, and in templates named later."""
    settings, templates = tmp_path / "mine.toml", tmp_path / "templates"
    settings.write_text((models / "gallery.toml").read_text())
    (templates / "css").mkdir(parents=True)
    edits = [
        (models / "first.md", "Edited during the first build."),
        (models / "static" / ".well-known" / "x", "A file that is published as it is."),
        (settings, "title = "),
        (settings, f"templates = {str(templates)!r}"),
        (templates / "css" / "user.css", "body { color: red }"),
    ]
    built = []

    def build(*_: object, settings: GallerySettings, **__: Any) -> Report:
        built.append(settings.title)
        edit()
        return Report(models=())

    def edit() -> None:
        path, text = edits.pop(0) if edits else (tmp_path / "site" / "index.html", len(built) * "x")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def say(text: str, **_: object) -> None:
        if "settings" in text:
            edit()

    monkeypatch.setattr(gallery.pipeline.build, "build", build)
    monkeypatch.setattr(gallery.cli.commands.sites, "say", say)
    options = ["--settings", str(settings), "--port", "0"]
    assert main(["serve", str(models), "-o", str(tmp_path / "site"), *options]) == 130
    assert not edits
    assert len(built) == 5


def test_what_the_build_writes_is_not_an_edit(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A site, its staging and its cache may be inside the models directory."""
    built = []

    def build(*_: object, **__: Any) -> Report:
        built.append(1)
        for name in ("site/index.html", ".site.staging-x/a", ".cache/gallery/records/a"):
            (models / name).parent.mkdir(parents=True, exist_ok=True)
            (models / name).write_text("x" * len(built))
        return Report(models=())

    monkeypatch.setattr(gallery.pipeline.build, "build", build)
    assert main(["serve", str(models), "-o", str(models / "site"), "--port", "0"]) == 130
    assert built == [1]


def test_a_port_that_is_taken_is_told_before_anything_is_built(
    models: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run_gallery("serve", models, "-o", tmp_path / "site", "--port", port)
    assert result.returncode == 2
    assert f"cannot listen on port {port}" in result.stderr
    assert not (tmp_path / "site").exists()


def test_pages_reload_and_files_stay_as_they_are(made_models: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    command = [sys.executable, "-m", "gallery", "serve", str(made_models), "-o", str(site)]
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
            (made_models / "first.md").write_text("Words that are new.")
            next(line for line in lines if "2 built" in line)
            with urlopen(address + "first/") as answer:
                assert b"Words that are new." in answer.read()
            assert b"__reload__" not in (site / "index.html").read_bytes()
        finally:
            process.kill()

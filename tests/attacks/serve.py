"""Attacks on `gallery serve`, by pages and programs beside it and by whoever edits the models."""

from __future__ import annotations

import http.client
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil

from tests.attacks.frame import Ground, attack

_THREADS = 100
"""More threads than this are too many for the browser of one user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A running `gallery serve`."""

    process: subprocess.Popen[str]
    lines: queue.Queue[str]
    port: int

    def said(self, *words: str) -> None:
        """Wait for a line with one of these words."""
        line = ""
        while not any(word in line for word in words):
            line = self.lines.get(timeout=120)

    def status(self, path: str, host: str = "localhost") -> int:
        """Status of the answer to a path, as it is."""
        return self.ask(path, host)[0]

    def ask(self, path: str, host: str = "localhost") -> tuple[int, bytes]:
        """Status and body of the answer to a path, as it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.putrequest("GET", path, skip_host=True)
        connection.putheader("Host", host)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read()

    def unharmed(self) -> None:
        """Runs, shows the site, and has said nothing of an error."""
        assert self.process.poll() is None, "the server has ended"
        assert self.status("/") == 200
        said = []
        while not self.lines.empty():
            said.append(self.lines.get())
        assert not any("Traceback" in line for line in said), said


@contextmanager
def _serving(
    ground: Ground, *arguments: object, meanwhile: Callable[[], object] = str
) -> Iterator[Serving]:
    """A server after its first build; `meanwhile` is called during that."""
    options = ["-o", ground.site, "--port", 0, *arguments]
    command = [sys.executable, "-m", "gallery", "serve", ground.models, *options]
    with subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        lines: queue.Queue[str] = queue.Queue()
        reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
        reader.start()
        try:
            line = ""
            while not line.startswith("http://"):
                line = lines.get(timeout=300)
                if ": done in" in line:
                    meanwhile()
            port = urlsplit(line.split()[0]).port
            yield Serving(process=process, lines=lines, port=port or 0)
        finally:
            process.kill()


def _read(process: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)


@attack("serve", "odd addresses have the site's page for wrong addresses")
def odd_addresses(ground: Ground) -> None:
    with _serving(ground) as server:
        for path in ("/%00", "/x%00.html", "/%ED%A0%80", "/" + "x" * 5000, "/../../etc/passwd"):
            status, body = server.ask(path)
            assert status == 404, path
            assert b"index.html" in body, path
        server.unharmed()


@attack(
    "serve", "foreign Host headers are refused, as of a page whose name was rebound", short=True
)
def foreign_hosts(ground: Ground) -> None:
    with _serving(ground) as server:
        for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1.evil.example", ""):
            assert server.status("/", host) in (400, 421), host
        server.unharmed()


@attack("serve", "links that lead out of the site are not followed")
def links_out(ground: Ground) -> None:
    (ground.folder / "secret.html").write_text("secret")
    with _serving(ground) as server:
        (ground.site / "link.html").symlink_to(ground.folder / "secret.html")
        (ground.site / "up").symlink_to(ground.folder)
        for path in ("/link.html", "/up/", "/up/secret.html", "/%2e%2e/secret.html"):
            assert b"secret" not in server.ask(path)[1], path
        server.unharmed()


@attack("serve", "hundreds of idle and slow connections keep nobody out", short=True)
def idle_connections(ground: Ground) -> None:
    with _serving(ground) as server, ExitStack() as opened:
        for number in range(500):
            one = socket.create_connection(("127.0.0.1", server.port), timeout=60)
            opened.enter_context(one)
            if number % 2 and number > 400:
                one.sendall(b"GET / HTTP/1.1\r\nHost: local")
        server.unharmed()
        assert psutil.Process(server.process.pid).num_threads() < _THREADS


@attack("serve", "a rebuild that fails in any way leaves the last site")
def broken_rebuilds(ground: Ground) -> None:
    templates = ground.folder / "templates"
    templates.mkdir()
    settings = ground.models / "gallery.toml"
    good = settings.read_text()
    settings.write_text(f"templates = {str(templates)!r}\n{good}")
    with _serving(ground) as server:
        for text in ("{{ 1 / 0 }}", "{% broken", "{{ [].pop() }}", "{% include '404.html' %}"):
            (templates / "404.html").write_text(text)
            server.said("error: ")
            server.unharmed()
        (templates / "404.html").unlink()
        server.said("2 built")
        settings.write_text("title = ")
        server.said("error: ")
        server.unharmed()
        os.rename(ground.models, ground.folder / "away")
        server.said("error: ")
        os.rename(ground.folder / "away", ground.models)
        settings.write_text(good)
        server.said("2 built")
        server.unharmed()


@attack("serve", "edits during the first build and of a settings file elsewhere are seen")
def early_edits(ground: Ground) -> None:
    settings, sidecar = ground.folder / "mine.toml", ground.models / "first.md"
    settings.write_text((ground.models / "gallery.toml").read_text())

    def edit() -> None:
        sidecar.write_text("Early words.")

    with _serving(ground, "--settings", settings, meanwhile=edit) as server:
        server.said("2 built")
        assert b"Early words." in server.ask("/first/")[1]
        settings.write_text(settings.read_text().replace("Small nets", "Other nets"))
        server.said("2 built")
        assert b"Other nets" in server.ask("/")[1]
        server.unharmed()

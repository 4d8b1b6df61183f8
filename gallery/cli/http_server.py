"""The server of `gallery serve`: the files of one site, for the browsers of this machine.

A browser shows pages of any origin beside the site, so what arrives is not trusted: a Host header
that names another host is refused, since a page could have made its own name resolve to this
machine (DNS rebinding); links that lead out of the site are not followed; connections are few and
do not wait for long.
"""

from __future__ import annotations

import io
import ipaddress
import os
import re
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO

CONNECTIONS = 64
"""Most connections at a time, each of which has a thread. A browser opens six to a host."""

PATIENCE = 10.0
"""Seconds that a request may take to arrive, and that one piece of an answer may take to leave."""

_SCRIPT = b"""(function () {
  var seen = null;
  setInterval(function () {
    fetch("/__version__").then(function (r) { return r.text(); }).then(function (now) {
      if (seen !== null && seen !== now) { location.reload(); }
      seen = now;
    }).catch(function () {});
  }, 1000);
}());
"""

_TAG = b'<script defer src="/__reload__.js"></script></body>'

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})

_ANY = ("0.0.0.0", "::")  # noqa: S104 - compared, not listened at
"""Addresses that stand for all interfaces of a machine."""

_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/?#@\[\]]+))(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a server shows.

    Attributes:
        site: Directory of the site.
        version: A number that grows with each rebuild.
        path: Path of the site on its own host, such as "/nets/", from which its 404 page links.
    """

    site: Path
    version: int = 1
    path: str = "/"


def is_named(header: str, host: str) -> bool:
    """Whether a Host header names a server that listens at `host`.

    If that is all interfaces, the header may also be this machine's own name or any IP address,
    which nobody can make lead elsewhere.
    """
    found = _HOST.fullmatch(header)
    if not found:
        return False
    name = (found[1] or found[2]).lower().rstrip(".")
    if name in _LOCAL or name == host.lower():
        return True
    if host not in _ANY:
        return False
    own = socket.gethostname().lower()
    return _is_address(name) or name in (own, own.partition(".")[0], f"{own}.local")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Handler(SimpleHTTPRequestHandler):
    """Answers with files of the site, and with the reloading script in every page."""

    server: Server
    timeout = PATIENCE

    def handle(self) -> None:
        """Answer; a visitor who has gone or falls silent is not an error."""
        with suppress(ConnectionError, TimeoutError):
            super().handle()

    def parse_request(self) -> bool:
        """Read a request; refuse one that was meant for another host."""
        if not super().parse_request():
            return False
        self.server.has_asked(self.connection)
        hosts = self.headers.get_all("Host", [])
        if len(hosts) > 1 or (not hosts and self.request_version >= "HTTP/1.1"):
            self.send_error(HTTPStatus.BAD_REQUEST, "A request needs one Host header")
            return False
        if hosts and not is_named(hosts[0].strip(), self.server.host):
            self.send_error(
                HTTPStatus.MISDIRECTED_REQUEST, "This is not the host of that name; see --host"
            )
            return False
        return True

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        """Send the status and headers; returns the body."""
        address = self.path.partition("?")[0].partition("#")[0]
        shown = self.server.shown
        if address == "/__version__":
            return self._content(str(shown.version).encode(), "text/plain")
        if address == "/__reload__.js":
            return self._content(_SCRIPT, "text/javascript")
        path = _located(shown.site, self.translate_path(self.path))
        if path and path.is_dir() and not address.endswith("/"):
            return super().send_head()  # redirects to the address with a slash
        if path and path.is_dir():
            path = _located(shown.site, str(path / "index.html"))
        if path is None or not path.is_file():
            return self._lost(shown)
        if path.suffix != ".html":
            return super().send_head()
        try:
            return self._page(path.read_bytes())
        except OSError:
            return self._lost(shown)

    def end_headers(self) -> None:
        """Forbid caching: the next rebuild may change any file."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""

    def _lost(self, shown: Shown) -> io.BytesIO | None:
        """The site's page for addresses that it does not have; its links lead to this server."""
        path = _located(shown.site, str(shown.site / "404.html"))
        try:
            page = path.read_bytes() if path else b""
        except OSError:
            page = b""
        if not page:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        page = page.replace(f'="{shown.path}'.encode(), b'="/')
        return self._page(page, HTTPStatus.NOT_FOUND)

    def _page(self, page: bytes, status: HTTPStatus = HTTPStatus.OK) -> io.BytesIO:
        return self._content(page.replace(b"</body>", _TAG, 1), "text/html; charset=utf-8", status)

    def _content(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> io.BytesIO:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return io.BytesIO(body)


def _located(site: Path, path: str) -> Path | None:
    """Where a path of a request leads, with links followed; None if that is not in the site."""
    try:
        root, found = site.resolve(strict=True), Path(path).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        return None
    inside = found.is_relative_to(root) and (not path.endswith("/") or found.is_dir())
    return found if inside else None


class Server(ThreadingHTTPServer):
    """Serves a site with a limited number of threads.

    Where all connections are taken, the oldest makes room for a new one, so that visitors who open
    connections and say nothing keep nobody out.
    """

    request_queue_size = 128
    # On Windows the option would let two servers have one port.
    allow_reuse_address = os.name == "posix"

    def __init__(self, host: str, port: int, shown: Shown, say: Callable[[str], None]) -> None:
        """Listen.

        Args:
            host: Address or name of the interface.
            port: Where to listen; 0 picks a free port.
            shown: What to show.
            say: Prints a line about what went wrong.

        Raises:
            OSError: The port is taken, or there is no such address.
        """
        self.host = host
        self.shown = shown
        self._say = say
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)
        self._open: dict[Any, float] = {}
        self._silent: set[Any] = set()
        kind = socket.SOCK_STREAM
        found = socket.getaddrinfo(host, port, type=kind, flags=socket.AI_PASSIVE)
        self.address_family = found[0][0]
        super().__init__(found[0][4][:2], self._handler)  # type: ignore[arg-type]

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the site."""
        host = "localhost" if self.host in _ANY else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server_port}/"

    def server_bind(self) -> None:
        """Listen, without asking the network for the name of the address as the base does."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.host, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Make room for a connection and answer it in a thread."""
        with self._room:
            if len(self._open) >= CONNECTIONS:
                _hang_up(next(iter(self._open)))
                self._room.wait_for(lambda: len(self._open) < CONNECTIONS, timeout=1.0)
            full = len(self._open) >= CONNECTIONS
            if not full:
                self._open[request] = time.monotonic()
                self._silent.add(request)
        if full:
            self.shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        with self._room:
            self._open.pop(request, None)
            self._silent.discard(request)
            self._room.notify_all()
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """End connections whose request takes too long to arrive, however often a byte comes."""
        late = time.monotonic() - PATIENCE
        with self._lock:
            for request in self._silent:
                if self._open[request] < late:
                    _hang_up(request)

    def has_asked(self, request: Any) -> None:
        """Note that the request of a connection has arrived."""
        with self._lock:
            self._silent.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong in one line."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            self._say(f"error: a request was not answered: {type(error).__name__}: {error}")

    def _handler(self, *args: Any) -> Handler:
        return Handler(*args, directory=str(self.shown.site))


def _hang_up(request: Any) -> None:
    """Make whoever waits for a connection wake up and find it ended."""
    with suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)

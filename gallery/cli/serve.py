"""Serves a site on this machine and rebuilds it when a model, a sidecar or a template changes.

A small script in every page polls a number that grows with each rebuild, and reloads the page when
it changes; the files on disk stay as published.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from gallery.errors import GalleryError, SettingsError

_INTERVAL = 1.0
"""Seconds between two checks of the files; checking 1,000 files takes a few milliseconds."""

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


class Watch:
    """Detects changes of some files, and of anything below some directories."""

    def __init__(self, *watched: Path) -> None:
        self._watched = watched
        self._seen = self._look()

    def changed(self) -> bool:
        """Whether a file was added, removed or written since the last call."""
        before, self._seen = self._seen, self._look()
        return before != self._seen

    def _look(self) -> frozenset[tuple[str, int, int]]:
        found = set()
        for place in self._watched:
            for path in place.rglob("*") if place.is_dir() else [place]:
                try:
                    status = path.lstat()
                except OSError:
                    continue
                found.add((str(path), status.st_mtime_ns, status.st_size))
        return frozenset(found)


class _Handler(SimpleHTTPRequestHandler):
    """Serves files, with the reloading script in every page."""

    def __init__(self, *args: object, version: Callable[[], int], **kwargs: object) -> None:
        self._version = version
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Answer one request."""
        if self.path == "/__version__":
            self._answer(str(self._version()).encode(), "text/plain")
            return
        if self.path == "/__reload__.js":
            self._answer(_SCRIPT, "text/javascript")
            return
        path = Path(self.translate_path(self.path))
        page = path / "index.html" if path.is_dir() and self.path.endswith("/") else path
        if page.suffix == ".html" and page.is_file():
            self._answer(page.read_bytes().replace(b"</body>", _TAG, 1), "text/html; charset=utf-8")
            return
        super().do_GET()

    def end_headers(self) -> None:
        """Forbid caching: the next rebuild may change any file."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve_site(
    watched: tuple[Path, ...],
    site: Path,
    port: int,
    rebuild: Callable[[], None],
    say: Callable[[str], None],
) -> None:
    """Build a site, serve it on the loopback address, and rebuild it on changes until interrupted.

    Args:
        watched: Files and directories to watch.
        site: The site.
        port: Where to listen; 0 picks a free port.
        rebuild: Builds the site.
        say: Prints a line for the user.

    Raises:
        GalleryError: The port is taken, or the first build fails as a whole.
    """
    version = 1
    handler = partial(_Handler, directory=str(site), version=lambda: version)
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        found = f"cannot listen on port {port}: {error.strerror}"
        raise SettingsError(found, hint="choose another port with --port") from error
    with server:
        rebuild()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        say(f"http://127.0.0.1:{server.server_port}/ shows {site}; stop with Ctrl-C")
        watch = Watch(*watched)
        while True:
            time.sleep(_INTERVAL)
            if not watch.changed():
                continue
            try:
                rebuild()
            except GalleryError as error:
                # The user is editing: the next save may fix it.
                say(f"error: {error}")
            version += 1

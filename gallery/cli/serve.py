"""Serves a site on this machine and rebuilds it when a model, a sidecar or a template changes.

A small script in every page polls a number that grows with each rebuild, and reloads the page when
it changes; the files on disk stay as published.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gallery.cli.http_server import Server, Shown
from gallery.cli.messages import tell
from gallery.cli.watch import Watch
from gallery.errors import GalleryError, SettingsError

_INTERVAL = 1.0
"""Seconds between two checks of the files; checking 1,000 files takes a few milliseconds."""

_POLL = 0.1
"""Seconds between two looks of the server whether it is to end."""

Say = Callable[[str], None]

_log = logging.getLogger(__name__)


def serve_site(
    watch: Watch, site: Path, address: tuple[str, int], rebuild: Callable[[], str], say: Say
) -> None:
    """Build a site, serve it, and rebuild it on changes until interrupted.

    Nothing but an interrupt ends it once the first build is done: a rebuild that fails is reported,
    and the last site stays.

    Args:
        watch: Tells whether the site's sources have changed; made before this is called, so that
            edits during the first build count.
        site: The site.
        address: Host and port to listen at; port 0 picks a free one.
        rebuild: Builds the site; returns its path on its own host, such as "/nets/", or "/".
        say: Prints a line about what went wrong.

    Raises:
        SettingsError: The port is taken, or the host is not an address of this machine.
        GalleryError: The first build fails as a whole.
    """
    host, port = address
    try:
        server = Server(host, port, Shown(site=site), say)
    except (OSError, UnicodeError) as error:
        found = f"cannot listen on port {port} of {host}: {getattr(error, 'strerror', error)}"
        hint = "choose another port with --port, or host with --host"
        raise SettingsError(found, hint=hint) from error
    with server:
        server.shown = replace(server.shown, path=rebuild())
        threading.Thread(target=server.serve_forever, args=(_POLL,), daemon=True).start()
        try:
            tell(f"{server.url} shows {site}; stop with Ctrl-C")
            while True:
                time.sleep(_INTERVAL)
                if watch.changed():
                    _again(server, rebuild, say)
        finally:
            # Else the thread would go on to look at a closed socket, without a pause.
            server.shutdown()


def _again(server: Server, rebuild: Callable[[], str], say: Say) -> None:
    """Rebuild the site; whatever goes wrong, the last one stays."""
    try:
        path = rebuild()
    except GalleryError as error:
        # The user is editing: the next save may fix it.
        say(f"error: {error}")
    except (Exception, SystemExit) as error:
        _log.info("the rebuild failed", exc_info=True)
        say(f"error: the rebuild failed: {type(error).__name__}: {error}; the last site stays")
    else:
        server.shown = replace(server.shown, path=path, version=server.shown.version + 1)

"""Lighthouse's scores of a site's index and of one model's page, served compressed from loopback.

Lighthouse comes from npm and drives the Chromium that CHROME_PATH names:

    npm install --prefix NODE lighthouse
    CHROME_PATH=/usr/bin/chromium python -m tests.benchmarks.lighthouse SITE NODE/node_modules/.bin

The exit status is 1 where a score is under 95. The test suite holds the pages to the same rules
without it: axe, strict HTML, weights, no layout shift, nothing wider than the screen.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.serving import Quiet, served

GOAL = 95
_TEXT = (".html", ".css", ".js", ".json", ".svg", ".xml", ".txt")


class _Compressed(Quiet):
    """Serves text deflated and everything for a year, as a host for static sites does."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # noqa: N802 - so http.server calls it
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            self.send_error(404)
            return
        body = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Cache-Control", "max-age=31536000")
        if path.suffix in _TEXT:
            body = gzip.compress(body, 9, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def audit(address: str, programs: Path, device: str) -> tuple[dict[str, int], list[str]]:
    """Scores by category, 0 to 100, and the audits that fell short."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            str(programs / "lighthouse"),
            address,
            "--quiet",
            "--output=json",
            f"--output-path={report}",
            "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
            *(["--preset=desktop"] if device == "desktop" else []),
        ]
        subprocess.run(command, check=True, env={**os.environ}, timeout=240)
        found = json.loads(report.read_bytes())
    scores = {name: round(100 * one["score"]) for name, one in found["categories"].items()}
    audits = found["audits"].items()
    short = [f"{name}: {one['title']}" for name, one in audits if (one["score"] or 1) < 0.9]
    zero = [f"{name}: {one['title']}" for name, one in audits if one["score"] == 0]
    return scores, sorted({*short, *zero})


def main() -> int:
    """Audit both pages on both devices; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path)
    parser.add_argument("programs", type=Path)
    parser.add_argument("--pages", nargs="*", default=["index.html"])
    parser.add_argument("--devices", nargs="*", default=["mobile", "desktop"])
    arguments = parser.parse_args()
    worst = 100
    with served(arguments.site, _Compressed) as base:
        for page in arguments.pages:
            for device in arguments.devices:
                scores, short = audit(base + page, arguments.programs, device)
                worst = min(worst, *scores.values())
                print(page, device, scores)
                print("".join(f"    {line}\n" for line in short), end="")
    return int(worst < GOAL)


if __name__ == "__main__":
    sys.exit(main())

"""Tests the installed program: what the README shows works without a checkout.

    python tests/installed.py MODELS

It uses nothing but the standard library and the `gallery` command on the path, runs in a new
directory, and ends with an error as soon as a command does. MODELS holds the sample models.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SMALL = """[scan]
vertices = 2000
[variants]
sizes = [320]
size = [320]
vertices = 2000
skeletons = ["twopi"]
colors = ["operator"]
poster_dpi = 50
"""
PYTHON = """
from pathlib import Path
import gallery

assert "site-packages" in gallery.__file__, gallery.__file__
model = gallery.load(Path("models/alexnet.onnx"))
graph = gallery.lower(model, vertices=2000, passes="training")
layout = gallery.layout(graph, skeleton="sfdp", seed=1)
picture = gallery.render(layout, gallery.color(graph, "pass"), size=256)
gallery.save(picture, Path("alexnet.png"))
"""


def main(samples: Path) -> None:
    """Run the commands in a new directory."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        work = Path(place)

        def run(*command: str) -> str:
            print("$", *command, flush=True)
            done = subprocess.run(
                command, cwd=work, env=environment, check=True, stdout=subprocess.PIPE
            )
            return done.stdout.decode("utf-8")

        models = work / "models"
        run("gallery", "new", ".", "--host", "github")
        for name in ("alexnet.onnx", "alexnet.md"):
            shutil.copyfile(samples / name, models / name)
        (models / "gallery.toml").write_text(SMALL, encoding="utf-8")
        run("gallery", "facts", "models/alexnet.onnx")
        run("gallery", "scan", "models/alexnet.onnx", "-o", "scan.png", "--vertices", "2000")
        run("gallery", "scan", "models/alexnet.onnx", "-o", "scan.svg", "--vertices", "2000")
        run("gallery", "build", "models", "-o", "site")
        run("gallery", "check", "site")
        run("gallery", "verify", "site", "models")
        run("gallery", "build", "models", "-o", "part", "--shard", "1/1")
        run("gallery", "merge", "part", "-o", "whole")
        run(sys.executable, "-c", PYTHON)
        shown = json.loads((work / "site" / "manifest.json").read_text("utf-8"))["models"]
        assert [one["slug"] for one in shown] == ["alexnet", "example"]
        assert all(one["viewer"] and one["poster"] for one in shown)
        sums = [(work / name / "SHA256SUMS").read_bytes() for name in ("site", "whole")]
        assert sums[0] == sums[1], "parts are joined into the same bytes"
    print("the installed program works")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())

"""Build a site of five models as on several processors, and compare all files.

    python -m tests.benchmarks.processors [--arm64 PYTHON]

Each build has a cache of its own, and kernels of its own. The exit status is 1 where a file
differs; `python -m tests.processors MODEL` under the same settings then tells the first stage that
does. `--arm64` is a command that runs Python with this project's dependencies on arm64, or
emulates it, such as "qemu-aarch64-static -L /arm64 /arm64/usr/bin/python3"; the stages of one
small scan are compared with its.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.same_site import differences
from tests.processors import PROCESSORS, environment

ROOT = Path(__file__).parents[2]
MODELS = ("resnet18", "lstm", "pointnet", "unet", "gpt2")
SETTINGS = """
title = "Processors"
[scan]
vertices = 20000
[variants]
sizes = [400, 800]
size = [640, 360]
vertices = 8000
skeletons = ["neato", "circo"]
"""


def build(processor: str, models: Path, home: Path) -> Path:
    """The site as one processor makes it."""
    site = home / processor / "site"
    command = [sys.executable, "-m", "gallery", "build", models, "-o", site]
    done = subprocess.run(
        [*command, "--cache", home / processor / "cache", "--jobs", "1"],
        env=environment(processor, home / "kernels"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return site


def stages(command: list[str], env: dict[str, str]) -> dict[str, str]:
    """The digests of the stages of one small scan."""
    done = subprocess.run(
        [*command, "-m", "tests.processors", str(ROOT / "models" / "lstm.onnx")],
        env=env,
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


def main() -> int:
    """Build, compare, and say what differs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--arm64", default="", help="a command that runs Python on arm64")
    options = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        models = home / "models"
        models.mkdir()
        for one in MODELS:
            (models / f"{one}.onnx").write_bytes((ROOT / "models" / f"{one}.onnx").read_bytes())
        (models / "gallery.toml").write_text(SETTINGS)
        sites = {}
        for processor in PROCESSORS:
            start = time.monotonic()
            sites[processor] = build(processor, models, home)
            lines = differences(sites["here"], sites[processor])
            failed |= bool(lines)
            told = "\n".join(lines) or "the same"
            print(f"{processor:8} {time.monotonic() - start:6.0f} s  {told}", flush=True)
        if options.arm64:
            start = time.monotonic()
            here = stages([sys.executable], dict(os.environ))
            there = stages(shlex.split(options.arm64), {**os.environ, "NUMBA_CACHE_DIR": name})
            parted = [stage for stage in here if here[stage] != there.get(stage)]
            failed |= bool(parted)
            told = f"differs from: {parted[0]}" if parted else "the same"
            print(f"{'arm64':8} {time.monotonic() - start:6.0f} s  {told}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

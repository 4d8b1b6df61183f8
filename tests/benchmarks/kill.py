"""Kill builds at random moments, with all their processes, and see what they leave.

    python -m tests.benchmarks.kill [--times 100] [--seed 1]

Each build has something to make again. After each kill the site must be the whole one of before or
of after; the next build, left alone, must end with the bytes of one that no kill went before.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.conftest import NET, WIDER, make_models, run_gallery
from tests.onnx_text import write
from tests.pipeline.test_build import tree


def change(models: Path, number: int) -> None:
    """Put one of two collections of the same names into a directory."""
    write(models, (NET, WIDER)[number % 2], "first.onnx")
    (models / "deep" / "second.md").write_text(f"Prose {number % 2}.")


def kill_after(seconds: float, models: Path, site: Path, cache: Path) -> bool:
    """Start a build and kill it and all its workers; whether it still ran."""
    command = [sys.executable, "-m", "gallery", "build", str(models), "-o", str(site)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen([*command, "--cache", str(cache)], stdout=quiet, stderr=quiet) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            # Workers have process groups of their own.
            build = psutil.Process(process.pid)
            for one in (build, *build.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.kill()
            return True
    return False


def main() -> None:
    """Build both collections undisturbed, then disturb."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        models = make_models(home / "models")
        wanted, longest = [], 0.0
        for number in range(2):
            change(models, number)
            started = time.perf_counter()
            place = home / f"undisturbed{number}"
            done = run_gallery("build", models, "-o", place, "--cache", home / f"cache{number}")
            assert done.returncode == 0, done.stderr
            longest = time.perf_counter() - started
            wanted.append(tree(place))
        site, before, killed, new = home / "site", wanted[1], 0, 0
        assert run_gallery("build", models, "-o", site, "--cache", home / "first").returncode == 0
        for number in range(options.times):
            change(models, number)
            after, cache = wanted[number % 2], home / f"cold{number}"
            moment = chance.uniform(0, longest)
            started = time.perf_counter()
            if kill_after(moment, models, site, cache):
                killed += 1
            else:
                longest = min(longest, time.perf_counter() - started)
            assert tree(site) in (before, after), f"kill {number}: the site is not a whole one"
            new += tree(site) == after
            done = run_gallery("build", models, "-o", site, "--cache", cache)
            assert done.returncode == 0, f"kill {number}: {done.stderr}"
            assert tree(site) == after, f"kill {number}: the next build has other bytes"
            before = after
            print(f"{number + 1}: after {moment:.2f} s, {killed} killed, {new} new", flush=True)
        print(
            f"{options.times} builds, {killed} killed while they ran, within {longest:.1f} s; "
            f"{new} left the new site, the others the old one; all next builds had the same bytes"
        )


if __name__ == "__main__":
    main()

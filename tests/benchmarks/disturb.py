"""Disturb builds at random moments, and see what they leave.

    python -m tests.benchmarks.disturb [--making 100] [--publishing 100] [--disk 20] [--two 20]

`making` kills builds, with all their processes, that have everything to make; `publishing` those
whose results are all in the cache; `disk` lets the disk fill up (a tmpfs: Linux, as root); `two`
lets two builds with a cache each work on one site. After each the site must be the whole one of
before or of after and the user's own files in it must be there; the next build, left alone, must
end with the bytes of one that nothing went before.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.conftest import NET, WIDER, make_models, run_gallery
from tests.onnx_text import write
from tests.pipeline.test_build import tree

THEIRS = {"CNAME": b"nets.example.org", ".git/HEAD": b"ref: x", "first/notes.md": b"mine"}


@dataclass(kw_only=True)
class Place:
    """Two collections of the same names, the site of each, and one site that is disturbed."""

    home: Path
    chance: random.Random
    number: int = 1
    wanted: list[dict[str, bytes]] = field(default_factory=list)
    longest: float = 0.0

    @property
    def models(self) -> Path:
        return self.home / "models"

    @property
    def site(self) -> Path:
        return self.home / "site"

    @property
    def warm(self) -> Path:
        """A cache that has everything of both collections."""
        return self.home / "warm"

    def prepare(self) -> None:
        """Build both collections undisturbed, and put the user's files into the site."""
        make_models(self.models)
        for _ in range(2):
            self.change()
            started = time.perf_counter()
            self.build(self.home / f"undisturbed{self.number}", self.warm)
            self.longest = time.perf_counter() - started
            self.wanted.append(tree(self.home / f"undisturbed{self.number}"))
        self.build(self.site, self.warm)
        for name, content in THEIRS.items():
            (self.site / name).parent.mkdir(exist_ok=True)
            (self.site / name).write_bytes(content)

    def change(self) -> None:
        """Put the other collection in place."""
        self.number = 1 - self.number
        write(self.models, (NET, WIDER)[self.number], "first.onnx")
        (self.models / "deep" / "second.md").write_text(f"Prose {self.number}.")

    def build(self, site: Path, cache: Path) -> None:
        """Build undisturbed."""
        done = run_gallery("build", self.models, "-o", site, "--cache", cache)
        assert done.returncode == 0, done.stderr

    def start(self, cache: Path) -> subprocess.Popen[bytes]:
        """Start a build."""
        command = [sys.executable, "-m", "gallery", "build", str(self.models), "-o", str(self.site)]
        quiet = subprocess.DEVNULL
        return subprocess.Popen([*command, "--cache", str(cache)], stdout=quiet, stderr=quiet)

    def look(self) -> bool:
        """Check that the site is whole; whether it is the new one."""
        there = tree(self.site)
        for name, content in THEIRS.items():
            assert there.pop(name, None) == content, f"{name} is gone"
        assert there in self.wanted, "the site is not a whole one"
        return there == self.wanted[self.number]


def making(place: Place, cache: Path) -> bool:
    """Kill a build that has everything to make; whether it still ran."""
    return _kill(place, cache, place.longest)


def publishing(place: Place, cache: Path) -> bool:
    """Kill a build that has everything in its cache; whether it still ran."""
    shutil.copytree(place.warm, cache)
    started = time.perf_counter()
    # About as long as this takes without a kill: what a build with nothing to make needs to start.
    return _kill(place, cache, 2.0 + time.perf_counter() - started)


def disk(place: Place, cache: Path) -> bool:
    """Build on a disk that fills up; whether the build failed."""
    free = shutil.disk_usage(place.home).free
    most = 3 * sum(len(content) for content in place.wanted[0].values())
    filler = place.home / "filler"
    filler.write_bytes(bytes(max(0, free - place.chance.randrange(most))))
    with place.start(cache) as process:
        status = process.wait()
    filler.unlink()
    assert status in (0, 1), f"exit status {status}"
    return status == 1


def two(place: Place, cache: Path) -> bool:
    """Run two builds at once."""
    with place.start(cache) as one, place.start(cache.with_name(cache.name + "-other")) as other:
        assert (one.wait(), other.wait()) == (0, 0)
    return True


def _kill(place: Place, cache: Path, within: float) -> bool:
    with place.start(cache) as process:
        try:
            process.wait(place.chance.uniform(0, within))
        except subprocess.TimeoutExpired:
            # Workers have process groups of their own.
            build = psutil.Process(process.pid)
            for one in (build, *build.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.kill()
            return True
    return False


def disturb(kind: Callable[[Place, Path], bool], times: int, seed: int, home: Path) -> None:
    """Disturb so many builds, and print what they left."""
    place = Place(home=home, chance=random.Random(seed))
    place.prepare()
    hit = new = 0
    for number in range(times):
        place.change()
        cache = home / f"cache{number}"
        hit += kind(place, cache)
        new += place.look()
        place.build(place.site, cache)
        assert place.look(), "the next build has other bytes"
        for used in home.glob("cache*"):
            shutil.rmtree(used)
        print(f"{kind.__name__} {number + 1}: {hit} disturbed, {new} new", flush=True)
    print(
        f"{kind.__name__}: {times} builds, {hit} disturbed while they ran; {new} left the new site,"
        " the others the old one; all next builds had the same bytes, and no file was lost"
    )


@contextlib.contextmanager
def _small_disk() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", name], check=True)
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "-l", name], check=True)


def main() -> None:
    """Disturb in all ways."""
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = {"making": (making, 100), "publishing": (publishing, 100), "two": (two, 20)}
    kinds["disk"] = (disk, 20)
    for name, (_, times) in kinds.items():
        parser.add_argument(f"--{name}", type=int, default=times)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for name, (kind, _) in kinds.items():
        times = getattr(options, name)
        if times and name == "disk" and (sys.platform != "linux" or os.geteuid() != 0):
            print("disk: needs Linux and root, left out")
            continue
        where = _small_disk() if name == "disk" else tempfile.TemporaryDirectory()
        if times:
            with where as folder:
                disturb(kind, times, options.seed, Path(folder))


if __name__ == "__main__":
    main()

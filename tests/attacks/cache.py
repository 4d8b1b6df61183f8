"""Attacks on the cache: what is lost or damaged there costs time and nothing else."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.attacks.frame import Ground, attack, contents

_CACHE = ".cache/gallery"


def _harmed(ground: Ground, harm: Callable[[Path, random.Random], None], share: float) -> None:
    """Build, harm a share of the cache's files, and build into a new place: the same site."""
    ground.build().told(0)
    before = contents(ground.site)
    chance = random.Random(7)
    files = sorted(path for path in (ground.folder / _CACHE).rglob("*") if path.is_file())
    for path in chance.sample(files, max(1, round(share * len(files)))):
        harm(path, chance)
    shutil.rmtree(ground.site)
    ground.build().told(0)
    assert contents(ground.site) == before


@attack("cache", "files that are gone are made again")
def gone(ground: Ground) -> None:
    _harmed(ground, lambda path, _: path.unlink(), 0.5)


@attack("cache", "a flipped byte is noticed and never published", short=True)
def flipped(ground: Ground) -> None:
    def flip(path: Path, chance: random.Random) -> None:
        content = bytearray(path.read_bytes())
        if content:
            content[chance.randrange(len(content))] ^= 0x40
            path.write_bytes(content)

    _harmed(ground, flip, 1.0)


@attack("cache", "files that were cut short are made again")
def truncated(ground: Ground) -> None:
    def cut(path: Path, _: random.Random) -> None:
        path.write_bytes(path.read_bytes()[:-3])

    _harmed(ground, cut, 1.0)


@attack("cache", "directories in the place of files are made again or named")
def directories(ground: Ground) -> None:
    ground.build().told(0)
    records = sorted((ground.folder / _CACHE / "records").rglob("*"))
    for path in [path for path in records if path.is_file()][::2]:
        path.unlink()
        path.mkdir()
    (ground.models / "first.md").write_text("Other words.")
    ground.build().clean()


@attack("cache", "a tool that writes into the site's files does not reach the cache")
def written_through(ground: Ground) -> None:
    ground.build().told(0)
    before = contents(ground.site)
    for path in ground.site.rglob("*.webp"):
        with path.open("r+b") as file:
            file.write(b"other")
    assert contents(ground.site) != before
    other = ground.folder / "other"
    ground.gallery("build", ground.models, "-o", other, "--cache", ground.folder / _CACHE).told(0)
    assert contents(other) == before


@attack("cache", "two builds at once with a cache each leave one whole site")
def two_builds(ground: Ground) -> None:
    ground.shell(
        "$gallery build models -o site --cache one & "
        "$gallery build models -o site --cache two && wait"
    ).told(0)
    site = contents(ground.site)
    ground.gallery("build", ground.models, "-o", "other", "--cache", "three").told(0)
    assert contents(ground.folder / "other") == site

"""What an attack is, the list of all of them, and the small gallery that they play against."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import make_models, run_gallery

Play = Callable[["Ground"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """An attack's own place: a folder for itself with a gallery of two small models.

    Attributes:
        folder: A new folder, deleted afterwards.
        models: The models directory in it.
        site: Where its site goes; not there yet.
    """

    folder: Path
    models: Path = field(init=False)
    site: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "models", make_models(self.folder / "models"))
        object.__setattr__(self, "site", self.folder / "site")

    def build(self, *arguments: object, env: dict[str, str] | None = None) -> Ended:
        """Run `gallery build` on the models into the site, with further arguments."""
        return self.gallery("build", self.models, "-o", self.site, *arguments, env=env)

    def gallery(self, *arguments: object, env: dict[str, str] | None = None) -> Ended:
        """Run the real command in the attack's folder."""
        ended = run_gallery(*arguments, env=env, cwd=self.folder)
        return Ended(status=ended.returncode, out=ended.stdout, err=ended.stderr)

    def shell(self, script: str) -> Ended:
        """Run a shell script in the attack's folder, in which `$gallery` is the command."""
        environment = {**os.environ, "gallery": f"{sys.executable} -m gallery"}
        done = subprocess.run(
            ["sh", "-c", script],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Ended(status=done.returncode, out=done.stdout, err=done.stderr)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    def told(self, status: int, *words: str) -> None:
        """Ended with this status, said these words on stderr, and showed no traceback."""
        assert self.status == status, f"status {self.status}: {self.err[-2000:]}"
        self.clean()
        for word in words:
            assert word in self.err, f"{word!r} is not in: {self.err[-2000:]}"

    def clean(self) -> None:
        """Showed no traceback and does not call itself faulty."""
        for sign in ("Traceback", "bug in the program"):
            assert sign not in self.err + self.out, self.err[-2000:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One way to harm the program.

    Attributes:
        area: The part of the program under attack, such as "cache".
        title: What must hold, as a sentence.
        play: Raises AssertionError where it does not hold.
        short: Whether the short form, which CI runs, plays it.
    """

    area: str
    title: str
    play: Play
    short: bool


ATTACKS: list[Attack] = []


def attack(area: str, title: str, *, short: bool = False) -> Callable[[Play], Play]:
    """Register a function as an attack."""

    def register(play: Play) -> Play:
        ATTACKS.append(Attack(area=area, title=title, play=play, short=short))
        return play

    return register


def contents(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file below a folder by its path there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }

"""Attacks on what stands in a site's place."""

from __future__ import annotations

from pathlib import Path

from tests.attacks.frame import Ground, attack, contents


@attack("site", "what the gallery did not write stays")
def foreign_files(ground: Ground) -> None:
    before = {"CNAME": b"nets.example.org", ".well-known/x": b"y", ".git/HEAD": b"ref"}
    later = {"first/notes.md": b"z", ".well-known/later": b""}
    _write(ground.site, before)
    ground.build().told(0)
    _write(ground.site, later)
    (ground.models / "first.md").write_text("Other words.")
    ground.build().told(0)
    for name, content in (before | later).items():
        assert (ground.site / name).read_bytes() == content, name


@attack("site", "an unchanged gallery publishes the same bytes again")
def same_again(ground: Ground) -> None:
    ground.build().told(0)
    before = contents(ground.site)
    ground.build("--cache", ground.folder / "another").told(0)
    assert contents(ground.site) == before


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

"""Attacks on what stands in a site's place."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.attacks.frame import Ground, attack, contents


@attack("site", "what the gallery did not write stays", short=True)
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


@attack("site", "a file that was edited by hand is named when it is replaced")
def edited_by_hand(ground: Ground) -> None:
    ground.build().told(0)
    page = ground.site / "first" / "index.html"
    page.write_text(page.read_text("utf-8") + "<!-- mine -->", "utf-8")
    (ground.models / "first.md").write_text("Other words.")
    ground.build().told(0, "first/index.html", "edited by hand")


@attack("site", "a user's file in the way of a new model's page stops the build")
def in_the_way(ground: Ground) -> None:
    ground.build().told(0)
    before = contents(ground.site)
    (ground.site / "new").write_text("mine")
    shutil.copy(ground.models / "first.onnx", ground.models / "new.onnx")
    ended = ground.build()
    assert ended.status in (1, 2)
    ended.clean()
    assert (ground.site / "new").read_text() == "mine"
    assert contents(ground.site) == {**before, "new": contents(ground.site)["new"]}


@attack("site", "folders that look like those of a killed build stay if they are not")
def not_our_staging(ground: Ground) -> None:
    theirs = ground.folder / ".site.staging-mine"
    theirs.mkdir()
    (theirs / "notes.txt").write_text("mine")
    ground.build().told(0)
    assert (theirs / "notes.txt").read_text() == "mine"


@attack("site", "what is in static/ is published, and nothing that its links lead out to")
def static_files(ground: Ground) -> None:
    folder = ground.models / "static"
    _write(folder, {"CNAME": b"nets.example.org", ".well-known/x": b"y"})
    ground.build().told(0)
    assert (ground.site / ".well-known" / "x").read_bytes() == b"y"
    (folder / "secret").symlink_to("/etc/hostname")
    ground.build().told(2, "static/secret", "leads out")
    assert not (ground.site / "secret").exists()


@attack("site", "a site at the place of the models, or around them, is refused", short=True)
def over_the_models(ground: Ground) -> None:
    before = contents(ground.models)
    for place in (ground.models, ground.folder):
        ground.gallery("build", ground.models, "-o", place).told(2, "would overwrite")
    assert contents(ground.models) == before

"""Attacks by the names of models, and by the mode of the files that are made."""

from __future__ import annotations

import os
import re

from tests.attacks.frame import Ground, attack

_COMMANDS = ("::error::x", " ::stop-commands::x", "##vso[task.complete]x", "##[set-env name=A;]x")
_DEVICES = ("aux", "con", "nul", "COM1", "lpt9")


@attack("names", "no name of a model reaches the log of a CI system as a command")
def commands(ground: Ground) -> None:
    for name in _COMMANDS:
        (ground.models / f"{name}.onnx").write_bytes(b"no model")
        (ground.models / f"{name}.md").write_text(f"---\n'{name}': 1\n---\n")
    wrong = ground.models / "##vso[wrong].onnx"
    wrong.write_bytes(b"")
    site = ground.site
    for ended in (
        ground.build(),
        ground.build("-vv", "--cache", ground.folder / "another"),
        ground.build("--dry-run"),
        ground.gallery("check", site, "a\n::error::b"),
        ground.gallery("facts", wrong),
        ground.gallery("scan", wrong, "-o", ground.folder / "a.png"),
        ground.gallery("check", site),
    ):
        for line in (ended.out + ended.err).splitlines():
            assert not re.match(r"\s*::|.*##\w*\[", line), line


@attack("names", "models named like Windows' devices have folders of other names")
def devices(ground: Ground) -> None:
    content = (ground.models / "first.onnx").read_bytes()
    for name in _DEVICES:
        (ground.models / name).mkdir()
        (ground.models / name / f"{name}.onnx").write_bytes(content)
        (ground.models / f"{name}.onnx").write_bytes(content)
    ground.build().told(0)
    for path in ground.site.rglob("*"):
        assert path.name.partition(".")[0].lower() not in map(str.lower, _DEVICES), path
    checked = ground.gallery("check", ground.site)
    checked.told(0)
    assert "Windows" not in checked.err


@attack("names", "a web server may read a site that was built under umask 077", short=True)
def private_umask(ground: Ground) -> None:
    before = os.umask(0o077)
    try:
        ground.build().told(0)
    finally:
        os.umask(before)
    for path in (ground.site, *ground.site.rglob("*")):
        wanted = 0o755 if path.is_dir() else 0o644
        assert os.name != "posix" or path.stat().st_mode & 0o777 == wanted, path

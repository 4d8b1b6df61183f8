"""Attacks on what a site says of itself: changed files, and models that are not those it shows."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

from gallery.files import SUMS, encode_sums, file_digest, listing
from tests.attacks.frame import Ground, attack
from tests.conftest import NET
from tests.onnx_text import write


@attack("provenance", "a picture changed with its checksum is found by making it again")
def changed_with_its_sum(ground: Ground) -> None:
    ground.build().told(0)
    picture = _asset(ground, "first-hero-64.*.webp")
    content = bytearray(picture.read_bytes())
    content[len(content) // 2] ^= 1
    picture.write_bytes(content)
    sums = {name: file_digest(ground.site / name) for name in listing(ground.site) if name != SUMS}
    (ground.site / SUMS).write_bytes(encode_sums(sums))
    ended = ground.gallery("verify", ground.site, ground.models, "--all")
    ended.told(1)
    assert f"different         assets/{picture.name}" in ended.out, ended.out


@attack("provenance", "a script slipped into a sampled site is found whatever the sample is")
def script_slipped_in(ground: Ground) -> None:
    ground.build().told(0)
    script = _asset(ground, "index.*.js")
    script.write_bytes(script.read_bytes() + b"fetch('//example.org');")
    ended = ground.gallery("verify", ground.site, ground.models)
    ended.told(1)
    assert f"different         assets/{script.name}" in ended.out, ended.out


@attack("provenance", "a model swapped after the build is named, and its files differ")
def swapped_model(ground: Ground) -> None:
    ground.build().told(0)
    write(ground.models, NET.replace("Relu", "Tanh"), "first.onnx")
    ended = ground.gallery("verify", ground.site, ground.models, "--all")
    ended.told(1, "warning: first.onnx is sha256:")
    assert "different         first/facts.json" in ended.out, ended.out


@attack("provenance", "a poisoned cache beside the site does not answer for its pictures")
def poisoned_cache(ground: Ground) -> None:
    ground.build().told(0)
    picture = _asset(ground, "first-hero-64.*.webp")
    before = picture.read_bytes()
    after = before[:-1] + bytes([before[-1] ^ 1])
    cached = list((ground.folder / ".cache").rglob("files/*/*"))
    held = [path for path in cached if path.read_bytes() == before]
    assert held
    for path in (*held, picture):
        path.write_bytes(after)
    ended = ground.gallery("verify", ground.site, ground.models, "--all", "--json")
    ended.told(1)
    files = json.loads(ended.out)["files"]
    assert files[f"assets/{picture.name}"] == "different", files
    assert sorted(cached) == sorted((ground.folder / ".cache").rglob("files/*/*"))


@attack("provenance", "verify reads nothing that a list of checksums names outside the site")
def list_that_leads_out(ground: Ground) -> None:
    ground.build().told(0)
    secret = ground.folder / "secret"
    secret.write_text("secret")
    digest = hashlib.sha256(b"secret").hexdigest()
    (ground.site / "link").symlink_to(secret)
    with (ground.site / SUMS).open("a") as stream:
        stream.write(f"{digest}  ../secret\n{digest}  link\n{digest}  {secret}\n")
    ended = ground.gallery("verify", ground.site, ground.models, "--all", "--json")
    ended.told(1)
    files = json.loads(ended.out)["files"]
    assert [files[name] for name in ("../secret", "link", str(secret))] == ["missing"] * 3


@attack("provenance", "every picture names its model's digest to a tool that is not ours")
def named_to_exiftool(ground: Ground) -> None:
    ground.build().told(0)
    digest = hashlib.sha256((ground.models / "first.onnx").read_bytes()).hexdigest()
    for path in (ground.site / "assets").glob("first-*"):
        if shutil.which("exiftool"):
            command = ["exiftool", "-s3", "-Source", str(path)]
            shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            assert shown.strip() == f"sha256:{digest}", path.name
        else:
            assert f"sha256:{digest}".encode() in path.read_bytes(), path.name


def _asset(ground: Ground, pattern: str) -> Path:
    (found,) = (ground.site / "assets").glob(pattern)
    return found

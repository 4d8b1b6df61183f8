"""Attacks by what is in a models directory."""

from __future__ import annotations

import os

from PIL import Image

from tests.attacks.frame import Ground, attack, contents


@attack("models", "files that are not models have cards that say what they are")
def not_models(ground: Ground) -> None:
    files = {
        "empty.onnx": (b"", "the file is empty"),
        "lfs.onnx": (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        "page.onnx": (b"<!doctype html><title>404</title>", "web page"),
        "torch.onnx": (b"PK\x03\x04" + bytes(99), "ZIP archive"),
        "noise.onnx": (bytes(range(256)) * 40, "noise.onnx"),
    }
    for name, (content, _) in files.items():
        (ground.models / name).write_bytes(content)
    ground.build().told(1, *(said for _, said in files.values()))
    assert (ground.site / "empty" / "index.html").is_file()


@attack(
    "models", "pipes, devices, loops and links that lead out are named and not opened", short=True
)
def irregular(ground: Ground) -> None:
    os.mkfifo(ground.models / "pipe.onnx")
    (ground.models / "zero.onnx").symlink_to("/dev/zero")
    (ground.models / "loop.onnx").symlink_to("loop.onnx")
    (ground.models / "secret.onnx").symlink_to("/etc/hostname")
    os.mkfifo(ground.models / "deep" / "second.md")
    ground.build().told(1, "a named pipe", "zero.onnx", "loop of links", "leads out", "second.md")


@attack("models", "links of a Hugging Face cache are followed where the user says so")
def linked_cache(ground: Ground) -> None:
    hub = ground.folder / "hub"
    hub.mkdir()
    (ground.models / "first.onnx").rename(hub / "blob")
    (ground.models / "first.onnx").symlink_to(hub / "blob")
    ground.build().told(1, "--follow-links")
    ground.build("--follow-links", hub).told(0)


@attack("models", "a dry run names what fails, and writes nothing")
def dry_run(ground: Ground) -> None:
    (ground.models / "empty.onnx").write_bytes(b"")
    before = contents(ground.folder)
    ended = ground.build("--dry-run")
    ended.clean()
    assert "first.onnx: facts" in ended.out, ended.out
    assert contents(ground.folder) == before
    ground.build().told(1)
    ended = ground.build("--dry-run")
    assert "empty.onnx: load: the file is empty" in ended.out, ended.out
    assert "first.onnx: nothing" in ended.out, ended.out


@attack("models", "a model over its limits is paid for once", short=True)
def over_limits(ground: Ground) -> None:
    ground.build("--memory", "20 MiB").told(1, "20 MiB")
    ended = ground.build("--memory", "20 MiB", "--dry-run")
    assert "first.onnx: start: used more than 20 MiB" in ended.out, ended.out


@attack("models", "a sidecar's picture is published, one that leads out is named")
def pictures(ground: Ground) -> None:
    Image.new("RGB", (4, 4)).save(ground.models / "plot.png")
    (ground.models / "out.png").symlink_to("/etc/hostname")
    (ground.models / "first.md").write_text("![](plot.png) ![](out.png) ![](../../etc/passwd)")
    ground.build().told(0, "out.png", "leads out")
    published = [path.suffix for path in (ground.site / "pictures").iterdir()]
    assert published == [".png"]


@attack("models", "sidecars that belong to no model are named")
def lone_sidecars(ground: Ground) -> None:
    (ground.models / "First.MD").write_text("Words.")
    (ground.models / "firts.md").write_text("Words.")
    ground.build().told(0, "firts.md is not the sidecar of a model", "First.MD")


@attack("models", "wrong settings are refused before any work", short=True)
def wrong_settings(ground: Ground) -> None:
    toml = ground.models / "gallery.toml"
    kept = toml.read_text()
    for line in ('language = "xx"', 'base_url = "ftp://x"', 'templates = "gone"', 'ignore = ["["]'):
        toml.write_text(f"{line}\n{kept}")
        ended = ground.build()
        ended.told(2)
        assert "done in" not in ended.err
    assert not ground.site.exists()

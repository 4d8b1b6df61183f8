"""Attacks by the system: full disks, closed streams, limits, places that cannot be written."""

from __future__ import annotations

from tests.attacks.frame import Ended, Ground, attack, contents

_BUILD = "$gallery build models -o site"


def _undisturbed(ground: Ground) -> dict[str, str]:
    """What a build makes that nothing disturbs, with a cache of its own."""
    site = ground.folder / "undisturbed"
    ground.gallery("build", ground.models, "-o", site, "--cache", ground.folder / "own").told(0)
    return contents(site)


def _recovers(ground: Ground, disturbed: Ended) -> None:
    """The build ended with 1 and its reasons, and the next one is as if nothing had been."""
    disturbed.told(1)
    assert "error:" in disturbed.err
    ground.build().told(0)
    assert contents(ground.site) == _undisturbed(ground)


@attack("system", "a full disk behind standard output is told, and the site is there", short=True)
def full_output(ground: Ground) -> None:
    ended = ground.shell(f"{_BUILD} > /dev/full")
    ended.told(1, "No space left on device")
    assert (ground.site / "index.html").is_file()


@attack("system", "a full disk behind standard error loses messages and nothing else")
def full_log(ground: Ground) -> None:
    (ground.models / "broken.onnx").write_bytes(b"no model")
    ground.shell(f"{_BUILD} 2> /dev/full").told(1)
    assert (ground.site / "broken" / "index.html").is_file()


@attack("system", "closed standard streams harm nothing, and no file gets their messages")
def closed_streams(ground: Ground) -> None:
    ground.shell(f"{_BUILD} >&- 2>&- <&-").told(0)
    assert contents(ground.site) == _undisturbed(ground)


@attack("system", "files over the size limit: the reason, and no trace in later builds")
def largest_file(ground: Ground) -> None:
    _recovers(ground, ground.shell(f"ulimit -f 16; {_BUILD}"))


@attack("system", "too few file descriptors: the reason, and no trace in later builds")
def descriptors(ground: Ground) -> None:
    _recovers(ground, ground.shell(f"ulimit -n 12; {_BUILD}"))


@attack("system", "too little memory: the reason, and no trace in later builds")
def memory(ground: Ground) -> None:
    ground.shell(f"{_BUILD} --memory '20 MiB'").told(1, "memory")
    ground.build().told(0)
    assert contents(ground.site) == _undisturbed(ground)


@attack("system", "a cache that cannot be written is named")
def unwritable_cache(ground: Ground) -> None:
    ended = ground.build("--cache", "/proc/gallery-cache")
    assert ended.status in (1, 2)
    ended.clean()
    assert "/proc" in ended.err, ended.err


@attack("system", "a site that cannot be written is named", short=True)
def unwritable_site(ground: Ground) -> None:
    ended = ground.gallery("build", ground.models, "-o", "/proc/site", "--cache", ground.folder)
    assert ended.status in (1, 2)
    ended.clean()
    assert "/proc" in ended.err, ended.err


@attack("system", "a report that cannot be written is named, and the site is there")
def full_reports(ground: Ground) -> None:
    for option in ("--summary", "--junit"):
        ground.build(option, "/dev/full").told(1, option, "No space left on device")
    assert (ground.site / "index.html").is_file()


@attack("system", "a model that is gone for a moment is made when it is back")
def gone_for_a_moment(ground: Ground) -> None:
    path = ground.models / "first.onnx"
    kept = path.read_bytes()
    path.unlink()
    path.symlink_to("nowhere")
    ground.build().told(1, "first.onnx is a broken link")
    path.unlink()
    path.write_bytes(kept)
    ground.build().told(0)
    assert contents(ground.site) == _undisturbed(ground)


@attack("system", "a sparse file of terabytes does not hold up a build")
def sparse_terabytes(ground: Ground) -> None:
    with (ground.models / "sparse.onnx").open("wb") as file:
        file.truncate(1 << 42)
    ground.build().told(1, "sparse.onnx: load:")
    assert (ground.site / "first" / "index.html").is_file()

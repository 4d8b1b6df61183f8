"""Attacks by what other machines made: parts, earlier sites, caches and clusters."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.attacks.frame import Ground, attack, contents
from tests.pipeline.test_foreign import EVIL, signed


def part_of(ground: Ground, diagram: bool = False) -> Path:
    """The whole gallery as one part."""
    toml = ground.models / "gallery.toml"
    if diagram:
        toml.write_text(toml.read_text().replace("diagram = false", "diagram = true"))
    part = ground.folder / "part"
    ground.gallery("build", ground.models, "-o", part, "--shard", "1/1").told(0)
    return part


def edited(part: Path, **values: Any) -> dict[str, Any]:
    """Change values of shard.json."""
    path = part / "shard.json"
    value = json.loads(path.read_bytes()) | values
    path.write_text(json.dumps(value))
    return value


def diagrams(records: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Records of diagrams, by key."""
    for key, text in records.items():
        record = json.loads(text.partition("\n")[2])
        if "diagram.svg" in record["files"]:
            yield key, record


def with_evil(records: dict[str, str]) -> dict[str, str]:
    """The records, with another diagram under a right digest."""
    changed = dict(records)
    for key, record in diagrams(records):
        record["files"]["diagram.svg"] = [hashlib.sha256(EVIL.encode()).hexdigest(), len(EVIL)]
        changed[key] = signed(record)
    assert changed != records
    return changed


def no_script(site: Path) -> None:
    assert not any(EVIL.encode() in path.read_bytes() for path in site.rglob("*.svg"))


@attack("foreign", "the keys of a part are no paths", short=True)
def keys(ground: Ground) -> None:
    part = part_of(ground)
    own = ground.folder / "mine"
    own.write_text("mine")
    value = json.loads((part / "shard.json").read_bytes())
    text = next(iter(value["records"].values()))
    before = contents(ground.folder)
    for key in (str(own), "../../../mine", "..\\mine", "0" * 63 + "/"):
        edited(part, records={**value["records"], key: text})
        ground.gallery("merge", part, "-o", ground.site).told(2, "is not a part of a gallery")
    edited(part, records=value["records"])
    after = contents(ground.folder)
    assert {name: after[name] for name in before if name != "part/shard.json"} == {
        name: digest for name, digest in before.items() if name != "part/shard.json"
    }
    assert not ground.site.exists()


@attack("foreign", "a diagram of a part holds no script")
def part_diagram(ground: Ground) -> None:
    part = part_of(ground, diagram=True)
    (part / "files" / hashlib.sha256(EVIL.encode()).hexdigest()).write_text(EVIL)
    records = json.loads((part / "shard.json").read_bytes())["records"]
    edited(part, records=with_evil(records))
    ended = ground.gallery("merge", part, "-o", ground.site)
    ended.told(2, "is damaged", ".onnx: diagram: ", "a handler 'onload'")
    assert not ground.site.exists()


@attack("foreign", "a diagram of an earlier site holds no script")
def reused_diagram(ground: Ground) -> None:
    toml = ground.models / "gallery.toml"
    toml.write_text(toml.read_text().replace("diagram = false", "diagram = true"))
    last = ground.folder / "last"
    ground.gallery("build", ground.models, "-o", last).told(0)
    path = last / "results.json"
    value = json.loads(path.read_bytes())
    value["records"] = with_evil(value["records"])
    path.write_text(json.dumps(value))
    digest = hashlib.sha256(EVIL.encode()).hexdigest()
    (last / "assets" / f"x.{digest[:8]}.svg").write_text(EVIL)
    ended = ground.build("--cache", ground.folder / "new", "--reuse", last)
    ended.told(0, "the diagram is not reused")
    no_script(ground.site)


@attack("foreign", "a diagram of another machine's cache holds no script")
def cached_diagram(ground: Ground) -> None:
    toml = ground.models / "gallery.toml"
    toml.write_text(toml.read_text().replace("diagram = false", "diagram = true"))
    cache = ground.folder / "cache"
    ground.build("--cache", cache).told(0)
    before = contents(ground.site)
    digest = hashlib.sha256(EVIL.encode()).hexdigest()
    place = cache / "files" / digest[:2] / digest
    place.parent.mkdir(exist_ok=True)
    place.write_text(EVIL)
    paths = {path.name: path for path in (cache / "records").rglob("*") if path.is_file()}
    records = {key: path.read_text() for key, path in paths.items()}
    for key, text in with_evil(records).items():
        paths[key].write_text(text)
    another = ground.folder / "another"
    ground.gallery("build", ground.models, "-o", another, "--cache", cache).told(0)
    no_script(another)
    assert contents(another) == before


@attack("foreign", "pipes as shard.json and as results.json do not hang")
def pipes(ground: Ground) -> None:
    if not hasattr(os, "mkfifo"):
        return
    part = ground.folder / "part"
    part.mkdir()
    os.mkfifo(part / "shard.json")
    ground.gallery("merge", part, "-o", ground.site).told(2, "shard.json is a named pipe")
    os.mkfifo(part / "results.json")
    ended = ground.build("--reuse", part)
    ended.told(0, "nothing to reuse: results.json is a named pipe")


@attack("foreign", "a worker of a cluster that is killed harms its jobs only")
def dead_worker(ground: Ground) -> None:
    from tests.pipeline.test_dask import building, busy, cluster, gone  # noqa: PLC0415 - an extra

    with (
        cluster(ground.folder, 2) as started,
        building(ground.models, ground.site, started) as process,
    ):
        started.workers[busy(started, process)].kill()
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        assert "Traceback" not in err
        assert gone(ground.folder), "temporary folders with models stay"


@attack("foreign", "a scheduler that is killed ends the build with one clear line")
def dead_scheduler(ground: Ground) -> None:
    from tests.pipeline.test_dask import building, busy, cluster, gone  # noqa: PLC0415 - an extra

    with (
        cluster(ground.folder, 1) as started,
        building(ground.models, ground.site, started) as process,
    ):
        busy(started, process)
        started.scheduler.kill()
        _, err = process.communicate(timeout=300)
        assert process.returncode == 1, err
        assert "no longer answers" in err
        assert err.count("\n") == 1, err
        assert gone(ground.folder), "temporary folders with models stay"

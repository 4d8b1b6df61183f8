"""Mutated records of other machines, read as the program reads them.

    python -m tests.benchmarks.fuzz_records [--count 10000] [--seed 1] [--only KIND]

Kinds: `shard` (shard.json, by `gallery merge`'s reader), `results` (results.json, by `--reuse`),
`records` (records of a cache, by a build that has nothing to make, and by the stages), `viewer` (a
viewer's data, by the page and by the figures made of it), `answer` (what a cluster's worker sends).
Half of the mutants have changed bytes; the others are well-formed JSON with changed values, under a
right checksum. Anything but a result, a miss or a `GalleryError` with a hint is printed and counts
as found, and so does what takes longer than `PATIENCE` or writes outside its cache. SIGINT ends a
kind early.
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import json
import logging
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gallery.cache import Cache
from gallery.coloring import color
from gallery.discovery.discover import discover
from gallery.errors import GalleryError
from gallery.lowering.storage import load_graph
from gallery.pipeline.build import BuildOptions, build
from gallery.pipeline.models import exhibit_of
from gallery.pipeline.outcome import known
from gallery.pipeline.plan import ModelPlan, plan_of, versions
from gallery.pipeline.products import results_of
from gallery.pipeline.records import forms
from gallery.pipeline.reuse import EarlierSite
from gallery.pipeline.shards import read_shards, take_in
from gallery.pipeline.workers.jobs import Job, Result
from gallery.pipeline.workers.shipment import decode, encode, pack, unpack
from gallery.placement.storage import load_layout
from gallery.publishing.how_to_read.figures import draw, planned, subject
from gallery.publishing.how_to_read.scan_data import read_scan
from gallery.rendering.viewer.check import checked
from gallery.rendering.viewer.container import unpack as unpack_viewer
from gallery.settings.gallery_toml import read_settings
from gallery.settings.values import Limits
from tests.conftest import make_models
from tests.mutants import mutate

PATIENCE = 20
"""Seconds of one mutant."""

DRAWN = 0.1
"""Share of the viewers' data whose figures are drawn, if they are read at all."""

NASTY: tuple[Any, ...] = (
    None, True, -1, 0, 1 << 63, 10**30, 10**400, 1e308, float("nan"), float("inf"), "", "x" * 5000,
    "../../../../tmp/evil", "/etc/passwd", "\0", "\ud800", "<script>alert(1)</script>",
    "{{ 7 * 7 }}",
    "0" * 64, "f" * 64, [], {}, [[]], [None], {"": ""}, {"__class__": "x"}, [[[[[[]]]]]],
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is mutated: a gallery, its cache, its site, a part of it and its plans."""

    folder: Path
    plans: tuple[ModelPlan, ...]

    def __truediv__(self, name: str) -> Path:
        return self.folder / name


def prepare(folder: Path) -> Ground:
    """Build the gallery, as a site and as a part."""
    models = make_models(folder / "models")
    (models / "deep" / "second.onnx").unlink()
    toml = models / "gallery.toml"
    text = toml.read_text().replace("diagram = false", "diagram = true")
    toml.write_text(text.replace("viewer = false", "viewer = true"))
    build(models, folder / "site", options=BuildOptions(cache=folder / "cache"))
    options = BuildOptions(cache=folder / "cache", shard=(1, 1))
    build(models, folder / "part", options=options)
    settings = read_settings(toml)
    plans = (plan_of(file, settings, versions()) for file in discover(models))
    return Ground(folder=folder, plans=tuple(plans))


def scrambled(value: Any, generator: random.Random) -> Any:
    """The same JSON with some values replaced, removed, repeated or moved."""
    value = json.loads(json.dumps(value))
    places = list(_places(value))
    for _ in range(generator.randrange(1, 4)):
        holder, key = generator.choice(places)
        way = generator.randrange(5)
        try:
            if way == 0:
                del holder[key]
            elif way == 1 and isinstance(holder, list):
                holder.insert(0, holder[key])
            elif way == 2 and isinstance(holder, dict):
                holder[str(generator.choice(NASTY))[:5000]] = holder.pop(key)
            elif way == 3:
                other, place = generator.choice(places)
                holder[key] = json.loads(json.dumps(other[place]))
            else:
                holder[key] = generator.choice(NASTY)
        except (KeyError, IndexError):
            continue  # an earlier change has removed it
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = value if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def signed(record: Any) -> str:
    """A record with its checksum."""
    body = json.dumps(record, sort_keys=True).encode()
    return hashlib.sha256(body).hexdigest() + "\n" + body.decode()


def texts(original: bytes, generator: random.Random) -> bytes:
    """A mutant of a JSON file that holds records; half of those get a right checksum."""
    if generator.random() < 0.5:
        return mutate(bytearray(original), generator)
    value = json.loads(original)
    if value.get("records") and generator.random() < 0.6:
        key = generator.choice(sorted(value["records"]))
        inner = json.loads(value["records"][key].partition("\n")[2])
        value["records"][key] = signed(scrambled(inner, generator))
    else:
        records = value.pop("records")
        value = scrambled(value, generator)
        if isinstance(value, dict):
            value["records"] = (
                scrambled(records, generator) if generator.random() < 0.2 else records
            )
    return json.dumps(value).encode()


Attempt = Callable[[random.Random], str]


def shard(ground: Ground) -> Attempt:
    """shard.json."""
    place, original = ground / "part", (ground / "part" / "shard.json").read_bytes()

    def attempt(generator: random.Random) -> str:
        (place / "shard.json").write_bytes(texts(original, generator))
        cache = fresh(ground)
        for plan, outcome in take_in(read_shards([place]), cache):
            exhibit_of(plan, outcome, cache)
        return "merged"

    return attempt


def results(ground: Ground) -> Attempt:
    """results.json."""
    site, original = ground / "site", (ground / "site" / "results.json").read_bytes()

    def attempt(generator: random.Random) -> str:
        (site / "results.json").write_bytes(texts(original, generator))
        cache, taken = fresh(ground), 0
        earlier = EarlierSite(site)
        for plan in ground.plans:
            taken += earlier.give(forms(plan), cache)
            exhibit_of(plan, known(plan, cache), cache)
        return f"{min(taken, 1)} reused"

    return attempt


def records(ground: Ground) -> Attempt:
    """Records of a cache, those of stages too."""
    cache = Cache(ground / "cache")
    paths = sorted(path for path in (ground / "cache" / "records").rglob("*") if path.is_file())
    plan = ground.plans[0]
    scan = plan.scans[0].scan

    def attempt(generator: random.Random) -> str:
        path = generator.choice(paths)
        original = path.read_bytes()
        if generator.random() < 0.3:
            mutant = mutate(bytearray(original), generator)
        else:
            mutant = signed(scrambled(json.loads(original.partition(b"\n")[2]), generator)).encode()
        path.write_bytes(mutant)
        try:
            found = [(one, known(one, cache)) for one in ground.plans]
            for one, outcome in found:
                exhibit_of(one, outcome, cache)
            return _stages(cache, plan, scan)
        finally:
            path.write_bytes(original)

    return attempt


def _stages(cache: Cache, plan: ModelPlan, scan: Any) -> str:
    lowered = cache.get(plan.stage_key("lower", scan))
    placed = cache.get(plan.stage_key("layout", scan))
    if not (lowered and placed):
        return "miss"
    try:
        graph = load_graph(lowered.value, lowered.files["npz"].path)
        layout = load_layout(placed.value, placed.files["npy"].path, graph)
    except (ValueError, KeyError, GalleryError):
        return "refused"  # as in Stages, which makes it again
    color(layout.graph, "layer", positions=layout.positions)
    return "read"


def viewer(ground: Ground) -> Attempt:
    """A viewer's data."""
    cache = Cache(ground / "cache")
    entries = (cache.get(key) for plan in ground.plans for _, _, key in results_of(plan))
    data = next(e.files["data"].path.read_bytes() for e in entries if e and "data" in e.files)
    head, sections = unpack_viewer(data)
    del head["sections"]

    def attempt(generator: random.Random) -> str:
        way = generator.random()
        if way < 0.2:
            mutant = mutate(bytearray(data), generator)
        elif way < 0.6:
            mutant = _packed(scrambled(head, generator), sections)
        else:
            name = generator.choice(sorted(sections))
            inner = bytearray(sections[name] or b"\0")
            mutant = _packed(head, {**sections, name: mutate(inner, generator)})
        try:
            checked(mutant)
            scan = read_scan(mutant)
            drawn = generator.random() < DRAWN and scan.whole
            if drawn and subject(scan) is not None:
                for figure in planned(scan).values():
                    draw(scan, figure, figure.attributes)
        except ValueError:
            return "refused"
        return "read"

    return attempt


def _packed(head: Any, sections: dict[str, bytes]) -> bytes:
    """A container with any head."""
    sizes = {name: len(data) for name, data in sections.items()}
    text = json.dumps({**head, "sections": sizes}).encode()
    parts = (len(text).to_bytes(4, "little"), text, *sections.values())
    return b"GNV1" + zlib.compress(b"".join(parts), 1)


def answer(ground: Ground) -> Attempt:
    """What a cluster's worker sends."""
    cache, plan = Cache(ground / "cache"), ground.plans[0]
    job = Job(name="first", order=None, limits=Limits())
    step = {"event": "step", "stage": "load", "what": "", "seconds": 0.5}
    result = Result(job=job, events=(step,), ending="done", stage="", detail="", hint="",
                    seconds=1.0, peak_bytes=1, log="")  # fmt: skip
    original = encode(pack([key for _, _, key in results_of(plan)], cache), result)
    size = int.from_bytes(original[:8], "big")
    head, rest = json.loads(original[8 : 8 + size]), original[8 + size :]

    def attempt(generator: random.Random) -> str:
        if generator.random() < 0.3:
            mutant = mutate(bytearray(original), generator)
        else:
            text = json.dumps(scrambled(head, generator)).encode()
            mutant = len(text).to_bytes(8, "big") + text + rest
        try:
            made, _ = decode(mutant, job)
        except ValueError:
            return "refused"
        there = fresh(ground)
        unpack(made, plan, there)
        exhibit_of(plan, known(plan, there), there)
        return "read"

    return attempt


KINDS: dict[str, Callable[[Ground], Attempt]] = {
    "shard": shard,
    "results": results,
    "records": records,
    "viewer": viewer,
    "answer": answer,
}


def fresh(ground: Ground) -> Cache:
    """An empty cache."""
    shutil.rmtree(ground / "there", ignore_errors=True)
    return Cache(ground / "there")


def outside(ground: Ground) -> list[str]:
    """All that is in the ground but the cache that a mutant may fill."""
    return sorted(str(path) for path in ground.folder.rglob("*") if "there" not in path.parts)


def fuzz(kind: str, count: int, seed: int) -> collections.Counter[str]:
    """How mutants of a kind ended."""
    seen: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory() as name:
        ground = prepare(Path(name))
        attempt, before, started = KINDS[kind](ground), outside(ground), time.perf_counter()
        for number in range(count):
            signal.alarm(PATIENCE)
            try:
                what = attempt(random.Random(f"{kind} {seed} {number}"))
            except KeyboardInterrupt:
                count = number
                break
            except GalleryError as error:
                what = error.stage if error.found and error.hint else f"found: no hint: {error}"
            except Exception:
                what = "found: " + traceback.format_exc(limit=-4)
            finally:
                signal.alarm(0)
            if what.startswith("found"):
                print(f"{kind} {number}: {what}", flush=True)
            seen[what.partition(":")[0]] += 1
        if outside(ground) != before:
            seen["found"] += 1
            print(f"{kind}: files outside: {set(outside(ground)) ^ set(before)}")
        print(f"{kind}: {count} in {time.perf_counter() - started:.0f} s, {dict(seen)}", flush=True)
    return seen


def main() -> int:
    """Run all kinds; 1 where something was found."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=10_000, help="mutants of each kind")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", choices=KINDS)
    given = options.parse_args()
    logging.getLogger("gallery").setLevel(logging.CRITICAL)

    def late(_signal: int, _frame: object) -> None:
        raise TimeoutError(f"more than {PATIENCE} s")

    signal.signal(signal.SIGALRM, late)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also in the background
    kinds = [given.only] if given.only else list(KINDS)
    return int(any(fuzz(kind, given.count, given.seed)["found"] for kind in kinds))


if __name__ == "__main__":
    sys.exit(main())

"""What a machine of a cluster is given and what it answers: plain bytes, checked when read.

8 bytes: length of the head | head in JSON | content of each file, in the order of the head
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gallery.cache import Cache
from gallery.errors import DiscoverError
from gallery.files import read_regular
from gallery.pipeline.plan import ModelPlan
from gallery.pipeline.records import forms, judge
from gallery.pipeline.workers.jobs import Job, Result
from gallery.schema import (
    DIGEST,
    MismatchError,
    each,
    either,
    mapping,
    nothing,
    number,
    one_of,
    record,
    row,
    switch,
    text,
    whole,
)

log = logging.getLogger(__name__)

_seconds = number(0, 1e9)

_how = record(
    {
        "events": each(
            record(
                {
                    "event": one_of("step"),
                    "stage": text(80),
                    "what": text(200),
                    "seconds": either(_seconds, nothing),
                }
            ),
            1 << 20,
        ),
        "ending": one_of("done", "failed", "time", "memory", "crash"),
        "stage": text(80),
        "detail": text(1 << 16),
        "hint": text(1 << 16),
        "seconds": _seconds,
        "peak_bytes": whole(0, 1 << 62),
        "log": text(1 << 20),
        "lasting": switch,
    }
)

_check_head = record(
    {
        "how": either(_how, nothing),
        "records": mapping(text(64, DIGEST), text()),
        "files": each(row(text(64, DIGEST), whole(0, 1 << 40)), 1 << 20),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """Results that are sent from one cache to another.

    Attributes:
        records: The cache's records, by key.
        files: Content by SHA-256.
    """

    records: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


def pack(keys: Iterable[str], cache: Cache) -> Shipment:
    """The results with these keys, as far as a cache has them whole."""
    records: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for entry in filter(None, map(cache.get, keys)):
        try:
            contents = {
                file.sha256: read_regular(file.path, file.bytes) for file in entry.files.values()
            }
            records[entry.key] = cache.text(entry.key)
        except DiscoverError:  # deleted meanwhile: it is made again
            continue
        files |= contents
    return Shipment(records=records, files=files)


def unpack(shipment: Shipment, plan: ModelPlan, cache: Cache) -> None:
    """Put the results of a model into a cache; others, and damaged ones, are left out."""
    for key, (name, form) in forms(plan).items():
        if key not in shipment.records:
            continue
        try:
            cache.adopt(key, shipment.records[key], shipment.files.get, judge(form))
        except MismatchError as error:
            log.warning("%s: the %s is not taken over: %s", plan.file.relative, name, error)


def encode(shipment: Shipment, result: Result | None = None) -> bytes:
    """A shipment, and how a job ended, as bytes."""
    head = {
        "how": _how_of(result) if result else None,
        "records": dict(shipment.records),
        "files": [[digest, len(content)] for digest, content in shipment.files.items()],
    }
    text = json.dumps(head).encode()
    return b"".join((len(text).to_bytes(8, "big"), text, *shipment.files.values()))


def decode(content: object, job: Job) -> tuple[Shipment, Result | None]:
    """What `encode` was given.

    Args:
        content: Bytes from another machine.
        job: The job that the result is of.

    Raises:
        ValueError: They are not what `encode` returns.
    """
    if not isinstance(content, bytes):
        raise MismatchError("bytes")
    place = 8 + int.from_bytes(content[:8], "big")
    try:
        head = json.loads(content[8:place])
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    _check_head(head)
    files = {}
    for digest, size in head["files"]:
        files[digest] = content[place : place + size]
        place += size
        if hashlib.sha256(files[digest]).hexdigest() != digest:
            raise MismatchError("what its digest says", "files")
    how = head["how"]
    result = Result(job=job, **{**how, "events": tuple(how["events"])}) if how else None
    return Shipment(records=head["records"], files=files), result


def _how_of(result: Result) -> dict[str, Any]:
    names = ("ending", "stage", "detail", "hint", "seconds", "peak_bytes", "log", "lasting")
    steps = [event for event in result.events if event["event"] == "step"]
    return {"events": steps, **{name: getattr(result, name) for name in names}}

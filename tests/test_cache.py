"""The cache: what was put is got, and any damage is a miss."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from pathlib import Path

import pytest

from gallery.cache import Cache, cache_key
from gallery.files import file_digest


def fill(cache: Cache, key: str, content: bytes = b"content") -> None:
    path = cache.temporary(".bin")
    path.write_bytes(content)
    cache.put(key, {"numbers": [1, 2]}, {"data": path})


def test_what_was_put_is_got(tmp_path: Path) -> None:
    cache, key = Cache(tmp_path), cache_key("stage", "1")
    assert cache.get(key) is None
    fill(cache, key)
    entry = Cache(tmp_path).get(key)
    assert entry is not None
    assert entry.value == {"numbers": [1, 2]}
    assert entry.files["data"].path.read_bytes() == b"content"
    assert file_digest(entry.files["data"].path) == entry.files["data"].sha256
    assert not list((tmp_path / "tmp").iterdir())


def test_keys_depend_on_stage_version_and_every_input() -> None:
    keys = {
        cache_key("a", "1", x=1, y=2),
        cache_key("b", "1", x=1, y=2),
        cache_key("a", "2", x=1, y=2),
        cache_key("a", "1", x=2, y=2),
        cache_key("a", "1", x=1),
        cache_key("a", "1", x=1, y="2"),
    }
    assert len(keys) == 6
    assert cache_key("a", "1", x=1, y=2) == cache_key("a", "1", y=2, x=1)


@pytest.mark.parametrize(
    "damage", ["truncated", "changed", "gone", "file gone", "file cut", "file longer"]
)
def test_damage_is_a_miss(tmp_path: Path, damage: str) -> None:
    cache, key = Cache(tmp_path), cache_key("stage", "1")
    fill(cache, key)
    record = tmp_path / "records" / key[:2] / key
    entry = cache.get(key)
    assert entry is not None
    file = entry.files["data"].path
    if damage == "truncated":
        record.write_bytes(record.read_bytes()[:-5])
    elif damage == "changed":
        record.write_bytes(record.read_bytes().replace(b"[1, 2]", b"[1, 3]"))
    elif damage == "gone":
        record.unlink()
    elif damage == "file gone":
        file.unlink()
    elif damage == "file cut":
        file.write_bytes(b"con")
    else:
        file.write_bytes(b"content and more")
    assert cache.get(key) is None
    fill(cache, key)
    assert cache.get(key) is not None


def test_a_cache_can_be_moved(tmp_path: Path) -> None:
    key = cache_key("stage", "1")
    fill(Cache(tmp_path / "one"), key)
    shutil.move(tmp_path / "one", tmp_path / "two")
    for path in (tmp_path / "two").rglob("*"):
        os.utime(path, (0, 0))
    entry = Cache(tmp_path / "two").get(key)
    assert entry is not None
    assert entry.files["data"].path.read_bytes() == b"content"


def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    keys = [cache_key("stage", "1", n=n) for n in range(3)]
    old = Cache(tmp_path)
    for age, key in enumerate(keys):
        fill(old, key, bytes([age]) * 100_000)
        entry = old.get(key)
        assert entry is not None
        stamp = time.time() - 100_000 + 10_000 * age
        for path in (entry.files["data"].path, tmp_path / "records" / key[:2] / key):
            os.utime(path, (stamp, stamp))
    cache = Cache(tmp_path)
    assert cache.get(keys[0]) is not None, "used now, though it is the oldest"
    assert cache.prune(210_000) >= 100_000
    assert [cache.get(key) is not None for key in keys] == [True, False, True]


def test_what_this_build_made_is_never_pruned(tmp_path: Path) -> None:
    cache, key = Cache(tmp_path), cache_key("stage", "1")
    fill(cache, key, b"x" * 100_000)
    cache.prune(10)
    assert cache.get(key) is not None


def test_what_a_killed_build_was_writing_goes_after_a_day(tmp_path: Path) -> None:
    cache, key = Cache(tmp_path), cache_key("stage", "1")
    fill(cache, key)
    now = time.time()
    ages = {"yesterday": 90_000, "today": 80_000, "now": 0}
    for name, age in ages.items():
        (tmp_path / "tmp" / name).write_bytes(b"12345")
        os.utime(tmp_path / "tmp" / name, (now - age, now - age))
    for path in (*(tmp_path / "records").rglob("*"), *(tmp_path / "files").rglob("*")):
        os.utime(path, (now - 200_000, now - 200_000))
    assert Cache(tmp_path).prune(1_000_000) == 5
    assert sorted(path.name for path in (tmp_path / "tmp").iterdir()) == ["now", "today"]
    assert cache.get(key) is not None, "results are kept for as long as there is room"


def test_a_hit_is_noted_at_most_once_an_hour(tmp_path: Path) -> None:
    key = cache_key("stage", "1")
    fill(Cache(tmp_path), key)
    paths = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(paths) == 2
    for age, noted in ((3000, False), (4000, True)):
        stamp = round(time.time() - age)
        for path in paths:
            os.utime(path, (stamp, stamp))
        assert Cache(tmp_path).get(key) is not None
        assert [path.stat().st_mtime != stamp for path in paths] == [noted, noted]


def test_results_go_with_their_records(tmp_path: Path) -> None:
    fill(Cache(tmp_path), cache_key("stage", "1"))
    paths = [path for path in tmp_path.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in paths)
    for path in paths:
        os.utime(path, (1, 1))
    assert Cache(tmp_path).prune(size) == 0
    assert Cache(tmp_path).prune(0) == size
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_others_may_read_a_cache(tmp_path: Path) -> None:
    fill(Cache(tmp_path), cache_key("stage", "1"))
    modes = [path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.is_file()]
    assert modes == [0o644, 0o644]


def record_text(record: object) -> str:
    """A record with its check sum, as a cache writes it."""
    body = json.dumps(record)
    return f"{hashlib.sha256(body.encode()).hexdigest()}\n{body}"


def test_a_result_is_taken_over_from_another_cache(tmp_path: Path) -> None:
    one, other, key = Cache(tmp_path / "one"), Cache(tmp_path / "other"), cache_key("stage", "1")
    fill(one, key)
    found = one.get(key)
    assert found is not None
    contents = {file.sha256: file.path.read_bytes() for file in found.files.values()}
    assert not other.adopt(key, one.text(key), lambda _digest: None)
    for wrong in range(100):  # as long as the right one, with digests above and below it
        text = f"{wrong:07}".encode()
        assert not other.adopt(key, one.text(key), lambda _digest, text=text: text)
    assert (other.get(key), other.text(key)) == (None, "")
    left = [path for path in (tmp_path / "other").rglob("*") if path.is_file()]
    assert left == [], "what is refused leaves nothing"
    assert other.adopt(key, one.text(key), contents.get)
    again = other.get(key)
    assert again is not None
    assert (again.value, other.text(key)) == (found.value, one.text(key))
    assert again.files["data"].path.read_bytes() == b"content"
    third = cache_key("stage", "2")
    assert other.adopt(third, one.text(key), lambda _digest: None), "it has the file already"
    again.files["data"].path.unlink()
    assert other.get(key) is None


@pytest.mark.parametrize("key", ["../../../outside", "/outside", "", "0" * 63, "0" * 64 + "\n"])
def test_no_key_of_a_stranger_becomes_a_path(tmp_path: Path, key: str) -> None:
    cache = Cache(tmp_path / "a" / "b" / "cache")
    assert not cache.adopt(key, record_text({"value": {}, "files": {}}), lambda _digest: None)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_no_digest_of_a_stranger_becomes_a_path(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"12345")
    (tmp_path / "cache" / "files").mkdir(parents=True)
    cache, key = Cache(tmp_path / "cache"), cache_key("stage", "1")
    text = record_text({"value": {}, "files": {"data": ["../secret", 5]}})
    assert not cache.adopt(key, text, lambda _digest: b"12345")
    assert cache.get(key) is None


@pytest.mark.parametrize(
    "record",
    [
        [],
        {"value": {}},
        {"files": {}},
        {"value": [], "files": {}},
        {"value": {}, "files": []},
        {"value": {}, "files": {"data": "0" * 64}},
        {"value": {}, "files": {"data": [3, 5]}},
    ],
)
def test_a_record_of_another_form_is_refused(tmp_path: Path, record: object) -> None:
    cache, key = Cache(tmp_path), cache_key("stage", "1")
    assert not cache.adopt(key, record_text(record), lambda _digest: b"12345")
    assert cache.get(key) is None


def test_the_same_result_is_the_same_record(tmp_path: Path) -> None:
    one, other, key = Cache(tmp_path / "one"), Cache(tmp_path / "other"), cache_key("stage", "1")
    one.put(key, {"a": 1, "b": (2, 3)})
    other.put(key, {"b": [2, 3], "a": 1})
    assert one.text(key) == other.text(key) != ""


def test_files_whose_content_changed_are_deleted_on_request(tmp_path: Path) -> None:
    cache, keys = Cache(tmp_path), [cache_key("stage", str(n)) for n in range(3)]
    for key, content in zip(keys, (b"content", b"content", b"another"), strict=True):
        fill(cache, key, content)
    assert cache.drop_damaged(keys) == 0
    damaged = cache.get(keys[0])
    assert damaged is not None
    damaged.files["data"].path.write_bytes(b"CONTENT")
    assert cache.drop_damaged([keys[2], "0" * 64]) == 0
    assert cache.drop_damaged(keys) == 1, "two results share the file"
    assert [cache.get(key) is not None for key in keys] == [False, False, True]


def test_a_result_is_verified_with_its_files(tmp_path: Path) -> None:
    cache, key = Cache(tmp_path), cache_key("stage", "1")
    assert cache.verified(key) is None
    fill(cache, key, b"content")
    whole = cache.verified(key)
    assert whole is not None
    assert whole == cache.get(key)
    whole.files["data"].path.write_bytes(b"CONTENT")
    assert cache.get(key) == whole
    assert cache.verified(key) is None
    assert cache.get(key) is None, "the file is gone, so that it is made again"

"""What an earlier site holds already is linked, and the new one has the same bytes."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Never

import pytest

from gallery.cache import Cache
from gallery.files import SUMS, encode_sums, file_digest, listing, statuses
from gallery.pipeline.earlier import (
    earlier_site,
    linking,
    remember,
    remove_stale,
    stamp_of,
    sums_of,
)
from gallery.pipeline.models import Gallery
from gallery.pipeline.next_site import NextSite
from gallery.pipeline.site import put
from gallery.publishing import Exhibit, SiteSettings, publish
from gallery.publishing.assets.earlier import Earlier
from gallery.publishing.site import Publisher
from gallery.settings.values import GallerySettings
from tests.publishing.sample_exhibits import make_exhibit, make_pictures

SETTINGS = SiteSettings(title="Nets")


@pytest.fixture
def exhibits(tmp_path: Path) -> list[Exhibit]:
    folder = tmp_path / "made"
    folder.mkdir()
    pictures = make_pictures(folder)
    ones = [make_exhibit(name, pictures) for name in ("one", "two", "three", "four", "five", "six")]
    known = [replace(one, sha256=file_digest(one.source)) for one in pictures]
    return [
        replace(one, scans=tuple(replace(scan, images=tuple(known)) for scan in one.scans))
        for one in ones
    ]


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def first(tmp_path: Path, exhibits: list[Exhibit], cache: Cache) -> Path:
    """A published site that is remembered."""
    site = tmp_path / "first"
    nothing = Earlier(root=site)
    publish(exhibits, site, settings=SETTINGS, earlier=nothing)
    remember_as_it_is(nothing, cache)
    return site


def remember_as_it_is(site: Earlier, cache: Cache) -> None:
    stamps = {name: stamp_of(one) for name, one in statuses(site.root).items()}
    remember(cache, sums_of(site.root, stamps, site), stamps, site)


def same_file(one: Path, other: Path) -> bool:
    return one.stat().st_ino == other.stat().st_ino


def test_a_site_of_links_has_the_same_bytes(
    tmp_path: Path, exhibits: list[Exhibit], first: Path, cache: Cache
) -> None:
    changed = [replace(exhibits[0], prose="Other words."), *exhibits[1:]]
    before = earlier_site(first, cache)
    linked, made = tmp_path / "linked", tmp_path / "anew"
    publish(list(map(linking(before), changed)), linked, settings=SETTINGS, earlier=before)
    publish(changed, made, settings=SETTINGS)
    files = {name: (made / name).read_bytes() for name in listing(made)}
    assert {name: (linked / name).read_bytes() for name in listing(linked)} == files
    stamps = {name: stamp_of((linked / name).stat()) for name in files}
    assert sums_of(linked, stamps, before) == {name: file_digest(made / name) for name in files}
    kept = {(first / name).stat().st_ino for name in listing(first)}
    again = {name for name in files if (linked / name).stat().st_ino not in kept}
    assert {"one/index.html", "one/facts.json", "one/compare.js", "manifest.json"} <= again
    pictures = {name for name in files if name.endswith((".png", ".webp", ".avif"))}
    assert len(pictures) > 30
    assert not again & {"two/facts.json", "two/compare.js", "404.html", *pictures}
    assert "Other words." in (linked / "one/index.html").read_text("utf-8")
    assert "Other words." not in (first / "one/index.html").read_text("utf-8")


def test_files_that_were_touched_are_made_again(
    tmp_path: Path, exhibits: list[Exhibit], first: Path, cache: Cache
) -> None:
    page = first / "two/index.html"
    whole = page.read_bytes()
    os.utime(page, ns=(1, 1))
    before = earlier_site(first, cache)
    assert "two/index.html" not in before.digests
    assert "one/index.html" in before.digests
    publish(
        list(map(linking(before), exhibits)), tmp_path / "next", settings=SETTINGS, earlier=before
    )
    assert (tmp_path / "next/two/index.html").read_bytes() == whole
    assert not same_file(tmp_path / "next/two/index.html", page)


def test_what_is_known_of_a_link_is_not_asked_again(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        (folder / "inside").mkdir(parents=True)
        for name in ("inside/own", "own"):
            (folder / name).write_text(folder.name)
    (one / "inside/link").write_text("one")
    os.link(one / "inside/link", other / "inside/link")
    known = statuses(one)
    found = statuses(other, known=known)
    assert found == statuses(other)
    assert [name for name in found if found[name] is known[name]] == ["inside/link"]


def begun(place: Path, cache: Cache) -> NextSite:
    new = NextSite(place=place, cache=cache)
    assert new.lock()
    new.begin()
    return new


def test_a_new_site_is_begun_with_links_and_ends_without_those_it_does_not_need(
    exhibits: list[Exhibit], first: Path, cache: Cache, tmp_path: Path
) -> None:
    with begun(first, cache) as new:
        folder, earlier = new.begin(), new.earlier
        assert earlier.linked == set(listing(folder))
        assert all(same_file(folder / name, first / name) for name in earlier.linked)
        assert {"one/index.html", "one/facts.json", "two/index.html"} <= earlier.linked
        fewer = [one for one in exhibits if one.slug != "two"]
        Publisher(folder, SETTINGS, earlier=earlier).publish(list(map(linking(earlier), fewer)))
        removed = remove_stale(earlier, folder, statuses(folder))
        assert {"two/index.html", "two/facts.json"} <= removed
        assert not (folder / "two").exists()
        publish(fewer, tmp_path / "anew", settings=SETTINGS)
        there = {name: (folder / name).read_bytes() for name in listing(folder)}
        anew = tmp_path / "anew"
        assert there == {name: (anew / name).read_bytes() for name in listing(anew)}


def test_where_there_are_no_links_a_new_site_is_begun_empty(
    exhibits: list[Exhibit], first: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: str, target: str) -> Never:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM), target)

    monkeypatch.setattr(os, "link", refuse)
    with begun(first, cache) as new:
        assert not list(new.begin().iterdir())
        Publisher(new.begin(), SETTINGS, earlier=new.earlier).publish(exhibits)
        same = {name: file_digest(first / name) for name in listing(first)}
        assert {name: file_digest(new.begin() / name) for name in listing(new.begin())} == same


def test_a_file_that_is_edited_where_it_lies_while_the_new_site_is_begun_is_made_again(
    exhibits: list[Exhibit], first: Path, cache: Cache
) -> None:
    page = first / "two/index.html"
    whole = page.read_bytes()

    def write(_: Gallery, new: NextSite) -> None:
        Publisher(new.begin(), SETTINGS, earlier=new.earlier).publish(exhibits)

    gallery = Gallery(plans=(), settings=GallerySettings(), cache=cache)
    (first / SUMS).write_bytes(
        encode_sums({one: file_digest(first / one) for one in listing(first)})
    )
    with begun(first, cache) as new:
        with page.open("ab") as stream:
            stream.write(b"edited")
        published = put(gallery, new, write, "site")
    assert published.edited == ("two/index.html",)
    assert page.read_bytes() == whole


def test_a_site_that_another_build_holds_is_not_begun(tmp_path: Path, cache: Cache) -> None:
    place = tmp_path / "site"
    with NextSite(place=place, cache=cache) as one, NextSite(place=place, cache=cache) as other:
        assert one.lock()
        assert not other.lock(wait=False)
        one.__exit__()
        assert other.lock(wait=False)


def test_files_that_others_replaced_are_not_taken_for_ours(
    tmp_path: Path, exhibits: list[Exhibit], cache: Cache
) -> None:
    site = tmp_path / "site"
    nothing = Earlier(root=site)
    publish(exhibits, site, settings=SETTINGS, earlier=nothing)
    (site / "one/index.html").write_text("from static/", "utf-8")
    nothing.forget(["one/index.html"])
    remember_as_it_is(nothing, cache)
    before = earlier_site(site, cache)
    publish(
        list(map(linking(before), exhibits)), tmp_path / "next", settings=SETTINGS, earlier=before
    )
    assert "from static/" not in (tmp_path / "next/one/index.html").read_text("utf-8")
    assert same_file(tmp_path / "next/two/index.html", site / "two/index.html")


def test_a_full_cache_does_not_say_that_a_site_is_missing(
    exhibits: list[Exhibit], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Full(Cache):
        def keep(self, *_: object, **__: object) -> Never:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def write(_: Gallery, new: NextSite) -> None:
        publish(exhibits, new.begin(), settings=SETTINGS, earlier=new.earlier)

    gallery = Gallery(plans=(), settings=GallerySettings(), cache=Full(tmp_path / "cache"))
    with NextSite(place=tmp_path / "site", cache=gallery.cache) as new:
        published = put(gallery, new, write, "site")
    assert published.changed
    assert (tmp_path / "site/index.html").is_file()
    assert "site is whole, but the cache cannot be written: No space left" in caplog.text

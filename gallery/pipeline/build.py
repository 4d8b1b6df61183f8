"""Builds a gallery: the stages in order, per model and in parallel, then the site.

discover -> plan -> (worker per model: load, lower, layout, render, ...) -> publish -> swap

    build        one machine, or a cluster          -> Site
    build, with a shard: its part of the models     -> Shard
    merge        the shards of all machines         -> Site
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path

from gallery.cache import Cache
from gallery.discovery.catalogue import catalogue_notes, with_catalogue
from gallery.discovery.discover import ModelFile, discover, patterns_of
from gallery.discovery.groups import APART, with_groups
from gallery.discovery.ignore import ignored
from gallery.discovery.lone_sidecars import lone_sidecars
from gallery.discovery.static import static_files
from gallery.errors import DamagedFileError, DiscoverError, SettingsError
from gallery.pipeline.brief import brief_key
from gallery.pipeline.garbage import lasting, until_the_end
from gallery.pipeline.models import Gallery, forecast
from gallery.pipeline.next_site import NextSite
from gallery.pipeline.options import BuildOptions
from gallery.pipeline.outcome import Outcome
from gallery.pipeline.pictures import site_files
from gallery.pipeline.plan import ModelPlan, plan_of, versions, with_families
from gallery.pipeline.records import damaged, forms
from gallery.pipeline.report import Report
from gallery.pipeline.reuse import EarlierSite, Offering
from gallery.pipeline.schedule import make
from gallery.pipeline.shards import Shard, collection, part, read_shards, take_in, write_shard
from gallery.pipeline.site import (
    Published,
    begin_site,
    check_place,
    put,
    site_settings,
    write_site,
)
from gallery.pipeline.staging import check_writable
from gallery.pipeline.start import Start
from gallery.publishing.settings import check_site
from gallery.settings.families import folded
from gallery.settings.front_matter import words_of
from gallery.settings.gallery_toml import FILE_NAME, checked, read_settings
from gallery.settings.values import GallerySettings

__all__ = ["BuildOptions", "build", "merge"]


def build(
    models: Path,
    site: Path,
    *,
    settings: GallerySettings | None = None,
    options: BuildOptions | None = None,
) -> Report:
    """Build the gallery of a directory of models.

    Args:
        models: The directory.
        site: Directory of the site, or of the part of it: missing, empty or an earlier one.
        settings: The gallery's settings, or None to read gallery.toml in the models directory.
        options: How the build runs.

    Returns:
        What was made, taken from the cache or failed. A model that fails has a card in the site
        that says why.

    Raises:
        SettingsError: A setting or an option is wrong; no model has been built.
        DiscoverError: `models` is not a directory, or holds no models.
        PublishError: The site's directory holds other files, or cannot be written.
    """
    started = time.perf_counter()
    options = options or BuildOptions()
    settings = checked(settings) if settings else read_settings(models / FILE_NAME)
    _check_extras(settings, options)
    check_site(site_settings(settings))
    site = Path(os.path.abspath(site)).resolve()
    check_place(site, models, part=options.shard[0] if options.shard else 0)
    cache = _cache(options.cache, site)
    with until_the_end(), Start(models, site, cache, options) as start:
        report = _build(models, site, settings, options, start)
    return replace(report, seconds=time.perf_counter() - started)


def _build(
    models: Path, site: Path, settings: GallerySettings, options: BuildOptions, start: Start
) -> Report:
    """Build a gallery whose settings and place are right."""
    cache = start.cache
    with lasting():
        files = _discovered(models, settings, options)
        whole = _planned(files, settings)
    static, missing = site_files(models, whole)
    notes = (*_notes(models, files, settings, options), *missing)
    notes += _unused_families(whole, settings)
    plans = part(whole, *options.shard) if options.shard else whole
    if options.dry_run:
        known = _with_offers(options.reuse, plans, cache)
        return Report(models=tuple(forecast(plan, known) for plan in plans), notes=notes)
    check_writable(site)
    _take_over(options.reuse, plans, cache)
    which = (*options.shard, collection(whole, settings)) if options.shard else None
    gallery, published = Gallery(plans=plans, settings=settings, cache=cache, static=static), None
    with NextSite(place=site, cache=cache) as new:
        # Who is second waits at the end.
        ours = new.lock(wait=False) and not which

        def meanwhile(outcomes: Mapping[str, Outcome]) -> None:
            with lasting():
                gallery.prepare(outcomes)
                if ours:
                    begin_site(replace(gallery, outcomes=outcomes), new)

        for last in (False, True):
            gallery = replace(
                gallery, outcomes=make(plans, cache, options, start.worker, meanwhile)
            )
            if options.strict and gallery.report().return_code:
                break
            try:
                published = _put(gallery, new, which)
                break
            except DamagedFileError:
                if last or not _drop_damaged(gallery):
                    raise
                new.drop()
    report = gallery.report()
    if published:
        report = _with_site(report, site, published)
        notes += () if options.shard else _unused_dims(gallery)
        start.done()
        cache.prune(settings.limits.cache)
    return replace(report, notes=notes)


def planned(models: Path, settings: GallerySettings, options: BuildOptions) -> list[ModelPlan]:
    """What is to be made of each model of a directory, in the order of their paths.

    Raises:
        DiscoverError: It is not a directory, or holds no models.
        SettingsError: A pattern of `ignore` is wrong.
    """
    return _planned(_discovered(models, settings, options), settings)


def _planned(files: Sequence[ModelFile], settings: GallerySettings) -> list[ModelPlan]:
    made_by = versions(settings.profile)
    return with_families([plan_of(file, settings, made_by) for file in files], settings)


def _put(gallery: Gallery, new: NextSite, which: tuple[int, int, str] | None) -> Published:
    """Put the site, or the part of it, into place."""
    if which:
        return put(gallery, new, partial(write_shard, which=which), f"shard {which}")
    return put(gallery, new, write_site, "site")


def merge(
    shards: Sequence[Path],
    site: Path,
    *,
    cache: Path | None = None,
    settings: GallerySettings | None = None,
) -> Report:
    """Join the parts that sharded builds made into one site.

    Args:
        shards: Their directories, in any order.
        site: Directory of the site: missing, empty or an earlier one.
        cache: Directory of the cache, or None for `.cache/gallery` beside the site.
        settings: Title, description, base_url, language and templates of the site; None for
            those of the parts, which must then have been built with the built-in templates.

    Returns:
        The report on all models, including those that failed.

    Raises:
        SettingsError: The parts do not belong together, are damaged, or need `settings`.
        PublishError: The site's directory holds other files, or cannot be written.
    """
    started = time.perf_counter()
    site = Path(os.path.abspath(site)).resolve()
    parts = read_shards(shards)
    settings = _merged_settings(parts, settings)
    check_site(site_settings(settings))
    check_place(site, *shards)
    check_writable(site)
    store = _cache(cache, site)
    merged = take_in(parts, store)
    merged.sort(key=lambda pair: os.fsencode(pair[0].file.relative))
    gallery = Gallery(
        plans=[plan for plan, _ in merged],
        outcomes={plan.file.slug: one for plan, one in merged if one},
        settings=settings,
        cache=store,
        static=static_files(parts[0].place),
    )
    with NextSite(place=site, cache=store) as new:
        report = _with_site(gallery.report(), site, _put(gallery, new, None))
    return replace(report, seconds=time.perf_counter() - started)


def _merged_settings(parts: Sequence[Shard], given: GallerySettings | None) -> GallerySettings:
    """The settings of the site: the given ones, or those of the parts."""
    if given:
        return checked(given)
    settings = parts[0].settings
    if settings.templates:
        # Parts are untrusted: the templates at a path that one names must not be run.
        found = f"the parts were built with their own templates ({settings.templates})"
        raise SettingsError(found, hint="give their gallery.toml with --settings")
    return settings


def _cache(directory: Path | None, site: Path) -> Cache:
    place = directory or site.parent / ".cache" / "gallery"
    near = next(one for one in (place, *place.absolute().parents) if one.exists())
    if not near.is_dir():
        found = f"the cache cannot be in {place}, because {near} is not a directory"
        raise SettingsError(found, hint="choose another directory for the cache")
    return Cache(place)


def _discovered(
    models: Path, settings: GallerySettings, options: BuildOptions
) -> Sequence[ModelFile]:
    if not models.is_dir():
        raise DiscoverError(f"{models} is not a directory", hint="give a directory of .onnx files")
    seconds = settings.limits.seconds
    files = discover(models, settings.ignore, links=options.links, seconds=seconds)
    if not files:
        found = f"{models} contains no .onnx files"
        raise DiscoverError(found, hint="give another directory or check the ignore patterns")
    return _grouped(files, models, settings)


def _grouped(
    files: Sequence[ModelFile], models: Path, settings: GallerySettings
) -> Sequence[ModelFile]:
    """The files with what belongs together, and the words of the directory's catalogue."""

    @lru_cache
    def export(text: str) -> str:
        return words_of(text).front.export or settings.export

    grouped = with_groups(
        files,
        models,
        together=settings.exports != APART,
        wanted=lambda file: export(file.sidecar_text or ""),
        seconds=settings.limits.seconds,
    )
    return with_catalogue(grouped, models)


def _notes(
    models: Path,
    files: Sequence[ModelFile],
    settings: GallerySettings,
    options: BuildOptions,
) -> tuple[str, ...]:
    """What the user should know about the models directory."""
    patterns = patterns_of(models, settings.ignore, options.links)

    def is_ignored(path: Path) -> bool:
        return ignored(path.relative_to(models).as_posix(), patterns, folder=False)

    return (*catalogue_notes(files, models), *lone_sidecars(files, is_ignored))


def _unused_families(plans: Sequence[ModelPlan], settings: GallerySettings) -> tuple[str, ...]:
    """What the user should know about families with a palette that no model has."""
    there = {folded(plan.words.front.family): plan.words.front.family for plan in plans}
    unused = [repr(name[:60]) for name in settings.families if folded(name) not in there]
    if not unused:
        return ()
    names = ", ".join(sorted(filter(None, there.values()))) or "none"
    return (f"no model has the family {', '.join(unused)}; there are: {names[:400]}",)


def _unused_dims(gallery: Gallery) -> tuple[str, ...]:
    """What the user should know about sizes that no model has; failed models may have them."""
    if not gallery.settings.dims or gallery.report().failed:
        return ()
    there = gallery.dimensions()
    unused = [repr(name[:60]) for name in gallery.settings.dims if name not in there]
    if not unused:
        return ()
    names = ", ".join(sorted(there)) or "none"
    return (f"no model has the dimension {', '.join(unused)}; there are: {names[:400]}",)


def _take_over(sites: Sequence[Path], plans: Sequence[ModelPlan], cache: Cache) -> None:
    """Copy the wanted results that earlier sites hold into the cache."""
    for earlier in map(EarlierSite, sites):
        for plan in plans:
            for one in (plan, plan.smaller()):
                earlier.give(forms(one), cache)


def _with_offers(sites: Sequence[Path], plans: Sequence[ModelPlan], cache: Cache) -> Cache:
    """The cache as if it had the wanted results that earlier sites hold."""
    offered = {
        key: entry
        for earlier in map(EarlierSite, sites)
        for plan in plans
        for one in (plan, plan.smaller())
        for key, entry in earlier.offers(forms(one), cache).items()
    }
    return Offering(cache, offered)


def _drop_damaged(gallery: Gallery) -> int:
    """Delete results that are damaged or must not be published; return how many."""
    cache = gallery.cache
    shown = [one.plan for _, one in gallery.rows() if one]
    bad = [entry.key for plan in shown for entry in damaged(plan, cache)]
    dropped = cache.drop_damaged(gallery.keys()) + sum(map(cache.drop, bad))
    # A brief may tell of results that are not there any more.
    return dropped + sum(cache.drop(brief_key(plan)) for plan in shown)


def _with_site(report: Report, site: Path, published: Published) -> Report:
    return replace(
        report,
        site=site,
        changed=published.changed,
        files=published.files,
        bytes=published.bytes,
        edited=published.edited,
    )


def _check_extras(settings: GallerySettings, options: BuildOptions) -> None:
    """Check that what encodes films is there before models take their minutes.

    Raises:
        SettingsError: It is not.
    """
    if settings.variants.film and not options.scheduler and find_spec("av") is None:
        found = "variants.film is true, but PyAV is not installed"
        hint = "install it with `pip install 'gallery-of-networks[film]'`"
        raise SettingsError(found, hint=hint)

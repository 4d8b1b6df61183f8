"""The commands; each imports the packages that it needs when it runs."""

# ruff: noqa: PLC0415 - `--help` must not wait for numba

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gallery.cli.messages import say, tell, tell_json
from gallery.cli.options import given
from gallery.errors import GalleryError, SettingsError, system_error
from gallery.settings.values import GallerySettings, Limits, ScanSettings
from gallery.text import counted

if TYPE_CHECKING:
    from gallery.pipeline.report import Report


def build(options: argparse.Namespace) -> int:
    """Build a site."""
    from gallery.cli.progress import Progress
    from gallery.cli.report import forecast_line
    from gallery.pipeline.build import BuildOptions
    from gallery.pipeline.build import build as build_site

    _check_reports(options)
    with Progress(sys.stderr) as progress:
        report = build_site(
            options.models,
            options.output,
            settings=settings_of(options),
            options=BuildOptions(
                cache=options.cache,
                jobs=options.jobs,
                scheduler=options.scheduler,
                strict=options.strict,
                dry_run=options.dry_run,
                reuse=tuple(options.reuse),
                shard=options.shard,
                links=options.follow_links,
                listen=progress.listen,
            ),
        )
    if options.dry_run:
        for model in report.models:
            tell(forecast_line(model))
        return report.return_code
    return _print_report(report, options)


def merge(options: argparse.Namespace) -> int:
    """Join parts made by `gallery build --shard`."""
    from gallery.pipeline.build import merge as merge_parts
    from gallery.settings.gallery_toml import read_settings

    _check_reports(options)
    _check_settings(options.settings)
    settings = read_settings(options.settings) if options.settings else None
    report = merge_parts(options.shards, options.output, cache=options.cache, settings=settings)
    return _print_report(report, options)


def _print_report(report: Report, options: argparse.Namespace) -> int:
    """Print the report, write it to the requested files, and return the exit status."""
    from gallery.cli.report import junit, markdown, messages, one_line

    for message in messages(report):
        say(message)
    tell(one_line(report))
    if options.summary:
        _write_report("--summary", options.summary, markdown(report), "a")
    if options.junit:
        _write_report("--junit", options.junit, junit(report), "w")
    return report.return_code


def _write_report(option: str, path: Path, text: str, mode: str) -> None:
    """Write a report to the file of an option."""
    try:
        with path.open(mode, encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        found, hint = system_error(error)
        raise GalleryError(f"{option} {path} cannot be written: {found}", hint=hint) from error


def _check_reports(options: argparse.Namespace) -> None:
    """Check before the build that the reports can be written after it."""
    given = {"--summary": options.summary, "--junit": options.junit}
    problems = [
        f"{option} is {path}, which is a directory" if path.is_dir()
        else f"{option} is {path}, but {path.parent} is not a directory"
        for option, path in given.items()
        if path and (path.is_dir() or not path.absolute().parent.is_dir())
    ]  # fmt: skip
    if problems:
        raise SettingsError("; ".join(problems), hint="give a file in an existing directory")


def _check_settings(path: Path | None) -> None:
    if path and path.is_dir():
        raise SettingsError(f"{path} is a directory", hint="give a settings file in it")
    if path and not path.is_file():
        raise SettingsError(f"there is no settings file {path}", hint="check the path")


def verify(options: argparse.Namespace) -> int:
    """Make a sample of a site again and compare the files."""
    from gallery.cli.progress import Progress
    from gallery.cli.report import failure_line
    from gallery.cli.verification import one_line
    from gallery.pipeline.options import BuildOptions
    from gallery.pipeline.verify import Sample
    from gallery.pipeline.verify import verify as verify_site
    from gallery.settings.gallery_toml import FILE_NAME, read_settings

    _check_settings(options.settings)
    settings = read_settings(options.settings or options.models / FILE_NAME)
    limits = replace(settings.limits, **given(options, Limits))
    with Progress(sys.stderr) as progress:
        result = verify_site(
            options.site,
            options.models,
            settings=replace(settings, limits=limits),
            sample=Sample(
                percent=100.0 if options.all else options.sample, seed=options.sample_seed
            ),
            options=BuildOptions(
                jobs=options.jobs,
                scheduler=options.scheduler,
                links=options.follow_links,
                listen=progress.listen,
            ),
        )
    for warning in result.warnings:
        say(f"warning: {warning}")
    for model in result.models:
        if model.failure:
            say(f"note: {failure_line(model)}")
    if options.json:
        tell_json(asdict(result) | {"same": result.same})
    else:
        for name, verdict in result.files.items():
            tell(f"{verdict:<18}{name}")
        tell(one_line(result))
    return 0 if result.same else 1


def settings_of(options: argparse.Namespace) -> GallerySettings:
    """The settings file, overridden by the command line; rules and dimensions are added to it.

    Raises:
        SettingsError: The file is wrong.
    """
    from gallery.settings.gallery_toml import FILE_NAME, read_settings

    _check_settings(options.settings)
    settings = read_settings(options.settings or options.models / FILE_NAME)
    scan = given(options, ScanSettings)
    rules = settings.scan.rules + scan.pop("rules", ())
    return replace(
        settings,
        scan=replace(settings.scan, rules=rules, **scan),
        limits=replace(settings.limits, **given(options, Limits)),
        dims={**settings.dims, **dict(options.dim)},
    )


def scan(options: argparse.Namespace) -> int:
    """Draw one picture."""
    from gallery.cli.scan import ScanOptions, make_scan, one_line

    _check_model(options.model)
    made = make_scan(
        options.model,
        options.output,
        ScanSettings(**given(options, ScanSettings)),
        ScanOptions(
            dims=dict(options.dim),
            size=options.size,
            tilt=options.tilt,
            height=options.height,
            skeleton_seconds=options.seconds,
            quality=options.quality,
        ),
    )
    for warning in made.pop("notes"):
        say(f"note: {options.model}: {warning}")
    if options.json:
        tell_json(made)
    else:
        tell(one_line(made))
    return 0


def film(options: argparse.Namespace) -> int:
    """Film the run of a model."""
    from gallery.cli.film import make_film
    from gallery.cli.scan import ScanOptions
    from gallery.rendering.film.types import FilmSettings

    _check_model(options.model)
    made = make_film(
        options.model,
        options.output,
        ScanSettings(**given(options, ScanSettings)),
        ScanOptions(dims=dict(options.dim), skeleton_seconds=options.seconds),
        FilmSettings(size=options.size, seconds=options.length, rate=options.rate),
    )
    for warning in made.pop("notes"):
        say(f"note: {options.model}: {warning}")
    if options.json:
        tell_json(made)
    else:
        shown = made["film"]
        tell(
            f"{shown['path']}: {made['model']}, {counted(shown['frames'], 'frame')} of "
            f"{shown['width']} x {shown['height']} pixels, {shown['bytes'] / 1e6:.1f} MB"
        )
    return 0


def poster(options: argparse.Namespace) -> int:
    """Draw a poster or a wallpaper of a model."""
    from gallery.cli.poster import SheetOptions, make_poster

    _check_model(options.model)
    chosen = SheetOptions(
        size=options.size,
        dpi=options.dpi,
        dims=dict(options.dim),
        skeleton_seconds=options.seconds,
    )
    for note in make_poster(options.model, options.output, given(options, ScanSettings), chosen):
        say(f"note: {options.model}: {note}")
    tell(f"{options.output}: {options.size}")
    return 0


def wall(options: argparse.Namespace) -> int:
    """Draw the scans of all models of a directory on one sheet."""
    from gallery.cli.progress import Progress
    from gallery.cli.report import messages
    from gallery.cli.wall import WallOptions, make_wall
    from gallery.pipeline.options import BuildOptions

    with Progress(sys.stderr) as progress:
        report = make_wall(
            options.models,
            options.output,
            settings_of(options),
            WallOptions(
                size=options.size, dpi=options.dpi, order=options.order, title=options.title
            ),
            BuildOptions(
                cache=options.cache,
                jobs=options.jobs,
                links=options.follow_links,
                listen=progress.listen,
            ),
        )
    for message in messages(report):
        say(message)
    tell(f"{options.output}: {options.size}, {counted(len(report.done), 'model')}")
    return report.return_code


def facts(options: argparse.Namespace) -> int:
    """Print a model's facts."""
    from gallery.cli.facts import facts_table
    from gallery.costs.facts import facts as facts_of
    from gallery.loading.load import load

    _check_model(options.model)
    model = load(options.model, dims=dict(options.dim))
    found = facts_of(model, options.model.stat().st_size)
    if options.json:
        tell_json(asdict(found))
    else:
        tell(facts_table(found))
    return 0


def profile(options: argparse.Namespace) -> int:
    """Run a model and tell where its time goes."""
    from gallery.cli.profile import check_output, measured, table, write
    from gallery.settings.values import ProfileSettings

    _check_model(options.model)
    if options.output:
        check_output(options.output)
    settings = ProfileSettings(**given(options, ProfileSettings))
    found = measured(options.model, dict(options.dim), settings)
    for note in found.notes:
        say(f"note: {options.model}: {note}")
    if options.output:
        write(found, options.output)
    if options.json:
        tell_json(found.value())
    else:
        tell(table(found))
    return 0


def check(options: argparse.Namespace) -> int:
    """Check a site."""
    from gallery.publishing.check import check_site

    result = check_site(options.site)
    if options.json:
        tell_json(asdict(result))
    else:
        for problem in result.problems:
            say(f"error: {problem}")
        for warning in result.warnings:
            say(f"warning: {warning}")
        size, heaviest = result.bytes / 1e6, result.heaviest_page / 1e3
        tell(
            f"{counted(result.files, 'file')}, {size:.1f} MB, {counted(result.links, 'link')}, "
            f"heaviest page {heaviest:.0f} kB, {counted(len(result.problems), 'problem')}"
        )
    return 1 if result.problems else 0


def serve(options: argparse.Namespace) -> int:
    """Build a site, serve it, and rebuild it on changes."""
    from gallery.cli.progress import Progress
    from gallery.cli.report import messages, one_line
    from gallery.cli.serve import serve_site
    from gallery.cli.watch import Watch
    from gallery.pipeline.build import BuildOptions
    from gallery.pipeline.build import build as build_site
    from gallery.publishing.assets.directories import template_directories

    site = Path(os.path.abspath(options.output))

    def rebuild() -> str:
        settings = settings_of(options)
        with Progress(sys.stderr) as progress:
            report = build_site(
                options.models,
                options.output,
                settings=settings,
                options=BuildOptions(
                    cache=options.cache,
                    jobs=options.jobs,
                    links=options.follow_links,
                    listen=progress.listen,
                ),
            )
        for message in messages(report):
            say(message)
        tell(one_line(report))
        return urlsplit(settings.base_url).path or "/"

    def watched() -> list[Path]:
        places = [options.models, *template_directories()]
        places += [options.settings] if options.settings else []
        with suppress(Exception):  # while the user edits them, the settings may be wrong
            own = settings_of(options).templates
            places += [Path(own)] if own else []
        return places

    def ours(folder: Path) -> bool:
        folder = Path(os.path.abspath(folder))
        cache = Path(os.path.abspath(options.cache or site.parent / ".cache"))
        staged = folder.parent == site.parent and folder.name.startswith(f".{site.name}.")
        return staged or folder in (site, cache)

    where = options.host, options.port
    serve_site(Watch(watched, ours), options.output, where, rebuild, say)
    return 0


def new(options: argparse.Namespace) -> int:
    """Write the start of a gallery."""
    from gallery.cli.new import make_start, told

    tell(told(make_start(options.directory, options.host or ""), options.directory))
    return 0


def _check_model(path: Path) -> None:
    """Check that a model exists: a wrong path is wrong usage, not a bad model."""
    if not path.exists():
        raise SettingsError(f"there is no file {path}", hint="check the path of the model")

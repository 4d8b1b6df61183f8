"""The commands that make a site, look after it or show it."""

# ruff: noqa: PLC0415 - `--help` must not wait for numba

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from urllib.parse import urlsplit

from gallery.cli.commands.given import check_settings, run_of, settings_of
from gallery.cli.commands.reports import check_reports, print_report
from gallery.cli.messages import say, tell, tell_json
from gallery.cli.options import given
from gallery.settings.values import Limits
from gallery.text import counted


def build(options: argparse.Namespace) -> int:
    """Build a site."""
    from gallery.cli.progress import Progress
    from gallery.cli.report import forecast_line
    from gallery.pipeline.build import build as build_site

    check_reports(options)
    with Progress(sys.stderr) as progress:
        report = build_site(
            options.models,
            options.output,
            settings=settings_of(options),
            options=replace(
                run_of(options, progress.listen),
                scheduler=options.scheduler,
                strict=options.strict,
                dry_run=options.dry_run,
                reuse=tuple(options.reuse),
                shard=options.shard,
            ),
        )
    if options.dry_run:
        for model in report.models:
            tell(forecast_line(model))
        return report.return_code
    return print_report(report, options)


def merge(options: argparse.Namespace) -> int:
    """Join parts made by `gallery build --shard`."""
    from gallery.pipeline.build import merge as merge_parts
    from gallery.settings.gallery_toml import read_settings

    check_reports(options)
    check_settings(options.settings)
    settings = read_settings(options.settings) if options.settings else None
    report = merge_parts(options.shards, options.output, cache=options.cache, settings=settings)
    return print_report(report, options)


def verify(options: argparse.Namespace) -> int:
    """Make a sample of a site again and compare the files."""
    from gallery.cli.progress import Progress
    from gallery.cli.report import failure_line
    from gallery.cli.verification import one_line
    from gallery.pipeline.verify import Sample
    from gallery.pipeline.verify import verify as verify_site
    from gallery.settings.gallery_toml import FILE_NAME, read_settings

    check_settings(options.settings)
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
            options=replace(run_of(options, progress.listen), scheduler=options.scheduler),
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
                options=run_of(options, progress.listen),
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
